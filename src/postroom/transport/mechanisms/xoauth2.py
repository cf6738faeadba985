"""XOAUTH2 (Google's and Microsoft's, never an RFC): an OAuth 2.0 access token."""

from postroom.transport.mechanisms.base import unusable
from postroom.transport.mechanisms.bearer import Bearer, check_token


class XOAuth2(Bearer):
    """The error challenge is answered with an empty line."""

    def __init__(self, username: str, token: str) -> None:
        if "\x01" in username:
            raise unusable("user name", "contains U+0001")
        super().__init__(f"user={username}\x01auth=Bearer {check_token(token)}\x01\x01".encode(), b"")
