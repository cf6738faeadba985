"""Reads what a person typed about a server: its settings, those to remove. All problems at once."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from postroom.domain.kinds import Path as PathKind
from postroom.domain.settings import Key, Tls, key_of
from postroom.errors import DataError, Exit, FileError, PostroomError, UsageError

CheckTls = Callable[[Tls], None]
"""Raises FileError for a certificate, key or authority file that cannot be used."""

TLS_FILES = ("ca_file", "client_cert", "client_key")

KeyPath = tuple[str, ...]
"""The path of a key within a server's table: `("tls", "pin")`."""


def read_values(base: KeyPath, values: Mapping[KeyPath, str]) -> dict[KeyPath, Any]:
    """Check every value; all problems at once."""
    read: dict[KeyPath, Any] = {}
    problems: list[tuple[Key[Any], str]] = []
    for path, text in values.items():
        key = key_of((*base, *path))
        if key is None:
            raise AssertionError(f"no such key: {path}")
        if path == ("provider",) and text.lower() == "custom":
            read[path] = "custom"
            continue
        try:
            read[path] = key.kind.toml(key.kind.read(text))
        except ValueError as error:
            told = key.option if "://" in text else f"{key.option} {text!r}"  # a URL may hold a password
            problems.append((key, f"{told} {error}"))
            continue
        if isinstance(key.kind, PathKind) and not Path(text).is_file():
            raise FileError("file.missing", f"{key.option}: there is no file {text}", exit=Exit.NO_INPUT)
    if problems:
        raise _bad_values(problems)
    return read


def _bad_values(problems: Sequence[tuple[Key[Any], str]]) -> PostroomError:
    text = "; ".join(message for _, message in problems)
    if all(key.kind.word == "ADDRESS" for key, _ in problems):
        return DataError("address.invalid", text, hint="one plain address like user@example.com")
    return UsageError("usage.bad_value", text, hint="postroom smtp set --help tells what each option takes")


def unset_paths(names: Sequence[str]) -> list[KeyPath]:
    """The paths of settings to remove, as typed: `tls.pin`, `reply-to`. Raise UsageError for an unknown one."""
    paths = []
    for name in names:
        path = tuple(name.replace("-", "_").split("."))
        if key_of(("smtp", "servers", "x", *path)) is None:
            raise UsageError(
                "usage.unknown_key", f"--unset {name!r}: a server has no such setting", hint="postroom smtp show"
            )
        paths.append(path)
    return paths
