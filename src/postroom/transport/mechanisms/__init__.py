"""SASL mechanisms (RFC 4422), one a file. Owns the choice among them; refuses to know SMTP and TLS."""

from collections.abc import Callable, Mapping, Sequence

from postroom.domain.secret import Credential
from postroom.transport.mechanisms.base import Mechanism
from postroom.transport.mechanisms.cram_md5 import CramMd5
from postroom.transport.mechanisms.external import External
from postroom.transport.mechanisms.login import Login
from postroom.transport.mechanisms.oauthbearer import OAuthBearer
from postroom.transport.mechanisms.plain import Plain
from postroom.transport.mechanisms.scram_sha_256 import ScramSha256
from postroom.transport.mechanisms.xoauth2 import XOAuth2

Make = Callable[[str, str], Mechanism]

_MAKERS: Mapping[str, Callable[[str, str, str, int], Mechanism]] = {
    "SCRAM-SHA-256": lambda username, secret, _host, _port: ScramSha256(username, secret),
    "PLAIN": lambda username, secret, _host, _port: Plain(username, secret),
    "LOGIN": lambda username, secret, _host, _port: Login(username, secret),
    "CRAM-MD5": lambda username, secret, _host, _port: CramMd5(username, secret),
    "XOAUTH2": lambda username, secret, _host, _port: XOAuth2(username, secret),
    "OAUTHBEARER": OAuthBearer,
    "EXTERNAL": lambda username, _secret, _host, _port: External(username),
}

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


def make(name: str, credential: Credential, host: str, port: int) -> Mechanism:
    """The mechanism, ready for one login. Raise SecretError when the secret cannot be used with it."""
    secret = credential.secret.reveal() if credential.secret else ""
    return _MAKERS[name](credential.username, secret, host, port)
