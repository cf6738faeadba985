"""Explains a pasted text: the cause of the failure inside it, and what to do. It asks nobody and changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from postroom.domain.reply import Finding
from postroom.errors import Exit, UsageError
from postroom.result import Result, Warn

COMMAND = "explain"
NOTHING_FOUND: Mapping[str, Any] = {
    **dict.fromkeys(("class", "title", "cause", "retry", "scope", "exit")),
    "next_steps": [],
    "docs": [],
    **dict.fromkeys(("checked", "provider")),
    "others": [],
}
"""The keys of a diagnosis where there is none."""

Diagnose = Callable[[str, str, str], Finding]
"""Reads a text with a step and a provider as hints; no cause where the text tells of no failure."""

MOST_JUDGED_CHARACTERS = 1_000


def explain(text: str, *, left_out_octets: int = 0, step: str, provider: str, diagnose: Diagnose) -> Result:
    """The diagnosis of a text; the Result's exit is NO, with `class` null, where it tells of no failure.

    `left_out_octets` is how many of the text's middle were not read.
    """
    if not text.strip():
        raise UsageError(
            "usage.missing_value",
            "there is no text to explain",
            hint="postroom explain '535 5.7.8 ...', or CMD 2>&1 | postroom explain, or postroom explain --file LOG",
        )
    found = diagnose(text, step, provider)
    data = found.cause.as_data() if found.cause else NOTHING_FOUND
    reply = found.signs.reply
    known: dict[str, Any] = {
        "step": found.signs.step or None,
        "reply": {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}
        if reply and reply.code >= 100
        else None,
        "judged": found.judged[:MOST_JUDGED_CHARACTERS] or None,
        "more_failures": found.more,
    }
    warnings = tuple(_left_out(left_out_octets, looked_at_whole=not found.left_out))
    return Result(COMMAND, {**data, **known}, warnings, exit=Exit.OK if found.cause else Exit.NO)


def _left_out(octets: int, *, looked_at_whole: bool) -> Iterator[Warn]:
    hint = "give the part around the failure, for instance: tail -n 1000 LOG | postroom explain"
    if octets:
        yield Warn("explain.partly_read", f"the text is too long: {octets} octets in its middle were not read", hint)
    elif not looked_at_whole:
        yield Warn(
            "explain.partly_read", "the text is too long: not all that may tell of a failure was looked at", hint
        )
