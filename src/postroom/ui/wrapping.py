"""Owns where text may be broken into lines, so that what is to be copied stays whole. It knows no terminal."""

import re
from collections.abc import Callable, Iterator

# What is marked as a command, or one of ours: the command, a name behind it, and options with their values.
_COMMAND = (
    r"`[^`]+`"
    r"|\bpostroom(?: [a-z][a-z-]*){1,2}"
    r"(?: [a-z0-9][\w-]*(?= --|[.,;:)]|$))?"
    r"(?: --[a-z][a-z-]*(?:[ =](?:'[^']*'|(?!--)[^\s,;]+))?| [A-Z][A-Z_]+\b| '[^']*')*"
)
_UNIT = re.compile(rf"(?P<gap>\s*)(?P<unit>[^\s`]*?(?:{_COMMAND})\S*|\S+)")
_WORD = re.compile(r"(\s*)(\S+)")


def wrapped(text: str, width: int, measure: Callable[[str], int], *, widest: int = 0) -> list[str]:
    """Lines of at most `width` cells, as `measure` counts them. A word is never cut, and so no address, nor a command
    that fits on a line: what is longer goes beyond the width. Each line feed of the text ends a line.

    A command that is longer than `width` and not than `widest` stands whole on a line of its own.
    """
    return [line for part in text.split("\n") for line in _filled(part, width, measure, max(width, widest))]


def _filled(text: str, width: int, measure: Callable[[str], int], widest: int) -> Iterator[str]:
    line = ""
    for gap, unit in _units(text, widest, measure):
        if line and measure(line + gap + unit) > width:
            yield line
            line = unit
        else:
            line += gap + unit
    yield line


def _units(text: str, width: int, measure: Callable[[str], int]) -> Iterator[tuple[str, str]]:
    """What stays together, each with the white space before it; of a command that no line can hold, its words."""
    for found in _UNIT.finditer(text):
        if measure(found["unit"]) <= width:
            yield found["gap"], found["unit"]
        else:
            yield from _WORD.findall(found[0])
