"""Owns the file in which a store of ours keeps its entries: private JSON, replaced whole under a lock.

It refuses to know what an entry means.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from postroom.errors import SecretError
from postroom.files import Owner, atomic_write, locked, make_directory, read_private
from postroom.secrets import refusals

LOCK_SECONDS = 10.0  # the longest holder derives a key and writes one small file


class Table:
    """One JSON object in one file with mode 0600."""

    def __init__(self, path: Path, *, as_root: bool, owner: Owner | None) -> None:
        self.path = path
        self._as_root = as_root
        self._owner = owner

    def load(self) -> dict[str, Any] | None:
        """The object, None when there is no file. Raise SecretError `secret.damaged`, `secret.file_unsafe`."""
        with refusals.of_files():
            data = read_private(self.path, as_root=self._as_root, owner=self._owner)
        if data is None:
            return None
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None  # the parser's exception holds the text, which may be secrets: not chained
        if not isinstance(document, dict):
            raise damaged(self.path)
        return document

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock from the reading to the writing."""
        with contextlib.ExitStack() as stack:
            with refusals.of_files():
                make_directory(self.path.parent, owner=self._owner)
                stack.enter_context(locked(self.path, LOCK_SECONDS, owner=self._owner))
            yield

    def save(self, document: dict[str, Any]) -> None:
        """Replace the file, durably."""
        data = json.dumps(document, indent=1, sort_keys=True).encode()
        with refusals.of_files():
            atomic_write(self.path, data + b"\n", owner=self._owner)


def damaged(path: Path) -> SecretError:
    """The file is not what was written."""
    return SecretError(
        "secret.damaged",
        f"{path} is damaged or was tampered with",
        hint="Restore it from a backup, or move it away and give the secrets again: postroom secrets list",
    )
