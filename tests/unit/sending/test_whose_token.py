"""A login that is refused tells whose token it was made with, where that is known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.diagnosis.classify import classify
from postroom.domain.oauth import TokenRecord
from postroom.domain.reply import Reply, Signs, TransportError
from postroom.domain.secret import Secret
from postroom.domain.settings import Server, Source, Value
from postroom.errors import Fault
from postroom.sending import Mailer, Route

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ALICE, BOB = "alice@example.test", "bob@example.test"
GIVEN = {"host": "mail.example.test", "port": 587, "security": "starttls", "auth": "oauth2", "username": ALICE}
SERVER = Server("main", {name: Value(value, Source("file")) for name, value in GIVEN.items()})


def refused(account: str, refusal: Reply) -> tuple[Fault, list[str]]:
    """The failure of a login with tokens of that account, and the tokens that were tried."""
    tried: list[str] = []

    def usable(server: Server, *, refused: Secret | None = None) -> TokenRecord:
        del server
        token = Secret("first" if refused is None else "second")
        return TokenRecord("c", "browser", account, (), NOW, NOW, access_token=token)

    def open_session(*given: Any, **_: Any) -> Any:
        _, credential = given
        tried.append(credential.secret.reveal())
        raise TransportError(Signs("auth", "refused-by-reply", refusal, evidence={"mechanism": "XOAUTH2"}))

    mailer = Mailer(
        open_session=open_session,
        read_secret=lambda *_: pytest.fail("no secret here"),
        usable_token=usable,
        compose=lambda *_: pytest.fail("no mail here"),
        classify=classify,
        monotonic=lambda: 0.0,
    )
    with pytest.raises(Fault) as failure:
        mailer.probe(route=Route(SERVER))
    return failure.value, tried


def test_somebody_elses_token_is_told_after_a_fresh_one_was_tried() -> None:
    fault, tried = refused(BOB, Reply(535, "5.7.8", ["Authentication failed"]))
    assert (fault.code, tried) == ("oauth.wrong_account", ["first", "second"])
    assert fault.message.startswith(f"{BOB} is logged in, and the server sends as {ALICE}")
    assert "postroom oauth login main" in fault.hint
    assert (fault.data["evidence"]["account"], fault.data["evidence"]["mailbox"]) == (BOB, ALICE)


@pytest.mark.parametrize("account", [ALICE, ALICE.title(), ""])
def test_the_own_or_an_unknown_account_is_no_wrong_one(account: str) -> None:
    fault, _ = refused(account, Reply(535, "5.7.8", ["Authentication failed"]))
    assert fault.code == "auth.xoauth2_token_rejected"


def test_what_the_server_says_itself_counts_more() -> None:
    said = ["Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."]
    assert refused(BOB, Reply(535, "5.7.139", said))[0].code == "auth.smtp_disabled_for_account"
    assert refused(BOB, Reply(454, "4.7.0", ["Temporary authentication failure"]))[0].code != "oauth.wrong_account"
