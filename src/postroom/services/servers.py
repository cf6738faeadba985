"""Owns the choice of a server and what is said of one in JSON."""

from difflib import get_close_matches
from typing import Any

from postroom.domain.settings import Key, Section, Server, Settings
from postroom.errors import ConfigError


def choose_server(settings: Settings, name: str | None, *, kind: str | None = None) -> Server:
    """The named server, else the route of a kind of mail, else the default, else the only one.

    Raise ConfigError when there is none.
    """
    routed = getattr(settings.routes, kind) if kind else None
    wanted = name or routed or settings.smtp.default
    if wanted is None and len(settings.servers) == 1:
        return next(iter(settings.servers.values()))
    if wanted is None:
        what = "there are several servers and no default" if settings.servers else "no mail server is configured"
        hint = (
            f"postroom smtp use NAME, one of {', '.join(settings.servers)}"
            if settings.servers
            else "postroom smtp set asks for one on a terminal; in a script: postroom smtp set --host HOST"
        )
        empty = next((warning for warning in settings.warnings if warning.code == "config.empty_variable"), None)
        if empty is not None:
            what, hint = f"{what}: {empty.message}", empty.hint
        raise ConfigError("config.no_server", what, hint=hint)
    return named_server(settings, wanted)


def named_server(settings: Settings, name: str) -> Server:
    """The server of that name. Raise ConfigError when there is none."""
    if name in settings.servers:
        return settings.servers[name]
    known = ", ".join(settings.servers) or "none"
    near = get_close_matches(name, settings.servers, n=1)
    hint = f"did you mean {near[0]}?" if near else "postroom smtp list" if settings.servers else "postroom smtp set"
    raise ConfigError("config.unknown_server", f"there is no server {name!r}; known: {known}", hint=hint)


def written_server(settings: Settings, name: str) -> Server:
    """The server of that name, to be changed. Raise ConfigError when there is none, or when no file holds it."""
    refuse_environment(settings, name)
    return named_server(settings, name)


def refuse_environment(settings: Settings, name: str) -> None:
    """Raise ConfigError for the server that the environment describes: what a file said of it would be no server
    wherever the environment is another.
    """
    source = settings.smtp.source("default")
    if source.layer == "environment" and name == settings.smtp.default:
        raise ConfigError(
            "config.defined_elsewhere",
            f"the server {name} is described by the environment ({source.where}) and stands in no file",
            hint=f"unset {source.where}, or name another server",
        )


def key_value(section: Section, key: Key[Any]) -> Any:
    """A value as it stands in JSON and TOML; None where it is not set."""
    value = getattr(section, _attribute(section, key))
    return None if value is None else key.kind.toml(value)


def _attribute(section: Section, key: Key[Any]) -> str:
    return next(name for name, found in vars(type(section)).items() if found is key)


def brief(server: Server) -> dict[str, Any]:
    """The few facts about a server that tell it from others."""
    return {
        "name": server.name,
        "title": server.title,
        "provider": server.provider,
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "auth": server.auth,
        "username": server.username,
        "from": str(server.from_) if server.from_ else None,
        "enabled": server.enabled,
    }
