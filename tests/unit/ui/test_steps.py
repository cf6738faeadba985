"""How a failed step is told: in words, for every sign that there is."""

import pytest

from postroom.domain.reply import SIGNS
from postroom.result import Step
from postroom.ui.steps import MOST_CHARACTERS, SEEN, step_line


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_has_words(sign: str) -> None:
    told = step_line(Step("tls", ok=False, duration_ms=1.0, detail={"sign": sign}))[1]
    assert told == SEEN[sign]
    assert sign not in told


def test_no_words_are_for_a_sign_that_is_none() -> None:
    assert set(SEEN) == set(SIGNS)


def test_the_servers_own_words_come_first() -> None:
    detail = {"sign": "refused-by-reply", "code": 550, "enhanced": "5.1.1", "text": "no such user"}
    assert step_line(Step("rcpt", ok=False, detail=detail))[1] == "550 5.1.1 no such user"


def test_a_long_reply_is_one_line_and_cut() -> None:
    detail = {"code": 550, "enhanced": "", "text": "one line\nand another\n" + "x" * 1000}
    told = step_line(Step("rcpt", ok=False, detail=detail))[1]
    assert told.startswith("550 one line and another xxx")
    assert (len(told), told[-3:]) == (MOST_CHARACTERS, "...")
