"""Owns the reading of a key as a person types it: `smtp.servers.main.port`. Refuses to know values."""

import difflib
from typing import Any

from postroom.domain.settings import TABLES, Key, Section, Settings, Source, key_of
from postroom.errors import ConfigError, UsageError

KeyPath = tuple[str, ...]


def read_key(text: str) -> tuple[KeyPath, Key[Any]]:
    """The path of a declared key. Raise UsageError that names the nearest one."""
    path = tuple(text.split("."))
    if key := key_of(path):
        return path, key
    near = difflib.get_close_matches(text, _candidates(path), n=1)
    raise UsageError(
        "usage.unknown_key",
        f"there is no key {text!r}",
        hint=f"did you mean {near[0]}?" if near else "postroom config show lists keys",
    )


def _candidates(path: KeyPath) -> list[str]:
    """Every declared key, with the names that `path` has where a table's name is the user's choice."""
    found = []
    for table in TABLES:
        names = [path[at] if part == "*" and at < len(path) else part for at, part in enumerate(table.path)]
        found += [".".join((*names, key.name)) for key in table.section.declared()]
    return found


def section_of(settings: Settings, path: KeyPath) -> Section:
    """The section in which the key at `path` stands. Raise ConfigError for a server or profile that there is not."""
    found = dict(settings.sections()).get(path[:-1])
    if found is None:
        what, known = ("server", settings.servers) if path[0] == "smtp" else ("TLS profile", settings.profiles)
        raise ConfigError(
            f"config.unknown_{what.split()[-1]}",
            f"there is no {what} {path[2]!r}; known: {', '.join(known) or 'none'}",
            hint="postroom smtp list" if what == "server" else "postroom tls list",
        )
    return found


def source_data(source: Source) -> dict[str, str]:
    """Where a value comes from, as it stands in JSON."""
    return {"layer": source.layer, "where": source.where}
