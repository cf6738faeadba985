"""Owns the forms of the report of `smtp test`: which one the words ask for, and the way out of one for a program.

The words are read before a command parses them, so that a mistake in them is reported in the form as well.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from postroom.cli.lazy import load
from postroom.errors import PostroomError
from postroom.result import Result, Warn
from postroom.ui.views import smtp_test as views

if TYPE_CHECKING:
    from postroom.cli.frame import Front

COMMAND = "smtp test"
FORMS = ("text", "github", "junit", "nagios")


def asked_form(command: str, words: Sequence[str]) -> str:
    """The form that the arguments of a command ask for; text where they ask for none that there is."""
    if command != COMMAND:
        return "text"
    form = "text"
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if option == "--format":
            form = value if equals else following
    return form if form in FORMS else "text"


def show_report(front: "Front", result: Result, error: PostroomError | None = None) -> None:
    """Show a report in the place of the text; the exit status is the form's own."""
    form = front.form
    if form == "github":
        result = _with_summary(result, error)
    text = load("postroom.ui.views.reports:REPORTS")[form](result, error)
    status = load("postroom.ui.views.nagios:nagios_status")(result, error) if form == "nagios" else result.exit
    front.finish(Result(COMMAND, {"text": text}, exit=status), views.report)


def show_failure(front: "Front", error: PostroomError) -> None:
    """The report of a test that failed, or that could not be made."""
    show_report(front, Result(COMMAND, error.data, error.warnings, error.exit), error)


def _with_summary(result: Result, error: PostroomError | None) -> Result:
    """The result, once its summary stands in the runner's file; a summary that cannot be written is a warning."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return result
    text = load("postroom.ui.views.github:github_summary")(result, error)
    try:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - Path has no way to append
            file.write(text)
    except (OSError, ValueError) as failure:
        why = failure.strerror if isinstance(failure, OSError) else str(failure)
        warning = Warn(
            "test.summary_unwritten", f"cannot write the step summary {path}: {why}", "see GITHUB_STEP_SUMMARY"
        )
        return result._replace(warnings=[*result.warnings, warning])
    return result
