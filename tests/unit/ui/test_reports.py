"""What turns a monitor yellow: a warning that somebody can act on today, not one that is the same every day."""

import pytest

from postroom.cli.manual.codes import WARNINGS
from postroom.errors import Exit
from postroom.result import Result, Warn
from postroom.ui.views.reports import LASTING, NAGIOS_OK, NAGIOS_WARNING, nagios_status


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((), NAGIOS_OK),
        (LASTING, NAGIOS_OK),
        (("tls.cert_expires_soon",), NAGIOS_WARNING),
        (("tls.version_old", "provider.login_retires"), NAGIOS_WARNING),
    ],
)
def test_only_what_presses_is_a_warning_to_nagios(codes: tuple[str, ...], status: int) -> None:
    assert nagios_status(Result("smtp test", {}, [Warn(code, "x") for code in codes]), None) == status


def test_a_refused_recipient_is_one_whatever_else() -> None:
    assert nagios_status(Result("smtp test", {}, [Warn(LASTING[0], "x")], Exit.PARTIAL), None) == NAGIOS_WARNING


def test_the_lasting_warnings_exist() -> None:
    assert set(LASTING) <= set(WARNINGS)
