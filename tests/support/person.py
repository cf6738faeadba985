"""Owns a person who logs in while `postroom oauth login` waits: a program that talks, and somebody who answers it."""

import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.program import Completed, program

_PATIENCE_SECONDS = 30


class Waiting:
    """A login that runs. What it says on stderr is heard line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._stdout: list[str] = []
        self._threads = [
            threading.Thread(target=self._hear, daemon=True),
            threading.Thread(target=self._read, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        stderr = self.process.stderr
        assert stderr is not None
        for line in stderr:
            self.said.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._stdout.append(self.process.stdout.read())

    def hear(self, pattern: str) -> re.Match[str]:
        """Wait for a line that matches."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while (line := self._lines.get(timeout=max(0.1, until - time.monotonic()))) is not None:
            if found := re.search(pattern, line):
                return found
        self._threads[1].join(_PATIENCE_SECONDS)
        raise AssertionError(f"never said {pattern!r}: {''.join((*self.said, *self._stdout))}")

    def address(self) -> str:
        """The address that it asks to have opened."""
        return self.hear(r"^https?://\S+$").group()

    def type(self, text: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self) -> Completed:
        """Wait for its end."""
        with suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        status = self.process.wait(_PATIENCE_SECONDS)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        return Completed("".join(self._stdout), "".join(self.said), status)


@contextmanager
def logging_in(argv: Sequence[str], environment: Mapping[str, str], directory: Path) -> Iterator[Waiting]:
    """Start `postroom ARGV...`, which will wait for a person."""
    process = subprocess.Popen(
        [*program(), *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=dict(environment),
        cwd=directory,
    )
    try:
        yield Waiting(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # all three are pipes
