"""The tools of the tests do what they say."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.support.mailstack import Mailstack

ALICE = "alice@example.test"
BOB = "bob@example.test"


def strict_context(stack: Mailstack) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(stack.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def logged_in(stack: Mailstack, port: str) -> smtplib.SMTP:
    if port.endswith("SUBS"):
        client: smtplib.SMTP = smtplib.SMTP_SSL(stack.host, stack.port(port), context=strict_context(stack), timeout=20)
    else:
        client = smtplib.SMTP(stack.host, stack.port(port), timeout=20)
        if port != "SUBPLAIN":
            client.starttls(context=strict_context(stack))
    client.login(ALICE, stack.password("alice"))
    return client


@pytest.mark.parametrize("port", ["SUB", "SUBS", "SUBPLAIN", "DSUB", "DSUBS"])
def test_a_mail_through_every_submission_port_arrives(mailstack: Mailstack, port: str) -> None:
    subject = f"through {port}"
    with logged_in(mailstack, port) as client:
        client.sendmail(ALICE, [BOB], f"From: {ALICE}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nhello\r\n")
    mail = mailstack.wait_for_mail("bob", subject=subject)
    assert mail.message.get_content() == "hello\n"


@pytest.mark.parametrize(("mechanism", "framing"), [("XOAUTH2", "xoauth2"), ("OAUTHBEARER", "gs2")])
@pytest.mark.parametrize("port", ["SUB", "DSUB"])
@pytest.mark.parametrize(
    ("lifetime_seconds", "at_least_octets", "accepted"),
    [(3600, 0, True), (3600, 1500, True), (-60, 0, False)],
    ids=["short", "long", "expired"],
)
def test_both_servers_judge_tokens(
    mailstack: Mailstack,
    port: str,
    mechanism: str,
    framing: str,
    lifetime_seconds: int,
    at_least_octets: int,
    accepted: bool,
) -> None:
    token = mailstack.token(ALICE, lifetime_seconds=lifetime_seconds, at_least_octets=at_least_octets)
    assert len(token) >= at_least_octets
    head = f"user={ALICE}" if framing == "xoauth2" else f"n,a={ALICE},"
    response = f"{head}\1auth=Bearer {token}\1\1"
    with smtplib.SMTP(mailstack.host, mailstack.port(port), timeout=20) as client:
        client.starttls(context=strict_context(mailstack))
        client.ehlo()
        asked: list[bytes | None] = []

        def answer(challenge: bytes | None = None) -> str:
            asked.append(challenge)
            return response if len(asked) == 1 else "\1"

        if accepted:
            assert client.auth(mechanism, answer, initial_response_ok=False)[0] == 235
        else:
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                client.auth(mechanism, answer, initial_response_ok=False)
            assert refused.value.smtp_code == 535


@pytest.mark.parametrize(
    ("certificate", "complaint"),
    [("expired", "expired"), ("wronghost", "not valid for 'localhost'"), ("selfsigned", "self-signed")],
)
def test_a_bad_certificate_is_bad_in_its_own_way(
    mailstack_with: Callable[..., AbstractContextManager[Mailstack]], certificate: str, complaint: str
) -> None:
    with mailstack_with(certificate=certificate) as stack:
        for port in ("SUBS", "DSUBS"):
            with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
                smtplib.SMTP_SSL(stack.host, stack.port(port), context=strict_context(stack), timeout=20)
