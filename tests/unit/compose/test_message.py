"""The making of messages: what a reader gets, what the envelope names, what is refused before anything is made."""

import email
import email.policy
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postroom.compose.message import LONGEST_TEXT, build
from postroom.domain.address import Address, parse_address
from postroom.domain.message import Composed, Identity, Message
from postroom.errors import DataError, Exit

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
MESSAGE_ID = "<0198254f-7c00-7abc-8def-0123456789ab@example.com>"
OWN = Address("noreply", "example.com")
TO = Address("user", "example.org")
FROM_OWN = Identity(OWN, "Example IT", OWN, None)


def compose(
    subject: str = "Hi",
    text: str = "Hello\n",
    html: str = "",
    *,
    kind: str = "test",
    to: Sequence[Address] = (TO,),
    recipients: Sequence[Address] | None = None,
    headers: Sequence[tuple[str, str]] = (),
    identity: Identity = FROM_OWN,
    message_id: str = MESSAGE_ID,
) -> Composed:
    message = Message(kind, to, subject, text, html, headers=headers)
    return build(message, identity, now=NOW, message_id=message_id, recipients=to if recipients is None else recipients)


def read(composed: Composed) -> EmailMessage:
    """Another reader's view of it: the standard library's."""
    return email.message_from_bytes(composed.data, policy=email.policy.default)


def body(composed: Composed, subtype: str) -> str:
    part = read(composed).get_body((subtype,))
    assert part is not None
    text: str = part.get_content()
    return text


def one_line_ends(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text)


def test_a_message_has_the_fields_of_its_kind_in_a_fixed_order() -> None:
    composed = compose(headers=[("X-Report-Id", "7")], identity=FROM_OWN._replace(reply_to=TO))
    assert read(composed).items() == [
        ("Date", "Mon, 20 Jul 2026 12:00:00 +0000"),
        ("Message-ID", MESSAGE_ID),
        ("From", "Example IT <noreply@example.com>"),
        ("Reply-To", "user@example.org"),
        ("To", "user@example.org"),
        ("Subject", "Hi"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("MIME-Version", "1.0"),
        ("X-Report-Id", "7"),
        ("Content-Type", 'text/plain; charset="us-ascii"'),
        ("Content-Transfer-Encoding", "7bit"),
    ]


def test_mail_that_a_person_writes_is_not_called_generated() -> None:
    assert "Auto-Submitted" not in read(compose(kind="mail"))


def test_the_same_values_give_the_same_bytes() -> None:
    assert compose("\u00fc", "\u00fc", "<p>\u00fc") == compose("\u00fc", "\u00fc", "<p>\u00fc")


def test_the_envelope_names_the_recipients_and_the_header_never_a_bcc() -> None:
    hidden = Address("hidden", "example.net")
    composed = compose(recipients=[TO, hidden], identity=FROM_OWN._replace(envelope=Address("bounce", "example.com")))
    assert composed.envelope.sender == Address("bounce", "example.com")
    assert list(composed.envelope.recipients) == [TO, hidden]
    assert b"hidden" not in composed.data
    assert b"bounce" not in composed.data


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello\n", "7bit"),
        ("Hello\r\nthere\rand\nthere\n", "7bit"),
        ("x" * 998 + "\n", "7bit"),
        ("x" * 999 + "\n", "quoted-printable"),
        ("Gr\u00fc\u00dfe\n", "quoted-printable"),
        ("\u65e5\u672c\u8a9e\n" * 20, "quoted-printable"),
        ("\x1b[31mred\x1b[0m\n", "quoted-printable"),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\n", "quoted-printable"),
        (".\n..\n.\r\n.\n", "7bit"),
        ("From here\n", "7bit"),
        ("tab\there\n", "7bit"),
        ("", "7bit"),
    ],
)
def test_a_body_arrives_as_it_was_with_its_line_ends_made_alike(text: str, encoding: str) -> None:
    composed = compose(text=text)
    assert read(composed)["Content-Transfer-Encoding"] == encoding
    assert one_line_ends(body(composed, "plain")) == one_line_ends(text or "\n")
    assert not composed.eight_bit


def test_html_comes_with_the_text_as_an_alternative() -> None:
    composed = compose(text="Hell\u00f6\n", html="<p>Hell\u00f6</p>\n")
    assert read(composed).get_content_type() == "multipart/alternative"
    assert one_line_ends(body(composed, "plain")) == "Hell\u00f6\n"
    assert one_line_ends(body(composed, "html")) == "<p>Hell\u00f6</p>\n"
    assert composed.data.count(b"MIME-Version") == 1


def test_a_text_that_holds_the_boundary_does_not_become_a_part() -> None:
    boundary = "--=_0198254f-7c00-7abc-8def-0123456789ab"
    with pytest.raises(DataError) as caught:
        compose(text=f"x\n{boundary}\nContent-Type: text/html\n\n<p>\n", html="<p>")
    assert caught.value.code == "message.malformed"


def as_servers_end_it(stream: bytes) -> int:
    """How many messages the most forgiving server reads: any mixture of CR and LF around a lone dot ends one."""
    return len(re.findall(rb"(?:\r\n|\n|\r)\.(?:\r\n|\n|\r)", stream))


@settings(deadline=None, max_examples=1000)
@given(st.text(st.one_of(st.sampled_from(".\r\n \tx"), st.characters(codec="utf-8")), max_size=60))
@example("\n.\n")
@example("\r.\r")
@example("\r\n.\r\nMAIL FROM:<a@b>\r\n")
@example("x\r\n.\n.\r.\r\n")
@example("\x85.\x85")
@example("a =\n")
@example("trailing  \n\t\n")
def test_one_mail_in_is_one_mail_out_whatever_its_body_holds(text: str) -> None:
    if "\0" in text:
        with pytest.raises(DataError, match="NUL"):
            compose(text=text)
        return
    composed = compose(text=text)
    stuffed = re.sub(rb"(?m)^\.", b"..", composed.data) + b".\r\n"
    assert as_servers_end_it(stuffed) == 1
    assert not re.search(rb"\0|\r(?!\n)|(?<!\r)\n", stuffed)
    wanted = one_line_ends(text)
    assert one_line_ends(body(composed, "plain")) == (wanted if wanted.endswith("\n") else wanted + "\n")


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=80))
@example("A =?utf-8?q?=0d=0aBcc:_x@y?=", "", "")
@example("x", 'a" <b@c>, "d', "=?utf-8?b?DQpCY2M6IHhAeQ==?=")
def test_any_texts_are_refused_up_front_or_leave_in_the_expected_fields(subject: str, name: str, value: str) -> None:
    code = ""
    try:
        composed = compose(subject, identity=FROM_OWN._replace(name=name), headers=[("X-Value", value)])
    except DataError as error:
        code = error.code
    else:
        head = composed.data.partition(b"\r\n\r\n")[0]
        assert len(re.findall(rb"(?m)^[^ ]", head)) == 11
        assert b"\r\nBcc" not in head
    assert code in ("", "message.control_character")


@pytest.mark.parametrize("where", ["subject", "From name", "header X-Value"])
@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x1b", "\x85", "\u2028", "\u202e", "\ud800"])
def test_a_control_character_is_refused_with_its_field_and_code_point(where: str, character: str) -> None:
    text = f"a{character}b"
    with pytest.raises(DataError) as caught:
        compose(
            text if where == "subject" else "Hi",
            identity=FROM_OWN._replace(name=text if where == "From name" else ""),
            headers=[("X-Value", text)] if where == "header X-Value" else [],
        )
    assert caught.value.code == "message.control_character"
    assert caught.value.exit is Exit.DATA
    assert caught.value.message.startswith(f"The {where} must not contain U+{ord(character):04X}")


@pytest.mark.parametrize(("text", "html", "where"), [("a\0", "", "text"), ("a", "b\ud800", "HTML")])
def test_a_body_that_cannot_be_written_is_refused_by_name(text: str, html: str, where: str) -> None:
    with pytest.raises(DataError, match=f"The {where} must not contain U\\+"):
        compose(text=text, html=html)


def test_a_subject_as_long_as_allowed_arrives_and_a_longer_one_is_refused() -> None:
    assert read(compose("\u00e9" * LONGEST_TEXT))["Subject"] == "\u00e9" * LONGEST_TEXT
    with pytest.raises(DataError) as caught:
        compose("x" * (LONGEST_TEXT + 1))
    assert caught.value.code == "message.too_long"


@pytest.mark.parametrize(
    "name", ["Bcc", "to", "FROM", "Content-Type", "resent-to", "Received", "X A", "X:", "", "\u00e9"]
)
def test_a_header_that_is_not_the_senders_to_set_is_refused(name: str) -> None:
    with pytest.raises(DataError) as caught:
        compose(headers=[(name, "x")])
    assert caught.value.code == "message.header_name"


@pytest.mark.parametrize(
    "address",
    [
        Address("v@x>\r\nRCPT TO:<e", "x"),
        Address("v", "x> NOTIFY=NEVER"),
        Address("a, b", "example.com"),
        Address("", "example.com"),
        Address("user", "EXAMPLE.com"),
        Address("user", "b\u00fccher.example"),
    ],
)
@pytest.mark.parametrize("place", ["To", "recipient", "From", "envelope", "Reply-To"])
def test_an_address_that_nobody_has_checked_goes_nowhere(address: Address, place: str) -> None:
    identity = Identity(
        address if place == "From" else OWN,
        "",
        address if place == "envelope" else OWN,
        address if place == "Reply-To" else None,
    )
    with pytest.raises(DataError) as caught:
        compose(
            to=[address] if place == "To" else [TO],
            recipients=[address] if place == "recipient" else [TO],
            identity=identity,
        )
    assert caught.value.code == "address.malformed"


@pytest.mark.parametrize(("to", "recipients"), [((), ()), ((TO,), ()), ((), (TO,))])
def test_a_mail_for_nobody_is_refused(to: Sequence[Address], recipients: Sequence[Address]) -> None:
    with pytest.raises(DataError) as caught:
        compose(to=to, recipients=recipients)
    assert caught.value.code == "message.no_recipient"


@pytest.mark.parametrize("message_id", ["", "a@b", "<a b@c>", "<a@b>\r\nBcc: x", "<a@b@c>", "<\u00e9@b>", "<a@>"])
def test_a_message_id_of_another_form_is_refused(message_id: str) -> None:
    with pytest.raises(DataError, match="Message-ID"):
        compose(message_id=message_id)


class TestInternationalAddresses:
    local = parse_address("\u7528\u6237@\u4f8b\u3048.jp")

    def test_a_domain_alone_is_written_in_ascii(self) -> None:
        composed = compose(to=[parse_address("user@\u4f8b\u3048.jp")])
        assert composed.data.isascii()
        assert not composed.utf8

    def test_a_local_part_in_the_header_makes_the_message_utf8(self) -> None:
        composed = compose("\u00fc", to=[self.local])
        assert composed.utf8
        assert composed.eight_bit
        assert "\r\nTo: \u7528\u6237@xn--r8jz45g.jp\r\n".encode() in composed.data

    def test_a_local_part_in_the_envelope_alone_leaves_the_bytes_ascii(self) -> None:
        composed = compose(recipients=[self.local])
        assert composed.utf8
        assert not composed.eight_bit
