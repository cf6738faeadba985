"""Owns what a text says of the ways to log in (SASL mechanisms): which one was used, and which were only offered. Pure.

It refuses to know what a refusal means.
"""

import re

_FOR_TOKENS = r"(?:XOAUTH2|OAUTHBEARER)"
_NAME = (
    rf"(?:{_FOR_TOKENS}|LOGIN|PLAIN(?:-CLIENTTOKEN)?|NTLM|GSSAPI|EXTERNAL|ANONYMOUS|(?:CRAM|DIGEST)-MD5|SCRAM-[\w-]{{1,40}}"
    r"|XOAUTH|XYMCOOKIE|ATOKEN2?)"
)
_BETWEEN = r"(?:[^\w\n]{1,6}(?:and |or )?)"

_NAME_FOR_TOKENS = re.compile(rf"\b{_FOR_TOKENS}\b", re.IGNORECASE)
_LIST = re.compile(rf"\b{_NAME}(?:{_BETWEEN}{_NAME}\b){{1,30}}", re.IGNORECASE)
# A command has one mechanism, what a server offers is a list, or stands behind its 250 (RFC 4954 3 and 4).
_USED = re.compile(
    rf"(?<!250[- ])\bAUTH[ =](?P<command>{_NAME})\b(?!{_BETWEEN}{_NAME}\b)"
    rf"|\bauthenticator [\"'](?P<named>{_NAME})[\"'] returned",
    re.IGNORECASE,
)
_OF_PASSWORD = re.compile(r"Password (?:not accepted|command)", re.IGNORECASE)
# The challenge with which a token is refused (RFC 7628 3.2.2), and what programs that send one call it.
_SENT = re.compile(
    r"[\"']schemes[\"']|SaslMechanismOAuth|type[\"']?: ?[\"']OAuth2|\bgrant_type\b"
    r"|\b(?:access|refresh)_?token[\"']?\s?[:=]",
    re.IGNORECASE,
)


def used_mechanism(text: str) -> str:
    """The mechanism of the login that a text tells of, the first where there are several; "" where it tells of none.

    The name of one for tokens counts wherever it stands, but for the list of what a server offers.
    """
    if found := _USED.search(text):
        return (found["command"] or found["named"]).upper()
    if _SENT.search(text) or _NAME_FOR_TOKENS.search(without_offers(text)):
        return "XOAUTH2"
    return "PLAIN" if _OF_PASSWORD.search(text) else ""


def without_offers(text: str) -> str:
    """The text without the names of mechanisms for tokens that a server merely offers."""
    return _LIST.sub(lambda found: _NAME_FOR_TOKENS.sub("", found[0]), text)


def without_tokens(text: str) -> str:
    """The text without any name of a mechanism for tokens, for a login that was made by a password."""
    return _NAME_FOR_TOKENS.sub("", text)
