"""The same sessions against Postfix and Dovecot: every port, every mechanism, and their real refusals."""

import itertools
from typing import Any

import pytest

from postroom.domain.ports import Limits
from postroom.domain.reply import Receipt, TransportError
from postroom.domain.secret import Credential, Secret
from tests.integration.transport.opening import Opened, attempt, message
from tests.support.mailstack import Mailstack

PATIENT = Limits(connect=10, tls=10, command=20, data_block=20, final_reply=20)
SECURITY = {"SUB": "starttls", "SUBS": "tls", "SUBPLAIN": "none", "DSUB": "starttls", "DSUBS": "tls", "MX": "none"}
PASSWORD_MECHANISMS = ("plain", "login", "scram-sha-256", "cram-md5")

_numbers = itertools.count()


def password(stack: Mailstack, user: str = "alice", text: str | None = None) -> Credential:
    return Credential("password", stack.address(user), Secret(text or stack.password(user)))


def attempt_port(stack: Mailstack, port: str, **options: Any) -> Opened:
    security = options.pop("security", SECURITY[port])
    return attempt(
        (stack.host, stack.port(port)),
        security=security,
        tls={"ca_file": str(stack.ca_file)},
        limits=PATIENT,
        **options,
    )


def text(subject: str, extra: bytes = b"") -> bytes:
    return (
        f"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: {subject}\r\n\r\n".encode()
        + b".hello\r\n"
        + extra
    )


@pytest.fixture
def subject(request: pytest.FixtureRequest, worker_id: str) -> str:
    """A subject that no other mail has."""
    return f"{worker_id} {next(_numbers)}"


def code(receipt: Receipt) -> int | None:
    return receipt.reply and receipt.reply.code


@pytest.mark.parametrize("mechanism", PASSWORD_MECHANISMS)
@pytest.mark.parametrize("port", ["SUB", "SUBS", "SUBPLAIN", "DSUB", "DSUBS"])
def test_a_mail_arrives_by_every_port_and_mechanism(
    mailstack: Mailstack, port: str, mechanism: str, subject: str
) -> None:
    opened = attempt_port(mailstack, port, credential=password(mailstack), mechanism=mechanism)
    to = "sink@discard.example" if port.startswith("D") else "bob@example.test"
    receipt = opened.session.send(message(to, data=text(subject)))
    assert receipt.outcome == "accepted", receipt
    assert receipt.queue_id
    assert opened.step("auth").detail["mechanism"] == mechanism.upper()
    assert mailstack.password("alice") not in opened.session.transcript
    if not port.startswith("D"):
        mail = mailstack.wait_for_mail("bob", subject=subject)
        assert mail.octets.endswith(b"\n\n.hello\n")
        assert f"id {receipt.queue_id}".encode() in mail.octets


@pytest.mark.parametrize("port", ["SUB", "SUBS", "DSUB", "DSUBS"])
def test_the_strongest_mechanism_is_taken(mailstack: Mailstack, port: str) -> None:
    opened = attempt_port(mailstack, port, credential=password(mailstack), until="auth")
    assert opened.step("auth").detail["mechanism"] == "SCRAM-SHA-256"


@pytest.mark.parametrize("octets", [0, 1500, 4000])
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("port", ["SUBS", "DSUBS"])
def test_tokens_of_any_length_log_in(mailstack: Mailstack, port: str, mechanism: str, octets: int) -> None:
    token = mailstack.token("alice@example.test", at_least_octets=octets)
    credential = Credential("token", "alice@example.test", Secret(token))
    opened = attempt_port(mailstack, port, credential=credential, mechanism=mechanism, until="auth")
    assert opened.step("auth").detail["mechanism"] == mechanism.upper()
    assert token not in opened.session.transcript


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("port", ["SUBS", "DSUBS"])
def test_an_expired_token_is_refused_with_the_servers_reason(mailstack: Mailstack, port: str, mechanism: str) -> None:
    token = mailstack.token("alice@example.test", lifetime_seconds=-600)
    credential = Credential("token", "alice@example.test", Secret(token))
    with pytest.raises(TransportError) as caught:
        attempt_port(mailstack, port, credential=credential, mechanism=mechanism)
    signs = caught.value.signs
    assert signs.reply is not None
    assert (signs.step, signs.sign, signs.reply.code) == ("auth", "refused-by-reply", 535)
    assert signs.evidence["oauth_error"]["status"] in ("401", "invalid_token")
    assert token not in caught.value.transcript + str(signs)


@pytest.mark.parametrize("mechanism", PASSWORD_MECHANISMS)
@pytest.mark.parametrize("port", ["SUBS", "DSUBS"])
def test_a_wrong_password_is_refused(mailstack: Mailstack, port: str, mechanism: str) -> None:
    with pytest.raises(TransportError) as caught:
        attempt_port(mailstack, port, credential=password(mailstack, text="not-the-password"), mechanism=mechanism)
    signs = caught.value.signs
    assert signs.reply is not None
    assert (signs.step, signs.reply.code, signs.reply.enhanced, signs.encrypted) == ("auth", 535, "5.7.8", True)


def test_every_recipient_gets_a_verdict_of_its_own(mailstack: Mailstack, subject: str) -> None:
    opened = attempt_port(mailstack, "SUB", credential=password(mailstack))
    assert "PIPELINING" in opened.session.extensions
    to = ("bob@example.test", "nobody@example.test", "full@example.test", "carol@example.test")
    receipt = opened.session.send(message(*to, data=text(subject)))
    assert receipt.outcome == "accepted"
    codes = [verdict.reply and verdict.reply.code for verdict in receipt.recipients]
    assert codes == [250, 550, 452, 250]
    assert [row["code"] for row in opened.step("rcpt").detail["recipients"]] == codes
    assert mailstack.wait_for_mail("carol", subject=subject)


def test_refusals_leave_the_session_good_for_the_next_mail(mailstack: Mailstack, subject: str) -> None:
    session = attempt_port(mailstack, "SUBS", credential=password(mailstack)).session
    unknown = session.send(message("nobody@example.test", data=text(subject)))
    rejected = session.send(message(data=text(f"REJECTME {subject}")))
    with pytest.raises(TransportError) as caught:
        session.send(message(data=text(subject, b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 200_000)))
    accepted = session.send(message(data=text(subject)))
    assert caught.value.signs.sign == "size-exceeded"
    assert [(receipt.outcome, code(receipt)) for receipt in (unknown, rejected, accepted)] == [
        ("refused", 550),
        ("refused", 550),
        ("accepted", 250),
    ]
    assert [receipt.signs and receipt.signs.step for receipt in (unknown, rejected)] == ["rcpt", "data"]
    assert mailstack.wait_for_mail("bob", subject=subject)


def test_a_sender_of_somebody_else_is_refused_at_the_recipient(mailstack: Mailstack, subject: str) -> None:
    session = attempt_port(mailstack, "SUBS", credential=password(mailstack, "bob")).session
    receipt = session.send(message(data=text(subject)))
    assert (receipt.outcome, code(receipt)) == ("refused", 553)


def test_a_port_that_insists_on_tls_says_so(mailstack: Mailstack, subject: str) -> None:
    receipt = attempt_port(mailstack, "SUB", security="none").session.send(message(data=text(subject)))
    assert receipt.signs is not None
    assert (receipt.outcome, code(receipt), receipt.signs.step) == ("refused", 530, "mail")


def test_many_recipients_and_a_large_mail_go_through(mailstack: Mailstack, subject: str) -> None:
    to = [f"r{number}@discard.example" for number in range(250)]
    session = attempt_port(mailstack, "SUBS", credential=password(mailstack)).session
    receipt = session.send(message(*to, data=text(subject, (b"y" * 70 + b"\r\n") * 10_000)))
    assert receipt.outcome == "accepted"
    assert all(verdict.reply and verdict.reply.code == 250 for verdict in receipt.recipients)


def test_the_ehlo_behind_starttls_waits_for_no_delayed_acknowledgement(mailstack: Mailstack) -> None:
    """Postfix has Nagle's algorithm on: without our part its answer comes 40 ms late, every time."""
    took: list[float] = []
    while len(took) < 20 and (not took or min(took) > 30):
        opened = attempt_port(mailstack, "SUB", until="starttls")
        took.append(opened.step("starttls").duration_ms or 0)
    assert min(took) <= 30, took


def test_the_wrong_mode_is_told(mailstack: Mailstack) -> None:
    with pytest.raises(TransportError) as caught:
        attempt_port(mailstack, "SUB", security="tls")
    assert caught.value.signs.sign == "tls-plain-peer"
