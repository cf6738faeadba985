"""SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password, and neither shows it."""

import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from postroom.transport.mechanisms.base import ChallengeError, without_nul
from postroom.transport.mechanisms.saslprep import saslprep

LEAST_ITERATIONS = 4096
"""RFC 7677 4. Fewer would let an impostor's server guess the password cheaply from our proof."""
MOST_ITERATIONS = 1_000_000
"""About half a second of work; a hostile server could ask for days."""


class ScramSha256:
    """Three messages and the server's signature. `nonce` is for tests with the vectors of the RFC."""

    evidence: Mapping[str, Any] = {}

    def __init__(self, username: str, password: str, nonce: str = "") -> None:
        self._password = without_nul("password", saslprep(password))
        self._nonce = nonce or binascii.b2a_base64(os.urandom(24), newline=False).decode()
        name = without_nul("user name", saslprep(username)).decode().replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}".encode()
        self._signature: bytes | None = None
        self._verified = False

    @property
    def initial(self) -> bytes:
        """No channel binding, no authorization identity."""
        return b"n,," + self._bare

    def respond(self, challenge: bytes) -> bytes:
        """The proof, then nothing after the server's signature was found right."""
        if self._signature is None:
            return self._prove(challenge)
        if self._verified:
            raise ChallengeError("a challenge after the server's signature")
        fields = _fields(challenge)
        if "v" not in fields or not hmac.compare_digest(_decoded(fields["v"]), self._signature):
            raise ChallengeError("the server's signature is wrong: it does not know the password")
        self._verified = True
        return b""

    def finish(self) -> None:
        """Without its signature the server may be anybody."""
        if not self._verified:
            raise ChallengeError("success without the server's signature")

    def _prove(self, challenge: bytes) -> bytes:
        fields = _fields(challenge)
        nonce, salt, count = fields.get("r", ""), fields.get("s", ""), fields.get("i", "")
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise ChallengeError("the server's nonce does not begin with ours")
        if not (count.isascii() and count.isdecimal() and len(count) <= len(str(MOST_ITERATIONS))):
            raise ChallengeError("the iteration count is no number")
        if not LEAST_ITERATIONS <= int(count) <= MOST_ITERATIONS:
            raise ChallengeError(f"the iteration count is not within {LEAST_ITERATIONS} and {MOST_ITERATIONS}")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, _decoded(salt), int(count))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={nonce}".encode()
        message = b",".join((self._bare, challenge, without_proof))
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        proof = bytes(left ^ right for left, right in zip(client_key, signature, strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        return without_proof + b",p=" + binascii.b2a_base64(proof, newline=False)


def _fields(challenge: bytes) -> dict[str, str]:
    try:
        parts = challenge.decode("utf-8").split(",")
    except UnicodeDecodeError as error:
        raise ChallengeError("a challenge that is not UTF-8") from error
    if parts[0].startswith("m="):
        raise ChallengeError("the server demands an extension that is not known")
    return {part[0]: part[2:] for part in parts if part[1:2] == "="}


def _decoded(text: str) -> bytes:
    try:
        found = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise ChallengeError("a field that is not base64") from error
    if not found:
        raise ChallengeError("an empty field")
    return found
