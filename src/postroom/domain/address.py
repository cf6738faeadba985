"""Owns mail addresses and host names: what is valid, in our own grammar (RFC 5321 4.1.2, RFC 5890, RFC 6531).

Refuses to mend anything: a text that breaks a rule is refused with that rule, never stripped, unquoted or guessed at.
"""

import re
import unicodedata
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import idna

from postroom.domain.characters import name_of, refuse_controls

LONGEST_LOCAL_BYTES = 64
"""RFC 5321 4.5.3.1.1."""
LONGEST_NAME_BYTES = 253
"""A DNS name is 255 octets on the wire, with a length before each label and a root label (RFC 1035 2.3.4)."""
LONGEST_LABEL_BYTES = 63
LONGEST_ADDRESS_BYTES = 254
"""A path is 256 octets with its angle brackets (RFC 5321 4.5.3.1.3)."""

SHORTEST_KNOWN_DOMAIN = 8
"""One letter away from a shorter domain (`gmx.de`, `me.com`) lies another that exists as often as a slip."""

_ATOM_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#$&'*+/=?^_`{|}~-.")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_ADDRESS_SIGNS = {
    "<": "must be the plain address alone, without a name and angle brackets",
    ">": "must be the plain address alone, without a name and angle brackets",
    ",": "must be one address, not a list (',')",
    ";": "must be one address, not a list (';')",
    "(": "must not contain a comment in parentheses",
    ")": "must not contain a comment in parentheses",
    '"': "must not have a quoted local part ('\"')",
}
_ROUTES = {
    "%": "must not contain '%', which routes the mail through another host",
    "!": "must not contain '!', which routes the mail through another host",
}


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


def parse_address(text: str) -> Address:
    """Read one plain address: a dot-atom, `@`, and a DNS name or an address literal (RFC 5321 4.1.2, RFC 6531 3.3).

    The local part stays as it is, letter for letter. The domain becomes its wire form: A-labels, lower case. Quoted
    local parts, comments, source routes and `%` or `!` routing are refused. Raise ValueError with the rule that the
    text breaks, worded to follow the text (`must ...`).
    """
    refuse_controls(text)
    for sign, rule in _ADDRESS_SIGNS.items():
        if sign in text:
            raise ValueError(rule)
    _refuse_space(text)
    if (count := text.count("@")) != 1:
        raise ValueError(f"must contain exactly one '@', not {count or 'none'}, like user@example.com")
    local, _, domain = text.partition("@")
    _check_local(local)
    address = Address(local, _address_domain(domain))
    if len(str(address).encode()) > LONGEST_ADDRESS_BYTES:
        raise ValueError(f"must be at most {LONGEST_ADDRESS_BYTES} octets long")
    return address


def parse_host(text: str) -> str:
    """Read a DNS name, IPv4 or IPv6 address (without brackets), in the form in which it is looked up.

    That form is A-labels in lower case (IDNA 2008), or the shortest spelling of the IP address. A single label is
    accepted: local networks have them. Raise ValueError with the rule that the text breaks, worded to follow the text.
    """
    refuse_controls(text)
    if not text:
        raise ValueError("must not be empty: write a host name or an IP address")
    _refuse_space(text)
    if "://" in text:
        raise ValueError("must be the host name alone, without a scheme like 'https://'")
    if "/" in text:
        raise ValueError("must be the host name alone, without '/' and what follows it")
    if "@" in text:
        raise ValueError("must be a host name, not an address with '@'")
    if "[" in text or "]" in text:
        raise ValueError("must be written without brackets: an IPv6 address stands alone here, like 2001:db8::1")
    if ":" in text:
        return _host_with_colon(text)
    if _NUMBER.fullmatch(text.rpartition(".")[2].lower()):
        return _ipv4(text)
    return _dns_name(text)


def near_miss(domain: str, known: Iterable[str]) -> str | None:
    """The well-known domain that `domain` is one slip away from (`gmai.com` -> `gmail.com`), or None.

    A slip is one letter too many, too few or wrong, or two neighbours exchanged. `known` should hold every domain that
    is right, so that none of them counts as a slip of another.
    """
    names = tuple(known)
    if domain in names:
        return None
    for name in names:
        if len(name) >= SHORTEST_KNOWN_DOMAIN and _one_slip(domain, name):
            return name
    return None


def _refuse_space(text: str) -> None:
    for character in text:
        if character.isspace():
            raise ValueError(f"must not contain {name_of(character)}")


def _check_local(local: str) -> None:
    if not local:
        raise ValueError("must have a local part before the '@'")
    for character in local:
        if character in _ROUTES:
            raise ValueError(_ROUTES[character])
        if character not in _ATOM_CHARACTERS and (character.isascii() or not _fit_for_local(character)):
            raise ValueError(f"must not contain {name_of(character)} before the '@'")
    if local.startswith("-"):
        raise ValueError("must not begin with '-', which other programs read as an option")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("must not have a dot at the start or end of the local part, or two in a row")
    if not unicodedata.is_normalized("NFC", local):
        raise ValueError("must be written in composed characters before the '@' (Unicode NFC)")
    if len(local.encode()) > LONGEST_LOCAL_BYTES:
        raise ValueError(f"must have at most {LONGEST_LOCAL_BYTES} octets before the '@'")


def _fit_for_local(character: str) -> bool:
    """Whether a character outside ASCII is visible and does not pass for one of those that we refuse."""
    if unicodedata.category(character) in ("Cf", "Co", "Zs"):
        return False
    reading = unicodedata.normalize("NFKC", character)
    return all(letter in _ATOM_CHARACTERS for letter in reading if letter.isascii())


def _address_domain(text: str) -> str:
    if not text:
        raise ValueError("must have a domain after the '@'")
    if text.startswith("[") and text.endswith("]"):
        literal = text[1:-1]
        if literal[:5].lower() == "ipv6:":
            return f"[IPv6:{_ipv6(literal[5:])}]"
        return f"[{_ipv4(literal)}]"
    if _NUMBER.fullmatch(text.rpartition(".")[2].lower()):
        raise ValueError("must have a domain name after the '@', or an IP address in brackets like [192.0.2.1]")
    return _dns_name(text)


def _dns_name(text: str) -> str:
    if text.endswith("."):
        raise ValueError("must not end with a dot")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("must have a domain name in composed characters (Unicode NFC)")
    name = ".".join(_label(label) for label in text.split("."))
    if len(name) > LONGEST_NAME_BYTES:
        raise ValueError(f"must have a domain name of at most {LONGEST_NAME_BYTES} characters")
    return name


def _label(text: str) -> str:
    if not text:
        raise ValueError("must not have an empty label: a dot at the start, or two in a row")
    if len(text) > LONGEST_LABEL_BYTES:
        raise ValueError(f"must have at most {LONGEST_LABEL_BYTES} characters between two dots of its domain name")
    # Letter by letter: as a whole, a capital sigma at the end of a word would become another letter than IDNA's.
    label = "".join(character.lower() for character in text)
    if not label.isascii() or label.startswith("xn--"):
        return _a_label(label)
    for character in label:
        if not (character.isalnum() or character == "-"):
            raise ValueError(f"must not contain {name_of(character)} in its domain name: letters, digits, '-' and '.'")
    if label.startswith("-") or label.endswith("-"):
        raise ValueError("must not have '-' at the start or end of a part of its domain name")
    return label


def _a_label(label: str) -> str:
    """The label as the DNS has it. IDNA 2008 alone, without the mapping of UTS 46: what is mapped is another domain."""
    for character in label:
        reading = unicodedata.normalize("NFKC", character)
        if reading != character:
            raise ValueError(f"must not contain {name_of(character)} in its domain name: it passes for '{reading}'")
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"must be an international domain name as in IDNA 2008: {error}") from error


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError as error:
        raise ValueError("must be an IPv4 address of four numbers from 0 to 255, like 192.0.2.1") from error


def _ipv6(text: str) -> str:
    if "%" in text:
        raise ValueError("must be an IPv6 address without a zone ('%')")
    try:
        address = IPv6Address(text)
    except ValueError as error:
        raise ValueError("must be an IPv6 address like 2001:db8::1") from error
    if address.ipv4_mapped:
        raise ValueError(f"must be written as the IPv4 address that it stands for: {address.ipv4_mapped}")
    return str(address)


def _host_with_colon(text: str) -> str:
    name, _, port = text.partition(":")
    if port.isdecimal() and name:
        raise ValueError(f"must be the host name alone: give the port {port} by itself")
    if port.count(":") == 0:
        raise ValueError("must be the host name alone, without ':'")
    return _ipv6(text)


def _one_slip(one: str, other: str) -> bool:
    """Whether the two differ by one insertion, deletion or substitution, or by two neighbours exchanged."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    lengths = (len(one), len(other))
    return lengths in ((0, 1), (1, 0), (1, 1)) or (lengths == (2, 2) and one == other[::-1])
