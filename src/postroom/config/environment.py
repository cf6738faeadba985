"""Owns the layer of the environment: which variable sets which key, and systemd's credentials.

Secrets stay where they are: the layer only records from where they are read. The variables are handed in.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, cast

from postroom.config.document import KeyPath
from postroom.config.problems import Problem
from postroom.domain.settings import Key, OAuth, Server, Source, Value, key_of
from postroom.result import Warn

SERVER_NAME = "environment"
"""The name of the server that the environment describes completely."""

COMPLETE = ("POSTROOM_SMTP_HOST", "POSTROOM_SMTP_PROVIDER")

_PLAIN: Mapping[str, KeyPath] = {
    "POSTROOM_SMTP_HOST": ("host",),
    "POSTROOM_SMTP_PORT": ("port",),
    "POSTROOM_SMTP_SECURITY": ("security",),
    "POSTROOM_SMTP_AUTH": ("auth",),
    "POSTROOM_SMTP_USERNAME": ("username",),
    "POSTROOM_SMTP_FROM": ("from",),
    "POSTROOM_SMTP_FROM_NAME": ("from_name",),
    "POSTROOM_SMTP_PROVIDER": ("provider",),
    "POSTROOM_SMTP_TIMEOUT": ("timeout",),
    "POSTROOM_SMTP_CA_FILE": ("tls", "ca_file"),
    "POSTROOM_OAUTH_CLIENT_ID": ("oauth", "client_id"),
    "POSTROOM_OAUTH_TENANT": ("oauth", "tenant"),
    "POSTROOM_OAUTH_FLOW": ("oauth", "flow"),
    "POSTROOM_OAUTH_SCOPE": ("oauth", "scope"),
    "POSTROOM_OAUTH_ISSUER": ("oauth", "issuer"),
    "POSTROOM_OAUTH_TOKEN_URL": ("oauth", "token_endpoint"),
}
_SECRET: Mapping[str, KeyPath] = {
    "POSTROOM_SMTP_PASSWORD": ("password",),
    "POSTROOM_OAUTH_CLIENT_SECRET": ("oauth", "client_secret"),
    "POSTROOM_OAUTH_CLIENT_ASSERTION": ("oauth", "assertion"),
    "POSTROOM_OAUTH_ACCESS_TOKEN": ("access_token",),
}
VARIABLES: Mapping[str, KeyPath] = {
    **_PLAIN,
    **{name: path for variable, path in _SECRET.items() for name in (variable, f"{variable}_FILE")},
}
"""Every variable that sets a key, with the path of the key in a server's table; for the manual."""

_FIELDS: Mapping[str, KeyPath] = {
    **{key.name: (key.name,) for key in Server.declared() if key.secret},
    **{key.name: ("oauth", key.name) for key in OAuth.declared() if key.secret},
}


class Layer(NamedTuple):
    """What a layer says. Problems name variables, never values."""

    entries: Mapping[KeyPath, Value]
    problems: tuple[Problem, ...]


_ELSEWHERE = ("POSTROOM_SMTP_TO",)
"""Variables of the same family that set no key."""


def unknown_variables(environ: Mapping[str, str]) -> Iterator[Warn]:
    """Variables that look like ours and are none: a slip here costs an hour in a CI job."""
    known = (*VARIABLES, *_ELSEWHERE)
    for variable in sorted(environ):
        if variable.startswith(("POSTROOM_SMTP_", "POSTROOM_OAUTH_")) and variable not in known:
            near = get_close_matches(variable, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "postroom man postroom.toml lists the variables"
            yield Warn("config.unknown_variable", f"the variable {variable} means nothing to Postroom", hint)


def empty_variables(environ: Mapping[str, str]) -> Iterator[Warn]:
    """Variables that would describe a server and are empty: where there is no other server, they are why."""
    for variable in COMPLETE:
        if environ.get(variable) == "":
            yield Warn(
                "config.empty_variable", f"{variable} is set, but empty", f"give {variable} a value, or unset it"
            )


def is_complete(environ: Mapping[str, str]) -> bool:
    """Whether the environment describes a server of its own, which is then the default."""
    return any(environ.get(variable) for variable in COMPLETE)


def environment_layer(environ: Mapping[str, str], server: str | None) -> Layer:
    """What the POSTROOM_SMTP_* and POSTROOM_OAUTH_* variables say of the server that is the default.

    An empty variable counts as unset. Without a server there is nothing that they could change.
    """
    entries: dict[KeyPath, Value] = {}
    problems: list[Problem] = []

    def take(variable: str, key_path: KeyPath, text: str) -> None:
        path = ("smtp", "servers", server or "", *key_path)
        try:
            entries[path] = Value(_declared(path).kind.read(text), Source("environment", variable))
        except ValueError as error:
            problems.append(Problem("environment", path, f"{variable} {error}", f"unset {variable}"))

    if server is None:
        return Layer({}, ())
    for variable, key_path in _PLAIN.items():
        if text := environ.get(variable):
            take(variable, key_path, text)
    for variable, key_path in _SECRET.items():
        in_file = f"{variable}_FILE"
        if environ.get(variable) and environ.get(in_file):
            path = ("smtp", "servers", server, *key_path)
            problems.append(Problem("environment", path, f"{variable} and {in_file} are both set", f"unset {variable}"))
        elif environ.get(variable):
            take(variable, key_path, f"env:{variable}")
        elif file := environ.get(in_file):
            take(in_file, key_path, f"file:{file}")
    return Layer(entries, tuple(problems))


def credentials_layer(environ: Mapping[str, str], servers: Collection[str]) -> Layer:
    """The credentials `postroom.SERVER.FIELD` from systemd, for the secret fields of the servers that there are."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    entries: dict[KeyPath, Value] = {}
    try:
        names = [path.name for path in Path(directory).iterdir()] if directory else []
    except FileNotFoundError:
        names = []  # inherited from a service that has ended
    except OSError as error:
        return Layer({}, (Problem("environment", (), f"CREDENTIALS_DIRECTORY cannot be read: {error.strerror}"),))
    for name in names:
        program, _, rest = name.partition(".")
        server, _, field = rest.partition(".")
        path = _FIELDS.get(field)
        if program != "postroom" or server not in servers or path is None:
            continue  # somebody else's, or the key of our secrets file
        full = ("smtp", "servers", server, *path)
        reference = _declared(full).kind.read(f"credential:{name}")
        entries[full] = Value(reference, Source("environment", "CREDENTIALS_DIRECTORY"))
    return Layer(entries, ())


def _declared(path: KeyPath) -> Key[Any]:
    return cast("Key[Any]", key_of(path))  # the tables above name declared keys only; a test goes through them
