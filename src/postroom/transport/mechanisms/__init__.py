"""SASL mechanisms (RFC 4422), one a file. Owns the choice among them; refuses to know SMTP and TLS."""

from collections.abc import Callable, Mapping, Sequence

from postroom.domain.secret import Credential
from postroom.transport.mechanisms.base import Mechanism

MakeMechanism = Callable[[str, Credential, str, int], Mechanism]
"""Makes the mechanism of a name for a credential, a host and a port. Handed in, so that only that one is loaded."""

ORDER: Mapping[str, Sequence[str]] = {
    "password": ("SCRAM-SHA-256", "PLAIN", "LOGIN"),
    "token": ("XOAUTH2", "OAUTHBEARER"),
    "external": ("EXTERNAL",),
}
"""By the kind of credential, the best first. A token is never tried as a password nor the other way round."""

ONLY_WHEN_NAMED: Mapping[str, Sequence[str]] = {"password": ("CRAM-MD5",)}
"""CRAM-MD5 makes the server keep the password in a form that is as good as the password."""


def choose(kind: str, offered: Sequence[str], named: str | None) -> str | None:
    """The mechanism to use, or None when there is none in common. A `named` one is taken or nothing is."""
    if named:
        name = named.upper()
        allowed = (*ORDER[kind], *ONLY_WHEN_NAMED.get(kind, ()))
        return name if name in allowed and name in offered else None
    return next((name for name in ORDER[kind] if name in offered), None)
