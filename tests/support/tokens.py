"""Owns the access tokens that the test servers accept: JWTs signed with a key of this run. Knows no server."""

import base64
import json
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_COORDINATE_BYTES = 32  # of P-256: a JWS signature is r and s side by side, not DER (RFC 7518 3.4)


class TokenIssuer:
    """Signs tokens with ES256, whose signature is short enough for a token that fits on an AUTH line.

    Dovecot looks the public key up as `DIRECTORY/<azp, else "default">/<alg>/<kid>`.
    """

    def __init__(self, directory: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key_file = directory / "default" / "ES256" / "test"
        key_file.parent.mkdir(parents=True)
        key_file.write_bytes(public)

    def token(self, address: str, *, lifetime_seconds: int = 3600, at_least_octets: int = 0) -> str:
        """A token for the address; a lifetime below zero makes one that has expired."""
        now = int(time.time())
        claims: dict[str, object] = {"sub": address, "email": address, "exp": now + lifetime_seconds}
        claims["iat"] = claims["nbf"] = now - max(0, -lifetime_seconds) - 60
        token = self._signed(claims)
        if (missing := at_least_octets - len(token)) > 0:
            claims["padding"] = "x" * missing
            token = self._signed(claims)
        return token

    def _signed(self, claims: dict[str, object]) -> str:
        # Dovecot 2.3 refuses a header without this very "typ", RFC 9068's "at+jwt" included.
        header = {"typ": "JWT", "alg": "ES256", "kid": "test"}
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)
        return (signed + b"." + _base64url(signature)).decode()


def _base64url(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
