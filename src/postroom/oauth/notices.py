"""Owns the memory of what the operator has been told about logins: one small file of the state directory.

It stands outside of the stores, for it has to work where one is locked, or keeps no tokens yet. It refuses to judge
what is worth telling.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from postroom.clock import rfc3339
from postroom.domain.oauth import Told
from postroom.errors import PostroomError
from postroom.files import Owner, atomic_write, make_directory, read_private

FILE = "oauth-told.json"


class Notices:
    """Keeps the promise `domain.oauth_promises.Notices`."""

    def __init__(self, state: Path, *, as_root: bool, owner: Owner | None = None) -> None:
        self._file = state / FILE
        self._as_root = as_root
        self._owner = owner

    def told(self) -> Mapping[str, Told]:
        """By the server's name. A memory that cannot be read is none: somebody is told twice, not never."""
        try:
            content = read_private(self._file, as_root=self._as_root, owner=self._owner)
            found = json.loads(content or b"{}")
            return {str(name): _read(row) for name, row in found.items()}
        except (PostroomError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def remember(self, told: Mapping[str, Told]) -> None:
        """Put this in the place of all that was known; that it cannot be written is no failure."""
        rows = {name: _written(one) for name, one in told.items()}
        with suppress(PostroomError):
            make_directory(self._file.parent, owner=self._owner)
            atomic_write(self._file, json.dumps(rows, indent=1, sort_keys=True).encode(), owner=self._owner)


def _read(row: Mapping[str, Any]) -> Told:
    since = row["failing_since"]
    moment = datetime.fromisoformat(since) if since else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError
    return Told(tuple(str(mark) for mark in row["marks"]), moment)


def _written(told: Told) -> Mapping[str, Any]:
    return {
        "marks": list(told.marks),
        "failing_since": rfc3339(told.failing_since) if told.failing_since else None,
    }
