"""Owns what the two OAuth 2.0 mechanisms have in common: a token that is one, and the server's error as JSON."""

import json
import re
from typing import Any

from postroom.transport.mechanisms.base import ChallengeError, unusable

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_KEPT = ("status", "schemes", "scope", "openid-configuration")
"""The fields that the two mechanisms define. Others could be anything, even an echo of the token."""


def check_token(token: str) -> str:
    """The token, if it is one (RFC 6750 2.1). Raise SecretError; the usual cause is a line end or quotes around it."""
    if not _TOKEN.fullmatch(token):
        raise unusable("access token", "is empty or contains characters that no token has")
    return token


class Bearer:
    """One response; when the server refuses it says why in a challenge, wants a dummy answer and then refuses."""

    def __init__(self, initial: bytes, dummy: bytes) -> None:
        self.initial = initial
        self.evidence: dict[str, Any] = {}
        self._dummy = dummy

    def respond(self, challenge: bytes) -> bytes:
        """Keep the server's error and give the dummy answer that RFC 7628 3.2.3 and XOAUTH2 ask for."""
        if self.evidence:
            raise ChallengeError("a second error challenge")
        try:
            error = json.loads(challenge)
        except (ValueError, RecursionError):
            error = {}
        fields = error if isinstance(error, dict) else {}
        self.evidence["oauth_error"] = {name: str(fields[name]) for name in _KEPT if name in fields}
        return self._dummy

    def finish(self) -> None:
        """After its error challenge a server may not say that all is well."""
        if self.evidence:
            raise ChallengeError("success after an error challenge")
