"""What a diagnosis looks like: the cause of a failure and what to do, on a calm page."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Fields, Line

_AGAIN = {
    "never": "does not help until something is changed",
    "later": "may help after a while",
    "now": "may help at once",
}


def explained(data: Mapping[str, Any]) -> Iterable[Block]:
    """The answer of `explain`."""
    if data["class"] is None:
        yield Line("Nothing in this text tells of a failure that is known here.", "title")
        yield Line("Give the whole reply, exception or log line; --step and --provider help.", "dim")
        return
    yield Line(data["title"], "title")
    yield from page(data)


def page(data: Mapping[str, Any]) -> Iterable[Block]:
    """Cause, next steps and what else it may be, without the title."""
    yield Fields([*_rows(data)])


def _rows(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "why", data["cause"]
    steps = data["next_steps"]
    for number, step in enumerate(steps, start=1):
        yield ("do" if number == 1 else ""), f"{number}. {step}" if len(steps) > 1 else step
    yield "again", f"trying again {_AGAIN[data['retry']]}"
    for number, other in enumerate(data["others"]):
        told = f"{other['class']}: {other['tell_apart']}" if other["tell_apart"] else other["class"]
        yield ("or" if number == 0 else ""), told
    for number, address in enumerate(data["docs"]):
        yield ("read" if number == 0 else ""), address
    checked = f" (checked {data['checked']})" if data["checked"] else ""
    yield "class", data["class"] + checked
