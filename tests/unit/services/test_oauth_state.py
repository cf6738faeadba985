"""What will end a login is known, told in time, and told once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from postroom.domain.oauth import Failure, TokenRecord
from postroom.domain.preset import Offer
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import OAuth, Server, Source, Value
from postroom.errors import ConfigError, Exit, SecretError
from postroom.services.oauth_refresh import _news
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


def test_the_operator_is_told_at_fourteen_seven_and_one_days_and_each_time_once() -> None:
    end = NOW + timedelta(days=20)
    told: tuple[str, ...] = ()
    days = []
    for passed in range(25):
        found = login(record(refresh_ends_at=end, told=told))
        for mark, text in _news(found, NOW + timedelta(days=passed)):
            told = (*told, mark)
            days.append(passed)
            assert "postroom oauth login main" in text
    assert days == [6, 13, 19]


def test_what_has_stopped_is_told_once_and_again_after_another_login() -> None:
    problem = ConfigError("oauth.login_needed", "nobody has logged in", hint="postroom oauth login main")
    stopped = login()._replace(problem=problem)
    marks = [mark for mark, _ in _news(stopped, NOW)]
    assert len(marks) == 1
    assert not list(_news(stopped._replace(record=record(told=tuple(marks))), NOW))
    assert list(_news(stopped._replace(record=record()), NOW))


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
