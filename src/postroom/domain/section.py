"""Owns what a section of the settings is: keys that are declared once, values, and where each came from.

It refuses to know which sections and keys there are.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, cast, overload

from postroom.domain.kinds import Kind, ReferenceKind

T = TypeVar("T")


class Source(NamedTuple):
    """Where a value came from. `layer` is one of LAYERS; `where` is the file, variable, option or preset, or what a
    derived value was derived from.
    """

    layer: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.layer} {self.where}".strip()


LAYERS = ("default", "derived", "preset", "file", "environment", "option")

DEFAULT = Source("default")


class Value(NamedTuple):
    """One value as a layer gave it: parsed, with its source."""

    value: Any
    source: Source


class Key(Generic[T]):
    """One setting of a section: reading it from a section gives the value, from the class the declaration.

    `default_note` tells how a value comes about that is derived from others. `option` is the command-line option where
    its name is not the key's. `reserved` marks a key that is read by no command of this release.
    """

    name: str

    def __init__(
        self,
        kind: Kind[Any],
        help: str,  # noqa: A002 - the word of every help text
        *,
        default: Any = None,
        default_note: str = "",
        option: str = "",
        name: str = "",
        reserved: bool = False,
    ) -> None:
        self.kind = kind
        self.help = help
        self.default = default
        self.default_note = default_note
        self.reserved = reserved
        self._option = option
        if name:
            self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        if not hasattr(self, "name"):
            self.name = name

    @property
    def option(self) -> str:
        """The long option that sets it, with its dashes."""
        return "--" + (self._option or self.name).replace("_", "-")

    @property
    def secret(self) -> bool:
        """Whether the value is a reference to a secret."""
        return isinstance(self.kind, ReferenceKind)

    @overload
    def __get__(self, section: None, owner: type) -> "Key[T]": ...
    @overload
    def __get__(self, section: "Section", owner: type) -> T: ...
    def __get__(self, section: "Section | None", owner: type) -> "Key[T] | T":
        if section is None:
            return self
        found = section.values.get(self.name)
        return cast("T", self.default if found is None else found.value)


class Section:
    """A table of the configuration: values by key name, each with its source."""

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        self.values: Mapping[str, Value] = values or {}

    @classmethod
    def declared(cls) -> Iterator[Key[Any]]:
        """The keys, in the order of their declaration."""
        return (key for key in vars(cls).values() if isinstance(key, Key))

    @classmethod
    def key(cls, name: str) -> Key[Any] | None:
        """The key of that name in the configuration file."""
        return next((key for key in cls.declared() if key.name == name), None)

    def source(self, name: str) -> Source:
        """Where the value of the key `name` came from."""
        found = self.values.get(name)
        return found.source if found else DEFAULT

    def given(self, name: str) -> bool:
        """Whether a person set the key: in a file, the environment or an option."""
        return self.source(name).layer in ("file", "environment", "option")
