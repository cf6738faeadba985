"""Owns a terminal for a program under test: 80 columns, somebody who reads prompts and types answers.

The program gets the pseudo-terminal as its controlling one, by setsid(1): a fork in a test process with threads, which
pty.fork() would be, is deprecated from Python 3.12 on.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

CONTROL_C = "\x03"
CONTROL_D = "\x04"

_PATIENCE_SECONDS = 30.0
_ROWS = 24
_READ_BYTES = 65536
# ECMA-48 control sequences, operating system commands, and the two-character escapes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")


class OnTerminal(NamedTuple):
    """A finished run. `raw` is every character that came, `text` what a reader sees: no escapes, lines end in LF."""

    raw: str
    exit: int

    @property
    def text(self) -> str:
        """The output as plain text, typed answers included where the terminal echoed them."""
        return plain(self.raw)


def plain(raw: str) -> str:
    """Terminal output without its escape sequences, lines ended by LF."""
    return _ESCAPES.sub("", raw).replace("\r\n", "\n")


class Terminal:
    """A program on a terminal, while it runs. As a context manager it ends the program on the way out."""

    def __init__(
        self, argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, columns: int = 80
    ) -> None:
        self.raw = ""
        self._seen = 0
        self._screen, program_end = pty.openpty()
        fcntl.ioctl(program_end, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            stdin=program_end,
            stdout=program_end,
            stderr=program_end,
            env=dict(environment),
            cwd=directory,
        )
        os.close(program_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)

    def expect(self, words: str, *, timeout_seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until these words stand on the terminal, after those of the last call."""
        end = time.monotonic() + timeout_seconds
        while (found := self.raw.find(words, self._seen)) < 0:
            if not self._read(end):
                raise AssertionError(f"{words!r} did not come; the terminal shows:\n{plain(self.raw)}")
        self._seen = found + len(words)

    def type(self, keys: str) -> None:
        """Press keys; a line ends in a line feed."""
        os.write(self._screen, keys.encode())

    def finish(self, *, timeout_seconds: float = _PATIENCE_SECONDS) -> OnTerminal:
        """Read until the program has ended."""
        end = time.monotonic() + timeout_seconds
        while self._read(end):
            pass
        try:
            status = self._process.wait(timeout=max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program did not end; the terminal shows:\n{plain(self.raw)}") from None
        return OnTerminal(self.raw, status)

    def _read(self, end: float) -> bool:
        """Take what has come; False at the end of the output or of the time."""
        ready, _, _ = select.select([self._screen], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return False
        try:
            octets = os.read(self._screen, _READ_BYTES)
        except OSError:  # EIO: nobody holds the other end any more (Linux)
            return False
        self.raw += octets.decode(errors="replace")
        return bool(octets)


def run_on_terminal(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    answers: Sequence[tuple[str, str]] = (),
    columns: int = 80,
) -> OnTerminal:
    """Run to the end; of each pair of answers, wait for the first and type the second."""
    with Terminal(argv, environment=environment, directory=directory, columns=columns) as terminal:
        for words, keys in answers:
            terminal.expect(words)
            terminal.type(keys)
        return terminal.finish()
