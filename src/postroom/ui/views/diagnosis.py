"""What a diagnosis looks like: the cause of a failure, what to do and what was found, as rows of a calm page."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from postroom.ui.blocks import Block, Fields, Line
from postroom.ui.safe import safe_line
from postroom.ui.views.evidence import told

_QUOTED_COLUMNS = 76

Rows = Iterable[tuple[str, str]]

_AGAIN = {
    "never": "trying again does not help until something is changed",
    "later": "trying again may help after a while",
    "now": "trying again may help at once",
}


def explained(data: Mapping[str, Any]) -> Iterable[Block]:
    """The answer of `explain`."""
    if data["class"] is None:
        yield Line("Nothing in this text tells of a failure that is known here.", "title")
        yield Line("Give the whole reply, exception or log line; --step and --provider help.", "dim")
        return
    yield Line(data["title"], "title")
    yield from (Line(f"  | {line}", "dim") for line in _quoted(data["judged"] or ""))
    if more := data["more_failures"]:
        yield Line(f"{more} more {'failure' if more == 1 else 'failures'} in this text; the last one is told", "dim")
    yield Fields([*rows(data)])


def _quoted(text: str) -> Sequence[str]:
    """Foreign words, cut to two lines of 80 columns."""
    return wrap(
        safe_line(" ".join(text.split())), _QUOTED_COLUMNS, max_lines=2, placeholder=" ...", break_on_hyphens=False
    )


def rows(diagnosis: Mapping[str, Any], evidence: Mapping[str, Any] | None = None) -> Rows:
    """Name and value of each line below the title; a row without a name goes on with the one above."""
    yield "why", diagnosis["cause"]
    yield from _labelled("found", [*told(evidence or {})])
    steps = diagnosis["next_steps"]
    numbered = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    yield from _labelled("hint", numbered if len(steps) > 1 else steps)
    others = [" - ".join(filter(None, (other["class"], other["tell_apart"]))) for other in diagnosis["others"]]
    yield from _labelled("or", others)
    yield from _labelled("read", diagnosis["docs"])
    checked = f"; the advice was checked on {diagnosis['checked']}" if diagnosis["checked"] else ""
    yield "class", f"{diagnosis['class']}; {_AGAIN[diagnosis['retry']]}{checked}"


def _labelled(name: str, values: Sequence[str]) -> Rows:
    for number, value in enumerate(values):
        yield "" if number else name, value
