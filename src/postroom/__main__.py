"""Owns the program's first step: `--version` is answered at once, everything else goes to the command line."""

import gc
import os
import sys

from postroom import __version__
from postroom.cli.lazy import load

_SIGINT = 2  # POSIX's number; the module signal is not loaded for `--version`


def program() -> None:
    """The console script: `main`, and then an end without the tidying of memory that is given back anyway.

    That saves a tenth of a short run. Every file is closed by then; what remains are the two streams.
    """
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:  # before that was said
        status = 130  # Exit.INTERRUPTED, which would have to be loaded
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib would cost `--version` a fifth more
            stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads any more
    os._exit(status)


def main() -> None:
    """Run `postroom` with the arguments of this process and exit with its status."""
    _open_closed_streams()
    if sys.argv[1:] == ["--version"]:
        try:
            sys.stdout.write(f"postroom {__version__}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            sys.stderr.write(f"error: standard output: {error.strerror}\n")
            sys.exit(74)  # Exit.IO, which would have to be loaded
        return
    _end_by_interrupts()
    # A short life: collecting garbage while modules load would take a tenth of it.
    gc.set_threshold(50_000)
    sys.exit(load("postroom.cli.main:run")(sys.argv[1:]))


def _end_by_interrupts() -> None:
    """Let an interrupt end the program at once until the command line listens: nothing is begun by then, and the
    exception that Python would raise lands in the midst of a module that loads, which makes another one of it.
    """
    if load("signal:getsignal")(_SIGINT) is load("signal:default_int_handler"):  # nohup and a script's `&` mean it
        load("signal:signal")(_SIGINT, load("signal:SIG_DFL"))


def _open_closed_streams() -> None:
    """Let standard streams that were closed before the start lead nowhere. The next file that is opened would get
    their numbers, and an editor or another child would write into it. What is written to a closed standard output is
    lost, so that it fails, as on a full disk; talk that nobody can hear is no failure.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            flags = os.O_RDONLY if name == "stdout" else os.O_RDWR
            os.set_inheritable(os.open(os.devnull, flags), True)  # gets the lowest free number, this one
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
            setattr(sys, name, stream)


if __name__ == "__main__":
    program()
