"""Owns the showing of a manual page by the system's own programs. Refuses to know what the page says."""

import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_WIDTH = "80"
# Bold and underlined characters as terminals and printers write them: `x BACKSPACE x`, and escape sequences.
_FORMATTING = re.compile(r".\x08|\x1b\[[0-9;]*m")


def show(name: str, roff: str, environ: Mapping[str, str]) -> bool:
    """Have man(1) show the page on this terminal, in the person's own pager. False where there is no man."""
    if not shutil.which("man", path=environ.get("PATH")):
        return False
    before = signal.getsignal(signal.SIGINT)
    # Ctrl-C belongs to the pager. A handler, for an ignored signal would be ignored by the pager as well.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        with _file(name, roff) as path:
            return subprocess.run(["man", str(path)], env=dict(environ), check=False).returncode == 0
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)


def plain(name: str, roff: str, environ: Mapping[str, str]) -> str | None:
    """The page as plain text; None where neither man nor mandoc can set it."""
    variables = {"MANWIDTH": _WIDTH, **environ, "MANPAGER": "cat", "PAGER": "cat"}
    with _file(name, roff) as path:
        for argv in (["man", str(path)], ["mandoc", "-T", "utf8", str(path)]):
            if not shutil.which(argv[0], path=environ.get("PATH")):
                continue
            try:
                done = subprocess.run(argv, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            except OSError:
                continue
            if done.returncode == 0 and done.stdout.strip():
                return _FORMATTING.sub("", done.stdout.decode("utf-8", "replace"))
    return None


@contextmanager
def _file(name: str, roff: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="postroom-man-") as directory:
        path = Path(directory) / name
        path.write_text(roff, encoding="ascii")
        yield path
