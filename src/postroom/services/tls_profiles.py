"""Lists, shows, sets and removes TLS profiles."""

from collections.abc import Callable, Mapping
from typing import Any

from postroom.domain.kinds import NAME
from postroom.domain.settings import Settings, Tls
from postroom.errors import ConfigError, UsageError
from postroom.result import Result, changes_data
from postroom.services.servers import key_value

Change = Callable[[Callable[[Any], None]], Any]


def list_profiles(settings: Settings) -> Result:
    """Every profile with the servers that use it."""
    rows = [
        {"name": name, **_values(profile), "used_by": _users(settings, name)}
        for name, profile in settings.profiles.items()
    ]
    return Result("tls list", {"profiles": rows})


def show(settings: Settings, name: str) -> Result:
    """One profile."""
    profile = _named(settings, name)
    rows = [
        {"key": key.name, "value": key_value(profile, key), "source": str(profile.source(key.name))}
        for key in Tls.declared()
        if key_value(profile, key) is not None
    ]
    return Result("tls show", {"profile": {"name": name, "settings": rows, "used_by": _users(settings, name)}})


def set_profile(change: Change, name: str, values: Mapping[str, Any], unset: tuple[str, ...]) -> Result:
    """Merge values, as TOML writes them, into a profile."""
    if not NAME.fullmatch(name):
        raise UsageError("usage.bad_name", f"the name {name!r} must match {NAME.pattern}")
    if not values and not unset:
        raise UsageError("usage.missing_value", "nothing to set", hint="postroom tls set --help lists the options")

    def mutate(draft: Any) -> None:
        for key, value in values.items():
            draft.set(("tls", "profiles", name, key), value)
        for key in unset:
            draft.unset(("tls", "profiles", name, key))

    outcome = change(mutate)
    return Result("tls set", {**changes_data(outcome.changes), "profile": name}, outcome.warnings)


def remove(settings: Settings, change: Change, name: str) -> Result:
    """Remove a profile that no server uses."""
    _named(settings, name)
    users = _users(settings, name)
    if users:
        raise ConfigError(
            "config.profile_in_use",
            f"the profile {name!r} is used by {', '.join(users)}",
            hint=f"postroom smtp set {users[0]} --unset tls_profile",
        )
    outcome = change(lambda draft: draft.unset(("tls", "profiles", name)))
    return Result("tls remove", {**changes_data(outcome.changes), "removed": name}, outcome.warnings)


def _named(settings: Settings, name: str) -> Tls:
    if name not in settings.profiles:
        known = ", ".join(settings.profiles) or "none"
        raise ConfigError(
            "config.unknown_profile",
            f"there is no TLS profile {name!r}; known: {known}",
            hint=f"postroom tls set {name}",
        )
    return settings.profiles[name]


def _values(profile: Tls) -> dict[str, Any]:
    return {key.name: key_value(profile, key) for key in Tls.declared()}


def _users(settings: Settings, name: str) -> list[str]:
    return [server.name for server in settings.servers.values() if server.tls_profile == name]
