"""Lists, shows, chooses, renames, removes and switches the mail servers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from postroom.domain.kinds import NAME
from postroom.domain.oauth_promises import TokenKeeper
from postroom.domain.ports import Change, Draft, Vault
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference
from postroom.domain.settings import Section, Server, Settings
from postroom.errors import SecretError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.oauth_logout import not_revoked, thrown_away
from postroom.services.secrets_places import TOKENS, Hold, forget, places
from postroom.services.servers import brief, choose_server, key_value, written_server


def list_servers(settings: Settings) -> Result:
    """Every server in brief, with the default marked."""
    default = settings.smtp.default or (next(iter(settings.servers)) if len(settings.servers) == 1 else None)
    servers = [{**brief(server), "default": server.name == default} for server in settings.servers.values()]
    return Result("smtp list", {"servers": servers, "enabled": settings.smtp.enabled}, settings.warnings)


def show(settings: Settings, name: str | None, *, secret_age_seconds: Callable[[Reference], float | None]) -> Result:
    """Each setting of a server with its value and source; of a secret the place and the age in seconds."""
    server = choose_server(settings, name)
    rows: list[dict[str, Any]] = []
    for prefix, section in (("", server), ("tls.", server.tls), ("oauth.", server.oauth)):
        rows += _rows(prefix, section, secret_age_seconds)
    return Result("smtp show", {"server": {**brief(server), "settings": rows}}, settings.warnings)


def _rows(prefix: str, section: Section, age: Callable[[Reference], float | None]) -> list[dict[str, Any]]:
    rows = []
    for key in type(section).declared():
        value = key_value(section, key)
        if value is None:
            continue
        row = {"key": prefix + key.name, "value": value, "source": str(section.source(key.name))}
        if key.secret:
            row["age_seconds"] = age(Reference.parse(str(value)))
        rows.append(row)
    return rows


def use(settings: Settings, change: Change, name: str) -> Result:
    """Make a server the default."""
    written_server(settings, name)
    outcome = change(lambda draft: draft.set(("smtp", "default"), name))
    return Result("smtp use", {**changes_data(outcome.changes), "default": name}, outcome.warnings)


def rename(settings: Settings, change: Change, vault: Vault, old: str, new: str, *, hold: Hold) -> Result:
    """Rename a server and everything that names it; its stored secrets move along. Tokens do so between renewals."""
    server = written_server(settings, old)
    if not NAME.fullmatch(new):
        raise UsageError("usage.bad_name", f"the name {new!r} must match {NAME.pattern}")
    if new in settings.servers:
        raise UsageError("usage.name_taken", f"there is a server {new!r} already", hint="choose another name")
    binding = Binding(server.host, server.username or "")
    stored = _stored(settings, server)
    moved = {path: Reference(old_one.scheme, "/".join(("smtp", new, *path))) for path, old_one in stored.items()}

    def mutate(draft: Draft) -> None:
        draft.rename(("smtp", "servers", old), new)
        for path, reference in moved.items():
            draft.set(("smtp", "servers", new, *path), str(reference))
        for path, value in _mentions(settings, old):
            draft.set(path, [new if item == old else item for item in value] if isinstance(value, tuple) else new)

    change(mutate, dry_run=True)  # no secret moves for a change that is refused
    with hold(old, new) if server.oauth.tokens else nullcontext():
        for path, reference in stored.items():
            try:
                secret = vault.read(reference, binding)
            except SecretError as error:
                if path != TOKENS or error.code not in ("secret.not_found", "secret.unrecorded"):
                    raise
            else:
                vault.put(moved[path].locator, secret, reference.scheme, binding)
        outcome = change(mutate)
        _, left = forget(vault.remove, stored.values())
    return Result("smtp rename", {**changes_data(outcome.changes), "old": old, "new": new}, [*outcome.warnings, *left])


def remove(
    settings: Settings,
    change: Change,
    name: str,
    *,
    remove_secret: Callable[[Reference], bool],
    tokens: TokenKeeper,
) -> Result:
    """Remove a server, what names it, and its stored secrets; one that its store keeps is a warning.

    The provider is asked to take the tokens back, while the secret of their application is still there.
    """
    server = written_server(settings, name)

    def mutate(draft: Draft) -> None:
        draft.unset(("smtp", "servers", name))
        for path, value in _mentions(settings, name):
            rest = [item for item in value if item != name] if isinstance(value, tuple) else None
            if rest:
                draft.set(path, rest)
            else:
                draft.unset(path)

    outcome = change(mutate)
    stored = dict(_stored(settings, server))
    login = stored.pop(TOKENS, None)
    revoked, gone, left = _logged_out(server, login, tokens) if login else (None, [], [])
    others, others_left = forget(remove_secret, stored.values())
    data = {
        **changes_data(outcome.changes),
        "removed": name,
        "secrets_removed": [*gone, *others],
        "revoked": revoked,
    }
    return Result("smtp remove", data, [*outcome.warnings, *left, *others_left])


def _logged_out(server: Server, reference: Reference, tokens: TokenKeeper) -> tuple[bool | None, list[str], list[Warn]]:
    """Whether the provider took the tokens back, what is gone, and what is left to say."""
    revoked: bool | None = None

    def drop(_reference: Reference) -> bool:
        nonlocal revoked
        removed, revoked = thrown_away(tokens, server, revoke=True)
        return removed

    gone, left = forget(drop, [reference])
    if revoked is False:
        left = [*left, not_revoked(server.name, "the tokens are gone here")]
    return revoked, gone, left


def switch(settings: Settings, change: Change, name: str | None, *, on: bool) -> Result:
    """Let mail out through one server, or at all; or stop it."""
    path: tuple[str, ...] = ("smtp", "enabled")
    if name is not None:
        written_server(settings, name)
        path = ("smtp", "servers", name, "enabled")
    outcome = change(lambda draft: draft.set(path, on))
    command = "smtp enable" if on else "smtp disable"
    return Result(command, {**changes_data(outcome.changes), "server": name, "enabled": on}, outcome.warnings)


def _stored(settings: Settings, server: Server) -> Mapping[tuple[str, ...], Reference]:
    """The references of a server that lie in stores of ours, under its own name, and that no other server shares."""
    shared = {place.reference for place in places(settings) if place.server.name != server.name}
    found: dict[tuple[str, ...], Reference] = {}
    for prefix, section in (((), server), (("oauth",), server.oauth)):
        for key in type(section).declared():
            value = key_value(section, key) if key.secret else None
            reference = Reference.parse(str(value)) if value else None
            own = reference is not None and reference.locator.startswith(f"smtp/{server.name}/")
            if reference and own and reference.scheme in STORED_SCHEMES and reference not in shared:
                found[*prefix, key.name] = reference
    return found


def _mentions(settings: Settings, name: str) -> Sequence[tuple[tuple[str, ...], Any]]:
    """Every key that names the server, with its value."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for table, section in ((("smtp",), settings.smtp), (("smtp", "routes"), settings.routes)):
        for key in type(section).declared():
            given = section.values.get(key.name)
            value = given.value if given and given.source.layer == "file" else None
            if value == name or (isinstance(value, tuple) and name in value):
                found.append(((*table, key.name), value))
    return found
