"""Owns a site's own entries for faults as a whole: those that can be used, and what is to be told of the others.

Whatever is wrong with them hides no failure: it is told beside it, and the entries that are left have their say.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from postroom.config.fault_entries import fault_files, fault_problem
from postroom.config.problems import Problem, invalid
from postroom.diagnosis.catalogue import causes
from postroom.diagnosis.entry import Entry
from postroom.diagnosis.site import Names, site_entries
from postroom.errors import FileError
from postroom.result import Warn

if TYPE_CHECKING:
    from postroom.diagnosis.timed import Timed

_CHECK = "postroom config validate"


class SiteFaults:
    """The entries of a directory. `presets` tells the ids of the mail providers that there are."""

    def __init__(self, directory: Path, *, as_root: bool, presets: Callable[[], Container[str]]) -> None:
        self._entries: list[tuple[Path, int, Entry]] = []
        self._problems: dict[Path, list[Problem]] = {}
        self._refused: list[FileError] = []
        contents: dict[Path, bytes] = {}
        for path, data in fault_files(directory, as_root=as_root):
            if isinstance(data, FileError):
                self._refused.append(data)
            else:
                contents[path] = data
        self.files = list(contents)
        names = Names(causes(), presets()) if contents else Names(())
        for path, data in contents.items():
            found = site_entries(data, names, _timed)
            self._entries += ((path, number, entry) for number, entry in found.entries.items())
            if found.wrong:
                self._problems[path] = [
                    fault_problem(path, data, wrong.number, wrong.key, str(wrong)) for wrong in found.wrong
                ]

    @property
    def entries(self) -> Sequence[Entry]:
        """Those that can be used, in their order."""
        return [entry for _, _, entry in self._entries]

    def check(self) -> Sequence[Path]:
        """The files, where all is well. Raise FileError for one that cannot be read or trusted, ConfigError with every
        problem of the others.
        """
        if self._refused:
            raise self._refused[0]
        if self._problems:
            raise invalid([problem for problems in self._problems.values() for problem in problems], {})
        return self.files

    @property
    def warnings(self) -> Sequence[Warn]:
        """What kept entries from having their say, up to now."""
        return [*self._skipped(), *self._slow()]

    def _skipped(self) -> Iterator[Warn]:
        for error in self._refused:
            yield Warn("config.faults_skipped", f"{error.message}; its entries are left out", error.hint or _CHECK)
        for first, *more in self._problems.values():
            others = f" (and {len(more)} more problem{'s' if len(more) > 1 else ''})" if more else ""
            yield Warn("config.faults_skipped", f"{first}{others}; what is wrong is left out", _CHECK)

    def _slow(self) -> Iterator[Warn]:
        for path, number, entry in self._entries:
            for words in entry.words:
                if getattr(words, "ran_out", False):
                    told = f"{path}: entry {number}: the expression {words!s} takes too long, and counts as not found"
                    yield Warn("config.faults_slow", told, "Write it without a repetition inside a repetition.")


def _timed(pattern: str) -> "Timed":
    # Loaded by an entry with words alone.
    from postroom.diagnosis.timed import Timed

    return Timed(pattern)
