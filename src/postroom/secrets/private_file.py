"""Owns one private file (0600) of the secrets' directory: read whole, replaced whole, under a lock. Knows no format."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from postroom.files import Owner, atomic_write, locked, make_directory, read_private
from postroom.secrets import refusals


class PrivateFile:
    """The file at `path`. Every failure is a SecretError that names it."""

    def __init__(self, path: Path, *, lock_seconds: float, as_root: bool, owner: Owner | None) -> None:
        self.path = path
        self._lock_seconds = lock_seconds
        self._as_root = as_root
        self._owner = owner

    def read(self) -> bytes | None:
        """What is in it; None when it is not there."""
        with refusals.of_files():
            return read_private(self.path, as_root=self._as_root, owner=self._owner)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold it against every other process from the reading to the writing."""
        with contextlib.ExitStack() as stack:
            with refusals.of_files():
                make_directory(self.path.parent, owner=self._owner)
                stack.enter_context(locked(self.path, self._lock_seconds, owner=self._owner))
            yield

    def write(self, data: bytes) -> None:
        """Replace it, durably. Only while `changing`."""
        with refusals.of_files():
            atomic_write(self.path, data, owner=self._owner)
