"""Owns the making of a message's bytes from its values (RFC 5322, RFC 2045), and what is refused before that.

Refuses to strip or replace anything: a character that has no place in a field is an error that names both. The finished
bytes are 7-bit in all but the addresses that need SMTPUTF8, and they never leave without `check.verify`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from io import BytesIO

from postroom.compose.check import verify
from postroom.compose.header import LONGEST_LINE_BYTES, Field, Mailbox, write
from postroom.domain.address import Address, parse_address
from postroom.domain.characters import name_of, refuse_controls
from postroom.domain.message import Composed, Envelope, Identity, Message
from postroom.domain.settings import KINDS_OF_MAIL
from postroom.errors import DataError

LONGEST_TEXT = 998
"""Characters in a subject, a name or another header text. Longer ones are cut or refused on the way."""

GENERATED = frozenset(KINDS_OF_MAIL)
"""Kinds of mail that a program writes by itself; nobody's holiday notice should answer them (RFC 3834 5)."""

_MESSAGE_ID = re.compile(r"<([0-9A-Za-z._-]{1,64})@[0-9A-Za-z.:\[\]-]{1,255}>")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,60}")
_RESERVED = frozenset(
    (
        *("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"),
        *("return-path", "received", "auto-submitted", "x-auto-response-suppress"),
    )
)
_RESERVED_FAMILIES = ("content-", "resent-")
"""Fields that Postroom writes itself, that only a mail server writes, or that name recipients."""


class _AsWritten(EmailPolicy):
    """Leaves header values as they are: they come from `header.write`, or from the package's own MIME fields."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return name, value

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the package's own signature
        return value

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode()


_POLICY = _AsWritten(linesep="\r\n", cte_type="7bit")


def build(
    message: Message, identity: Identity, *, now: datetime, message_id: str, recipients: Sequence[Address]
) -> Composed:
    """Make the bytes of a message and check them.

    `message_id` stands in its angle brackets. `recipients` is whom the envelope names; the header's To shows
    `message.to` and there is never a Bcc. Raise DataError, naming the field: `message.control_character`,
    `message.too_long`, `message.header_name`, `message.no_recipient`, `address.malformed`, or `message.malformed` when
    the finished bytes do not say what was asked for.
    """
    if not message.to or not recipients:
        raise DataError(
            "message.no_recipient", "The message has no recipient.", hint="Name one: postroom smtp test --to ADDRESS"
        )
    envelope = Envelope(identity.envelope, tuple(recipients))
    fields = [*_fields(message, identity, now, message_id), *_additional(message.headers)]
    mailboxes = [mailbox for field in fields if not isinstance(field.value, str) for mailbox in field.value]
    for address in (*recipients, identity.envelope, *(mailbox.address for mailbox in mailboxes)):
        _check_address(address)
    utf8_header = any(mailbox.address.utf8 for mailbox in mailboxes)
    data = _serialise(fields, message, boundary=_boundary(message_id))
    texts = (message.text, message.html) if message.html else (message.text,)
    verify(data, fields, texts, utf8=utf8_header)
    return Composed(
        envelope,
        data,
        message_id,
        eight_bit=not data.isascii(),
        utf8=utf8_header or any(address.utf8 for address in (*recipients, identity.envelope)),
    )


def _fields(message: Message, identity: Identity, now: datetime, message_id: str) -> Iterator[Field]:
    yield Field("Date", format_datetime(now))
    yield Field("Message-ID", message_id)
    yield Field("From", (Mailbox(identity.address, _line("From name", identity.name)),))
    if identity.reply_to:
        yield Field("Reply-To", (Mailbox(identity.reply_to),))
    yield Field("To", tuple(Mailbox(address) for address in message.to))
    yield Field("Subject", _line("subject", message.subject))
    if message.kind in GENERATED:
        yield Field("Auto-Submitted", "auto-generated")
        yield Field("X-Auto-Response-Suppress", "All")  # what Exchange reads instead
    yield Field("MIME-Version", "1.0")


def _additional(headers: Iterable[tuple[str, str]]) -> Iterator[Field]:
    for name, text in headers:
        if not _FIELD_NAME.fullmatch(name):
            raise DataError(
                "message.header_name",
                f"The header name {name!r} must be 1 to 60 printable ASCII characters without a space or ':'.",
                hint="Write a name like X-Report-Id.",
            )
        if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_FAMILIES):
            raise DataError(
                "message.header_name",
                f"The header {name} is not yours to set: it is written by Postroom or by mail servers.",
                hint="Write a name of your own, like X-Report-Id.",
            )
        yield Field(name, _line(f"header {name}", text))


def _line(where: str, text: str) -> str:
    try:
        refuse_controls(text)
    except ValueError as error:
        raise _unfit(where, str(error)) from error
    if len(text) > LONGEST_TEXT:
        raise DataError(
            "message.too_long",
            f"The {where} has {len(text)} characters; at most {LONGEST_TEXT} are allowed.",
            hint="Shorten it; nothing was sent.",
        )
    return text


def _check_address(address: Address) -> None:
    """An Address that did not come out of `parse_address` is refused here, before it is in a header or a command."""
    try:
        sound = parse_address(str(address)) == address
    except ValueError as error:
        raise DataError(
            "address.malformed", f"The address {str(address)!r} {error}.", hint="Correct the address; nothing was sent."
        ) from error
    if not sound:
        raise DataError(
            "address.malformed",
            f"The address {str(address)!r} is not in the form that goes on the wire.",
            hint="Correct the address; nothing was sent.",
        )


def _boundary(message_id: str) -> str:
    """The same in every attempt. `=_` cannot stand in a quoted-printable part (RFC 2045 6.7)."""
    found = _MESSAGE_ID.fullmatch(message_id)
    if not found:
        raise DataError(
            "message.malformed",
            f"The Message-ID {message_id!r} is not of the form <left@domain>.",
            hint="Nothing was sent.",
        )
    return "=_" + found[1]


def _serialise(fields: Iterable[Field], message: Message, *, boundary: str) -> bytes:
    mail = EmailMessage(policy=_POLICY)
    for field in fields:
        mail[field.name] = write(field)
    _set_text(mail, "text", message.text, "plain")
    if message.html:
        mail.make_alternative(boundary=boundary)
        part = EmailMessage(policy=_POLICY)
        _set_text(part, "HTML", message.html, "html")
        del part["MIME-Version"]  # it belongs to the whole message alone (RFC 2045 4)
        mail.attach(part)
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False).flatten(mail)
    return buffer.getvalue()


def _set_text(part: EmailMessage, where: str, text: str, subtype: str) -> None:
    """As it is where that is safe on every way, else quoted-printable. Line ends of any kind become CRLF."""
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise _unfit(where, f"must not contain {name_of(character)}")
    lines = text.replace("\r", "\n").split("\n")  # str.splitlines() would also break at U+000B and its like
    plain = text.isascii() and all(
        len(line) <= LONGEST_LINE_BYTES and line.replace("\t", "").isprintable() for line in lines
    )
    part.set_content(
        text,
        subtype=subtype,
        charset="us-ascii" if text.isascii() else "utf-8",
        cte="7bit" if plain else "quoted-printable",
    )


def _unfit(where: str, rule: str) -> DataError:
    return DataError(
        "message.control_character", f"The {where} {rule}.", hint="Take the character out; nothing was sent."
    )
