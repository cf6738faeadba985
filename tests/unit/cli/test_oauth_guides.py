"""The guides on OAuth: classes that exist, commands that can be typed, and a timer that systemd understands."""

import re
import subprocess
from pathlib import Path

import pytest

from postroom.cli.manual import oauth_google, oauth_microsoft, oauth_tokens
from postroom.cli.manual.codes import OWN_CODES
from postroom.cli.manual.roff import Page
from postroom.diagnosis.catalogue import causes
from postroom.diagnosis.pasted.judge import diagnose
from tests.support.told_commands import wrong_commands

PAGES = {
    "google": oauth_google.google_page(),
    "microsoft": oauth_microsoft.microsoft_page(),
    "tokens": oauth_tokens.tokens_page(),
}
TROUBLES = [*oauth_google._TROUBLES, *oauth_microsoft._TROUBLES]


def lines(page: Page) -> list[str]:
    return [re.sub(r"\\f[BIR]|\\&|\\(?=-)", "", line) for line in page.text.splitlines()]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_guide_can_be_typed(name: str) -> None:
    wrong = [found for line in lines(PAGES[name]) for found in wrong_commands(line)]
    assert list(wrong) == []


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.looks)
def test_a_trouble_has_a_class_that_there_is(trouble: object) -> None:
    cause = getattr(trouble, "cause", "")
    assert not cause or cause in causes() or cause in OWN_CODES


@pytest.mark.parametrize(
    "number", sorted({found for row in oauth_microsoft._TROUBLES for found in re.findall(r"AADSTS\d+", row.looks)})
)
def test_a_number_of_entra_is_explained_as_the_guide_says(number: str) -> None:
    (row,) = (row for row in oauth_microsoft._TROUBLES if number in row.looks)
    found = diagnose(f"{number}: something")
    assert found.cause is not None
    assert found.cause.code == row.cause


def test_the_guide_tells_of_the_dates() -> None:
    for fact in ("2026-01-27", "switch them on again", "new tenants begin without them", "2027", "April 2026"):
        assert fact in " ".join(text for _, text in oauth_microsoft._DATES) + " ".join(
            day for day, _ in oauth_microsoft._DATES
        )
    assert "7 days" in PAGES["google"].text


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_timer(tmp_path: Path) -> None:
    service, timer = tmp_path / "postroom-refresh.service", tmp_path / "postroom-refresh.timer"
    service.write_text(oauth_tokens.SERVICE)
    timer.write_text(oauth_tokens.TIMER)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(service), str(timer)], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if "postroom-refresh" in line] == []
    service.write_text(oauth_tokens.SERVICE.replace("oneshot", "twice"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(service)], capture_output=True, text=True, check=False
    )
    assert "postroom-refresh" in done.stderr
