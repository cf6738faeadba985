"""What came is shown in readable form, whatever it is."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.sandbox.reading import read, summary


def mail() -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Änne <ann@example.com>"
    message["To"] = "bob@example.com"
    message["Subject"] = "Grüße aus Köln " * 8
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Schöne Grüße\nvon nebenan\n")
    return message


def test_headers_are_decoded_and_in_order() -> None:
    data = mail().as_bytes()

    headers = read(data)["headers"]
    assert [header["name"] for header in headers][:3] == ["From", "To", "Subject"]
    assert headers[0]["value"] == "Änne <ann@example.com>"
    assert headers[2]["value"].rstrip() == ("Grüße aus Köln " * 8).rstrip()
    assert summary(data).message_id == "<1@example.com>"


def test_a_text_is_decoded_and_has_plain_line_ends() -> None:
    assert read(mail().as_bytes())["text"] == "Schöne Grüße\nvon nebenan\n"


def test_alternatives_and_attachments_are_told_apart() -> None:
    message = mail()
    message.add_alternative("<p>Schöne Grüße</p>", subtype="html")
    message.add_attachment(b"\x00\x01\x02", maintype="application", subtype="octet-stream", filename="Maße.bin")
    message.add_attachment("a note", filename="note.txt")

    shown = read(message.as_bytes())
    assert shown["html"].strip() == "<p>Schöne Grüße</p>"
    assert "note" not in shown["text"]
    assert shown["attachments"] == [
        {"filename": "Maße.bin", "type": "application/octet-stream", "size_bytes": 3},
        {"filename": "note.txt", "type": "text/plain", "size_bytes": 8},
    ]


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: plain", "plain"),
        (b"subject: =?utf-8?q?caf=C3=A9?=", "café"),
        (b"Subject: one\r\n two", "one two"),
        (b"Subject: caf\xc3\xa9", "café"),
        (b"Subject: =?no-such-charset?q?a?=", "=?no-such-charset?q?a?="),
        (b"Subject: =?utf-8?b?not base64?=", "=?utf-8?b?not base64?="),
        (b"Subject:", ""),
        (b"To: bob@example.com", ""),
    ],
)
def test_a_subject_is_decoded_where_that_is_possible(header: bytes, subject: str) -> None:
    assert summary(header + b"\r\n\r\nbody\r\n").subject == subject


def test_a_subject_in_the_body_is_none() -> None:
    assert summary(b"To: bob@example.com\r\n\r\nSubject: no\r\n").subject == ""


@pytest.mark.parametrize(
    "content_type",
    ["text/plain; charset=no-such", "text/plain; charset=undefined", "text/plain; charset=utf-16", "nonsense"],
)
def test_a_body_in_an_unknown_charset_is_shown_all_the_same(content_type: str) -> None:
    assert isinstance(read(f"Content-Type: {content_type}\r\n\r\nhello\r\n".encode())["text"], str)


@given(st.binary(max_size=400))
def test_no_octets_make_the_reading_fail(noise: bytes) -> None:
    for data in (
        noise,
        b"Subject: " + noise,
        b"Subject: =?utf-8?b?" + noise + b"?=\r\n\r\n",
        b"Content-Type: text/plain; charset=" + noise + b"\r\n\r\n" + noise,
        b"Content-Transfer-Encoding: base64\r\n\r\n" + noise,
        b"Content-Disposition: attachment; filename*=" + noise + b"\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=" + noise + b"\r\n\r\n--" + noise,
    ):
        summary(data).subject.encode()
        str(read(data)).encode("utf-8", "surrogatepass")
