"""Owns the file in which a store of ours keeps its entries: private JSON, replaced whole under a lock.

It refuses to know what an entry means.
"""

import json
from pathlib import Path
from typing import Any

from postroom.errors import SecretError
from postroom.files import Owner
from postroom.secrets.private_file import PrivateFile

LOCK_SECONDS = 10.0  # the longest holder derives a key and writes one small file


class Table:
    """One JSON object in one file with mode 0600."""

    def __init__(self, path: Path, *, as_root: bool, owner: Owner | None) -> None:
        self.path = path
        self._file = PrivateFile(path, lock_seconds=LOCK_SECONDS, as_root=as_root, owner=owner)
        self.changing = self._file.changing
        """Hold the lock from the reading to the writing."""

    def load(self) -> dict[str, Any] | None:
        """The object, None when there is no file. Raise SecretError `secret.damaged`, `secret.file_unsafe`."""
        data = self._file.read()
        if data is None:
            return None
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None  # the parser's exception holds the text, which may be secrets: not chained
        if not isinstance(document, dict):
            raise damaged(self.path)
        return document

    def save(self, document: dict[str, Any]) -> None:
        """Replace the file, durably."""
        self._file.write(json.dumps(document, indent=1, sort_keys=True).encode() + b"\n")


def damaged(path: Path) -> SecretError:
    """The file is not what was written."""
    return SecretError(
        "secret.damaged",
        f"{path} is damaged or was tampered with",
        hint="Restore it from a backup, or move it away and give the secrets again: postroom secrets list",
    )
