"""Owns the reports of a test that other programs read: GitHub annotations, JUnit, Nagios."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from postroom.errors import Exit, PostroomError
from postroom.result import Result
from postroom.ui.safe import safe_line

NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL = 0, 1, 2
LASTING = ("test.own_domain_only", "tls.version_old", "secret.stored_plain", "provider.foreign_from")
"""Warnings about what was chosen once and is the same every day: nobody looks at a monitor that is yellow for ever."""


def github_report(result: Result, error: PostroomError | None) -> str:
    """Workflow commands: one annotation for the failure or the success, one for each warning and refused recipient."""
    lines = [f"::warning title={_property(warning.code)}::{_github(warning.message)}" for warning in result.warnings]
    if error is not None:
        text = ". ".join(part for part in (error.message.removesuffix("."), error.hint) if part)
        words = f"\n{error.detail}" if error.detail else ""
        lines.append(f"::error title={_property(error.code)}::{_github(text + words)}")
    else:
        lines += [f"::error title={_property(row['class'])}::{_github(_refusal(row))}" for row in _refused(result)]
        lines.append(f"::notice title=smtp test::{_github(_summary(result))}")
    return "\n".join(lines)


def _github(text: str) -> str:
    return safe_line(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _github(text).replace(":", "%3A").replace(",", "%2C")


def junit_report(result: Result, error: PostroomError | None) -> str:
    """One test suite; each step is a test case."""
    steps = result.data.get("steps") or []
    skipped = sum(1 for step in steps if step["skipped"])
    cases = [_case(step, error, _refused(result)) for step in steps]
    if error is not None and not any(step["ok"] is False for step in steps):
        cases.append(_case({"name": "test", "ok": False, "skipped": False, "duration_ms": None}, error, ()))
    failed = sum(1 for case in cases if "<failure" in case)
    seconds = sum(step["duration_ms"] or 0 for step in steps) / 1000
    head = (
        f'<testsuite name="postroom smtp test" tests="{len(cases)}" failures="{failed}" skipped="{skipped}"'
        f' time="{seconds:.3f}">'
    )
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>\n"])


def _case(step: Mapping[str, Any], error: PostroomError | None, refused: Sequence[Mapping[str, Any]]) -> str:
    seconds = (step["duration_ms"] or 0) / 1000
    head = f'  <testcase classname="smtp" name="{escape(step["name"])}" time="{seconds:.3f}"'
    if step["skipped"]:
        return head + "><skipped/></testcase>"
    if step["ok"] is False and error is not None:
        # The server's words behind a bar: on a console of GitHub's a line that begins with :: is a command.
        lines = [error.message, error.hint, *(f"| {line}" for line in error.detail.splitlines())]
        return head + ">" + _failure(error.code, lines) + "</testcase>"
    if step["name"] == "rcpt" and refused:
        return head + ">" + _failure(refused[0]["class"], [_refusal(row) for row in refused]) + "</testcase>"
    return head + "/>"


def _failure(kind: str, lines: Sequence[str]) -> str:
    shown = [escape(safe_line(line)) for line in lines if line]
    return f'<failure type="{escape(kind)}" message="{shown[0]}">' + "\n".join(shown) + "</failure>"


def nagios_report(result: Result, error: PostroomError | None) -> str:
    """One line of a plug-in, with the steps' times as performance data."""
    words = {NAGIOS_OK: "OK", NAGIOS_WARNING: "WARNING", NAGIOS_CRITICAL: "CRITICAL"}
    word = words[nagios_status(result, error)]
    text = f"{error.code}: {error.message} {error.detail}" if error else _summary(result)
    if not error and nagios_status(result, error) == NAGIOS_WARNING:
        told = [_refusal(row) for row in _refused(result)]
        text = "; ".join([*told, *(warning.message for warning in result.warnings)])
    times = " ".join(
        f"{step['name']}={step['duration_ms'] / 1000:.3f}s"
        for step in result.data.get("steps") or []
        if step["duration_ms"] is not None
    )
    return f"SMTP {word} - {safe_line(text).replace('|', '/')}" + (f" | {times}" if times else "")


def nagios_status(result: Result, error: PostroomError | None) -> int:
    """The status of a Nagios plug-in, which has a convention of its own."""
    if error is not None:
        return NAGIOS_CRITICAL
    pressing = any(warning.code not in LASTING for warning in result.warnings)
    return NAGIOS_WARNING if pressing or result.exit == Exit.PARTIAL else NAGIOS_OK


def _refused(result: Result) -> Sequence[Mapping[str, Any]]:
    """The recipients that the server refused, while it took the mail for others."""
    if result.exit != Exit.PARTIAL:
        return ()
    rows = next(step["detail"]["recipients"] for step in result.data["steps"] if step["name"] == "rcpt")
    return [row for row in rows if row["class"]]


def _refusal(row: Mapping[str, Any]) -> str:
    words = (str(row[part]) for part in ("code", "enhanced", "text") if row[part])
    return f"{row['address']} refused: {' '.join(words)}"


def _summary(result: Result) -> str:
    server, receipt = result.data["server"], result.data["receipt"]
    where = f"{server['host']} port {server['port']}"
    if not receipt:
        return f"{where}: every step asked for passed; nothing was sent"
    words = (str(receipt[part]) for part in ("code", "enhanced", "text") if receipt[part])
    return f"{where} accepted: {' '.join(words)}"


REPORTS: Mapping[str, Callable[[Result, PostroomError | None], str]] = {
    "github": github_report,
    "junit": junit_report,
    "nagios": nagios_report,
}
