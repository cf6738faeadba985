"""The waiting for a person: never too early, never too long, and slower when told (RFC 8628 3.5)."""

from collections.abc import Sequence

import pytest

from postroom.domain.oauth import Client, DeviceCode, Granted, GrantError, Proof
from postroom.domain.oauth_promises import Grants
from postroom.domain.reply import Signs
from postroom.domain.secret import Secret
from postroom.errors import PostroomError
from postroom.oauth.device import wait_for_consent
from tests.support.moving_clock import MovingClock

CLIENT = Client("main", "", "device", "ID", "alice@example.test", (), token_endpoint="https://x.test/token")
CODE = DeviceCode(Secret("d"), "U", "https://x.test/device", "", expires_in=60, interval=5)
TOKENS = Granted(Secret("t"), 3600, None, ())


def failed(error: str = "", *, definite: bool = False, retry_after: int | None = None) -> GrantError:
    return GrantError(Signs("token", "x"), error=error, definite=definite, retry_after=retry_after)


PENDING = failed("authorization_pending")
SLOWER = failed("slow_down")
LOST = failed()


class Script(Grants):
    """Answers in order, and keeps when it was asked. Each question takes `takes` seconds."""

    def __init__(self, clock: MovingClock, answers: Sequence[GrantError | Granted], takes: float = 0) -> None:
        self._clock = clock
        self._answers = list(answers)
        self._takes = takes
        self.asked: list[float] = []

    def by_device(self, client: Client, proof: Proof, code: DeviceCode) -> Granted:
        assert (client, proof, code) == (CLIENT, None, CODE._replace(interval=code.interval))
        self.asked.append(self._clock.monotonic() - 1000)
        self._clock.advance(self._takes)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, GrantError):
            raise found
        return found


def run(
    answers: Sequence[GrantError | Granted], *, interval: int = 5, takes: float = 0, doze: float = 1
) -> tuple[Script, Granted | GrantError]:
    clock = MovingClock()
    script = Script(clock, answers, takes)  # type: ignore[abstract]  # the loop asks nothing else
    code = CODE._replace(interval=interval)

    def sleep(seconds: float) -> None:
        clock.advance(max(seconds * doze, 0.01))

    try:
        return script, wait_for_consent(script, CLIENT, None, code, monotonic=clock.monotonic, sleep=sleep)
    except GrantError as error:
        return script, error


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([TOKENS], [5]),
        ([PENDING, PENDING, TOKENS], [5, 10, 15]),
        ([SLOWER, PENDING, SLOWER, TOKENS], [5, 15, 25, 40]),
        ([LOST, LOST, PENDING, TOKENS], [5, 15, 35, 40]),
        ([failed(retry_after=30), TOKENS], [5, 35]),
        ([failed(retry_after=2), TOKENS], [5, 15]),
    ],
)
def test_it_asks_at_these_times(answers: Sequence[GrantError | Granted], asked: Sequence[float]) -> None:
    script, outcome = run(answers)
    assert outcome is TOKENS
    assert script.asked == asked


def test_the_time_that_a_question_takes_is_no_part_of_the_pause() -> None:
    script, _ = run([PENDING, PENDING, TOKENS], takes=4)
    assert script.asked == [5, 14, 23]


def test_a_sleep_that_ends_too_soon_makes_nothing_early() -> None:
    script, _ = run([PENDING, TOKENS], doze=0.3)
    assert script.asked[0] >= 5
    assert script.asked[1] - script.asked[0] >= 5


def test_an_interval_of_nothing_is_a_second() -> None:
    script, _ = run([PENDING, TOKENS], interval=0)
    assert script.asked == [1, 2]


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
def test_a_definite_word_ends_it_at_once(error: str) -> None:
    refusal = failed(error, definite=True)
    script, outcome = run([PENDING, refusal, TOKENS])
    assert outcome is refusal
    assert len(script.asked) == 2


@pytest.mark.parametrize("answers", [[PENDING], [SLOWER], [LOST], [failed(retry_after=86400)]])
def test_nothing_is_asked_after_the_end_of_the_code(answers: Sequence[GrantError]) -> None:
    script, outcome = run(answers)
    assert max(script.asked) < CODE.expires_in
    assert isinstance(outcome, GrantError)
    assert (outcome.error, outcome.definite) == ("expired_token", True)


@pytest.mark.parametrize(("limit", "asked"), [(3.0, []), (12.0, [5.0, 10.0])])
def test_a_person_gets_the_time_that_was_given(limit: float, asked: list[float]) -> None:
    clock = MovingClock()
    script = Script(clock, [PENDING])  # type: ignore[abstract]  # the loop asks nothing else
    with pytest.raises(PostroomError) as told:
        wait_for_consent(script, CLIENT, None, CODE, monotonic=clock.monotonic, sleep=clock.advance, time_limit=limit)
    assert (told.value.code, script.asked) == ("oauth.consent_timeout", asked)
    assert clock.monotonic() - 1000 == limit


def test_a_code_that_ends_before_the_time_limit_has_run_out() -> None:
    clock = MovingClock()
    script = Script(clock, [PENDING])  # type: ignore[abstract]  # the loop asks nothing else
    with pytest.raises(GrantError) as told:
        wait_for_consent(script, CLIENT, None, CODE, monotonic=clock.monotonic, sleep=clock.advance, time_limit=600.0)
    assert told.value.error == "expired_token"
