"""Owns the kinds of values that settings hold: how each is written, its bounds, and the rule that a bad one breaks.

A kind never sees a key or a file. It raises ValueError with the rule alone; the caller names the value and the place.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from postroom.domain.address import Address, parse_address, parse_host
from postroom.domain.characters import CONTROLS, refuse_controls
from postroom.domain.secret import Reference

T = TypeVar("T")

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_RECORD_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)?")
_RATE = re.compile(r"([0-9]{1,6})/(s|min|h|d)")
_PIN = re.compile(r"sha256/[A-Za-z0-9+/]{43}=")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
PLACEHOLDERS = frozenset(("HOST", "NAME", "ADDRESS", "FILE", "ID", "URL"))
"""Of a hint that was typed as it stands; none of them is a value that anybody has."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Rate(NamedTuple):
    """At most `messages` messages in `seconds`."""

    messages: int
    seconds: int

    def __str__(self) -> str:
        unit = {1: "s", 60: "min", 3600: "h", 86400: "d"}[self.seconds]
        return f"{self.messages}/{unit}"


class Kind(ABC, Generic[T]):
    """How one kind of value is written. `word` stands for it in help and man pages."""

    word = "TEXT"

    @abstractmethod
    def parse(self, value: object) -> T:
        """Read a value as TOML gives it. Raise ValueError with the rule."""

    def read(self, text: str) -> T:
        """Read a value as a command line or the environment gives it. Raise ValueError with the rule."""
        if text in PLACEHOLDERS:
            raise ValueError("is the word that stands for a value in help and hints: give the value itself")
        return self.parse(text)

    def toml(self, value: T) -> object:
        """The value as it is written into a TOML file and into JSON."""
        return value if isinstance(value, bool | int) else str(value)

    @property
    def rule(self) -> str:
        """What is allowed, in a few words."""
        return ""

    @property
    def choices(self) -> Sequence[str]:
        """Every allowed value, where there are few; for completions."""
        return ()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 - one exception type for all broken rules
    return value


class Text(Kind[str]):
    """A line of text without control characters."""

    def __init__(self, word: str = "TEXT", *, longest: int = 255) -> None:
        self.word = word
        self.longest = longest

    def parse(self, value: object) -> str:
        text = _text(value)
        if not text or len(text) > self.longest:
            raise ValueError(f"must have 1 to {self.longest} characters")
        refuse_controls(text)
        return text

    @property
    def rule(self) -> str:
        return f"1 to {self.longest} characters, no control characters"


class Choice(Kind[str]):
    """One of a few words. `aliases` are other products' words for them."""

    def __init__(self, *words: str, aliases: dict[str, str] | None = None) -> None:
        self.words = words
        self.aliases = aliases or {}
        self.word = "|".join(words)

    def parse(self, value: object) -> str:
        text = _text(value)
        word = self.aliases.get(text.lower(), text.lower())
        if word not in self.words:
            raise ValueError("must be one of " + ", ".join(self.words))
        return word

    @property
    def rule(self) -> str:
        return "one of " + ", ".join(self.words)

    @property
    def choices(self) -> Sequence[str]:
        return self.words


class Integer(Kind[int]):
    """A whole number within bounds."""

    word = "N"

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest, self.highest = lowest, highest

    def parse(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a whole number")  # noqa: TRY004 - one exception type for all broken rules
        if not self.lowest <= value <= self.highest:
            raise ValueError(f"must be from {self.lowest} to {self.highest}")
        return value

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ValueError(f"must be a whole number from {self.lowest} to {self.highest}")
        return self.parse(int(text))

    @property
    def rule(self) -> str:
        return f"{self.lowest} to {self.highest}"


class Boolean(Kind[bool]):
    """true or false."""

    word = "true|false"

    def parse(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")  # noqa: TRY004 - one exception type for all broken rules
        return value

    def read(self, text: str) -> bool:
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if text.lower() not in words:
            raise ValueError("must be true or false")
        return words[text.lower()]

    @property
    def rule(self) -> str:
        return "true or false"

    @property
    def choices(self) -> Sequence[str]:
        return ("true", "false")


class Duration(Kind[int]):
    """A time span in seconds, written `90s`, `15m`, `72h`, `5d` or as a bare number of seconds."""

    word = "DURATION"

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest, self.highest = lowest, highest

    def parse(self, value: object) -> int:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
        found = _DURATION.fullmatch(text)
        if not found:
            raise ValueError("must be a duration like 90s, 15m, 72h or 5d")
        seconds = int(found[1]) * _SECONDS[found[2] or "s"]
        if not self.lowest <= seconds <= self.highest:
            raise ValueError(f"must be from {self.toml(self.lowest)} to {self.toml(self.highest)}")
        return seconds

    def toml(self, value: int) -> object:
        for unit in ("d", "h", "m"):
            if value and value % _SECONDS[unit] == 0:
                return f"{value // _SECONDS[unit]}{unit}"
        return f"{value}s"

    @property
    def rule(self) -> str:
        return f"{self.toml(self.lowest)} to {self.toml(self.highest)}"


class RateKind(Kind[Rate]):
    """A rate such as `30/min`."""

    word = "RATE"

    def parse(self, value: object) -> Rate:
        found = _RATE.fullmatch(_text(value))
        if not found or not int(found[1]):
            raise ValueError("must be a rate like 30/min (s, min, h or d)")
        return Rate(int(found[1]), {"s": 1, "min": 60, "h": 3600, "d": 86400}[found[2]])

    @property
    def rule(self) -> str:
        return "like 30/min; s, min, h or d"


class Name(Kind[str]):
    """The name of a server, a profile or a kind of mail."""

    word = "NAME"

    def parse(self, value: object) -> str:
        text = _text(value)
        if not NAME.fullmatch(text):
            raise ValueError(f"must match {NAME.pattern}")
        return text

    @property
    def rule(self) -> str:
        return NAME.pattern


class Host(Kind[str]):
    """A host name or an IP address, in the form in which it is looked up (IDNA 2008, lower case)."""

    word = "HOST"

    def parse(self, value: object) -> str:
        return parse_host(_text(value))

    @property
    def rule(self) -> str:
        return "a host name or an IP address: no scheme, no port, no slash"


class RecordName(Kind[str]):
    """The name of a record in the DNS, or a part of one. Unlike a host's it may have underscores."""

    word = "NAME"

    def parse(self, value: object) -> str:
        text = _text(value)
        if not _RECORD_NAME.fullmatch(text):
            raise ValueError(f"must be {self.rule}")
        return text

    @property
    def rule(self) -> str:
        return "a name in the DNS: letters, digits, '-', '_' and '.'"


class AddressKind(Kind[Address]):
    """A mail address."""

    word = "ADDRESS"

    def parse(self, value: object) -> Address:
        return parse_address(_text(value))

    @property
    def rule(self) -> str:
        return "one plain address like user@example.com"


class Path(Kind[str]):
    """An absolute path of a file."""

    word = "FILE"

    def parse(self, value: object) -> str:
        text = _text(value)
        if not text.startswith("/") or CONTROLS.search(text):
            raise ValueError("must be an absolute path")
        return text

    @property
    def rule(self) -> str:
        return "an absolute path"


class Url(Kind[str]):
    """An absolute URL of one of some schemes, without a password in it."""

    word = "URL"

    def __init__(self, *schemes: str) -> None:
        self.schemes = schemes

    def parse(self, value: object) -> str:
        text = _text(value)
        scheme, separator, rest = text.partition("://")
        authority = rest.partition("/")[0]
        if not separator or scheme not in self.schemes or not authority or not re.fullmatch(r"[!-~]{1,1000}", text):
            raise ValueError("must be a URL that begins with " + " or ".join(f"{name}://" for name in self.schemes))
        # Up to the last @: a password that nobody encoded may hold a slash, which would seem to end the authority.
        if ":" in rest.rpartition("@")[0]:
            raise ValueError("must not contain a password: give that as a secret of its own")
        return text

    @property
    def rule(self) -> str:
        return "begins with " + " or ".join(f"{name}://" for name in self.schemes)


class Pin(Kind[str]):
    """The SHA-256 of a certificate's public key (SPKI), as in RFC 7469."""

    word = "PIN"

    def parse(self, value: object) -> str:
        text = _text(value)
        if not _PIN.fullmatch(text):
            raise ValueError("must be sha256/ and 44 characters of base64")
        return text

    @property
    def rule(self) -> str:
        return "sha256/BASE64"


class Date(Kind[str]):
    """A calendar day, ISO 8601."""

    word = "DATE"

    def parse(self, value: object) -> str:
        text = value.isoformat() if hasattr(value, "isoformat") else _text(value)
        if not _DATE.fullmatch(text):
            raise ValueError("must be a date like 2027-01-31")
        return str(text)

    @property
    def rule(self) -> str:
        return "like 2027-01-31"


class ReferenceKind(Kind[Reference]):
    """Where a secret is kept; never the secret."""

    word = "REFERENCE"

    def parse(self, value: object) -> Reference:
        return Reference.parse(_text(value))

    @property
    def rule(self) -> str:
        return "a reference such as keyring:smtp/main/password, never the secret"


class Listing(Kind[tuple[T, ...]]):
    """Several values of one kind; on a command line separated by commas."""

    def __init__(self, kind: Kind[T]) -> None:
        self.kind = kind
        self.word = f"{kind.word}[,{kind.word}...]"

    def parse(self, value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - one exception type for all broken rules
        return tuple(self.kind.parse(item) for item in value)

    def read(self, text: str) -> tuple[T, ...]:
        return tuple(self.kind.read(item.strip()) for item in text.split(",") if item.strip())

    def toml(self, value: tuple[T, ...]) -> object:
        return [self.kind.toml(item) for item in value]

    @property
    def rule(self) -> str:
        return f"a list, each {self.kind.rule}"
