"""Says what a server still needs, and what is likely to go wrong with it. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence

from postroom.domain.address import near_miss
from postroom.domain.preset import Preset
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference
from postroom.domain.settings import Server, key_of
from postroom.result import Warn
from postroom.services.server_values import KeyPath


def login_needs(server: Server, preset: Preset | None = None) -> list[str]:
    """The options of smtp set of which a login still needs one; none where it has all."""
    if server.auth in ("password", "oauth2") and not server.username:
        return ["--username NAME"]
    if server.auth == "password" and server.password is None:
        return ["--password-stdin"]
    if server.auth == "oauth2" and server.access_token is None:
        also = preset is not None and "password" in preset.auth
        return ["--access-token-command 'CMD'", *(["--password-stdin"] if also else [])]
    return []


def notes(server: Server, preset: Preset | None) -> list[str]:
    """What the provider wants as the password, and what else its preset says."""
    if preset is None:
        return []
    wanted = []
    if server.auth == "password" and preset.secret:
        wanted.append(f"{preset.title} wants this as the password: {preset.secret}")
    return [*wanted, *preset.notes]


def near_misses(values: Mapping[KeyPath, str], known_domains: Callable[[], Sequence[str]]) -> dict[str, str]:
    """The domains of the given addresses that look like a slip of the fingers, each with what may be meant."""
    found = {}
    for path in (("username",), ("from",), ("reply_to",)):
        domain = values.get(path, "").rpartition("@")[2].lower() if "@" in values.get(path, "") else ""
        meant = near_miss(domain, known_domains()) if domain else None
        if meant:
            found[domain] = meant
    return found


def bound_elsewhere(
    server: Server, references: Mapping[KeyPath, Reference], bound_to: Callable[[Reference], Binding | None]
) -> list[Warn]:
    """Say that a recorded secret is for another host or username than the server has now."""
    reference = server.password
    if reference is None or ("password",) in references or reference.scheme not in STORED_SCHEMES:
        return []
    bound, now = bound_to(reference), Binding(server.host, server.username or "")
    if bound is None or bound == now:
        return []
    return [
        Warn(
            "secret.bound_elsewhere",
            f"the stored password is for {bound.username} at {bound.host} and will not be used for "
            f"{now.username} at {now.host}",
            f"postroom smtp set {server.name} --password-stdin",
        )
    ]


def not_read_yet(base: KeyPath, paths: Sequence[KeyPath]) -> list[Warn]:
    """Say which of the given settings no command of this release reads."""
    keys = [key for path in paths if (key := key_of((*base, *path))) is not None and key.reserved]
    return [
        Warn("config.not_read_yet", f"{key.option} is recorded, but no command of this release reads it")
        for key in keys
    ]
