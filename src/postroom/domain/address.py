"""Owns mail addresses and host names: what is valid, in our own grammar (RFC 5321 4.1.2, RFC 5890, RFC 6531)."""

import re
from typing import NamedTuple


class Address(NamedTuple):
    """A mail address that has been checked. `domain` is the form that goes on the wire (A-labels, lower case)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def utf8(self) -> bool:
        """Whether SMTPUTF8 is needed: a local part outside ASCII has no other form."""
        return not self.local.isascii()


_LOCAL = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*")


def parse_address(text: str) -> Address:
    """Read one plain address. Raise ValueError with the rule it breaks; nothing is ever stripped or mended."""
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local):
        raise ValueError("must be one plain address like user@example.com")
    return Address(local, parse_host(domain))


def parse_host(text: str) -> str:
    """Read a host name or IP address, in the form in which it is looked up. Raise ValueError with the rule."""
    if not re.fullmatch(r"[A-Za-z0-9.:-]+", text):
        raise ValueError("must be a host name or an IP address")
    return text.lower()
