"""Owns the report of a test as a plug-in of Nagios, Icinga and their kin: one line and a status of their own.

https://www.monitoring-plugins.org/doc/guidelines.html
"""

from postroom.errors import Exit, PostroomError
from postroom.result import Result
from postroom.ui.safe import cut, safe_line
from postroom.ui.views.outcome import refusal, refused, server_failed, steps_of, summary

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")

_LONGEST_TEXT = 700
"""Older NRPE hands on 1,023 octets and cuts the rest without a word; the times of all steps need some 300 of them."""


def nagios_status(result: Result, error: PostroomError | None) -> int:
    """CRITICAL when no mail goes out, UNKNOWN when that could not be tried; a warning counts only with --strict."""
    if error is not None:
        return CRITICAL if server_failed(error) else UNKNOWN
    return WARNING if result.exit in (Exit.PARTIAL, Exit.WARNING) else OK


def nagios_report(result: Result, error: PostroomError | None) -> str:
    """The line, with the steps' times as performance data."""
    head = f"SMTP {_WORDS[nagios_status(result, error)]} - {_text(result, error)}"
    ended = [step for step in steps_of(result) if step["duration_ms"] is not None]
    if not ended:
        return head
    # 'label'=value[UOM];[warn];[crit];[min]: the quotes are for labels with spaces, and seconds never fall below 0.
    pairs = [("time", sum(step["duration_ms"] for step in ended))]
    pairs += [(step["name"], step["duration_ms"]) for step in ended]
    return f"{head} | " + " ".join(f"{label}={milliseconds / 1000:.3f}s;;;0" for label, milliseconds in pairs)


def _text(result: Result, error: PostroomError | None) -> str:
    if error is not None:
        told = [f"{error.code}: {error.message} {error.detail}"]
    else:
        told = [*(refusal(row) for row in refused(result)), summary(result)]
    if count := len(result.warnings):
        messages = ", ".join(warning.message for warning in result.warnings)
        warned = f"{count} warning{'s' if count > 1 else ''}: {messages}"
        told = [warned, *told] if result.exit == Exit.WARNING else [*told, warned]
    # A bar would begin the performance data, a line feed the long output.
    shown = safe_line(" ".join("; ".join(told).split())).replace("|", "/")
    return cut(shown, _LONGEST_TEXT)
