"""Owns the record of a session's dialogue, one line each. It never sees a secret: the writer leaves them out by the
state of the protocol.

`->` is what we sent and `<-` what came, `~>` and `<~` the same inside TLS, `==` a remark.
"""

from collections import deque

LONGEST_LINES = 4000
"""A session that carries mail for hours keeps its last lines only."""


def visible(text: str) -> str:
    """The text on one line: what does not print is written as an escape."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


class Transcript:
    """The lines so far; `str()` joins them."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LONGEST_LINES)

    def sent(self, line: str, *, encrypted: bool) -> None:
        """A line that we sent, as it may be shown."""
        self._lines.append(("~> " if encrypted else "-> ") + visible(line))

    def received(self, line: str, *, encrypted: bool) -> None:
        """A line that came, as it may be shown."""
        self._lines.append(("<~ " if encrypted else "<- ") + visible(line))

    def note(self, line: str) -> None:
        """A remark of our own."""
        self._lines.append("== " + visible(line))

    def __str__(self) -> str:
        return "\n".join(self._lines)
