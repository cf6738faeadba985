"""Owns how a header field is written: text and mailboxes into ASCII lines (RFC 5322 2.2.3 and 3.4, RFC 2047).

Refuses to know which fields a message has. The standard library's own writing of headers is not used: up to Python
3.13 it decodes what looks like an encoded word and can write a line break out of it (CVE-2024-6923).
"""

import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from postroom.domain.address import Address

LONGEST_LINE_BYTES = 998
"""Without its CRLF (RFC 5322 2.1.1)."""
GOOD_LINE_BYTES = 78
"""Where lines are folded if they can be (RFC 5322 2.1.1)."""
LONGEST_ENCODED_WORD = 75
"""RFC 2047 2."""

ENCODED_WORD = re.compile(r"=\?([^?]*)\?([bBqQ])\?([^?]*)\?=")
"""What mail programs decode, more generous than RFC 2047 because they are."""

_MARK = re.compile(r"=\?[^?]*\?[bBqQ]\?")
_ATOMS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~- ")
"""The letters of atoms, and the space between two (RFC 5322 3.2.3)."""
_LONGEST_QUOTED = 60
_FRAME = len("=?utf-8?q??=")
_SMALLEST_ROOM = 12
"""The longest character in an encoded word: four octets, each `=XX`."""
_PLAIN_IN_Q = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
"""The letters that the Q encoding may leave as they are in a display name (RFC 2047 5 (3)), and so everywhere."""


class Mailbox(NamedTuple):
    """An address with the name that is shown for it."""

    address: Address
    name: str = ""


class Field(NamedTuple):
    """One header field before it is written: a text without controls, or mailboxes."""

    name: str
    value: str | tuple[Mailbox, ...]


def write(field: Field) -> str:
    """The field's value as it goes on the wire: folded with CRLF and a space, ASCII but for SMTPUTF8 local parts."""
    used = len(field.name) + len(": ")
    if isinstance(field.value, str):
        return _text(field.value, used)
    return ",\r\n ".join(_mailbox(mailbox, used) for mailbox in field.value)


def _text(text: str, used: int) -> str:
    if text.isascii() and not _MARK.search(text) and text == text.strip(" "):
        folded = _fold(text, used)
        if used + max(len(line) for line in folded.split("\r\n")) <= LONGEST_LINE_BYTES:
            return folded
    return _encoded(text, used)


def _fold(text: str, used: int) -> str:
    """Break before spaces, keeping every one of them, so that unfolding gives back the text to the letter."""
    lines = [""]
    for word in re.findall(r" *[^ ]+", text):
        if lines[-1] and used + len(lines[-1]) + len(word) > GOOD_LINE_BYTES:
            lines.append(word)
            used = 0
        else:
            lines[-1] += word
    return "\r\n".join(lines)


def _mailbox(mailbox: Mailbox, used: int) -> str:
    if not mailbox.name:
        return str(mailbox.address)
    phrase = _phrase(mailbox.name, used)
    address = f"<{mailbox.address}>"
    last = phrase.rpartition("\r\n")[2]
    between = " " if used + len(last) + 1 + len(address) <= GOOD_LINE_BYTES else "\r\n "
    return phrase + between + address


def _phrase(name: str, used: int) -> str:
    if name.isascii() and not _MARK.search(name) and len(name) <= _LONGEST_QUOTED:
        if _ATOMS.issuperset(name) and name == " ".join(name.split()):
            return name
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _encoded(name, used)


def _encoded(text: str, used: int) -> str:
    """The text as encoded words, a line each, in the shorter of the two encodings, never cut within a character."""
    in_q = sum(map(_q_length, text.encode()))
    in_b = len(text.encode()) * 4 / 3
    letter: str
    encode: Callable[[bytes], str]
    length: Callable[[bytes], int]
    if in_q <= in_b:
        letter, encode, length = "q", _q, lambda octets: sum(map(_q_length, octets))
    else:
        letter, encode, length = "b", _b, lambda octets: -(-len(octets) // 3) * 4
    words = _cut(text, length, max(LONGEST_ENCODED_WORD - used - _FRAME, _SMALLEST_ROOM))
    return "\r\n ".join(f"=?utf-8?{letter}?{encode(word)}?=" for word in words)


def _cut(text: str, length: Callable[[bytes], int], room: int) -> Iterator[bytes]:
    word = b""
    for character in text:
        octets = character.encode()
        if length(word + octets) > room:
            yield word
            word = b""
            room = LONGEST_ENCODED_WORD - _FRAME
        word += octets
    yield word


def _q_length(octet: int) -> int:
    return 1 if octet in _PLAIN_IN_Q or octet == ord(" ") else 3


def _q(octets: bytes) -> str:
    return "".join(
        chr(octet) if octet in _PLAIN_IN_Q else "_" if octet == ord(" ") else f"={octet:02X}" for octet in octets
    )


def _b(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode("ascii")
