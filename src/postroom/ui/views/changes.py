"""How changes of the configuration are shown, by every command that makes some."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line


def changes(data: Mapping[str, Any], done: str) -> Iterable[Block]:
    """The headline, then a line a change; `unchanged` when there is none."""
    if not data["changed"]:
        yield Line("unchanged", "dim")
        return
    yield Line(done, "good")
    for change in data["changes"]:
        yield Line(f"  {change['key']}: {_word(change['old'])} -> {_word(change['new'])}")


def _word(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(_word(item) for item in value) or "-"
    return str(value)
