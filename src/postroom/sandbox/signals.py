"""Owns the signals of the sandbox's two long commands: a server that is told to stop, a child that gets its parent's.

Refuses to know mail.
"""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from postroom.errors import PostroomError
from postroom.sandbox.environment import for_child

STOP = (signal.SIGINT, signal.SIGTERM)
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

NOT_FOUND = 127
NOT_EXECUTABLE = 126
"""The statuses of env(1) and of every shell for a command that cannot be started."""

_SIGNALLED = 128
"""Shells report a command that a signal ended as this plus the signal's number."""

_LOOK_SECONDS = 1.0
"""Python tells a signal that came just before a wait only after it: no wait may be for ever."""


@contextmanager
def told(numbers: Sequence[signal.Signals], tell: Callable[[signal.Signals], object]) -> Iterator[None]:
    """Have `tell` called for these signals, instead of what happens otherwise."""
    before = {number: signal.signal(number, lambda found, _: tell(signal.Signals(found))) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_signals(tell: Callable[[str], object]) -> Iterator[None]:
    """Have `tell` called with the name of the signal that asks for an end."""
    with told(STOP, lambda number: tell(number.name)):
        yield


def run_child(
    argv: Sequence[str], environ: Mapping[str, str], variables: Mapping[str, str], *, stdout_to_stderr: bool
) -> int:
    """Run a command with our standard streams, in `environ` with `variables` and no other mail server in it. Pass our
    signals on to it; return its status as a shell would.

    Raise PostroomError `sandbox.command_not_found` (127) and `sandbox.command_not_executable` (126).
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[signal.Signals] = []

    def forward(number: signal.Signals) -> None:
        if child is None:
            early.append(number)
        # A terminal has given its interrupt to the child already; twice means "at once" to many programs.
        elif number is not signal.SIGINT or not (sys.stdin and sys.stdin.isatty()):
            child.send_signal(number)

    with told(FORWARDED, forward):
        try:
            child = subprocess.Popen(
                argv, env=for_child(environ, variables), stdout=sys.stderr.fileno() if stdout_to_stderr else None
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _not_started("not_found", "was not found", argv, NOT_FOUND) from error
        except OSError as error:
            raise _not_started("not_executable", f"cannot be run: {error.strerror}", argv, NOT_EXECUTABLE) from error
        for number in early:
            child.send_signal(number)
        status = _end(child)
    return status if status >= 0 else _SIGNALLED - status


def _end(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _not_started(word: str, what: str, argv: Sequence[str], status: int) -> PostroomError:
    return PostroomError(
        f"sandbox.command_{word}",
        f"the command {argv[0]} {what}",
        hint="postroom sandbox run -- CMD ARG...  (CMD is looked up in PATH; a shell line needs sh -c 'LINE')",
        exit=status,
    )
