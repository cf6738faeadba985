"""Owns the search for the line on which a key stands. It runs only after something went wrong, so it may be slow.

It knows no TOML: it lets the real parser read growing beginnings of the file until the key is there.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

_LONGEST_STATEMENT_LINES = (
    200  # a value of more lines is not searched to its end; the fault is then told without a line
)


def lines_of(text: str) -> list[str]:
    """The lines with their ends. Only a line feed ends one: to str.splitlines, characters inside a string do too."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line, from 1, on which the key or table at `path` begins; None where it cannot be told.

    A name that the file spells with escapes is not found.
    """
    if not path:
        return None
    lines = lines_of(text)
    for start, line in enumerate(lines):
        if path[-1] not in line:
            continue
        for end in range(start + 1, min(len(lines), start + _LONGEST_STATEMENT_LINES) + 1):
            parsed = _parsed("".join(lines[:end]))
            if parsed is not None:
                if _holds(parsed, path):
                    return start + 1
                break
    return None


def line_of_table(text: str, name: str, number: int) -> int | None:
    """The line, from 1, on which the table of that number, from 1, begins in the list `name`; None where it cannot be
    told.
    """
    lines = lines_of(text)
    for end, line in enumerate(lines, start=1):
        if name in line:
            tables = (_parsed("".join(lines[:end])) or {}).get(name)
            if isinstance(tables, list) and len(tables) >= number:
                return end
    return None


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _holds(table: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(table, Mapping) or name not in table:
            return False
        table = table[name]
    return True
