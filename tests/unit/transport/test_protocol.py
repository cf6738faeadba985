"""The protocol core: bytes and commands in, answers and bytes out."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.address import Address
from postroom.domain.message import Composed, Envelope
from postroom.transport.protocol import Protocol, TalkAfterStarttls, Transaction
from postroom.transport.replies import NotSmtp
from postroom.transport.transcript import Transcript


def greeted(*extensions: str) -> Protocol:
    """A core behind its EHLO."""
    core = Protocol(Transcript())
    core.receive(b"220 hi\r\n")
    core.answer()
    core.ehlo("me.example.test")
    core.take()
    lines = ["hi", *extensions]
    for line in lines[:-1]:
        core.receive(f"250-{line}\r\n".encode())
    core.receive(f"250 {lines[-1]}\r\n".encode())
    core.answer()
    return core


def composed(*recipients: str) -> Composed:
    to = [Address(name, "example.test") for name in recipients]
    return Composed(Envelope(Address("alice", "example.test"), to), b".x\r\n", "<1@x>", eight_bit=False, utf8=False)


def transaction(core: Protocol, *recipients: str) -> Transaction:
    return Transaction(composed(*recipients), core.extensions)


def test_replies_answer_commands_in_their_order_even_across_messages() -> None:
    core = greeted("PIPELINING")
    first, second = transaction(core, "bob", "carol"), transaction(core, "dave")
    core.mail(first)
    core.rcpt(first, 0)
    core.rcpt(first, 1)
    core.data(first)
    core.mail(second)
    core.rcpt(second, 0)
    assert core.take().split(b"\r\n")[3:6] == [b"DATA", b"RSET", b"MAIL FROM:<alice@example.test>"]
    core.receive(b"250 m1\r\n550 r1\r\n250 r2\r\n354 go\r\n250 reset\r\n451 m2\r\n503 r3\r\n")
    verbs = []
    while (answer := core.answer()) is not None:
        verbs.append(answer.verb)
    assert verbs == ["MAIL", "RCPT", "RCPT", "DATA", "RSET", "MAIL", "RCPT"]
    assert [reply and reply.code for reply in first.recipients] == [550, 250]
    assert (first.accepted_recipients, first.data and first.data.code) == (1, 354)
    assert (second.mail and second.mail.code, second.accepted_recipients) == (451, 0)
    assert not core.waiting


def test_rset_stands_before_every_further_mail_and_not_before_the_first() -> None:
    core = greeted()
    for number in range(3):
        core.mail(transaction(core, "bob"))
        assert core.take().startswith(b"RSET\r\n" if number else b"MAIL")


def test_the_body_is_stuffed_once_and_ends_in_a_dot_whatever_the_blocks() -> None:
    for block_bytes in (1, 2, 3, 1000):
        core = greeted()
        assert b"".join(core.body(transaction(core, "bob"), block_bytes)) == b"..x\r\n.\r\n"


def test_421_ends_the_session_as_an_answer_or_out_of_turn() -> None:
    core = greeted()
    core.receive(b"421 out of turn\r\n")
    answer = core.answer()
    assert answer is not None
    assert (answer.verb, answer.reply.code, core.closing) == ("closing", 421, True)
    core = greeted()
    core.mail(transaction(core, "bob"))
    core.receive(b"421 in turn\r\n")
    answer = core.answer()
    assert answer is not None
    assert (answer.verb, core.closing) == ("MAIL", True)


@pytest.mark.parametrize(("verb", "code"), [("MAIL", 354), ("RCPT", 334), ("DATA", 334), ("RSET", 354), ("body", 354)])
def test_an_intermediate_reply_where_none_belongs_is_an_error(verb: str, code: int) -> None:
    core = greeted("PIPELINING")
    one = transaction(core, "bob")
    say: dict[str, Callable[[], object]] = {
        "MAIL": lambda: core.mail(one),
        "RCPT": lambda: core.rcpt(one, 0),
        "DATA": lambda: core.data(one),
        "RSET": core.reset,
        "body": lambda: list(core.body(one, 1000)),
    }
    say[verb]()
    core.receive(f"{code} go on\r\n".encode())
    with pytest.raises(NotSmtp, match="intermediate"):
        core.answer()


def test_a_reply_that_answers_nothing_is_an_error() -> None:
    core = greeted()
    core.receive(b"250 hm\r\n")
    with pytest.raises(NotSmtp, match="answers nothing"):
        core.answer()


@pytest.mark.parametrize("rest", [b"2", b"250 AUTH PLAIN\r\n", b"\r\n", b"\0"])
def test_a_byte_behind_the_answer_to_starttls_is_an_error(rest: bytes) -> None:
    core = greeted("STARTTLS")
    core.starttls()
    core.receive(b"220 go\r\n" + rest)
    with pytest.raises(TalkAfterStarttls):
        core.answer()


def test_tls_makes_the_core_forget_the_extensions_and_marks_the_transcript() -> None:
    core = greeted("AUTH PLAIN", "STARTTLS")
    core.secured()
    assert core.extensions == {}
    core.ehlo("me.example.test")
    assert str(core.transcript).splitlines()[-1] == "~> EHLO me.example.test"


SECRET = b"dGhlIHNlY3JldA=="


def in_a_response(core: Protocol) -> None:
    core.auth("LOGIN", None, [])
    core.receive(b"334 VXNlcm5hbWU6\r\n")
    core.answer()
    core.respond(SECRET)


LOGINS: dict[str, Callable[[Protocol], None]] = {
    "initial response": lambda core: core.auth("PLAIN", SECRET, []),
    "response": in_a_response,
    "password": lambda core: core.auth("SCRAM-SHA-256", b"eA==", [SECRET]),
}


@pytest.mark.parametrize("how", LOGINS)
@pytest.mark.parametrize("answer", [b"334 ", b"535 5.7.8 no: ", b"500-what\r\n500 ", b"235 "])
def test_nothing_said_in_a_login_stands_in_the_transcript(how: str, answer: bytes) -> None:
    core = greeted("AUTH PLAIN")
    LOGINS[how](core)
    core.receive(answer + SECRET + b"\r\n" + SECRET)
    given_answer = core.answer()
    assert given_answer is not None
    assert SECRET.decode() not in str(core.transcript)
    if given_answer.reply.code != 334:
        assert SECRET.decode() not in str(given_answer.reply)
    assert answer[:3].decode() in str(core.transcript)


def test_a_fragment_is_told_but_not_within_a_login() -> None:
    core = greeted("AUTH PLAIN")
    core.receive(b"250 half a repl")
    assert core.fragment == "250 half a repl"
    core = greeted("AUTH PLAIN")
    core.auth("PLAIN", SECRET, [])
    core.receive(b"535 no " + SECRET)
    assert core.fragment == ""


def test_a_challenge_is_handed_on_as_it_came() -> None:
    core = greeted("AUTH LOGIN")
    core.auth("LOGIN", None, [SECRET])
    core.receive(b"334 " + SECRET + b"\r\n")
    answer = core.answer()
    assert answer is not None
    assert answer.reply.text == SECRET.decode()
    assert str(core.transcript).endswith("<- 334 [challenge]")


@given(st.lists(st.sampled_from(["MAIL", "RCPT", "DATA", "RSET"]), max_size=8), st.binary(max_size=200))
def test_no_bytes_bring_the_core_out_of_step_unnoticed(verbs: list[str], octets: bytes) -> None:
    core = greeted("PIPELINING")
    one = transaction(core, "bob")
    say: dict[str, Callable[[], None]] = {
        "MAIL": lambda: core.mail(one),
        "RCPT": lambda: core.rcpt(one, 0),
        "DATA": lambda: core.data(one),
        "RSET": core.reset,
    }
    for verb in verbs:
        say[verb]()
    asked = core.take().count(b"\r\n")
    answers = 0
    core.receive(octets)
    try:
        while (answer := core.answer()) is not None:
            answers += answer.verb != "closing"
    except NotSmtp:
        pass
    assert answers <= asked
    assert core.waiting == (answers < asked) or core.closing


def test_nonsense_within_a_login_is_not_repeated() -> None:
    core = greeted("AUTH PLAIN")
    core.auth("PLAIN", SECRET, [])
    core.receive(b"what? AUTH PLAIN " + SECRET + b"\r\n")
    with pytest.raises(NotSmtp) as caught:
        core.answer()
    assert caught.value.received == b""
