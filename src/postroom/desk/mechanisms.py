"""Owns the making of SASL mechanisms; only the one that a login takes is loaded."""

from postroom.domain.secret import Credential
from postroom.transport.mechanisms.base import Mechanism


def make_mechanism(name: str, credential: Credential, host: str, port: int) -> Mechanism:
    """The mechanism of that name, ready for one login. Raise SecretError when the secret cannot be used with it."""
    username = credential.username
    secret = credential.secret.reveal() if credential.secret else ""
    if name == "SCRAM-SHA-256":
        from postroom.transport.mechanisms.scram_sha_256 import ScramSha256

        return ScramSha256(username, secret)
    if name == "PLAIN":
        from postroom.transport.mechanisms.plain import Plain

        return Plain(username, secret)
    if name == "LOGIN":
        from postroom.transport.mechanisms.login import Login

        return Login(username, secret)
    if name == "XOAUTH2":
        from postroom.transport.mechanisms.xoauth2 import XOAuth2

        return XOAuth2(username, secret)
    if name == "OAUTHBEARER":
        from postroom.transport.mechanisms.oauthbearer import OAuthBearer

        return OAuthBearer(username, secret, host, port)
    if name == "CRAM-MD5":
        from postroom.transport.mechanisms.cram_md5 import CramMd5

        return CramMd5(username, secret)
    if name == "EXTERNAL":
        from postroom.transport.mechanisms.external import External

        return External(username)
    raise ValueError(name)
