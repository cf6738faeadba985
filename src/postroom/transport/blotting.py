"""Owns the blotting out of what was said in a login, wherever the server repeats it afterwards, in whatever form.

Invariant: what is too short to be told from ordinary words is blotted out in the login's own answers alone.
"""

import base64
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

BLOT = b"[redacted]"
SHORTEST_OCTETS = 6
"""A shorter secret may be a word of any reply; outside the login its forms are let be."""


class Blotter:
    """Knows the secrets of one session and takes them out of octets."""

    def __init__(self) -> None:
        self._login: set[bytes] = set()
        self._always: set[bytes] = set()
        self.in_login = False

    def learn(self, secrets: Iterable[bytes]) -> None:
        """Secrets as they were said or stand behind what was said."""
        for secret in secrets:
            if len(secret) > 1:
                self._login.add(secret)
            if len(secret) >= SHORTEST_OCTETS:
                self._always |= _forms(secret)

    def learn_spoken(self, line: bytes) -> None:
        """A line of the login as it was sent: base64, or a star."""
        if len(line) > 1:
            self._login.add(line)
        if len(line) >= SHORTEST_OCTETS:
            self._always.add(line)

    def blot(self, octets: bytes) -> bytes:
        """The octets without them, the longest forms first."""
        known = self._always | self._login if self.in_login else self._always
        for form in sorted(known, key=len, reverse=True):
            octets = octets.replace(form, BLOT)
        return octets

    def blot_text(self, text: str) -> str:
        """The same for text."""
        return self.blot(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _forms(secret: bytes) -> set[bytes]:
    """Raw, base64 at each of the three alignments, hex, URL encoding."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    found |= {quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret)
        # The first and the last group hold bits of the neighbours.
        inner = coded[4 if before else 0 : -4]
        if len(inner) >= SHORTEST_OCTETS:
            found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found
