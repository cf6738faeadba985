"""What a session says and keeps silent about, against servers that behave in every way but the expected one."""

import base64
import re
import socket
import time
from collections.abc import Sequence

import pytest

from postroom.domain.ports import Limits
from postroom.domain.reply import Receipt, TransportError
from postroom.domain.secret import Credential, Secret
from postroom.errors import DataError, SecretError
from postroom.result import Step
from tests.integration.transport.opening import (
    BANNER,
    DATA,
    ENVELOPE,
    GREET,
    HAPPY,
    PASSWORD,
    SHORT,
    attempt,
    message,
)
from tests.support.faulty_server import Action, Body, Drip, FaultyServer, Flood, Line, Pause, Read, Reset, Send, Silence

PIPELINING = (BANNER, Line(b"EHLO "), Send(b"250-mail.example.test\r\n250 PIPELINING\r\n"))
LONG_LINE = b"x" * 999 + b"\r\n"
OAUTH_ERROR = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail","echo":"opaque-token"}')
TOKEN = Credential("token", "alice@example.test", Secret("opaque-token"))


def ehlo(*extensions: str) -> tuple[Action, ...]:
    lines = ["mail.example.test", *extensions]
    text = "".join(f"250{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines)
    return (BANNER, Line(b"EHLO "), Send(text.encode()))


def refused(script: Sequence[Action], **options: object) -> TransportError:
    with FaultyServer(script) as server, pytest.raises(TransportError) as caught:
        attempt(server, **options).session.send(message())  # type: ignore[arg-type]  # passed through
    return caught.value


def test_a_plain_server_gets_the_mail_and_its_queue_id_is_read() -> None:
    with FaultyServer((*HAPPY, Line(b"QUIT"))) as server:
        opened = attempt(server)
        receipt = opened.session.send(message(data=b"Subject: x\r\n\r\n.a\r\n..b\r\n.\r\n"))
        opened.session.close()
    assert (receipt.outcome, receipt.queue_id, receipt.signs) == ("accepted", "4ABC", None)
    assert b"\r\n\r\n..a\r\n...b\r\n..\r\n.\r\n" in server.received
    assert server.received.startswith(b"EHLO client.example.test\r\nMAIL FROM:<alice@example.test>\r\n")
    assert server.received.endswith(b"QUIT\r\n")
    assert [(step.name, step.ok) for step in opened.steps] == [
        ("resolve", True),
        ("connect", True),
        ("tls", None),
        ("greeting", True),
        ("ehlo", True),
        ("starttls", None),
        ("auth", None),
        ("mail", True),
        ("rcpt", True),
        ("data", True),
    ]


def test_pipelined_commands_go_out_in_one_write() -> None:
    group = b"MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nRCPT TO:<carol@example.test>\r\nDATA\r\n"
    script = (
        *PIPELINING,
        Read(len(group)),  # no answer before all of it is there
        Send(b"250 ok\r\n250 ok\r\n550 5.1.1 no carol\r\n354 go\r\n"),
        Body(),
        Send(b"250 ok\r\n"),
    )
    with FaultyServer(script) as server:
        receipt = attempt(server).session.send(message("bob@example.test", "carol@example.test"))
    assert group in server.received
    assert receipt.outcome == "accepted"
    assert [verdict.reply.code for verdict in receipt.recipients if verdict.reply] == [250, 550]
    assert receipt.signs is not None
    assert (receipt.signs.step, receipt.signs.reply) == ("rcpt", receipt.recipients[1].reply)


def test_a_pipelined_message_without_recipients_is_ended_with_a_lone_dot() -> None:
    script = (
        *PIPELINING,
        *(Line(),) * 3,
        Send(b"250 ok\r\n550 5.1.1 unknown\r\n354 go\r\n"),
        Line(b".\r\n"),
        Send(b"554 no valid recipients\r\n"),
        Line(b"RSET"),
        Line(b"MAIL"),
        *(Line(),) * 2,
        Send(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(),
        Send(b"250 ok\r\n"),
    )
    with FaultyServer(script) as server:
        session = attempt(server).session
        first, second = session.send(message()), session.send(message())
    assert (first.outcome, first.reply and first.reply.code, second.outcome) == ("refused", 550, "accepted")
    assert first.signs is not None
    assert first.signs.step == "rcpt"


REFUSALS: dict[str, tuple[tuple[Action, ...], str, int]] = {
    "MAIL": ((*GREET, Line(), Send(b"550 5.7.1 no\r\n")), "mail", 550),
    "MAIL, pipelined": ((*PIPELINING, *(Line(),) * 3, Send(b"450 later\r\n503 x\r\n503 x\r\n")), "mail", 450),
    "RCPT": ((*GREET, *ENVELOPE[:3], Send(b"550 5.1.1 who\r\n")), "rcpt", 550),
    "DATA": ((*GREET, *ENVELOPE, Line(), Send(b"451 4.3.0 no\r\n")), "data", 451),
    "body": ((*GREET, *ENVELOPE, *DATA[:3], Send(b"552 5.3.4 big\r\n")), "data", 552),
}


@pytest.mark.parametrize("where", REFUSALS)
def test_a_refused_message_is_a_receipt(where: str) -> None:
    script, step, code = REFUSALS[where]
    with FaultyServer((*script, Line(b"QUIT"))) as server:
        opened = attempt(server)
        receipt = opened.session.send(message())
        opened.session.close()
    assert receipt.outcome == "refused"
    assert receipt.signs is not None
    assert (receipt.signs.step, receipt.signs.sign, receipt.reply and receipt.reply.code) == (
        step,
        "refused-by-reply",
        code,
    )
    assert (opened.steps[-1].name, opened.steps[-1].ok) == (step, False)


def outcome_of(server: FaultyServer) -> Receipt | TransportError:
    try:
        return attempt(server).session.send(message())
    except TransportError as error:
        return error


@pytest.mark.parametrize("place", [place for place, action in enumerate(HAPPY) if isinstance(action, Send)])
def test_421_is_read_before_the_close_wherever_it_comes(place: int) -> None:
    with FaultyServer((*HAPPY[:place], Send(b"421 4.3.2 shutting down\r\n"))) as server:
        outcome = outcome_of(server)
    reply = outcome.signs.reply if isinstance(outcome, TransportError) else outcome.reply
    assert (reply and reply.code, reply and reply.text) == (421, "shutting down")
    if isinstance(outcome, TransportError):
        assert outcome.transcript.splitlines()[-2] == "<- 421 4.3.2 shutting down"
    else:
        assert outcome.outcome == "refused"


def test_421_between_the_recipients_ends_the_message_even_where_one_was_accepted() -> None:
    script = (*GREET, *ENVELOPE, Line(b"RCPT"), Send(b"421 4.7.0 too many\r\n"))
    with FaultyServer(script) as server:
        opened = attempt(server)
        receipt = opened.session.send(message("bob@example.test", "carol@example.test", "dave@example.test"))
        assert opened.session.closed
        with pytest.raises(TransportError) as caught:
            opened.session.send(message())
    assert (receipt.outcome, receipt.reply and receipt.reply.code) == ("refused", 421)
    assert [verdict.reply and verdict.reply.code for verdict in receipt.recipients] == [250, 421, None]
    assert b"DATA" not in server.received
    assert (caught.value.signs.step, caught.value.signs.sign) == ("mail", "closed")


@pytest.mark.parametrize("how", ["closed", "reset"])
@pytest.mark.parametrize("place", range(1, len(HAPPY)))
def test_a_connection_lost_is_told_and_only_after_the_data_the_outcome_is_unknown(place: int, how: str) -> None:
    with FaultyServer((*HAPPY[:place], *((Reset(),) if how == "reset" else ()))) as server:
        outcome = outcome_of(server)
    assert outcome.signs is not None
    assert outcome.signs.sign == "closed"
    assert outcome.signs.reply is None
    if isinstance(HAPPY[place - 1], Body):
        assert isinstance(outcome, Receipt)
    if isinstance(outcome, Receipt):
        # Without the final dot read by the server: the client can be so quick as not to notice the end before.
        assert (outcome.outcome, outcome.reply) == ("unknown", None)
        assert place >= len(HAPPY) - 2


def test_a_time_out_after_the_data_is_an_unknown_outcome() -> None:
    with FaultyServer((*GREET, *ENVELOPE, *DATA[:3], Silence())) as server:
        receipt = attempt(server, limits=SHORT._replace(final_reply=0.1)).session.send(message())
    assert receipt.outcome == "unknown"
    assert receipt.signs is not None
    assert (receipt.signs.step, receipt.signs.sign) == ("data", "reply-timeout")


def test_a_server_that_stops_reading_holds_nobody() -> None:
    began = time.monotonic()
    with FaultyServer((*GREET, *ENVELOPE, *DATA[:2], Read(10), Pause(3.0))) as server:
        limits = Limits(command=60, final_reply=60, data_block=0.3)
        with pytest.raises(TransportError) as caught:
            attempt(server, limits=limits).session.send(message(data=(b"y" * 70 + b"\r\n") * 200_000))
    assert (caught.value.signs.step, caught.value.signs.sign) == ("data", "reply-timeout")
    assert time.monotonic() - began < 0.3 + 2


def test_a_refused_rset_ends_the_session_before_the_next_message() -> None:
    with FaultyServer((*HAPPY, Line(b"RSET"), Send(b"500 what\r\n"), Silence())) as server:
        session = attempt(server).session
        session.send(message())
        with pytest.raises(TransportError) as caught:
            session.send(message())
        assert server.received.count(b"RCPT") == 1
    assert (caught.value.signs.step, caught.value.signs.reply and caught.value.signs.reply.code) == ("mail", 500)
    assert session.closed


def test_a_server_that_refuses_in_the_middle_of_the_data_is_heard() -> None:
    script = (*GREET, *ENVELOPE, *DATA[:2], Read(100_000), Send(b"552 5.3.4 enough\r\n"))
    with FaultyServer(script) as server:
        receipt = attempt(server).session.send(message(data=b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 200_000))
    assert receipt.outcome == "refused"
    assert receipt.reply is not None
    assert receipt.reply.code == 552


NONSENSE = {
    "code 999": b"999 hello\r\n",
    "code 199": b"199 hello\r\n",
    "no digits": b"hello\r\n",
    "an HTTP server": b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
    "NUL": b"\0\0\0\r\n",
    "two codes": b"220-hello\r\n250 hello\r\n",
    "a line without end": b"220 " + b"x" * 5000,
    "too many lines": b"220-x\r\n" * 300,
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x28" + b"x" * 3000,
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_no_smtp(what: str) -> None:
    error = refused([Send(NONSENSE[what]), Silence()])
    assert (error.signs.step, error.signs.sign) == ("greeting", "not-smtp")
    looks = {"an HTTP server": "http", "a TLS alert": "tls"}.get(what)
    assert error.signs.evidence.get("looks_like") == looks


@pytest.mark.parametrize("flood", [b"220-endless\r\n", b"x" * 1000, b"220 again\r\n"])
def test_an_endless_reply_ends_at_once(flood: bytes) -> None:
    began = time.monotonic()
    error = refused([Flood(flood)])
    assert error.signs.sign == "not-smtp"
    assert time.monotonic() - began < 2


def test_a_port_for_tls_that_is_begun_in_clear_text_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ever comes from there, and to mistake one port for the other is the commonest fault of all."""
    with FaultyServer((Silence(),)) as server:
        monkeypatch.setattr("postroom.transport.session.SECURITIES", {server.port: "tls"})
        monkeypatch.setattr("postroom.transport.session.MUTE_PORT_SECONDS", 0.2)
        began = time.monotonic()
        with pytest.raises(TransportError) as caught:
            attempt(server, limits=SHORT._replace(command=30.0, total=60.0))
        took = time.monotonic() - began
    assert caught.value.signs.sign == "greeting-timeout"
    assert took < 20.0


def test_a_dripping_server_holds_nobody() -> None:
    began = time.monotonic()
    error = refused([Drip(b"220-" + b"x" * 1000)], limits=SHORT._replace(command=0.3))
    assert error.signs.sign == "greeting-timeout"
    assert time.monotonic() - began < 0.3 + 2


@pytest.mark.parametrize("limits", [SHORT._replace(login=0.3), SHORT._replace(total=0.3)])
def test_the_limits_of_the_whole_session_bind(limits: Limits) -> None:
    slow = (BANNER, Line(), Drip(b"250-mail.example.test\r\n250 OK\r\n"))
    began = time.monotonic()
    assert refused(slow, limits=limits._replace(command=60)).signs.sign == "reply-timeout"
    assert time.monotonic() - began < 0.3 + 2


def test_eight_bit_replies_are_read_in_the_encodings_that_servers_use() -> None:
    for text, octets in (("Grüße", "Grüße".encode()), ("登录失败", "登录失败".encode("gbk")), ("é", b"\xe9")):
        error = refused([Send(b"554 5.7.1 " + octets + b"\r\n")])
        assert error.signs.reply is not None
        assert error.signs.reply.text == text


def test_a_reply_that_answers_nothing_ends_the_session() -> None:
    error = refused([*GREET, Send(b"250 and one more\r\n"), Line(), Send(b"250 ok\r\n250 two at once\r\n"), Silence()])
    assert error.signs.sign in ("not-smtp", "refused-by-reply")


def test_helo_is_tried_where_ehlo_is_unknown_and_nothing_is_lost_by_it() -> None:
    script = (BANNER, Line(b"EHLO"), Send(b"502 what\r\n"), Line(b"HELO client.example.test"), Send(b"250 hi\r\n"))
    with FaultyServer((*script, *ENVELOPE, *DATA)) as server:
        assert attempt(server).session.send(message()).outcome == "accepted"
    error = refused((*script[:3], Silence()), credential=PASSWORD)
    assert (error.signs.step, error.signs.sign) == ("ehlo", "auth-not-offered")


def test_another_refusal_of_ehlo_is_final() -> None:
    with FaultyServer([BANNER, Line(b"EHLO"), Send(b"550 5.7.1 bad name\r\n"), Silence()]) as server:
        with pytest.raises(TransportError) as caught:
            attempt(server)
        assert b"HELO" not in server.received.replace(b"EHLO", b"")
    assert (caught.value.signs.step, caught.value.signs.sign) == ("ehlo", "refused-by-reply")


# The login.


@pytest.mark.parametrize(
    ("offered", "named", "used"),
    [
        ("PLAIN LOGIN", None, "PLAIN"),
        ("LOGIN", None, "LOGIN"),
        ("login plain", None, "PLAIN"),
        ("PLAIN LOGIN", "login", "LOGIN"),
        ("CRAM-MD5", "cram-md5", "CRAM-MD5"),
    ],
)
def test_the_mechanism_is_the_best_of_both_or_the_named_one(offered: str, named: str | None, used: str) -> None:
    script = (*ehlo(f"AUTH {offered}"), Line(f"AUTH {used}".encode()), Send(b"535 5.7.8 no\r\n"))
    error = refused((*script, Silence()), credential=PASSWORD, mechanism=named)
    assert (error.signs.step, error.signs.sign, error.signs.evidence["mechanism"]) == ("auth", "refused-by-reply", used)


@pytest.mark.parametrize(
    ("offered", "credential", "named", "sign"),
    [
        ((), PASSWORD, None, "auth-not-offered"),
        (("AUTH CRAM-MD5 NTLM",), PASSWORD, None, "auth-no-common-mechanism"),
        (("AUTH XOAUTH2",), PASSWORD, None, "auth-no-common-mechanism"),
        (("AUTH PLAIN LOGIN",), TOKEN, None, "auth-no-common-mechanism"),
        (("AUTH PLAIN",), TOKEN, "plain", "auth-no-common-mechanism"),
        (("AUTH PLAIN",), PASSWORD, "scram-sha-256", "auth-no-common-mechanism"),
    ],
)
def test_no_credential_is_sent_where_no_mechanism_fits(
    offered: tuple[str, ...], credential: Credential, named: str | None, sign: str
) -> None:
    with FaultyServer((*ehlo(*offered), Silence())) as server:
        with pytest.raises(TransportError) as caught:
            attempt(server, credential=credential, mechanism=named)
        assert b"AUTH" not in server.received
    assert (caught.value.signs.step, caught.value.signs.sign) == ("auth", sign)


def test_a_refused_password_is_not_tried_another_way() -> None:
    script = (*ehlo("AUTH PLAIN LOGIN"), Line(b"AUTH PLAIN"), Send(b"535 5.7.8 no\r\n"), Silence())
    with FaultyServer(script) as server:
        with pytest.raises(TransportError):
            attempt(server, credential=PASSWORD)
        assert server.received.count(b"AUTH") == 1


@pytest.mark.parametrize(("name", "dummy"), [("XOAUTH2", b"\r\n"), ("OAUTHBEARER", b"AQ==\r\n")])
def test_the_error_of_a_refused_token_is_told_and_the_final_reply_read(name: str, dummy: bytes) -> None:
    challenge = Send(b"334 " + OAUTH_ERROR + b"\r\n")
    script = (*ehlo(f"AUTH {name}"), Line(f"AUTH {name} ".encode()), challenge, Line(dummy))
    error = refused((*script, Send(b"535 5.7.8 refused\r\n"), Silence()), credential=TOKEN)
    assert error.signs.reply is not None
    assert (error.signs.sign, error.signs.reply.code) == ("refused-by-reply", 535)
    assert error.signs.evidence["oauth_error"] == {"status": "401", "schemes": "bearer", "scope": "mail"}
    assert "opaque-token" not in error.transcript + str(error.signs)
    assert OAUTH_ERROR.decode() not in error.transcript


def test_a_long_token_is_not_put_on_the_auth_line() -> None:
    token = "t" * 4096
    script = (
        *ehlo("AUTH XOAUTH2"),
        Line(b"AUTH XOAUTH2\r\n"),
        Send(b"334 \r\n"),
        Line(b"dXNlcj1"),
        Send(b"235 ok\r\n"),
    )
    with FaultyServer((*script, Silence())) as server:
        opened = attempt(server, credential=Credential("token", "alice@example.test", Secret(token)))
        assert opened.step("auth").detail["mechanism"] == "XOAUTH2"
        opened.session.close()
    longest = max(server.received.split(b"\r\n"), key=len)
    assert token.encode() in base64.b64decode(longest)


@pytest.mark.parametrize("octets", [325, 326, 327, 328, 329, 330, 331])
def test_the_auth_line_has_512_octets_at_the_most(octets: int) -> None:
    credential = Credential("token", "alice@example.test", Secret("t" * octets))
    script = (*ehlo("AUTH XOAUTH2"), Line(b"AUTH XOAUTH2"), Send(b"535 no\r\n"), Silence())
    with FaultyServer(script) as server:
        with pytest.raises(TransportError):
            attempt(server, credential=credential)
        line = re.search(rb"AUTH .*\r\n", server.received)
    assert line is not None
    assert len(line.group()) <= 512
    whole = b"AUTH XOAUTH2 " + base64.b64encode(
        f"user=alice@example.test\x01auth=Bearer {'t' * octets}\x01\x01".encode()
    )
    assert (len(line.group()) > 20) == (len(whole) + 2 <= 512)


def test_an_auth_line_of_513_octets_is_split() -> None:
    credential = Credential("password", "alice@example.test", Secret("p" * 355))
    script = (*ehlo("AUTH PLAIN"), Line(b"AUTH PLAIN\r\n"), Send(b"334 \r\n"), Line(), Send(b"235 in\r\n"))
    with FaultyServer((*script, Silence())) as server:
        attempt(server, credential=credential)
    assert max(map(len, server.received.split(b"\r\n"))) == 513 - len(b"AUTH PLAIN \r\n")


def test_a_server_that_repeats_what_we_said_does_not_bring_it_into_the_transcript() -> None:
    response = base64.b64encode(b"\0alice@example.test\0a-Password-of-ours")
    script = (*ehlo("AUTH PLAIN"), Line(), Send(b"500 unknown: AUTH PLAIN " + response + b" a-Password-of-ours\r\n"))
    error = refused(script, credential=PASSWORD)
    told = error.transcript + str(error.signs)
    assert "500 unknown: AUTH PLAIN [redacted] [redacted]" in error.transcript
    assert response.decode() not in told
    assert "a-Password-of-ours" not in told


ECHOES = {
    "raw": b"a-Password-of-ours",
    "the login's line": base64.b64encode(b"\0alice@example.test\0a-Password-of-ours"),
    "base64": base64.b64encode(b"a-Password-of-ours"),
    "base64, shifted": base64.b64encode(b"x:a-Password-of-ours")[4:],
    "hex": b"a-Password-of-ours".hex().encode(),
    "hex in capitals": b"a-Password-of-ours".hex().upper().encode(),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("step", ["auth", "mail", "rcpt", "data", "final"])
def test_what_was_said_in_the_login_is_blotted_out_for_the_rest_of_the_session(step: str, echo: str) -> None:
    words = b" you said " + ECHOES[echo] + b" before\r\n"
    said = {
        "auth": (Line(), Send(b"535" + words)),
        "mail": (Line(), Send(b"235 in\r\n"), Line(b"MAIL"), Send(b"550" + words)),
        "rcpt": (Line(), Send(b"235 in\r\n"), *ENVELOPE[:3], Send(b"550" + words)),
        "data": (Line(), Send(b"235 in\r\n"), *ENVELOPE, Line(b"DATA"), Send(b"550" + words)),
        "final": (Line(), Send(b"235 in\r\n"), *ENVELOPE, *DATA[:3], Send(b"250" + words)),
    }[step]
    with FaultyServer((*ehlo("AUTH PLAIN"), *said, Silence())) as server:
        if step == "auth":
            with pytest.raises(TransportError) as caught:
                attempt(server, credential=PASSWORD)
            told = caught.value.transcript + str(caught.value.signs)
        else:
            session = attempt(server, credential=PASSWORD).session
            told = str(session.send(message())) + session.transcript
    assert "you said " in told
    assert "[redacted]" in told
    assert ECHOES[echo][:12].decode() not in told


def test_a_server_without_the_password_cannot_pass_for_one_that_has_it() -> None:
    script = (*ehlo("AUTH SCRAM-SHA-256"), Line(), Send(b"235 welcome\r\n"), Silence())
    error = refused(script, credential=PASSWORD)
    assert (error.signs.step, error.signs.sign) == ("auth", "auth-challenge")


@pytest.mark.parametrize("last_word", [(Send(b"501 ok\r\n"),), ()], ids=["501", "hangs up"])
def test_a_login_is_given_up_after_a_wrong_challenge(last_word: tuple[Action, ...]) -> None:
    script = (*ehlo("AUTH PLAIN"), Line(b"AUTH PLAIN "), Send(b"334 !!!\r\n"), Line(b"*\r\n"), *last_word)
    assert refused(script, credential=PASSWORD).signs.sign == "auth-challenge"


def test_a_token_that_is_none_is_never_sent() -> None:
    steps = list[Step]()
    with FaultyServer((*ehlo("AUTH XOAUTH2"), Silence())) as server:
        with pytest.raises(SecretError) as caught:
            attempt(server, credential=Credential("token", "a@example.test", Secret("a token\n")), steps=steps)
        assert b"AUTH" not in server.received
    assert "a token" not in str(caught.value)
    assert (steps[-1].name, steps[-1].ok) == ("auth", False)


# Cleartext off this machine.


def through_a_proxy(host: str, port: int, timeout_seconds: float) -> socket.socket:
    """A connection whose far end nobody here can know, which is what a proxy makes of every one."""
    return socket.create_connection((host, port), timeout_seconds)


@pytest.mark.parametrize(
    ("allowed", "credential", "passes"),
    [
        (None, None, False),
        ("mail", None, True),
        ("mail", PASSWORD, False),
        ("login", PASSWORD, True),
    ],
)
def test_cleartext_off_this_machine_needs_leave(
    allowed: str | None, credential: Credential | None, passes: bool
) -> None:
    script = (*ehlo("AUTH PLAIN"), Line(b"AUTH" if credential else b"QUIT"), Send(b"235 ok\r\n"), Silence())
    with FaultyServer(script) as server:
        if passes:
            attempt(server, credential=credential, allow_cleartext=allowed, dial=through_a_proxy).session.close()
        else:
            with pytest.raises(TransportError) as caught:
                attempt(server, credential=credential, allow_cleartext=allowed, dial=through_a_proxy)
            assert caught.value.signs.sign == "cleartext-not-allowed"
            assert server.received == b""


# What is not offered, and what must not go out.


def test_a_message_that_is_too_large_is_not_begun_and_the_session_goes_on() -> None:
    with FaultyServer((*ehlo("SIZE 100"), *ENVELOPE, *DATA)) as server:
        session = attempt(server).session
        with pytest.raises(TransportError) as caught:
            session.send(message(data=b"x" * 99 + b"\r\n"))
        assert b"MAIL" not in server.received
        assert session.send(message()).outcome == "accepted"
    assert b" SIZE=25\r\n" in server.received
    assert caught.value.signs.sign == "size-exceeded"
    assert caught.value.signs.evidence["limit_bytes"] == 100


def test_extensions_that_a_message_needs_are_asked_for_or_the_message_stays_here() -> None:
    with FaultyServer((*ehlo("SMTPUTF8", "8BITMIME"), *ENVELOPE, *DATA)) as server:
        text = "Subject: ü\r\n\r\n".encode()
        attempt(server).session.send(message("jürgen@example.test", data=text, eight_bit=True, utf8=True))
    assert b"MAIL FROM:<alice@example.test> BODY=8BITMIME SMTPUTF8\r\n" in server.received
    assert "RCPT TO:<jürgen@example.test>\r\n".encode() in server.received
    for flag, sign in (("utf8", "smtputf8-not-offered"), ("eight_bit", "8bitmime-not-offered")):
        with FaultyServer((*GREET, Silence())) as server:
            with pytest.raises(TransportError) as caught:
                attempt(server).session.send(message(**{flag: True}))  # type: ignore[arg-type]  # flags alone
            assert b"MAIL" not in server.received
        assert caught.value.signs.sign == sign


@pytest.mark.parametrize(
    "data",
    [
        b"a\nb\r\n",
        b"a\rb\r\n",
        b"a\n.\nb\r\n",
        b"a\r\n.\rb\r\n",
        b"a\0b\r\n",
        b"no end",
        b"",
        b"\xff\r\n",
        b"x" * 999 + b"\r\n",
    ],
)
def test_a_body_that_could_smuggle_stays_here(data: bytes) -> None:
    with FaultyServer((*GREET, Silence())) as server:
        session = attempt(server).session
        with pytest.raises(DataError):
            session.send(message(data=data))
        assert b"MAIL" not in server.received
        session.close()


@pytest.mark.parametrize("address", ["a\r\nRSET@x", "a b@x", "a>@x", "a\0@x", "ü@x", "a" * 600 + "@x", "@x"])
def test_an_address_that_could_carry_a_command_stays_here(address: str) -> None:
    with FaultyServer((*GREET, Silence())) as server:
        session = attempt(server).session
        with pytest.raises(DataError):
            session.send(message("bob@example.test", address))
        assert b"MAIL" not in server.received
        session.close()


def test_a_message_for_nobody_stays_here() -> None:
    with FaultyServer((*GREET, Silence())) as server:
        session = attempt(server).session
        with pytest.raises(DataError):
            session.send(message()._replace(envelope=message().envelope._replace(recipients=[])))
        session.close()
    assert b"MAIL" not in server.received


def test_a_final_reply_that_is_none_leaves_the_outcome_unknown() -> None:
    for nonsense in (b"354 go on\r\n", b"hello\r\n", b"250-half of it\r\n"):
        with FaultyServer((*GREET, *ENVELOPE, *DATA[:3], Send(nonsense))) as server:
            receipt = attempt(server).session.send(message())
        assert receipt.outcome == "unknown"


def test_ipv6_works_and_an_address_names_itself() -> None:
    with FaultyServer(HAPPY, host="::1") as server:
        opened = attempt(server, helo=None)
        assert opened.session.send(message()).outcome == "accepted"
    assert server.received.startswith(b"EHLO [IPv6:::1]\r\n")
    assert opened.step("connect").detail == {"address": "::1", "port": server.port, "local": "::1"}


@pytest.mark.parametrize("step", ["resolve", "connect", "greeting", "ehlo", "mail", "rcpt"])
def test_a_session_goes_no_further_than_asked(step: str) -> None:
    with FaultyServer(HAPPY) as server:
        opened = attempt(server, until=step)
        if step in ("mail", "rcpt"):
            receipt = opened.session.send(message())
            assert (receipt.outcome, receipt.recipients[0].reply is None) == ("stopped", step == "mail")
        opened.session.close()
    assert opened.steps[-1].name == step
    assert b"DATA" not in server.received


def test_nobody_listening_and_no_such_host_are_told_apart() -> None:
    with FaultyServer(()) as server:
        port = server.port
    with pytest.raises(TransportError) as caught:
        attempt(("127.0.0.1", port))
    assert (caught.value.signs.step, caught.value.signs.sign) == ("connect", "connection-refused")
    assert caught.value.signs.evidence["errors"][0]["address"] == "127.0.0.1"
    with pytest.raises(TransportError) as caught:
        attempt(("no-such-host.invalid", port))
    assert caught.value.signs.step == "resolve"
    assert caught.value.signs.sign in ("host-not-found", "resolver-failed")
