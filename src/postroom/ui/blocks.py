"""Owns the shapes of text output. A view makes them of a result's data; refuses to know terminals and colour."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Tone = Literal["plain", "good", "bad", "warn", "dim", "title", "hint"]


class Line(NamedTuple):
    """One line of text. A line feed in it is shown, not obeyed: no foreign string forges a line of ours."""

    text: str
    tone: Tone = "plain"


class Table(NamedTuple):
    """Rows under columns; tab-separated and without a heading where stdout is no terminal."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Fields(NamedTuple):
    """Names and values, aligned; a value without a name goes on with the one above."""

    pairs: Sequence[tuple[str, str]]


class Verbatim(NamedTuple):
    """Text that is the result itself, such as a script: printed as it is where stdout is no terminal."""

    text: str


class Next(NamedTuple):
    """The command that is useful next; talk, so it goes to stderr."""

    command: str
    why: str = ""


Block = Line | Table | Fields | Verbatim | Next
View = Callable[[Mapping[str, Any]], Iterable[Block]]
