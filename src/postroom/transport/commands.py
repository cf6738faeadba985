"""Owns the making of command lines: the last gate before the wire, so everything is checked here once more.

No control character, no line end and nothing too long gets through, whoever made it. It refuses to know when a command
may be sent.
"""

import re
from collections.abc import Mapping

from postroom.domain.address import Address
from postroom.domain.message import Composed
from postroom.errors import DataError

COMMAND_LIMIT_BYTES = 512
"""RFC 5321 4.5.3.1.4, with CR and LF; RFC 4954 4 asks the same of AUTH with an initial response."""
MAIL_LIMIT_BYTES = COMMAND_LIMIT_BYTES + 26 + 17 + 10
"""What SIZE (RFC 1870), 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531) add."""
TEXT_LINE_LIMIT_BYTES = 998
"""RFC 5321 4.5.3.1.6, without CR and LF."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_PATH = re.compile("[\x00-\x20\x7f-\x9f<>\u2028\u2029\ud800-\udfff]")


def command_line(text: str, *, limit: int = COMMAND_LIMIT_BYTES, utf8: bool = False) -> bytes:
    """The line with its CRLF. Raise DataError `message.unsendable` for what must not go out."""
    if found := _CONTROL.search(text):
        raise _unsendable(f"a command would contain the control character U+{ord(found.group()):04X}: {text[:80]!r}")
    if not utf8 and not text.isascii():
        raise _unsendable(f"a command would contain characters outside ASCII: {text[:80]!r}")
    line = text.encode() + b"\r\n"
    if len(line) > limit:
        raise _unsendable(f"a command would have {len(line)} octets, of which {limit} are allowed: {text[:80]!r}")
    return line


def path(address: Address | None) -> str:
    """The address in angle brackets (RFC 5321 4.1.2); None is the null reverse-path. Raise DataError."""
    if address is None:
        return "<>"
    text = str(address)
    if _NOT_IN_PATH.search(text) or not address.local or not address.domain:
        raise DataError(
            "address.unsendable",
            f"the address {text!r} cannot stand in a mail command",
            hint="Give one plain address like user@example.com.",
        )
    return f"<{text}>"


def mail_line(message: Composed, extensions: Mapping[str, str]) -> bytes:
    """MAIL with what the message needs of SIZE, BODY and SMTPUTF8. Raise DataError."""
    text = f"MAIL FROM:{path(message.envelope.sender)}"
    if "SIZE" in extensions:
        text += f" SIZE={len(message.data)}"
    if message.eight_bit:
        text += " BODY=8BITMIME"
    if message.utf8:
        text += " SMTPUTF8"
    return command_line(text, limit=MAIL_LIMIT_BYTES, utf8=message.utf8)


def rcpt_line(recipient: Address, *, utf8: bool) -> bytes:
    """RCPT for one recipient. Raise DataError."""
    return command_line(f"RCPT TO:{path(recipient)}", utf8=utf8)


def check_text(data: bytes, *, eight_bit: bool) -> None:
    """Hold the body to what SMTP can carry: lines end in CRLF and nowhere else, are at most 998 octets, without NUL,
    and 8-bit only where it was said. Raise DataError `message.unsendable`.

    A bare CR or LF would let a reader beyond the server see another end of the message, and another message after it.
    """
    ends = data.count(b"\r\n")
    if not data.endswith(b"\r\n") or data.count(b"\r") != ends or data.count(b"\n") != ends:
        raise _unsendable("the message has a line that does not end in CR LF")
    if b"\0" in data:
        raise _unsendable("the message contains NUL")
    if not eight_bit and not data.isascii():
        raise _unsendable("the message has 8-bit bytes and does not say so")
    if max(map(len, data.split(b"\r\n"))) > TEXT_LINE_LIMIT_BYTES:
        raise _unsendable(f"the message has a line of more than {TEXT_LINE_LIMIT_BYTES} octets")


def stuffed(data: bytes) -> bytes:
    """The body as it follows DATA: dots doubled at the line starts (RFC 5321 4.5.2), with the final dot."""
    doubled = data.replace(b"\r\n.", b"\r\n..")
    return (b"." if data.startswith(b".") else b"") + doubled + b".\r\n"


def _unsendable(why: str) -> DataError:
    return DataError("message.unsendable", why, hint="Nothing was sent. Mend the program or file that made it.")
