"""Owns the finding of a server's reply in a longer text: a traceback, a log line, a bounce, a dialogue. Pure.

It judges nothing but which of several replies tells the cause.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from postroom.diagnosis.pasted.log import up_to_next_stamp
from postroom.diagnosis.pasted.topic import speaks_as_a_reply
from postroom.domain.reply import Reply

# The reason phrases of RFC 9110 that no mail server says to its code.
_HTTP = (
    r"400 Bad Request|401 Unauthorized|403 Forbidden|404 Not Found|500 Internal Server Error|502 Bad Gateway"
    r"|503 Service (?:Temporarily )?Unavailable|504 Gateway Time"
)
# A reply code (RFC 5321 4.2.1: 2 to 5, then 0 to 5) that is no part of an address, a time, a port or a line number, and
# no status of HTTP with its JSON or an error code of OAuth behind.
_CODE = re.compile(
    r"(?:(?<![\w.:#/@+-])|(?<=^-))(?<!line )(?<!port )(?<!errno )(?<!exit )(?<!delay=)(?<!delays=)"
    r"(?<!proxy: )(?<!HTTP/1.1 )(?<!HTTP/1.0 )(?<!HTTP code )(?<!HTTP/\d.\d\" )"
    r"(?:(?<!\":\")(?<!\": \")|(?=\d{3}[ -]))"
    rf"(?!{_HTTP}|4\d\d: [a-z]{{3,20}}_[a-z])"
    r"([2345][0-5]\d|46[0-46-9]|57\d)(?=[ \-:;,)\"']|$)(?! - [\d/]| \| )(?!.{0,30}\{\\?\")([ -]?)",
    re.MULTILINE,
)
_ENHANCED = re.compile(r"[\s:;,'\"b(]{0,20}([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_BARE_ENHANCED = re.compile(
    r"(?:^|dsn=|status: ?|[(#\"' ])([45]\.\d{1,3}\.\d{1,3})(?![\w.])", re.IGNORECASE | re.MULTILINE
)
# Where a program has put a reply into quotes: what may stand before the opening one, and what the program says behind
# the closing one.
_OPENING = re.compile(r"\s{0,9}(?:[:;,(]{1,9}\s{0,9}b?|b)(?=['\"])")
_CLOSING = re.compile(
    r"(?<=..)['\"](?=\s{0,20}(?:[,)\]}]{1,9}\s{0,20}(?:$|\n|\w{1,40}[\"']?\s{0,9}[:=]|[\"')\]}])|\.?\s{0,20}$|\.[\"']|\s{0,9}\n))"
)
_QUOTE = re.compile(r"(?<!\w)['\"]|['\"](?!\w)")
"""An apostrophe stands between letters."""
_BRACKETS = {")": "(", "]": "[", "}": "{"}
# What marks a line of the server in a dialogue, in the words of swaks, curl, PHPMailer, MailKit, smtplib and others.
_MARK = re.compile(r"(?:<[-~*]{0,3}|<<|S:|SERVER -> CLIENT:|reply:|SMTP<<) {0,4}(?:b?['\"])?$", re.IGNORECASE)
_QUOTING = ("Error:", "Error: ")


# What stands before a number that is no reply: the words of a sentence. But some words announce one.
_IN_A_SENTENCE = re.compile(r"[^\W_],? $")
_ANNOUNCED = re.compile(
    r"(?:said|says?|errors?|code|status|reply|replied|response|answer(?:ed)?|returned|got|gave|failed|server)[:,]? $",
    re.IGNORECASE,
)
_LONGEST_WORD_CHARACTERS = 12
_LONGEST_PREFIX_CHARACTERS = 120
# curl tells the code of a refusal and none of its words.
_ONLY_A_CODE = re.compile(r"\b(?:EHLO|MAIL|RCPT|DATA|Command) failed: $")

LONGEST_LINE_CHARACTERS = 2_000
"""What is kept of one line of a reply; RFC 5321 4.5.3.1.5 allows 512 octets."""
MOST_LINES = 50


class _Said(NamedTuple):
    reply: Reply
    start: int


def quoted_reply(text: str) -> Reply | None:
    """The refusal that tells the cause: the first, for those behind it follow from it; but where a reply quotes another
    behind "Error:" (Exchange does), the quoted one.
    """
    said = [one for one in _replies(text) if one.reply.code >= 400 and _is_told(one, text)]
    for number, one in enumerate(said):
        if number and text.endswith(_QUOTING, 0, one.start):
            return one.reply
    return said[0].reply if said else None


def bare_status(text: str) -> Reply | None:
    """A reply of which only the enhanced status code was pasted; its code is the class digit alone."""
    found = _BARE_ENHANCED.search(text)
    if found is None:
        return None
    return Reply(int(found[1][0]), found[1], [(text[found.end() :].strip() or text.strip())[:LONGEST_LINE_CHARACTERS]])


def _replies(text: str) -> Iterator[_Said]:
    """The replies in a text, in their order; the lines of one reply joined, however a log has strung them together."""
    found = [match for match in _CODE.finditer(text) if _is_reply(text, match)]
    lines: list[str] = []
    start = 0
    marked = False
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        if not lines:
            start = match.start()
        follows = number + 1 < len(found) and found[number + 1][1] == match[1]
        if follows and not match[2]:
            continue  # a program tells the code, and then the reply that it stands in
        marked = _is_marked(text, match.start()) or (marked and bool(lines))
        said = text[match.end() : min(end, match.end() + 2 * LONGEST_LINE_CHARACTERS)]
        lines.append(_unquoted(said.lstrip("\n").partition("\n")[0] if marked else said))
        if follows and (match[2] == "-" or not _says_something(lines[-1])):
            continue
        yield _Said(_reply(int(match[1]), lines), start)
        lines = []


def _is_reply(text: str, code: re.Match[str]) -> bool:
    """Whether a number is a reply's code: by where it stands, by the enhanced code behind it, else by the words."""
    before = text[max(0, code.start() - _LONGEST_WORD_CHARACTERS) : code.start()]
    return (
        not _IN_A_SENTENCE.search(before)
        or _ANNOUNCED.search(before) is not None
        or code[2] == "-"
        or _ENHANCED.match(text, code.end()) is not None
        or speaks_as_a_reply(text, code.end())
    )


def _is_told(said: _Said, text: str) -> bool:
    """Whether more than a number is told, or a number by somebody who tells no more."""
    before = text[max(0, said.start - 2 * _LONGEST_WORD_CHARACTERS) : said.start]
    return bool(said.reply.lines or said.reply.enhanced or _ONLY_A_CODE.search(before))


def _says_something(text: str) -> bool:
    return re.search(r"[A-Za-z]{3}", _ENHANCED.sub("", text, count=1)) is not None


def _is_marked(text: str, start: int) -> bool:
    """Whether what stands before a reply on its line says that the server speaks, for the length of this line."""
    before = text[max(0, start - _LONGEST_PREFIX_CHARACTERS) : start].rpartition("\n")[2]
    return _MARK.search(before) is not None


def _unquoted(text: str) -> str:
    """The text up to where a quote ends that a program has put around it; its own quotes stay."""
    if opening := _OPENING.match(text):
        inner = text[opening.end() + 1 :]
        quote = text[opening.end()]
        end = next((found.start() for found in _CLOSING.finditer(inner) if found[0] == quote), None)
        if end is not None:
            return inner[:end]
        if not _is_open(inner, quote):
            return inner
    for closing in _CLOSING.finditer(text):
        if not _is_open(text[: closing.start()], closing[0]):
            return text[: closing.start()]
    return text


def _is_open(text: str, quote: str) -> bool:
    return sum(found[0] == quote for found in _QUOTE.finditer(text)) % 2 == 1


def _without_ends(text: str) -> str:
    """The text without the ends of brackets and quotes that began before it."""
    while text and (
        (text[-1] in _BRACKETS and text.count(text[-1]) > text.count(_BRACKETS[text[-1]]))
        or (text[-1] in "'\"" and _is_open(text, text[-1]))
    ):
        text = text[:-1].rstrip(" \t\n:;,")
    return text


def _reply(code: int, lines: Sequence[str]) -> Reply:
    enhanced = ""
    texts = []
    for line in lines[:MOST_LINES]:
        match = _ENHANCED.match(line)
        rest = line
        if match and match[1][0] == str(code)[0]:
            enhanced = enhanced or match[1]
            rest = line[match.end() :]
        # What a log or a program prints below a reply is no part of it.
        texts.append(
            _without_ends(up_to_next_stamp(rest.partition("\n\n")[0][:LONGEST_LINE_CHARACTERS]).strip(" \t\n:;,"))
        )
    return Reply(code, enhanced, [text for text in texts if text])
