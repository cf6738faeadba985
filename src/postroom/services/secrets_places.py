"""Owns the places of secrets: the settings that hold one, by the names that people use for them.

A place is named `smtp/main/password` or `main.password`. It refuses to open a store.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from postroom.domain.ports import Draft
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference
from postroom.domain.settings import Server, Settings, key_of
from postroom.errors import PostroomError, UsageError
from postroom.result import Warn
from postroom.services.servers import key_value, written_server

KeyPath = tuple[str, ...]
TOKENS: KeyPath = ("oauth", "tokens")
"""The place that a login fills, and each renewal fills anew; nobody types what belongs there."""

Hold = Callable[..., AbstractContextManager[None]]
"""Holds the tokens of the named servers; see `TokenKeeper.held`."""


class Place(NamedTuple):
    """A setting that holds a secret. `field` is the path within the server's table; `reference` is where the secret is
    now, None where none is set.
    """

    server: Server
    field: KeyPath
    reference: Reference | None

    @property
    def path(self) -> str:
        """The secret's name in a store: `smtp/main/password`."""
        return "/".join(("smtp", self.server.name, *self.field))

    @property
    def key_path(self) -> KeyPath:
        """The setting's path in the configuration."""
        return ("smtp", "servers", self.server.name, *self.field)

    @property
    def key(self) -> str:
        """The same, dotted."""
        return ".".join(self.key_path)

    @property
    def binding(self) -> Binding:
        """Whom a secret here is for."""
        return Binding(self.server.host, self.server.username or "")

    @property
    def command(self) -> str:
        """What fills the place anew."""
        if self.field == TOKENS:
            return f"postroom oauth login {self.server.name}"
        return f"postroom secrets set {self.path}"

    @property
    def stored(self) -> Reference | None:
        """The reference, where it is to a store that Postroom writes to."""
        return self.reference if self.reference and self.reference.scheme in STORED_SCHEMES else None

    def reference_in(self, scheme: str) -> Reference:
        """Where the secret would be in a store."""
        return Reference(scheme, self.path)


def places(settings: Settings) -> Iterator[Place]:
    """Every place of every server, set or not."""
    for server in settings.servers.values():
        for prefix, section in (((), server), (("oauth",), server.oauth)):
            for key in type(section).declared():
                if key.secret:
                    text = key_value(section, key)
                    yield Place(server, (*prefix, key.name), Reference.parse(str(text)) if text else None)


def find_place(settings: Settings, text: str) -> Place:
    """The place that a person names. Raise UsageError, or ConfigError for an unknown server."""
    words = text.split("/")[1:] if text.startswith("smtp/") else text.split(".")
    name, field = words[0], tuple(words[1:])
    if not name or not field:
        raise UsageError(
            "usage.bad_place", f"{text!r} names no secret", hint="Give it like main.password or smtp/main/password."
        )
    written_server(settings, name)
    known = [place for place in places(settings) if place.server.name == name]
    for place in known:
        if place.field == field:
            return place
    key = key_of(("smtp", "servers", name, *field))
    what = "is a setting, no secret" if key else "is unknown"
    raise UsageError(
        "usage.bad_place",
        f"{text!r} {what}; the secrets of {name} are " + ", ".join(".".join(place.field) for place in known),
        hint=f"postroom smtp set {name} {key.option} {key.kind.word}" if key else f"postroom smtp show {name}",
    )


def forget(remove: Callable[[Reference], bool], references: Iterable[Reference]) -> tuple[list[str], list[Warn]]:
    """Remove stored secrets to which the configuration, already changed, refers no more.

    Return those that are gone, and a warning for each that its store would not let go: the change itself is done.
    """
    gone, left = [], []
    for reference in references:
        try:
            if remove(reference):
                gone.append(str(reference))
        except PostroomError as error:
            text = f"the secret {reference} is no longer used, but it is still there: {error.message}"
            left.append(Warn("secret.left", text, f"postroom secrets remove {reference}"))
    return gone, left


def set_reference(place: Place, reference: Reference) -> Callable[[Draft], None]:
    """A change of the configuration: the secret is there from now on."""
    return lambda draft: draft.set(place.key_path, str(reference))


def still_used(settings: Settings, reference: Reference, *, besides: Place) -> bool:
    """Whether another setting refers to the same secret."""
    return any(place.reference == reference for place in places(settings) if place.key != besides.key)
