"""Owns the watching of what any user of the machine, or a child, could see of a process: its arguments and environment.

It samples proc(5), so it may miss a process that lives shorter than a sample; it never finds what was not there.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.sweep import encodings, find

_PAUSE_SECONDS = 0.005  # the shortest-lived program of interest lives 50 ms; the tests beside us need the processor


class ProcessWatch:
    """While it is entered, looks for a secret in the arguments and environments of all descendants of this process."""

    def __init__(self, secret: str) -> None:
        self._needles = encodings(secret)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._finds: set[str] = set()
        self.samples = 0

    @property
    def finds(self) -> list[str]:
        """Where it was seen, each once: `cmdline of NAME` or `environ of NAME`."""
        return sorted(self._finds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(_PAUSE_SECONDS):
            self.samples += 1
            for process in _descendants(os.getpid()):
                self._look(Path("/proc", str(process)))

    def _look(self, process: Path) -> None:
        for part in ("cmdline", "environ"):
            with suppress(OSError):
                if find((process / part).read_bytes(), self._needles):
                    self._finds.add(f"{part} of {(process / 'comm').read_text().strip()}")


def _descendants(process: int) -> Iterator[int]:
    with suppress(OSError):  # a process may end while it is looked at
        for thread in Path("/proc", str(process), "task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                yield child
                yield from _descendants(child)
