"""Owns the copies of a configuration file as it was before each change. It refuses to know what they say.

Whoever keeps a copy holds the lock of the configuration file; that makes the numbers unique.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from postroom.clock import Clock
from postroom.errors import ConfigError
from postroom.files import Owner, atomic_write, make_directory, read_private

KEPT_COPIES = 50  # months of changes by hand, and never more than a few hundred kilobytes
_STAMP = "%Y%m%dT%H%M%SZ"


class Copy(NamedTuple):
    """The file as it was up to `moment` (aware, UTC), when a change replaced it."""

    number: int
    moment: datetime
    path: Path


class History:
    """The copies in `history` of the state directory, each named NUMBER-TIME-NAME after the file that it is of."""

    def __init__(self, state: Path, *, clock: Clock, owner: Owner | None = None) -> None:
        self._directory = state / "history"
        self._clock = clock
        self._owner = owner

    def copies(self, name: str) -> Sequence[Copy]:
        """All that are kept of the file `name`, oldest first. Raise ConfigError where the directory cannot be read."""
        pattern = re.compile(rf"(\d{{6,}})-(\d{{8}}T\d{{6}}Z)-{re.escape(name)}")
        try:
            names = [path.name for path in self._directory.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError("config.no_history", f"{self._directory} cannot be read: {error.strerror}") from error
        copies = []
        for match in filter(None, map(pattern.fullmatch, names)):
            with suppress(ValueError):  # such a name, but no such day: none of ours
                moment = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
                copies.append(Copy(int(match[1]), moment, self._directory / match[0]))
        return sorted(copies)

    def keep(self, name: str, data: bytes) -> Copy:
        """Keep what the file holds before it is changed, and let go of the oldest copies. Raise FileError."""
        kept = self.copies(name)
        moment = self._clock.now()
        number = kept[-1].number + 1 if kept else 1
        path = self._directory / f"{number:06d}-{moment.astimezone(UTC).strftime(_STAMP)}-{name}"
        make_directory(self._directory, owner=self._owner)
        atomic_write(path, data, owner=self._owner)
        for old in kept[: max(0, len(kept) + 1 - KEPT_COPIES)]:
            old.path.unlink(missing_ok=True)
        return Copy(number, moment, path)

    def read(self, name: str, number: int | None) -> tuple[Copy, bytes]:
        """One copy, the latest without a number. Raise ConfigError `config.no_such_copy`, FileError."""
        copy = next((copy for copy in reversed(self.copies(name)) if number in (None, copy.number)), None)
        data = read_private(copy.path, as_root=os.geteuid() == 0, owner=self._owner) if copy else None
        if copy is None or data is None:
            raise ConfigError(
                "config.no_such_copy",
                "there is no earlier version" if number is None else f"there is no copy {number} in the history",
                hint="" if number is None else "postroom config history",
            )
        return copy, data
