"""Owns the opening of a web browser for a person.

The standard library's webbrowser does not serve: a browser that it starts writes to our standard output, which belongs
to the result, and it takes a text browser, which would take the terminal.
"""

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from shutil import which

from postroom.oauth.flow import has_display, is_remote

_OPENERS = {"darwin": ("open",)}
_LINUX = ("wslview",)
_LINUX_WITH_A_SCREEN = ("xdg-open", "x-www-browser")
"""Without one they start a browser for the terminal, or fail unseen."""
_ON_THE_TERMINAL = ("lynx", "w3m", "links", "links2", "elinks", "www-browser", "browsh")


def open_browser(address: str, environ: Mapping[str, str]) -> bool:
    """Start the person's browser and do not wait for it; False where there is none that leaves the terminal alone."""
    for words in _candidates(environ):
        if not words or words[0].rpartition("/")[2] in _ON_THE_TERMINAL or which(words[0]) is None:
            continue
        line = (
            [word.replace("%s", address) for word in words]
            if any("%s" in word for word in words)
            else [*words, address]
        )
        try:
            subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at our terminal is not meant for it
                env=dict(environ),
            )
        except OSError:
            continue
        return True
    return False


def _candidates(environ: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """BROWSER as other programs read it, a list with colons between, then what the system opens addresses with."""
    named = [_words(part) for part in environ.get("BROWSER", "").split(":") if part.strip()]
    return [*named, *((name,) for name in _openers(environ))]


def _openers(environ: Mapping[str, str]) -> Sequence[str]:
    """What this system opens addresses with, where that is before the person's eyes."""
    if sys.platform in _OPENERS:
        return () if is_remote(environ) else _OPENERS[sys.platform]
    return (*(_LINUX_WITH_A_SCREEN if has_display(environ) else ()), *_LINUX)


def _words(text: str) -> Sequence[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return ()
