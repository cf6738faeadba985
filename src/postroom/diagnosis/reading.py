"""Owns the reading of pasted text: the server's reply, exception or log line inside it, as signs. Pure.

It judges nothing: what the text says goes the same way as what a session sees. It refuses to know cause classes.
"""

import base64
import binascii
import html
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from postroom.diagnosis.providers import providers_at
from postroom.domain.characters import decode
from postroom.domain.reply import STEPS, Reply, Signs

LONGEST_CHARACTERS = 64_000
"""What is read of a pasted text: its beginning and its end, where the cause stands in a long log."""

FEWEST_WRONG_CHARACTERS = 6
"""Two or three may stand in a European word; a Chinese one of three characters has six of them."""
_HIGH_LATIN = re.compile("[\xa1-\xff]")
_CHINESE = re.compile("[\u4e00-\u9fff]")

_SEEN = Path(__file__).with_name("seen.toml")

# A reply code (RFC 5321 4.2.1: 2 to 5, then 0 to 5) that is no part of an address, a time, a port or a line number.
_CODE = re.compile(
    r"(?<![\w.:#/@+-])(?<!line )(?<!port )(?<!errno )(?<!exit )(?<!proxy: )(?<!HTTP/1.1 )(?<!HTTP/1.0 )(?<!HTTP code )([2345][0-5]\d)(?=[ \-:;,)\"']|$)([ -]?)", re.MULTILINE
)
_ENHANCED = re.compile(r"[\s:;,'\"b(]*([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_BARE_ENHANCED = re.compile(r"(?:^|dsn=|status: ?|[(#\"' ])([45]\.\d{1,3}\.\d{1,3})(?![\w.])", re.IGNORECASE | re.MULTILINE)
_TRAILER = re.compile(r"['\"]?[,)\]}]*\s*$")

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_WORD = re.compile(r"=\?[\w-]+\?[bq]\?[^?\s]*\?=", re.IGNORECASE)
_CHALLENGE = re.compile(r"(?<!\w)334[ -]([A-Za-z0-9+/]{8,}={0,2})")
_BASE64 = re.compile(r"(?<![\w+/])([A-Za-z0-9+/]{11,}={1,2})(?![\w=])")
_ESCAPED_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")

# A login with a token: the mechanism's name, or the challenge with which it is refused (RFC 7628 3.2.2).
_TOKEN = re.compile(r"\b(?:XOAUTH2|OAUTHBEARER)\b|[\"']schemes[\"']", re.IGNORECASE)

_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_HOST_PORT = re.compile(r"\b[\w-]+(?:\.[\w-]+)+\]?:(\d{2,5})\b")
_PORT = re.compile(r"(?:port|SMTP\([^)]*,)[\"']?\s*[:=]?[\s\"']*(\d{2,5})\b", re.IGNORECASE)

_STEP_WORDS = {
    "dns": "resolve", "lookup": "resolve", "tcp": "connect", "connection": "connect", "banner": "greeting",
    "helo": "ehlo", "ssl": "tls", "handshake": "tls", "login": "auth", "authentication": "auth", "from": "mail",
    "mail-from": "mail", "sender": "mail", "rcpt-to": "rcpt", "recipient": "rcpt", "to": "rcpt", "dot": "data",
    "end-of-data": "data", "message": "data", "oauth": "token", "oauth2": "token",
}  # fmt: skip

# Which command a reply belongs to, in the words of clients and their logs; the first that is found counts.
_STEPS: Sequence[tuple[str, str]] = (
    ("rcpt", r"in reply to RCPT TO|after RCPT TO|SMTPRecipientsRefused|rejected RCPT|failed to add recipient|RCPT TO:? ?<.*failed|SMTPRecipientRefused|command: '?RCPT"),
    ("mail", r"in reply to MAIL FROM|after MAIL FROM|SMTPSenderRefused|MAIL FROM command failed|failed to set sender|command: '?MAIL|Mail command failed"),
    ("data", r"in reply to (end of )?DATA|after (end of data|DATA|pipelined)|end of DATA command|SMTPDataError|command: '?(DATA|QUIT)"),
    ("auth", r"SMTPAuthenticationError|AuthenticationFailedException|\bEAUTH\b|command: '?AUTH|SASL authentication failed|failed to authenticate|AuthenticationException"),
    ("ehlo", r"in reply to (EHLO|HELO)|after (EHLO|HELO)|SMTPHeloError|refused to talk to me|command: '?(EHLO|HELO)"),
    ("starttls", r"in reply to STARTTLS|after STARTTLS|TLS upgrade after STARTTLS"),
    ("token", r"AADSTS\d|invalid_grant|invalid_client|unauthorized_client|oauth2?/|oauth2\.googleapis|RefreshError"),
    ("greeting", r"SMTPConnectError|initial (greeting|connection)|in reply to banner|server greeting"),
)  # fmt: skip


class _Said(NamedTuple):
    reply: Reply
    start: int


# The name that was asked for, in the words of those who check a certificate.
_EXPECTED = re.compile(
    r"expected CN=\W?([\w.-]+)|Host: ([\w.-]+?)\.? is not in|, not ([\w.-]+\.\w+)|not valid for \W?([\w.-]+\.\w+)"
    r"|does(?:n't| not) match (?:the )?(?:target )?(?:host ?name|host|server name) \W?([\w.-]+\.\w+)",
    re.IGNORECASE,
)


def read(text: str, *, step: str = "", provider: str = "") -> Signs:
    """The signs of a pasted text. `step` and `provider` are hints; a word that means nothing is let be."""
    plain = unwrap(shortened(text))
    reply = _decisive(plain)
    sign = None if reply else _seen_in(plain)
    evidence = _evidence(plain) if sign and sign.sign == "tls-certificate-name" else {}
    mechanism = _TOKEN.search(plain)
    return Signs(
        step=step_of(step) or _step_in(plain) or (sign.step if sign else "") or _step_of_code(reply),
        sign=sign.sign if sign else "refused-by-reply",
        reply=reply or _bare(plain),
        text=plain,
        provider=provider.strip(),
        port=_port(plain),
        logged_in=None,
        evidence={**evidence, "mechanism": "XOAUTH2"} if mechanism else evidence,
    )


def _step_of_code(reply: Reply | None) -> str:
    """RFC 4954 6 has codes that only a login gets."""
    return "auth" if reply and reply.code in (525, 526, 534, 535, 538) else ""


def _evidence(text: str) -> Mapping[str, Any]:
    """What a refused certificate tells: a known provider's host always has a certificate of its own, so that another
    one there is another machine's.
    """
    found = _EXPECTED.search(text)
    if found is None:
        return {}
    expected = next(name for name in found.groups() if name).rstrip(".")
    own = set(providers_at(expected))
    others = (name.strip(".") for name in _NAME.findall(text))
    fits_owner = any(own.intersection(providers_at(name)) for name in others if name != expected)
    return {"expected_name": expected, "intercepted": bool(own) and not fits_owner}


def step_of(word: str) -> str:
    """The step that a word means, "" for none."""
    plain = "-".join(word.lower().split()).rstrip(":")
    return plain if plain in STEPS else _STEP_WORDS.get(plain, "")


def shortened(text: str) -> str:
    """The text, without the middle of a very long one."""
    half = LONGEST_CHARACTERS // 2
    return text if len(text) <= LONGEST_CHARACTERS else f"{text[:half]}\n{text[-half:]}"


def unwrap(text: str) -> str:
    """The text as it was meant: escapes, encoded words, entities and base64 of challenges undone."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _ESCAPED_BYTES.sub(_unescaped, plain)
    plain = re.sub(r"\\r\\n|\\n|\\r", "\n", plain).replace("\\t", " ").replace("\\'", "'").replace('\\"', '"')
    plain = _WORD.sub(_word, plain)
    plain = "\n".join(_rightly_decoded(line) for line in plain.split("\n"))
    if "&" in plain and ";" in plain:
        plain = html.unescape(plain)
    told = [_of_base64(found[1]) for found in _CHALLENGE.finditer(plain)]
    told += [_of_base64(found[1]) for found in _BASE64.finditer(_CHALLENGE.sub("", plain))]
    return "\n".join([plain, *(one for one in told if one)])


def _rightly_decoded(line: str) -> str:
    """A line of a Chinese server that somebody took for latin-1."""
    if len(_HIGH_LATIN.findall(line)) < FEWEST_WRONG_CHARACTERS:
        return line
    try:
        told = line.encode("latin-1").decode("gbk")
    except UnicodeError:
        return line
    return told if _CHINESE.search(told) else line


def _unescaped(found: re.Match[str]) -> str:
    return decode(bytes.fromhex(found[0].replace("\\x", "")))


def _word(found: re.Match[str]) -> str:
    try:
        return str(make_header(decode_header(found[0])))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return found[0]


def _of_base64(text: str) -> str:
    """What base64 says, where it says something that can be read."""
    try:
        told = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    told = told.strip()
    return told if told.isprintable() else ""


def _replies(text: str) -> Iterator[_Said]:
    """The replies in a text, in their order; the lines of one reply joined, however a log has strung them together."""
    found = list(_CODE.finditer(text))
    lines: list[str] = []
    start = 0
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        if not lines:
            start = match.start()
        lines.append(text[match.end() : end])
        follows = number + 1 < len(found) and found[number + 1][1] == match[1]
        if follows and (match[2] == "-" or not _meaningful(lines[-1])):
            continue
        yield _Said(_reply(int(match[1]), lines), start)
        lines = []


def _meaningful(text: str) -> bool:
    return re.search(r"[A-Za-z]{3}", _ENHANCED.sub("", text, count=1)) is not None


def _reply(code: int, lines: Sequence[str]) -> Reply:
    enhanced = ""
    texts = []
    for line in lines:
        match = _ENHANCED.match(line)
        if match and match[1][0] == str(code)[0]:
            enhanced = enhanced or match[1]
            line = line[match.end() :]  # noqa: PLW2901 - the line without what was read
        # What a log or a program prints below a reply is no part of it.
        texts.append(_TRAILER.sub("", line.split("\n\n")[0]).strip(" \t\n:;,'\"b"))
    return Reply(code, enhanced, [line for line in texts if line])


def _decisive(text: str) -> Reply | None:
    """The reply that tells the cause: the first refusal, for those behind it follow from it; but where a reply quotes
    another behind "Error:" (Exchange does), the quoted one.
    """
    said = [one for one in _replies(text) if one.reply.code >= 400 and (one.reply.lines or one.reply.enhanced)]
    for number, one in enumerate(said):
        if number and re.search(r"Error: ?$", text[: one.start]):
            return one.reply
    return said[0].reply if said else None


def _bare(text: str) -> Reply | None:
    """A reply of which only the enhanced status code was pasted."""
    found = _BARE_ENHANCED.search(text)
    if found is None:
        return None
    return Reply(int(found[1][0]), found[1], [text[found.end() :].strip() or text.strip()])


def _step_in(text: str) -> str:
    return next((step for step, pattern in _STEPS if re.search(pattern, text, re.IGNORECASE)), "")


def _port(text: str) -> int:
    found = _HOST_PORT.search(text) or _PORT.search(text)
    return int(found[1]) if found else 0


class _Seen(NamedTuple):
    sign: str
    step: str
    words: re.Pattern[str]


@cache
def _seen() -> Sequence[_Seen]:
    tables = tomllib.loads(_SEEN.read_text(encoding="utf-8"))["seen"]
    return [
        _Seen(table["sign"], table.get("step", ""), re.compile("|".join(table["words"]), re.IGNORECASE))
        for table in tables
    ]


def _seen_in(text: str) -> _Seen | None:
    plain = re.sub(r"\s+", " ", text)
    return next((one for one in _seen() if one.words.search(plain)), None)
