"""What `man` and `completion` show: the text itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Verbatim


def text(data: Mapping[str, Any]) -> Iterable[Block]:
    """A manual page or a script, as it is."""
    yield Verbatim(data["text"])


def values(data: Mapping[str, Any]) -> Iterable[Block]:
    """One value a line, for a completion script."""
    return (Line(value) for value in data["values"])
