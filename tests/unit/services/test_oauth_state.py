"""What will end a login is known, told in time, and told once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from postroom.domain.oauth import Failure, TokenRecord, Told
from postroom.domain.preset import Offer
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import OAuth, Server, Source, Value
from postroom.errors import ConfigError, Exit, Fault, SecretError
from postroom.services.oauth_refresh import News, news, still_true
from postroom.services.oauth_state import Login, endings, row, state_of, warnings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OFFER = Offer(scope="mail", flows=("browser",), idle_days=90)


def server(**oauth: Any) -> Server:
    def given(values: dict[str, Any]) -> dict[str, Value]:
        return {name: Value(value, Source("file", "x")) for name, value in values.items()}

    tokens = Reference("encrypted", "smtp/main/oauth/tokens")
    settings = OAuth(given({"tokens": tokens, "client_id": "ID", **oauth}))
    return Server("main", given({"host": "h", "auth": "oauth2", "username": "a@example.com"}), oauth=settings)


def record(**changes: Any) -> TokenRecord:
    kept = TokenRecord(
        client="x",
        flow="browser",
        account="a@example.com",
        scopes=("mail",),
        granted_at=NOW,
        refreshed_at=NOW,
        access_token=Secret("access"),
        expires_at=NOW + timedelta(hours=1),
        refresh_token=Secret("refresh"),
    )
    return kept._replace(**changes)


def login(kept: TokenRecord | None = None, offer: Offer | None = None, **oauth: Any) -> Login:
    return Login(server(**oauth), kept or record(), None, offer)


def test_the_end_of_a_refresh_token_is_the_providers_word_else_its_rule() -> None:
    told = NOW + timedelta(days=7)
    assert [(one.what, one.at) for one in endings(login(record(refresh_ends_at=told), OFFER))] == [
        ("refresh token", told)
    ]
    by_rule = next(endings(login(offer=OFFER)))
    assert (by_rule.at, by_rule.rule) == (NOW + timedelta(days=90), "90 days without use")
    assert by_rule.command == "postroom oauth refresh main"
    assert not list(endings(login()))


def test_a_secret_and_a_certificate_end_on_their_day() -> None:
    found = login(client_secret_expires="2026-12-01")._replace(certificate_ends=date(2026, 11, 25))
    assert [(one.what, one.at.day) for one in endings(found)] == [("client secret", 1), ("certificate", 25)]
    assert "--client-secret-stdin" in next(endings(found)).command


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=15), None),
        (timedelta(days=13, hours=5), "ends in 13 days"),
        (timedelta(days=1, hours=1), "ends in 1 day,"),
        (timedelta(hours=3), "ends in less than a day"),
        (timedelta(hours=-3), "has ended"),
    ],
)
def test_a_warning_comes_fourteen_days_before(left: timedelta, words: str | None) -> None:
    found = list(warnings(login(record(refresh_ends_at=NOW + left)), NOW))
    assert [warning.code for warning in found] == (["oauth.ends_soon"] if words else [])
    assert words is None or words in found[0].message


def runs(logins: list[tuple[timedelta, Login]]) -> list[tuple[timedelta, News]]:
    """What the operator is told by runs of `oauth refresh --all` at these times."""
    told, heard = Told(), []
    for passed, found in logins:
        told = still_true(told, found, NOW + passed)
        for one in news(found, told, NOW + passed):
            told = told._replace(marks=(*told.marks, one.mark))
            heard.append((passed, one))
    return heard


def daily(*logins: Login) -> list[tuple[timedelta, Login]]:
    return [(timedelta(days=day), found) for day, found in enumerate(logins)]


def days(heard: list[tuple[timedelta, News]]) -> list[int]:
    return [passed.days for passed, _ in heard]


def test_the_operator_is_told_at_fourteen_seven_and_one_days_and_each_time_once() -> None:
    end = NOW + timedelta(days=20)
    heard = runs(daily(*[login(record(refresh_ends_at=end))] * 25))
    assert days(heard) == [6, 13, 19]
    assert all("postroom oauth login main" in one.text and not one.stopped for _, one in heard)


def test_an_end_that_every_renewal_moves_is_told_once_a_login() -> None:
    moved = [login(record(refresh_ends_at=NOW + timedelta(days=day, minutes=30))) for day in range(10)]
    again = login(record(granted_at=NOW + timedelta(days=10), refresh_ends_at=NOW + timedelta(days=10, hours=1)))
    assert days(runs(daily(*moved, again))) == [0, 10]


def test_an_end_is_not_told_again_after_a_failure_that_was_mended() -> None:
    ending = login(record(refresh_ends_at=NOW + timedelta(days=13)))
    assert days(runs(daily(ending, ending._replace(problem=WRONG_SECRET), ending))) == [0, 1]


LOGGED_OUT = ConfigError(
    "oauth.login_needed", "nobody has logged in", hint="postroom oauth login main", exit=Exit.LOGIN_NEEDED
)
WRONG_SECRET = Fault("oauth.client_secret_invalid", "the secret is wrong", step="token", exit=Exit.CONFIG)
AWAY = Fault("oauth.provider_unavailable", "no answer", step="token", retry="later", exit=Exit.TRY_AGAIN)


def test_what_has_stopped_is_told_once_and_again_after_it_was_mended() -> None:
    good, bad = login(), login()._replace(problem=WRONG_SECRET)
    assert days(runs(daily(bad, bad, good, good, bad, bad))) == [0, 4]


def test_a_failure_that_was_mended_between_two_runs_is_told_again() -> None:
    later = login(record(refreshed_at=NOW + timedelta(hours=3)))._replace(problem=WRONG_SECRET)
    assert days(runs(daily(login()._replace(problem=WRONG_SECRET), later, later))) == [0, 1]


def test_a_login_that_never_was_is_told_once() -> None:
    never = login()._replace(record=None, problem=LOGGED_OUT)
    heard = runs(daily(never, never, never))
    assert days(heard) == [0]
    assert heard[0][1].stopped


def test_what_may_pass_is_told_only_when_mail_has_stopped_for_a_day() -> None:
    away = login(record(expires_at=NOW - timedelta(hours=23)))._replace(problem=AWAY)
    lives = login(record(expires_at=NOW + timedelta(days=9)))._replace(problem=AWAY)
    hours = [timedelta(hours=hours) for hours in (0, 1, 19, 20, 44)]
    heard = runs([(passed, away) for passed in hours])
    assert [passed for passed, _ in heard] == [timedelta(hours=20)]
    assert heard[0][1].stopped
    assert not runs([(passed, lives) for passed in hours])
    assert not runs(daily(away, login(), away, login()))


def test_whether_mail_has_stopped_is_told_from_what_will_stop_it() -> None:
    dead = record(expires_at=NOW)
    for kept, problem, stopped in (
        (record(), WRONG_SECRET, False),
        (dead, WRONG_SECRET, True),
        (record(), LOGGED_OUT, True),
    ):
        assert next(news(login(kept)._replace(problem=problem), Told(), NOW)).stopped is stopped


@pytest.mark.parametrize(
    ("kept", "problem", "state"),
    [
        (record(), None, "usable"),
        (record(expires_at=NOW - timedelta(seconds=1)), None, "renewable"),
        (record(expires_at=NOW - timedelta(seconds=1), refresh_token=None), None, "login needed"),
        (record(access_token=None, flow="client-credentials", refresh_token=None), None, "renewable"),
        (
            record(failure=Failure(NOW, "oauth.refresh_token_revoked", "withdrawn", paused=True)),
            ConfigError("oauth.refresh_token_revoked", "paused", exit=Exit.LOGIN_NEEDED),
            "paused",
        ),
        (record(), ConfigError("oauth.login_needed", "settings changed"), "login needed"),
        (record(), SecretError("secret.store_locked", "locked"), "unknown"),
        (record(), SecretError("secret.damaged", "damaged"), "login needed"),
    ],
)
def test_a_state_says_whether_mail_goes_out(kept: TokenRecord, problem: Any, state: str) -> None:
    found = Login(server(), kept, problem, None)
    assert state_of(found, NOW) == state
    assert row(found, NOW)["state"] == state


def test_a_row_holds_no_token() -> None:
    text = str(row(login(), NOW))
    assert "access'" not in text.replace("access_token", "")
    assert "'refresh'" not in text
