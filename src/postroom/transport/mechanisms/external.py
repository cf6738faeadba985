"""EXTERNAL (RFC 4422 appendix A): the TLS client certificate is the identity."""

from postroom.transport.mechanisms.base import OneShot, without_nul


class External(OneShot):
    """The response is the identity to act as; empty lets the server take it from the certificate."""

    def __init__(self, username: str) -> None:
        super().__init__(without_nul("user name", username))
