"""Owns the finding of a server's reply in a longer text: a traceback, a log line, a bounce, a dialogue. Pure.

It judges nothing but which of several replies tells the cause.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from postroom.domain.reply import Reply

# A reply code (RFC 5321 4.2.1: 2 to 5, then 0 to 5) that is no part of an address, a time, a port or a line number, and
# no status of HTTP with its JSON behind.
_CODE = re.compile(
    r"(?<![\w.:#/@+-])(?<!line )(?<!port )(?<!errno )(?<!exit )(?<!delay=)(?<!delays=)"
    r"(?<!proxy: )(?<!HTTP/1.1 )(?<!HTTP/1.0 )(?<!HTTP code )(?<!\":\")(?<!\": \")"
    r"([2345][0-5]\d)(?=[ \-:;,)\"']|$)(?!.{0,30}\{\\?\")([ -]?)",
    re.MULTILINE,
)
_ENHANCED = re.compile(r"[\s:;,'\"b(]*([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_BARE_ENHANCED = re.compile(
    r"(?:^|dsn=|status: ?|[(#\"' ])([45]\.\d{1,3}\.\d{1,3})(?![\w.])", re.IGNORECASE | re.MULTILINE
)
_TRAILER = re.compile(r"['\"]?[,)\]}]*\s*$")
# Where a program has put a reply into quotes: the closing one, and what the program says behind it.
_END_OF_QUOTE = re.compile(r"(?<=..)['\"]\s*(?:[,)\]}]+\s*(?:$|\n|\w+[\"']?\s*[:=]|[\"')\]}]).*|\.?\s*$)", re.DOTALL)
_QUOTING = re.compile(r"Error: ?$")


class _Said(NamedTuple):
    reply: Reply
    start: int


def quoted_reply(text: str) -> Reply | None:
    """The refusal that tells the cause: the first, for those behind it follow from it; but where a reply quotes another
    behind "Error:" (Exchange does), the quoted one.
    """
    said = [one for one in _replies(text) if one.reply.code >= 400 and (one.reply.lines or one.reply.enhanced)]
    for number, one in enumerate(said):
        if number and _QUOTING.search(text[: one.start]):
            return one.reply
    return said[0].reply if said else None


def bare_status(text: str) -> Reply | None:
    """A reply of which only the enhanced status code was pasted; its code is the class digit alone."""
    found = _BARE_ENHANCED.search(text)
    if found is None:
        return None
    return Reply(int(found[1][0]), found[1], [text[found.end() :].strip() or text.strip()])


def _replies(text: str) -> Iterator[_Said]:
    """The replies in a text, in their order; the lines of one reply joined, however a log has strung them together."""
    found = list(_CODE.finditer(text))
    lines: list[str] = []
    start = 0
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        if not lines:
            start = match.start()
        follows = number + 1 < len(found) and found[number + 1][1] == match[1]
        if follows and not match[2]:
            continue  # a program tells the code, and then the reply that it stands in
        lines.append(_END_OF_QUOTE.sub("", text[match.end() : end]))
        if follows and (match[2] == "-" or not _says_something(lines[-1])):
            continue
        yield _Said(_reply(int(match[1]), lines), start)
        lines = []


def _says_something(text: str) -> bool:
    return re.search(r"[A-Za-z]{3}", _ENHANCED.sub("", text, count=1)) is not None


def _reply(code: int, lines: Sequence[str]) -> Reply:
    enhanced = ""
    texts = []
    for line in lines:
        match = _ENHANCED.match(line)
        rest = line
        if match and match[1][0] == str(code)[0]:
            enhanced = enhanced or match[1]
            rest = line[match.end() :]
        # What a log or a program prints below a reply is no part of it.
        texts.append(_TRAILER.sub("", rest.split("\n\n")[0]).strip(" \t\n:;,'\"b"))
    return Reply(code, enhanced, [text for text in texts if text])
