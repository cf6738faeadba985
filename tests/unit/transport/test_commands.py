"""The last gate before the wire, and the small readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.address import Address
from postroom.domain.message import Composed, Envelope
from postroom.domain.reply import Reply
from postroom.errors import DataError
from postroom.transport.commands import check_text, command_line, mail_line, path, rcpt_line, stuffed
from postroom.transport.extensions import mechanisms, parse_extensions, size_limit
from postroom.transport.queue_id import queue_id
from postroom.transport.transcript import LONGEST_LINES, Transcript


@given(st.text(max_size=40), st.booleans())
def test_a_command_is_one_line_or_is_refused(text: str, utf8: bool) -> None:
    try:
        line = command_line(text, utf8=utf8)
    except DataError:
        return
    assert line.endswith(b"\r\n")
    assert not {0, 10, 13} & set(line[:-2])
    assert utf8 or line.isascii()


@pytest.mark.parametrize(
    "text", ["h\r\nMAIL FROM:<x@y>", "a\nb", "a\rb", "a\0b", "a\x1bb", "a\x85b", "a\u2028b", "a\ud800b"]
)
def test_a_command_with_a_control_character_is_refused_by_its_number(text: str) -> None:
    with pytest.raises(DataError, match=r"U\+[0-9A-F]{4}") as caught:
        command_line(f"EHLO {text}", utf8=True)
    assert caught.value.code == "message.unsendable"


def test_a_command_has_512_octets_at_the_most() -> None:
    assert len(command_line("x" * 510)) == 512
    with pytest.raises(DataError, match="513"):
        command_line("x" * 511)


def test_mail_says_what_the_message_needs_and_the_server_offers() -> None:
    def line(extensions: dict[str, str], *, eight_bit: bool = False, utf8: bool = False) -> bytes:
        message = Composed(Envelope(Address("jürgen" if utf8 else "a", "x"), []), b"12345\r\n", "", eight_bit, utf8)
        return mail_line(message, extensions)

    assert line({}) == b"MAIL FROM:<a@x>\r\n"
    assert line({"SIZE": ""}) == b"MAIL FROM:<a@x> SIZE=7\r\n"
    assert line({}, eight_bit=True) == b"MAIL FROM:<a@x> BODY=8BITMIME\r\n"
    assert line({}, utf8=True) == "MAIL FROM:<jürgen@x> SMTPUTF8\r\n".encode()
    assert path(None) == "<>"


def test_a_recipient_outside_ascii_needs_smtputf8() -> None:
    assert rcpt_line(Address("jürgen", "x"), utf8=True) == "RCPT TO:<jürgen@x>\r\n".encode()
    with pytest.raises(DataError):
        rcpt_line(Address("jürgen", "x"), utf8=False)


BODIES = st.lists(st.sampled_from([b".", b"..", b"x", b"\r\n", b"\r\n.", b"\r\n..\r\n", b"\n", b"\r", b"\0", b"\xff"]))


@given(BODIES, st.booleans())
def test_a_body_has_exactly_one_end_and_comes_back_as_it_was(parts: list[bytes], eight_bit: bool) -> None:
    data = b"".join(parts)
    try:
        check_text(data, eight_bit=eight_bit)
    except DataError:
        return
    wire = stuffed(data)
    lines = wire.split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert b"\r" not in wire.replace(b"\r\n", b"")
    unstuffed = [line[1:] if line.startswith(b".") else line for line in lines[:-2]]
    assert b"\r\n".join([*unstuffed, b""]) == data


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ok: queued as 4ABCdef123", "4ABCdef123"),  # Postfix
        ("OK id=1tAbcD-0001ab-2C", "1tAbcD-0001ab-2C"),  # Exim
        ("3AKD1xyz012345 Message accepted for delivery", "3AKD1xyz012345"),  # Sendmail
        ("2.0.0: 9f8e7d6c Message accepted for delivery", "9f8e7d6c"),  # OpenSMTPD
        (
            "<AM0PR01MB1@x.outlook.com> [InternalId=123, Hostname=A.x] 9 bytes in 0.1 Queued mail for delivery",
            "AM0PR01MB1@x.outlook.com",
        ),
        ("OK  1700000000 a1-20020a056512b0d.12 - gsmtp", "a1-20020a056512b0d.12"),
        ("Ok 010001890abcdef0-1234-000000", "010001890abcdef0-1234-000000"),  # Amazon SES
        ("ok 1700000000 qp 12345", "12345"),  # qmail
        ("Ok", ""),
        ("Ok message", ""),
        ("Message accepted for delivery", ""),
        ("Message received", ""),
    ],
)
def test_the_queue_id_is_found_in_the_words_of_common_servers(text: str, found: str) -> None:
    assert queue_id(Reply(250, "2.0.0", [text])) == found


def test_what_a_server_offers_is_read_in_its_old_forms_too() -> None:
    lines = [
        "mail.example.test at your service",
        "size 1000",
        "AUTH=LOGIN PLAIN",
        "AUTH PLAIN XOAUTH2",
        " 8BITMIME ",
        "",
    ]
    found = parse_extensions(Reply(250, "", lines))
    assert set(found) == {"SIZE", "AUTH", "8BITMIME"}
    assert mechanisms(found) == ("LOGIN", "PLAIN", "XOAUTH2")
    assert size_limit(found) == 1000


@pytest.mark.parametrize("text", ["", "0", "many", "-1", "²", "9" * 21])
def test_a_size_that_limits_nothing_is_no_limit(text: str) -> None:
    assert size_limit({"SIZE": text}) is None


def test_a_transcript_is_a_line_each_and_does_not_grow_for_ever() -> None:
    transcript = Transcript()
    transcript.received("a\r\nb\x1b[2J\u202ec é", encrypted=True)
    assert str(transcript) == r"<~ a\r\nb\x1b[2J\u202ec é"
    for number in range(LONGEST_LINES + 5):
        transcript.sent(str(number), encrypted=False)
    assert len(str(transcript).splitlines()) == LONGEST_LINES
