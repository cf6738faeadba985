"""Owns the table of the reports of a test that other programs read."""

from collections.abc import Callable, Mapping

from postroom.errors import PostroomError
from postroom.result import Result
from postroom.ui.views.github import github_report
from postroom.ui.views.junit import junit_report
from postroom.ui.views.nagios import nagios_report

REPORTS: Mapping[str, Callable[[Result, PostroomError | None], str]] = {
    "github": github_report,
    "junit": junit_report,
    "nagios": nagios_report,
}
