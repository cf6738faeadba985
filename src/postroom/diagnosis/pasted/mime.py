"""Owns the reading of a whole message that was pasted or saved: what its readable parts say, decoded. Pure.

Invariant: text that is no message comes out as it went in.
"""

import re
from collections.abc import Iterator
from email import message_from_string
from email.message import Message

from postroom.domain.characters import decode

_MIME = re.compile(r"^(?:Content-Type|MIME-Version):", re.IGNORECASE | re.MULTILINE)
_NESTING = re.compile(r"^Content-Type:\s?(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_HEADERS_CHARACTERS = 50_000
"""Where the headers of a message end at the latest; the traces of spam filters are long."""
_ENVELOPE = ("From", "To", "Subject", "Date", "Received", "Message-ID", "Return-Path")
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
"""The message that comes back in a report (RFC 6522): what is said in it is not about the failure."""
_MOST_PARTS = 100
"""Far more than any bounce has; the parser of the standard library goes one call deeper for each."""


def message_text(text: str) -> str:
    """The subject and the readable parts of a message; a text that is none comes back."""
    start = text.lstrip()
    if not _MIME.search(start[:_HEADERS_CHARACTERS]) or len(_NESTING.findall(start)) > _MOST_PARTS:
        return text
    message = message_from_string(start)
    if not ("Content-Type" in message or "MIME-Version" in message) or not any(name in message for name in _ENVELOPE):
        return text
    told = "\n\n".join(part.strip("\n") for part in _parts(message))
    return f"{message.get('Subject', '')}\n\n{told}\n" if told.strip() else text


def _parts(part: Message) -> Iterator[str]:
    inner = part.get_payload()
    if isinstance(inner, list):
        of_report = part.get_content_type() == "multipart/report"
        for one in inner:
            if part.get_content_type() == "message/delivery-status":
                yield str(one)
            elif isinstance(one, Message) and not (of_report and one.get_content_type() in _RETURNED):
                yield from _parts(one)
    elif part.get_content_maintype() in ("text", "message") and isinstance(inner, str):
        yield _decoded(part, inner)


def _decoded(part: Message, inner: str) -> str:
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() not in ("quoted-printable", "base64"):
        return inner
    octets = part.get_payload(decode=True)
    if not isinstance(octets, bytes):
        return inner
    try:
        return octets.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(octets)
