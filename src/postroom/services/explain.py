"""Explains a pasted text: the cause of the failure inside it, and what to do. It asks nobody and changes nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from postroom.domain.reply import Cause, Signs
from postroom.errors import Exit, UsageError
from postroom.result import Result

COMMAND = "explain"
NOTHING_FOUND: Mapping[str, Any] = {
    **dict.fromkeys(("class", "title", "cause", "retry", "scope", "exit")),
    "next_steps": [],
    "docs": [],
    **dict.fromkeys(("checked", "provider")),
    "others": [],
}
"""The keys of a diagnosis where there is none."""

Diagnose = Callable[[str, str, str], tuple[Signs, Cause | None]]
"""Reads a text with a step and a provider as hints; no cause where the text tells of no failure."""


def explain(text: str, *, step: str, provider: str, diagnose: Diagnose) -> Result:
    """The diagnosis of a text; the Result's exit is NO, with `class` null, where it tells of no failure."""
    if not text.strip():
        raise UsageError(
            "usage.missing_value",
            "there is no text to explain",
            hint="postroom explain '535 5.7.8 ...', or CMD 2>&1 | postroom explain, or postroom explain --file LOG",
        )
    signs, cause = diagnose(text, step, provider)
    data = cause.as_data() if cause else NOTHING_FOUND
    reply = signs.reply
    known: dict[str, Any] = {
        "step": signs.step or None,
        "reply": {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}
        if reply and reply.code >= 100
        else None,
    }
    return Result(COMMAND, {**data, **known}, exit=Exit.OK if cause else Exit.NO)
