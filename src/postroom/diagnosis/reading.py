"""Owns the reading of pasted text: what is in it of a failure, as signs, as a session would give them. Pure.

It judges nothing: what the text says goes the same way as what a session sees. It refuses to know cause classes.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from postroom.diagnosis.providers import families, hinted, providers_at
from postroom.diagnosis.quoted import bare_status, quoted_reply
from postroom.diagnosis.step import guessed
from postroom.diagnosis.unwrap import unwrap
from postroom.domain.reply import STEPS, Signs

LONGEST_CHARACTERS = 40_000
"""What is read of a pasted text: its beginning and its end, where the cause stands in a long log."""

_SEEN = Path(__file__).with_name("seen.toml")

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

# A login with a token shows by the mechanism's name, or by the challenge with which it is refused (RFC 7628 3.2.2).
_MECHANISMS = (
    ("XOAUTH2", re.compile(r"\b(?:XOAUTH2|OAUTHBEARER)\b|[\"']schemes[\"']", re.IGNORECASE)),
    ("PLAIN", re.compile(r"\bAUTH[ =](?:LOGIN|PLAIN)\b|Password (?:not accepted|command)", re.IGNORECASE)),
)

_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_HOST_PORT = re.compile(r"\b[\w-]+(?:\.[\w-]+)+\]?:(\d{2,5})\b")
_PORT = re.compile(r"(?:port|SMTP\([^)]*,)[\"']?\s*[:=]?[\s\"']*(\d{2,5})\b", re.IGNORECASE)

# The name that was asked for, in the words of those who check a certificate.
_EXPECTED = re.compile(
    r"expected CN=\W?([\w.-]+)|Host: ([\w.-]+?)\.? is not in|, not ([\w.-]+\.\w+)|not valid for \W?([\w.-]+\.\w+)"
    r"|does(?:n't| not) match (?:the )?(?:target )?(?:host ?name|host|server name) \W?([\w.-]+\.\w+)",
    re.IGNORECASE,
)


# The greeting of a program that hosting firms run, and the host that was to be reached.
_BANNER = re.compile(r"\b220[ -]([\w.-]+\.[\w-]+) ESMTP Exim")
# What a firewall that inspects mail leaves of a greeting and of the words that it does not like.
_MASKED = re.compile(r"\*{8,}|\bX{7,}[A-Z]?\b")
_OPENING = re.compile(r"\bopening to ([\w.-]+\.\w+)", re.IGNORECASE)


def read(text: str, *, step: str = "", provider: str = "") -> Signs:
    """The signs of a pasted text. `step` and `provider` are hints; a word that means nothing is let be."""
    plain = unwrap(shortened(text))
    reply = quoted_reply(plain)
    seen = None if reply else _first(plain, "seen")
    asked = _first(plain, "asked")
    evidence = _certificate(plain) if seen and seen.sign == "tls-certificate-name" else {}
    if _diverted(plain, provider) or _MASKED.search(plain):
        evidence = {**evidence, "intercepted": True}
    for mechanism, pattern in _MECHANISMS:
        if pattern.search(plain):
            evidence = {**evidence, "mechanism": mechanism}
            break
    found = next((one.step for one in (asked, seen) if one and one.step), "")
    return Signs(
        step=step_of(step) or found or guessed(reply),
        sign=seen.sign if seen else "refused-by-reply",
        reply=reply or bare_status(plain),
        text=plain,
        provider=provider.strip(),
        port=_port(plain),
        logged_in=None,
        evidence=evidence,
    )


def step_of(word: str) -> str:
    """The step that a word means, "" for none."""
    plain = "-".join(word.lower().split()).rstrip(":")
    return plain if plain in STEPS else _STEP_WORDS.get(plain, "")


def shortened(text: str) -> str:
    """The text, without the middle of a very long one."""
    half = LONGEST_CHARACTERS // 2
    return text if len(text) <= LONGEST_CHARACTERS else f"{text[:half]}\n{text[-half:]}"


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
    return {"expected_name": expected, "intercepted": bool(own) and not is_owners}


def _diverted(text: str, provider: str) -> bool:
    """Whether a dialogue with a known provider's host begins with the greeting of somebody else's server."""
    banner = _BANNER.search(text)
    if banner is None:
        return False
    asked = _OPENING.search(text)
    wanted = set(providers_at(asked[1])) if asked else {hinted(provider) or ""} & set(families())
    return any(families()[name].hosts for name in wanted) and not wanted.intersection(providers_at(banner[1]))


def _port(text: str) -> int:
    found = _HOST_PORT.search(text) or _PORT.search(text)
    return int(found[1]) if found else 0


class _Words(NamedTuple):
    """Words that stand for a sign, or for a step of the dialogue."""

    sign: str
    step: str
    pattern: re.Pattern[str]


@cache
def _table(kind: str) -> Sequence[_Words]:
    tables = tomllib.loads(_SEEN.read_text(encoding="utf-8"))[kind]
    return [
        _Words(table.get("sign", ""), table.get("step", ""), re.compile("|".join(table["words"]), re.IGNORECASE))
        for table in tables
    ]


def _first(text: str, kind: str) -> _Words | None:
    plain = re.sub(r"\s+", " ", text)
    return next((one for one in _table(kind) if one.pattern.search(plain)), None)
