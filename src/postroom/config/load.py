"""Owns the way from layers to Settings: files, environment, options, each value with its source, all faults at once.

It refuses to change anything, and to know how a preset is found: a callable is handed in.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from postroom.config.document import Document, KeyPath, parse_document
from postroom.config.environment import (
    COMPLETE,
    SERVER_NAME,
    credentials_layer,
    empty_variables,
    environment_layer,
    is_complete,
    unknown_variables,
)
from postroom.config.paths import Scope
from postroom.config.problems import Problem, invalid
from postroom.config.rules import desk_problems, server_problems, tls_problems, warnings_about
from postroom.domain.derive import NO_PRESET, build_server
from postroom.domain.preset import Preset
from postroom.domain.settings import (
    Desk,
    Links,
    Routes,
    Secrets,
    Section,
    Settings,
    Smtp,
    Source,
    Store,
    Tls,
    Value,
)
from postroom.errors import ConfigError, FileError
from postroom.files import LIMIT_BYTES, open_checked
from postroom.result import Warn

Presets = Callable[[str], Preset | None]
"""Finds a preset by its id or another product's word for it; None when nobody knows it."""

S = TypeVar("S", bound=Section)


def load(
    scope: Scope,
    environ: Mapping[str, str],
    overrides: Mapping[KeyPath, Value] | None = None,
    *,
    presets: Presets,
    root: bool,
) -> Settings:
    """Everything that the layers of the scope say. `overrides` are the values of options, by path.

    Raise ConfigError `config.invalid` with every problem in `data.problems`, or `config.unsafe`; FileError for a file
    that cannot be read or that root must not trust.
    """
    documents, warnings = read_layers(scope, root=root)
    settings = settle(documents, environ, overrides or {}, presets=presets)
    empty = () if settings.servers else empty_variables(environ)
    settings.warnings = (*warnings, *unknown_variables(environ), *empty, *settings.warnings)
    return settings


def read_layers(
    scope: Scope, *, root: bool, main: bytes | str | None = None
) -> tuple[Sequence[Document], Sequence[Warn]]:
    """The files of the scope that there are, lowest first. `main` stands in for what the main file holds now.

    Problems inside them are not raised here. Raise ConfigError `config.unsafe`, FileError.
    """
    documents: list[Document] = []
    warnings: list[Warn] = []
    for path in scope.layers:
        personal = (scope.name == "user" or (scope.name == "file" and not root)) and path.is_relative_to(
            scope.main.parent
        )
        data = _read(path, root=root, personal=personal, warnings=warnings)
        if path == scope.main and main is not None:
            documents.append(parse_document(str(path), main))
        elif data is not None:
            document = parse_document(str(path), data)
            documents.append(document if path == scope.main else document.of_another_hand())
    return documents, warnings


def _read(path: Path, *, root: bool, personal: bool, warnings: list[Warn]) -> bytes | None:
    try:
        descriptor = open_checked(path, private=False, as_root=root)
    except FileError as error:
        readable = f"chmod a+r {path}, or postroom --config FILE to do without it"
        hint = readable if error.code == "file.unreadable" else error.hint
        raise FileError(error.code, error.message, hint=hint, exit=error.exit) from error
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if personal and mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(
                "config.unsafe", f"{path} can be written by others (mode {mode:04o})", hint=f"chmod 600 {path}"
            )
        if personal and mode & (stat.S_IRGRP | stat.S_IROTH):
            warnings.append(
                Warn(
                    "config.readable_by_others",
                    f"{path} can be read by others (mode {mode:04o}); it holds no secret, only where they are",
                    f"chmod 600 {path}",
                )
            )
        data = file.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise ConfigError("config.too_large", f"{path} has more than {LIMIT_BYTES} bytes")
    return data


def settle(
    documents: Sequence[Document],
    environ: Mapping[str, str],
    overrides: Mapping[KeyPath, Value],
    *,
    presets: Presets,
) -> Settings:
    """Merge the layers and fill the gaps. Raise ConfigError `config.invalid` with every problem."""
    entries: dict[KeyPath, Value] = {}
    for document in documents:
        entries.update(document.entries)
    problems = [problem for document in documents for problem in document.problems]
    tables = {path for document in documents for path in document.tables}
    if is_complete(environ):
        _replace_server(entries, tables, SERVER_NAME)
        variable = next(name for name in COMPLETE if environ.get(name))
        entries["smtp", "default"] = Value(SERVER_NAME, Source("environment", variable))
    _default_server(entries, tables, overrides)
    default = overrides.get(("smtp", "default"), entries.get(("smtp", "default")))
    layer = environment_layer(environ, default.value if default else None)
    credentials = credentials_layer(environ, _names({**entries, **layer.entries, **overrides}, tables, "servers"))
    entries |= {**layer.entries, **credentials.entries, **overrides}
    problems += [*layer.problems, *credentials.problems]
    return _assemble(entries, tables, problems, documents, presets)


def _replace_server(entries: dict[KeyPath, Value], tables: set[KeyPath], name: str) -> None:
    """Forget what the files say of a server: the environment describes it completely."""
    for path in [path for path in entries if path[:3] == ("smtp", "servers", name)]:
        del entries[path]
    tables.add(("smtp", "servers", name))


def _default_server(entries: dict[KeyPath, Value], tables: set[KeyPath], overrides: Mapping[KeyPath, Value]) -> None:
    names = _names({**entries, **overrides}, tables, "servers")
    if ("smtp", "default") not in entries and len(names) == 1:
        entries["smtp", "default"] = Value(names[0], Source("derived", "the only server"))


def _names(entries: Iterable[KeyPath], tables: Iterable[KeyPath], kind: str) -> list[str]:
    """The names of the servers or profiles, in the order of their appearance."""
    depth = {"servers": ("smtp", "servers"), "profiles": ("tls", "profiles")}[kind]
    named = [path[2] for path in (*entries, *sorted(tables)) if path[:2] == depth and len(path) > 2]
    return list(dict.fromkeys(named))


def _assemble(
    entries: Mapping[KeyPath, Value],
    tables: Iterable[KeyPath],
    problems: list[Problem],
    documents: Sequence[Document],
    presets: Presets,
) -> Settings:
    profiles = {name: Tls(_table(entries, "tls", "profiles", name)) for name in _names(entries, tables, "profiles")}
    found: dict[str, Preset | None] = {}
    servers = {}
    for name in _names(entries, tables, "servers"):
        here = ("smtp", "servers", name)
        own = _table(entries, *here)
        provider = own["provider"].value if "provider" in own else NO_PRESET
        found[name] = None if provider == NO_PRESET else presets(provider)
        servers[name] = build_server(
            name,
            own,
            tls=_table(entries, *here, "tls"),
            oauth=_table(entries, *here, "oauth"),
            profiles=profiles,
            preset=found[name],
        )
    settings = Settings(
        desk=Desk(_table(entries, "desk")),
        smtp=Smtp(_table(entries, "smtp")),
        routes=Routes(_table(entries, "smtp", "routes")),
        secrets=Secrets(_table(entries, "secrets")),
        servers=servers,
        profiles=profiles,
        store=Store(_table(entries, "store")),
        links=Links(_table(entries, "links")),
    )
    faulty = {problem.path[:3] for problem in problems}
    problems += desk_problems(settings)
    for name, profile in profiles.items():
        problems += tls_problems(("tls", "profiles", name), profile.values)
    for name, server in servers.items():
        if ("smtp", "servers", name) not in faulty:  # else the broken value alone may be what the rule misses
            problems += server_problems(server, settings, found[name])
    if problems:
        raise invalid(problems, {document.file: document.text for document in documents})
    for name, server in servers.items():
        server.warnings = tuple(warnings_about(server, found[name]))
    settings.warnings = tuple(warn for server in servers.values() for warn in server.warnings)
    return settings


def _table(entries: Mapping[KeyPath, Value], *path: str) -> dict[str, Value]:
    depth = len(path)
    return {key[depth]: value for key, value in entries.items() if len(key) == depth + 1 and key[:depth] == path}
