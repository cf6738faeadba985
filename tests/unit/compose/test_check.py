"""The last look at a message's bytes: every way in which they could say something else is seen."""

import re

import pytest

from postroom.compose.check import verify
from postroom.compose.header import Field, Mailbox
from postroom.domain.address import Address
from postroom.errors import DataError, Exit

FIELDS = (
    Field("From", (Mailbox(Address("noreply", "example.com"), "Doe, J"),)),
    Field("To", (Mailbox(Address("a", "example.org")), Mailbox(Address("b", "example.org")))),
    Field("Subject", "Gr\u00fc\u00dfe two"),
)
MIME = b'Content-Type: text/plain; charset="us-ascii"\r\nContent-Transfer-Encoding: 7bit\r\n'
GOOD = (
    b'From: "Doe, J" <noreply@example.com>\r\n'
    b"To: a@example.org,\r\n"
    b" b@example.org\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b" =?utf-8?q?_two?=\r\n" + MIME + b"\r\nHello\r\n.\r\n"
)
ALTERNATIVE = GOOD.replace(MIME, b'Content-Type: multipart/alternative; boundary="=_1"\r\n').replace(
    b"Hello\r\n.\r\n",
    b"--=_1\r\n%b\r\nHello\r\n.\r\n\r\n--=_1\r\n%b\r\n<p>\r\n\r\n--=_1--\r\n" % (MIME, MIME.replace(b"plain", b"html")),
)
TEXT = "Hello\n.\n"


def refusal(data: bytes, *texts: str) -> DataError:
    with pytest.raises(DataError) as caught:
        verify(data, FIELDS, texts or [TEXT])
    assert caught.value.code == "message.malformed"
    assert caught.value.exit is Exit.DATA
    return caught.value


@pytest.mark.parametrize(("data", "texts"), [(GOOD, [TEXT]), (ALTERNATIVE, [TEXT, "<p>"])])
def test_bytes_that_say_what_was_asked_for_pass(data: bytes, texts: list[str]) -> None:
    verify(data, FIELDS, texts)


def swapped(old: bytes, new: bytes) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        pytest.param(swapped(b"Subject:", b"Bcc: x@y\r\nSubject:"), "Bcc", id="an added field"),
        pytest.param(swapped(MIME, b"Bcc: x@y\r\n" + MIME), "Bcc", id="an added field behind"),
        pytest.param(swapped(MIME, b""), "not ours (none)", id="no type"),
        pytest.param(swapped(b'"us-ascii"', b'"us-ascii"; name=x'), "not ours", id="another type"),
        pytest.param(swapped(b"7bit", b"base64"), "not ours", id="another encoding"),
        pytest.param(swapped(b"To: a@example.org,\r\n b@example.org\r\n", b""), "instead of", id="a field less"),
        pytest.param(swapped(b"Subject", b"subject"), "subject", id="another name"),
        pytest.param(swapped(b"a@example.org,", b"c@example.org,"), "field To", id="another recipient"),
        pytest.param(swapped(b"a@example.org,", b"a@example.org, c@d,"), "field To", id="a recipient more"),
        pytest.param(swapped(b"a@example.org,\r\n", b"a@example.org;\r\n"), "field To", id="a list that is none"),
        pytest.param(swapped(b'"Doe, J"', b"Doe, J"), "field From", id="a name that is a mailbox"),
        pytest.param(swapped(b'"Doe, J"', b'"Doe", J'), "field From", id="half a name that is a mailbox"),
        pytest.param(swapped(b'"Doe, J" <', b"Doe, J <"), "field From", id="an unquoted name"),
        pytest.param(swapped(b"_two", b"_2"), "field Subject", id="another text"),
        pytest.param(swapped(b"=C3=9F", b"=C3"), "field Subject", id="a text that is not UTF-8"),
        pytest.param(swapped(b"=?utf-8?q?_two", b"=?latin-1?q?_two"), "field Subject", id="another charset"),
        pytest.param(swapped(b"_two", b"_two=0D=0ABcc:_x"), "field Subject", id="an encoded line end"),
        pytest.param(swapped(b"Hello\r\n", b"Hello\n"), "U+000A (a line feed)", id="a bare LF in the body"),
        pytest.param(swapped(b"Hello\r\n", b"Hello\r\r\n"), "U+000D (a carriage return)", id="a bare CR in the body"),
        pytest.param(swapped(b"Hello", b"Hel\0lo"), "U+0000 (a NUL)", id="a NUL in the body"),
        pytest.param(swapped(b"Hello", b"Hel\x1blo"), "U+001B", id="a control in the body"),
        pytest.param(swapped(b"Hello", b"Hell\xc3\xb6"), "U+00C3", id="8 bits in the body"),
        pytest.param(swapped(b"Hello", b"x" * 999), "998", id="a long line in the body"),
        pytest.param(swapped(b"a@example.org,\r\n", b"a@example.org,\n"), "line 2", id="a bare LF in the header"),
        pytest.param(swapped(b" b@", b"\tb@"), "U+0009 (a tab)", id="a control in the header"),
        pytest.param(swapped(b"Doe, J", b"Doe,\xc3\xb6"), "0xC3", id="8 bits in the header"),
        pytest.param(swapped(b" =?utf-8?q?_two?=", b" "), "field Subject", id="a blank line that is a fold"),
        pytest.param(swapped(b"\r\n =?", b"\r\n \r\n =?"), "continues nothing", id="a blank line between two words"),
        pytest.param(
            swapped(b'"Doe, J" <noreply@example.com>', b'"Doe, J" noreply@example.com'), "From", id="no brackets"
        ),
        pytest.param(swapped(b"a@example.org,", b"<a@example.org>,"), "field To", id="brackets without a name"),
        pytest.param(swapped(b" b@", b"b@"), "field To", id="a line that is no field"),
        pytest.param(swapped(b"Subject:", b"Sub ject:"), "no header field", id="a space in a name"),
        pytest.param(b" " + GOOD, "continues nothing", id="a fold of nothing"),
        pytest.param(b"\r\n" + GOOD, "no header field", id="an empty header"),
        pytest.param(GOOD.split(b"\r\n\r\n", maxsplit=1)[0] + b"\r\n", "has no end", id="no body"),
        pytest.param(GOOD.removesuffix(b"\r\n"), "no line end", id="no last line end"),
        pytest.param(swapped(b"=?utf-8?q?_two?=", b"x" * 998), "999 octets", id="a long line in the header"),
    ],
)
def test_bytes_that_say_anything_else_are_refused_by_name(data: bytes, named: str) -> None:
    assert named in refusal(data).message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"--=_1--\r\n", b"--=_1--\r\n--=_1\r\n", id="something behind the end"),
        pytest.param(b"--=_1--\r\n", b"--=_1--\r\nan epilogue\r\n", id="an epilogue"),
        pytest.param(b"--=_1--\r\n", b"", id="no end"),
        pytest.param(b"Hello\r\n", b"Hello\r\n--=_1\r\nX: y\r\n\r\nthird\r\n", id="a part more"),
        pytest.param(b"text/html", b"text/plain", id="the same part twice"),
        pytest.param(b"text/html", b"text/calendar", id="a part of another type"),
        pytest.param(b"--=_1\r\nContent", b"early\r\n--=_1\r\nContent", id="a preamble"),
        pytest.param(b"7bit\r\n\r\nHello", b"7bit\r\nX: y\r\n\r\nHello", id="a part with a field more"),
    ],
)
def test_the_parts_of_an_alternative_are_text_and_html_and_no_more(old: bytes, new: bytes) -> None:
    assert old in ALTERNATIVE
    refusal(ALTERNATIVE.replace(old, new, 1), TEXT, "<p>")


@pytest.mark.parametrize(
    ("data", "texts", "named"),
    [
        (GOOD, ["Hello\n"], "plain text"),
        (GOOD, ["Hello\n.\n\n"], "plain text"),
        (GOOD, ["hello\n.\n"], "plain text"),
        (GOOD, [TEXT, "<p>"], "MIME fields"),
        (ALTERNATIVE, [TEXT], "MIME fields"),
        (ALTERNATIVE, [TEXT, "<b>"], "html text"),
        (ALTERNATIVE, ["Hi", "<p>"], "plain text"),
    ],
)
def test_a_body_that_reads_otherwise_is_refused(data: bytes, texts: list[str], named: str) -> None:
    assert named in refusal(data, *texts).message


def test_a_quoted_printable_body_is_compared_as_it_reads() -> None:
    data = GOOD.replace(b"7bit", b"quoted-printable").replace(b"Hello", b"Hell=C3=\r\n=B6")
    verify(data, FIELDS, ["Hell\u00f6\n."])
    assert "plain text" in refusal(data.replace(b"=\r\n=B6", b"=\r\n=B7"), "Hell\u00f6\n.").message


def test_line_ends_of_any_kind_are_equal() -> None:
    verify(GOOD, FIELDS, ["Hello\r.\r\n"])


def test_utf8_in_the_header_passes_only_for_an_smtputf8_message() -> None:
    data = re.sub(rb"Subject: (.|\r\n )*?\r\n(?=C)", "Subject: Gr\u00fc\u00dfe two\r\n".encode(), GOOD)
    verify(data, FIELDS, [TEXT], utf8=True)
    assert "0xC3" in refusal(data).message


def test_a_direction_override_in_an_smtputf8_header_is_refused() -> None:
    data = re.sub(rb"Subject: (.|\r\n )*?\r\n(?=C)", "Subject: Gr\u202e\r\n".encode(), GOOD)
    with pytest.raises(DataError, match=r"U\+202E"):
        verify(data, FIELDS, [TEXT], utf8=True)
