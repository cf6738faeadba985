"""PLAIN (RFC 4616): user name and password as they are."""

from postroom.transport.mechanisms.base import OneShot, without_nul


class Plain(OneShot):
    """One response, and the server sees the password: for encrypted connections."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__(b"\0" + without_nul("user name", username) + b"\0" + without_nul("password", password))
