"""Owns the report of a test for GitHub Actions: annotations for the log, and a summary in Markdown.

No word of a server starts a command of the runner or leaves its place in the summary. There is nothing to be masked,
for no secret gets into a result.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

import re
from collections.abc import Iterator

from postroom.errors import Exit, PostroomError
from postroom.result import Result
from postroom.ui.safe import safe, safe_line
from postroom.ui.views.outcome import Advice, advice, refusal, refused, server_failed, steps_of, summary

# What begins something in GitHub's Markdown within a line: CommonMark 0.31 2.4 lets a backslash stand before each.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#&$])")


def github_report(result: Result, error: PostroomError | None) -> str:
    """Workflow commands: one annotation for the failure or the success, one for each warning and refused recipient."""
    kind = "error" if result.exit == Exit.WARNING else "warning"
    lines = [_command(kind, warning.code, warning.message) for warning in result.warnings]
    if error is not None:
        text = ". ".join(part for part in (error.message.removesuffix("."), error.hint) if part)
        lines.append(_command("error", error.code, text + (f"\n{error.detail}" if error.detail else "")))
    else:
        lines += [_command("error", row["class"], refusal(row)) for row in refused(result)]
        lines.append(_command("notice", "smtp test", summary(result)))
    return "\n".join(lines)


def _command(name: str, title: str, message: str) -> str:
    # A colon ends the properties, a comma ends one of them.
    title = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{name} title={title}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return safe_line(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def github_summary(result: Result, error: PostroomError | None) -> str:
    """The summary of the step, to stand behind what others wrote there before."""
    return "\n".join(_summary(result, error)) + "\n"


def _summary(result: Result, error: PostroomError | None) -> Iterator[str]:
    yield from ("", f"### postroom smtp test: {_outcome(result, error)}", "")
    if error is None:
        yield from (_plain(summary(result)), "")
    yield from _table(result)
    found = advice(result, error)
    if found is not None:
        yield from _advice(found)
    for warning in result.warnings:
        hint = f" ({_plain(warning.hint)})" if warning.hint else ""
        yield from (f"**Warning:** {_plain(warning.message)}{hint}", "")
    words = error.detail if error else "\n".join(refusal(row) for row in refused(result))
    if words:
        title = "Details" if error and not server_failed(error) else "The server's words"
        yield from (f"**{title}:**", "", _fenced(words), "")
    if result.data.get("transcript"):
        yield from ("**The dialogue:**", "", _fenced(result.data["transcript"]), "")


def _table(result: Result) -> Iterator[str]:
    steps = steps_of(result)
    if not steps:
        return
    yield from ("| step | result | ms |", "| --- | --- | ---: |")
    for step in steps:
        ended = "skipped" if step["skipped"] else "ok" if step["ok"] else "**failed**"
        took = "" if step["duration_ms"] is None else f"{step['duration_ms']:.0f}"
        yield f"| {_plain(step['name'])} | {ended} | {took} |"
    yield ""


def _advice(found: Advice) -> Iterator[str]:
    yield from (f"**Class:** {_plain(found.kind)}", "", f"**What:** {_plain(found.title)}", "")
    if found.cause:
        yield from (f"**Cause:** {_plain(found.cause)}", "")
    if found.next_steps:
        yield from ("**Next steps:**", "", *(f"1. {_plain(step)}" for step in found.next_steps), "")
    if found.docs:
        yield from ("**See:**", "", *(f"- {_plain(address)}" for address in found.docs), "")


def _outcome(result: Result, error: PostroomError | None) -> str:
    if error is not None:
        return "failed" if server_failed(error) else "could not be made"
    if result.exit == Exit.PARTIAL:
        return "some recipients were refused"
    return "passed, with something to mend" if result.warnings else "passed"


def _plain(text: str) -> str:
    """Text of one line in which nothing is Markdown."""
    return _MARKDOWN.sub(r"\\\1", safe_line(text))


def _fenced(text: str) -> str:
    """Text as it is; a fence is closed only by one at least as long (CommonMark 0.31 4.5)."""
    shown = safe(text.rstrip("\n"))
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"
