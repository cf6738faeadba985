"""Owns the reading of replies (RFC 5321 4.2): bytes in, replies out, however the bytes are cut.

It refuses to know what a reply answers. Nothing a server sends makes it hang, grow or raise anything but NotSmtp.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from postroom.domain.characters import decode
from postroom.domain.reply import Reply
from postroom.transport.first_words import protocol_of

LINE_LIMIT_BYTES = 2048
"""RFC 5321 4.5.3.1.5 allows 512; real servers put links and reports into theirs."""
REPLY_LIMIT_BYTES = 128 * 1024
REPLY_LIMIT_LINES = 200
"""The longest real reply known is an EHLO of some thirty lines; more is an attack or not SMTP."""

_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]?)(.*)", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)")


class NotSmtp(Exception):
    """The peer sent something that is no reply. `received` is the start of it."""

    def __init__(self, why: str, received: bytes) -> None:
        super().__init__(why)
        self.why = why
        self.received = received[:200]


class RawReply(NamedTuple):
    """A reply as it came: the code and the text of each line, undecoded."""

    code: int
    texts: Sequence[bytes]


def foreign(received: bytes) -> dict[str, Any]:
    """Evidence of a peer that does not speak as it should: its first words, and what other protocol they are of."""
    looks_like = protocol_of(received)
    other = looks_like not in ("", "smtp")
    return {"received": decode(received), **({"looks_like": looks_like} if other else {})}


def reply_of(raw: RawReply) -> Reply:
    """The reply with its enhanced status code (RFC 2034, RFC 3463) taken out of its lines.

    The code counts only where its class agrees with the reply code's.
    """
    lines = [decode(text) for text in raw.texts]
    found = _ENHANCED.match(lines[0])
    if not found or found[1][0] != str(raw.code)[0]:
        return Reply(raw.code, "", lines)
    enhanced = found[1]
    return Reply(
        raw.code, enhanced, [line[len(enhanced) :].lstrip(" ") if line.startswith(enhanced) else line for line in lines]
    )


class ReplyReader:
    """Collects bytes and gives complete replies. After NotSmtp it is spent."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._texts: list[bytes] = []
        self._code = b""
        self._size = 0

    @property
    def pending(self) -> bytes:
        """Bytes that belong to no complete line yet, or to lines that were not asked for yet."""
        return bytes(self._buffer)

    @property
    def within_reply(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._texts or self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what the socket gave."""
        self._buffer += data

    def next(self) -> RawReply | None:
        """The next complete reply, or None when more bytes are needed. Raise NotSmtp."""
        while (line := self._line()) is not None:
            found = _LINE.fullmatch(line)
            if not found or (found[3] and not found[2]):
                raise NotSmtp("a line does not begin with a reply code", line)
            if self._texts and found[1] != self._code:
                raise NotSmtp("the lines of one reply have different codes", line)
            self._code = found[1]
            self._texts.append(found[3])
            self._size += len(line)
            if self._size > REPLY_LIMIT_BYTES or len(self._texts) > REPLY_LIMIT_LINES:
                raise NotSmtp("a reply has no end", line)
            if found[2] != b"-":
                raw = RawReply(int(found[1]), self._texts)
                self._texts, self._size = [], 0
                return raw
        return None

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, LINE_LIMIT_BYTES)
        if end < 0:
            if len(self._buffer) >= LINE_LIMIT_BYTES:
                raise NotSmtp("a line has no end", bytes(self._buffer[:200]))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")
