"""Lists, shows, sets and removes TLS profiles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postroom.domain.kinds import NAME
from postroom.domain.kinds import Path as PathKind
from postroom.domain.ports import Change, Draft
from postroom.domain.settings import Settings, Tls
from postroom.errors import ConfigError, Exit, FileError, UsageError
from postroom.result import Result, changes_data
from postroom.services.server_values import TLS_FILES, CheckTls
from postroom.services.servers import key_value


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


def set_profile(
    change: Change, name: str, typed: Mapping[str, str], unset: tuple[str, ...], *, check_tls: CheckTls
) -> Result:
    """Merge values, as typed, into a profile.

    Raise UsageError with every bad value, or for a key that is none; FileError (66) for a file that is not there or of
    no use.
    """
    if not NAME.fullmatch(name):
        raise UsageError("usage.bad_name", f"the name {name!r} must match {NAME.pattern}")
    if not typed and not unset:
        raise UsageError("usage.missing_value", "nothing to set", hint="postroom tls set --help lists the options")
    values = _read(typed)
    dropped = _keys(unset, values)

    def mutate(draft: Draft) -> None:
        for key, value in values.items():
            draft.set(("tls", "profiles", name, key), value)
        for key in dropped:
            draft.unset(("tls", "profiles", name, key))

    if any(key in values for key in TLS_FILES):
        check_tls(change(mutate, dry_run=True).settings.profiles[name])
    outcome = change(mutate)
    return Result("tls set", {**changes_data(outcome.changes), "profile": name}, outcome.warnings)


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    """What TOML says for each value."""
    read: dict[str, Any] = {}
    problems = []
    for key in Tls.declared():
        text = typed.get(key.name)
        if text is None:
            continue
        option = "--min" if key.name == "minimum" else key.option
        try:
            read[key.name] = key.kind.toml(key.kind.read(text))
        except ValueError as error:
            problems.append(f"{option} {text!r} {error}")
            continue
        if isinstance(key.kind, PathKind) and not Path(text).is_file():
            raise FileError("file.missing", f"{option}: there is no file {text}", exit=Exit.NO_INPUT)
    if problems:
        raise UsageError("usage.bad_value", "; ".join(problems), hint="postroom tls set --help lists the options")
    return read


def _keys(unset: tuple[str, ...], values: Mapping[str, Any]) -> list[str]:
    """The keys to take out, as typed: `ca-file`."""
    known = [key.name for key in Tls.declared()]
    found = []
    for text in unset:
        name = text.replace("-", "_")
        if name not in known:
            rule = "is no setting of a profile; those are " + ", ".join(known)
            raise UsageError("usage.unknown_key", f"--unset {text!r} {rule}")
        if name in values:
            raise UsageError("usage.conflict", f"{name} is given and unset at once")
        found.append(name)
    return found


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
            hint="postroom tls list" if settings.profiles else f"postroom tls set {name} --min 1.3",
        )
    return settings.profiles[name]


def _values(profile: Tls) -> dict[str, Any]:
    return {key.name: key_value(profile, key) for key in Tls.declared()}


def _users(settings: Settings, name: str) -> list[str]:
    return [server.name for server in settings.servers.values() if server.tls_profile == name]
