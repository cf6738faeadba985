"""Owns what every SASL mechanism promises to the login."""

from collections.abc import Mapping
from typing import Any, Protocol

from postroom.errors import SecretError


class ChallengeError(Exception):
    """The server's part of the mechanism is wrong; the text says how, without the challenge."""


class Mechanism(Protocol):
    """The client's side of one login. Bytes are before base64."""

    @property
    def initial(self) -> bytes | None:
        """The initial response; None where the server speaks first."""

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What the server told in its challenges that explains a refusal; JSON-ready."""

    def respond(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raise ChallengeError."""

    def finish(self) -> None:
        """The server says that we are in. Raise ChallengeError when it has not proved what it had to."""


class OneShot:
    """A mechanism of one response: it has said everything at once and expects no challenge."""

    evidence: Mapping[str, Any] = {}

    def __init__(self, initial: bytes) -> None:
        self.initial = initial

    def respond(self, challenge: bytes) -> bytes:
        """There is nothing to answer."""
        raise ChallengeError(f"an unexpected challenge of {len(challenge)} octets")

    def finish(self) -> None:
        """Nothing to prove."""


def without_nul(what: str, text: str) -> bytes:
    """The text as UTF-8. Raise SecretError when it holds NUL, which ends a field in SASL, or is no text at all."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise unusable(what, "is not valid Unicode") from error
    if b"\0" in encoded:
        raise unusable(what, "contains NUL")
    return encoded


def unusable(what: str, why: str) -> SecretError:
    """The error for a secret that no mechanism can carry."""
    return SecretError(
        "secret.unusable", f"the {what} {why} and cannot be used to log in", hint="Set it again: postroom smtp set"
    )
