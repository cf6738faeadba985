"""Owns the program's first step: `--version` is answered at once, everything else goes to the command line."""

import gc
import os
import sys

from postroom import __version__
from postroom.cli.lazy import load


def main() -> None:
    """Run `postroom` with the arguments of this process and exit with its status."""
    if sys.argv[1:] == ["--version"]:
        try:
            sys.stdout.write(f"postroom {__version__}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    # A short life: collecting garbage while modules load would take a tenth of it.
    gc.set_threshold(50_000)
    sys.exit(load("postroom.cli.main:run")(sys.argv[1:]))


if __name__ == "__main__":
    main()
