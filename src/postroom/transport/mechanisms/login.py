"""LOGIN (draft-murchison-sasl-login): user name and password, each asked for. Old, and all that some servers know."""

from collections.abc import Mapping
from typing import Any

from postroom.transport.mechanisms.base import ChallengeError, without_nul


class Login:
    """Two challenges. Their words differ from server to server, so only their order counts."""

    initial = None
    evidence: Mapping[str, Any] = {}

    def __init__(self, username: str, password: str) -> None:
        self._answers = [without_nul("user name", username), without_nul("password", password)]

    def respond(self, challenge: bytes) -> bytes:
        """First the user name, then the password."""
        if not self._answers:
            raise ChallengeError(f"a third challenge of {len(challenge)} octets")
        return self._answers.pop(0)

    def finish(self) -> None:
        """The server has both, or it would not be LOGIN."""
        if self._answers:
            raise ChallengeError("success before the password was asked for")
