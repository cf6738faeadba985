"""Owns the reading of pasted text: what is in it of a failure, as signs, as a session would give them. Pure.

It judges nothing: what the text says goes the same way as what a session sees. It refuses to know cause classes.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from postroom.diagnosis.mechanism import used_mechanism
from postroom.diagnosis.pasted.log import may_fail
from postroom.diagnosis.pasted.quoted import bare_status, quoted_reply
from postroom.diagnosis.pasted.unwrap import unwrap
from postroom.diagnosis.providers import families, hinted, providers_at
from postroom.diagnosis.step import guessed, of_code
from postroom.domain.reply import STEPS, Reply, Signs

_SEEN = Path(__file__).with_name("seen.toml")
_FILES = (_SEEN.with_name("seen_elsewhere.toml"), _SEEN)

_STEP_WORDS = {
    "dns": "resolve",
    "lookup": "resolve",
    "tcp": "connect",
    "connection": "connect",
    "banner": "greeting",
    "helo": "ehlo",
    "ssl": "tls",
    "handshake": "tls",
    "login": "auth",
    "authentication": "auth",
    "from": "mail",
    "mail-from": "mail",
    "sender": "mail",
    "rcpt-to": "rcpt",
    "recipient": "rcpt",
    "to": "rcpt",
    "dot": "data",
    "end-of-data": "data",
    "message": "data",
    "oauth": "token",
    "oauth2": "token",
}
"""The steps in other people's words."""

_CONNECTING = re.compile(r"command[\"']?: ?[\"']?CONN\b")

# A label of a name has 63 octets at most (RFC 1035 2.3.4).
_NAME = re.compile(r"(?<![\w-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
# A place in a program is no address: a path, a name with such an ending, a column or "in" behind the line's number.
# The endings that are countries' as well are those of a program where the name has no other dot.
_HOST_PORT = re.compile(
    r"(?<![\w.\\-])(?<!^/)(?<![^/]/)(?![\w-]{1,63}\.(?:rs|py|pl|sh|cc|ml|ph)\b)"
    r"(?:\[?[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}\]?|\[[0-9a-f:.]{2,45}\])"
    r"(?<!\.go)(?<!\.rb)(?<!\.js)(?<!\.ts)(?<!\.[cm]js)(?<!\.[jt]sx)(?<!\.vue)(?<!\.java)(?<!\.kt)(?<!\.scala)"
    r"(?<!\.php)(?<!\.inc)(?<!\.c)(?<!\.h)(?<!\.cpp)(?<!\.cs)(?<!\.ex)(?<!\.exs)(?<!\.erl)(?<!\.hs)(?<!\.swift)(?<!\.lua)"
    r":(?!53\b)(\d{2,5})\b(?!:(?:\d|in\b)|->)"
)
_PORT = re.compile(
    r"(?:host, port: [\w.-]{1,253}, |(?:port|SMTP\([^)]{0,80},)[\"']?\s{0,4}[:=]?[\s\"']{0,4})(\d{2,5})\b",
    re.IGNORECASE,
)

_PORT_FOR_MAIL = re.compile(r"[\"' ](465|587|2525)[\"' ,)]")

# The name that was asked for, in the words of those who check a certificate.
_EXPECTED = re.compile(
    r"expected CN=\W?([\w.-]{1,253})|Host: ([\w.-]{1,253}?)\.? is not in|, not ([\w.-]{1,253}\.\w+)"
    r"|not valid for \W?([\w.-]{1,253}\.\w+)"
    r"|does(?:n't| not) match (?:the )?(?:target )?(?:host ?name|host|server name) \W?([\w.-]{1,253}\.\w+)",
    re.IGNORECASE,
)
# The names that the certificate has instead.
_NAMES = re.compile(
    r"valid for ([\w*., -]{1,2000}), not |altnames: ((?:DNS:|IP Address:)[\w*.:, -]{1,2000})"
    r"|certificate CN=\W?([\w*.-]{1,253})|match either of ([\w*.', -]{1,2000})",
    re.IGNORECASE,
)
_CERTIFICATE_NAME = re.compile(r"(?<![\w*-])(?:\*\.)?[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")

_A_NAME = r" ?[\"'(<\[]{0,2}((?:[\w-]{1,63}\.){1,9}[a-z][\w-]{1,62})\b(?!\.\w)"
# The name that nobody found, behind the words of those who asked the DNS, or of a server that did.
_UNKNOWN_HOST = re.compile(
    r"(?:\blookup|ENOTFOUND|EAI_AGAIN|\bname=|\bresolve(?: the)?(?: host(?: ?name)?)?:?|be resolved:|locate host"
    r"|getaddrinfo (?:failed )?for|not known for|UnknownHostException:|No such host is known\."
    rf"|nor servname(?: provided, or not known)?|Unknown ?host:?){_A_NAME}",
    re.IGNORECASE,
)
_UNKNOWN_DOMAIN = re.compile(rf"\bDNS domain{_A_NAME} does not exist", re.IGNORECASE)

# The greeting of a program that hosting firms run, and the host that was to be reached.
_BANNER = re.compile(r"\b220[ -]([\w.-]{4,253}) ESMTP Exim")
# What a firewall that inspects mail leaves of a greeting and of the words that it does not like.
_MASKED = re.compile(r"\b220[ -][^\n]{0,80}?\*{8}|\*{20}|\b250[ -]X{6,80}[A-Z]?\b|\bX{7,80}[A-WYZ]\b")
_OPENING = re.compile(
    r"(?:\bopening to |-connect |SMTP\([\"']|host(?:name)?[\"']?\s{0,4}(?:=>?|:|,)\s{0,4}[\"']?)([\w.-]{1,253}\.\w+)",
    re.IGNORECASE,
)


def read(text: str, *, step: str = "", provider: str = "") -> Signs:
    """The signs of a pasted text. `step` and `provider` are hints; a word that means nothing is let be."""
    plain = unwrap(text)
    reply = quoted_reply(plain)
    seen = None if reply else _first(plain, "seen")
    asked = _first(plain, "asked")
    evidence = _certificate(plain) if seen and seen.sign == "tls-certificate-name" else {}
    if _diverted(plain, provider) or _MASKED.search(plain):
        evidence = {**evidence, "intercepted": True}
    if mechanism := used_mechanism(plain):
        evidence = {**evidence, "mechanism": mechanism}
    found = next((one.step for one in (asked, seen) if one and one.step), "")
    return Signs(
        step=of_code(reply) or step_of(step) or found or _step_of_connecting(plain, reply) or guessed(reply),
        sign=seen.sign if seen else "refused-by-reply",
        reply=reply or bare_status(plain),
        text=plain,
        provider=provider.strip(),
        host=_unknown_host(plain, seen.sign if seen else ""),
        port=_port(plain),
        logged_in=None,
        evidence=evidence,
    )


def step_of(word: str) -> str:
    """The step that a word means, "" for none."""
    plain = "-".join(word.lower().split()).rstrip(":")
    return plain if plain in STEPS else _STEP_WORDS.get(plain, "")


def judged_words(signs: Signs) -> str:
    """The words of the text that the signs were taken from: the reply, else the line that tells of the failure."""
    if signs.reply is not None and signs.reply.code >= 100:
        return str(signs.reply)
    lines = [line.strip() for line in signs.text.split("\n") if line.strip()]
    told = signs.reply.enhanced if signs.reply else ""
    seen = _first(signs.text, "seen")
    for line in lines:
        if told in line if told else seen and seen.pattern.search(line):
            return line
    return next(filter(may_fail, lines), lines[0] if lines else "")


def _step_of_connecting(text: str, reply: Reply | None) -> str:
    """What nodemailer calls CONN ends with the greeting."""
    if not _CONNECTING.search(text):
        return ""
    return "greeting" if reply else "connect"


def _certificate(text: str) -> Mapping[str, Any]:
    """What a refused certificate tells: a known provider's host always has a certificate of its own, so that another
    one there is another machine's.
    """
    found = _EXPECTED.search(text)
    if found is None:
        return {}
    expected = next(name for name in found.groups() if name).rstrip(".")
    own = set(providers_at(expected))
    others = (name.strip(".") for name in _NAME.findall(text))
    is_owners = any(own.intersection(providers_at(name)) for name in others if name != expected)
    evidence = {"expected_name": expected, "intercepted": bool(own) and not is_owners}
    listed = _NAMES.search(text)
    names = _CERTIFICATE_NAME.findall(next(filter(None, listed.groups()))) if listed else []
    if expected in names:
        evidence["intercepted"] = False
    return {**evidence, "certificate": {"names": names}} if names else evidence


def _diverted(text: str, provider: str) -> bool:
    """Whether a dialogue with a known provider's host begins with the greeting of somebody else's server."""
    banner = _BANNER.search(text)
    if banner is None:
        return False
    asked = _OPENING.search(text)
    wanted = set(providers_at(asked[1])) if asked else {hinted(provider) or ""} & set(families())
    return any(families()[name].hosts for name in wanted) and not wanted.intersection(providers_at(banner[1]))


def _unknown_host(text: str, sign: str) -> str:
    """The name that the DNS does not know, where it was asked in vain."""
    asked = sign in ("host-not-found", "resolver-failed")
    found = (asked and _UNKNOWN_HOST.search(text)) or _UNKNOWN_DOMAIN.search(text)
    return found[1].rstrip(".") if found else ""


def _port(text: str) -> int:
    found = _HOST_PORT.search(text) or _PORT.search(text) or _PORT_FOR_MAIL.search(text)
    return int(found[1]) if found else 0


class _Words(NamedTuple):
    """Words that stand for a sign, or for a step of the dialogue."""

    sign: str
    step: str
    pattern: re.Pattern[str]


@cache
def _table(kind: str) -> Sequence[_Words]:
    tables = [table for file in _FILES for table in tomllib.loads(file.read_text(encoding="utf-8")).get(kind, ())]
    return [
        _Words(table.get("sign", ""), table.get("step", ""), re.compile("|".join(table["words"]), re.IGNORECASE))
        for table in tables
    ]


def _first(text: str, kind: str) -> _Words | None:
    plain = " ".join(text.split())
    return next((one for one in _table(kind) if one.pattern.search(plain)), None)
