"""Owns the reading of a received message, for people: headers decoded, bodies as text. Never fails, whatever came.

Refuses to know the envelope and the mailbox. What it shows is an interpretation; the bytes are the truth.
"""

from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, NamedTuple


class Summary(NamedTuple):
    """What the header calls the message; empty where it does not say."""

    subject: str
    message_id: str


def summary(data: bytes) -> Summary:
    """Subject and Message-ID, decoded (RFC 2047)."""
    head, separator, _ = data.partition(b"\r\n\r\n")
    message = message_from_bytes(head + separator)
    named = {header["name"].lower(): header["value"] for header in reversed(_headers(message))}
    return Summary(named.get("subject", ""), named.get("message-id", ""))


def read(data: bytes) -> Mapping[str, Any]:
    """The message, JSON-ready: `headers` (list of `{name, value}`, in order, decoded), `text`, `html`, `attachments`
    (list of `{filename, type, size_bytes}`).
    """
    message = message_from_bytes(data)
    text: list[str] = []
    html: list[str] = []
    attachments: list[dict[str, Any]] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        filename = part.get_filename()
        if kind in ("text/plain", "text/html") and not filename and part.get_content_disposition() != "attachment":
            (text if kind == "text/plain" else html).append(_text(part))
        else:
            attachments.append(
                {"filename": _decoded(filename or ""), "type": kind, "size_bytes": len(_payload(part))},
            )
    return {"headers": _headers(message), "text": _joined(text), "html": _joined(html), "attachments": attachments}


def _headers(message: Message) -> list[dict[str, str]]:
    # Only the raw items have the octets of a header that is neither ASCII nor encoded.
    return [{"name": name, "value": _decoded(value).strip()} for name, value in message.raw_items()]


def _joined(parts: Sequence[str]) -> str:
    return "\n".join(part.replace("\r\n", "\n") for part in parts)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    payload = _payload(part)
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a charset that is none
        return payload.decode("ascii", "replace")


def _decoded(value: object) -> str:
    """A header value in readable form; as it stands where its encoding is broken."""
    plain = "".join(str(value).splitlines()).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(plain)))
    except (HeaderParseError, LookupError, ValueError):
        return plain
