"""Owns the table of a run: how each case ended. Judges nothing."""

from collections.abc import Iterable, Sequence
from typing import Any

PROPERTY = "matrix"
"""The name under which a test's report carries its row: it comes back from every worker with the report itself."""

_HEADS = ("case", "served by", "class", "exit", "step", "seconds", "verdict")


def rows_of(reports: Iterable[Any]) -> list[list[str]]:
    """The rows that these reports of pytest carry, with whether the test passed."""
    return [
        [*row, report.outcome]
        for report in reports
        for name, row in getattr(report, "user_properties", ())
        if name == PROPERTY and report.when == "call"
    ]


def lines_of(rows: Sequence[Sequence[str]]) -> list[str]:
    """The table as lines of text, in the order of the cases' names within each class."""
    whole = [_HEADS, *sorted(rows, key=lambda row: (row[2], row[0]))]
    widths = [max(len(row[column]) for row in whole) for column in range(len(_HEADS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in whole]
