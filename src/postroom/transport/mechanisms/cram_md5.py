"""CRAM-MD5 (RFC 2195): proof of the password without showing it. Obsolete; used only when a person names it."""

import hmac
from collections.abc import Mapping
from typing import Any

from postroom.transport.mechanisms.base import ChallengeError, without_nul


class CramMd5:
    """One challenge, one answer."""

    initial = None
    evidence: Mapping[str, Any] = {}

    def __init__(self, username: str, password: str) -> None:
        self._username = without_nul("user name", username)
        self._password = without_nul("password", password)
        self._answered = False

    def respond(self, challenge: bytes) -> bytes:
        """The user name and the keyed digest of the challenge."""
        if self._answered or not challenge:
            raise ChallengeError("an empty or a second challenge")
        self._answered = True
        return self._username + b" " + hmac.new(self._password, challenge, "md5").hexdigest().encode()

    def finish(self) -> None:
        """The server must have asked."""
        if not self._answered:
            raise ChallengeError("success without a challenge")
