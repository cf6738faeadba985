"""OAUTHBEARER (RFC 7628): an OAuth 2.0 access token, with the host that it is meant for."""

from postroom.transport.mechanisms.base import unusable
from postroom.transport.mechanisms.bearer import Bearer, check_token


class OAuthBearer(Bearer):
    """The error challenge is answered with one octet 0x01."""

    def __init__(self, username: str, token: str, host: str, port: int) -> None:
        if "\x01" in username:
            raise unusable("user name", "contains U+0001")
        name = username.replace("=", "=3D").replace(",", "=2C")
        fields = (f"n,a={name},", f"host={host}", f"port={port}", f"auth=Bearer {check_token(token)}", "", "")
        super().__init__("\x01".join(fields).encode(), b"\x01")
