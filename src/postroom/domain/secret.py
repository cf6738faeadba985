"""Owns secrets as values: one that cannot print itself, where it is kept, whom it is for. Reads no store."""

import shlex
from _operator import _compare_digest as same  # hmac has it too, but loads OpenSSL on every start: 3 ms
from typing import Literal, NamedTuple, NoReturn


class Secret:
    """A password, token or key. Only `reveal()` gives it away; it prints, formats and represents as `***`.

    It refuses to be pickled, copied into JSON or hashed, and compares in constant time.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: for the wire and for a store, nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return same(self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass"))

    __hash__ = None  # type: ignore[assignment]  # a hash would be a fingerprint of the secret

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")


SCHEMES = ("keyring", "encrypted", "credential", "file", "command", "env", "plain")
STORED_SCHEMES = ("keyring", "encrypted", "plain")
"""Stores that Postroom itself writes to; the others are only read."""


class Reference(NamedTuple):
    """Where a secret is kept, as written in the configuration: `keyring:smtp/main/password`, `env:NAME`."""

    scheme: str
    locator: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read `SCHEME:LOCATOR`. Raise ValueError with the rule when it is not one; the text is never repeated,
        for it may be a password put in the wrong place.
        """
        scheme, colon, locator = text.partition(":")
        if not colon or scheme not in SCHEMES or not locator:
            raise ValueError(
                "must be a reference (" + ", ".join(f"{name}:..." for name in SCHEMES) + "), never the secret itself"
            )
        if any(ord(char) < 32 or ord(char) == 127 for char in locator):
            raise ValueError("must not contain control characters")
        if scheme == "file" and not locator.startswith("/"):
            raise ValueError("file: takes an absolute path")
        if scheme == "env" and not (locator.isascii() and locator.isidentifier()):
            raise ValueError("env: takes the name of a variable: letters, digits and _")
        if scheme == "command":
            _check_command(locator)
        return cls(scheme, locator)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.locator}"


def _check_command(text: str) -> None:
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("command: must close every quote, and not end in a backslash") from None
    if not words:
        raise ValueError("command: must name a program")


class Binding(NamedTuple):
    """Whom a secret is for. It is used only where both are the ones recorded when it was set."""

    host: str
    username: str


class Stored(NamedTuple):
    """A stored secret as the ledger knows it. `set_at` is RFC 3339, UTC."""

    reference: Reference
    set_at: str
    binding: Binding


class Credential(NamedTuple):
    """What a session logs in with.

    `kind` decides the mechanisms: a token is never tried as a password. `external` (the TLS client certificate is the
    identity) has no secret. `account` is whose token it is, where the provider told.
    """

    kind: Literal["password", "token", "external"]
    username: str
    secret: Secret | None
    account: str = ""
