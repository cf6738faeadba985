"""Owns the options that are derived from the settings: `smtp set` and `smtp test` take each key as an option.

Refuses to read values: they stay as typed until the service checks them.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from postroom.cli.frame import Front
from postroom.domain.kinds import Path
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Key, OAuth, Section, Server, Tls
from postroom.errors import UsageError

KeyPath = tuple[str, ...]


class SecretOption(NamedTuple):
    """A secret with its four options: `--password-stdin`, `-file`, `-command`, `-env`."""

    path: KeyPath
    stem: str
    what: str


def _options(
    section: type[Section], prefix: KeyPath = (), without: Iterable[str] = ()
) -> list[tuple[KeyPath, Key[Any]]]:
    return [((*prefix, key.name), key) for key in section.declared() if not key.secret and key.name not in without]


SERVER_OPTIONS = (
    *_options(Server, without=("enabled",)),
    *_options(Tls, ("tls",), without=("strict",)),
    *_options(OAuth, ("oauth",)),
)

SERVER_SECRETS = (
    SecretOption(("password",), "password", "the password"),
    SecretOption(("access_token",), "access-token", "the OAuth 2.0 access token"),
    SecretOption(("proxy_password",), "proxy-password", "the proxy's password"),
    SecretOption(("oauth", "client_secret"), "client-secret", "the OAuth 2.0 client secret"),
)

SECRET_FORMS = (
    ("stdin", "Read {} from standard input and store it.", ""),
    ("file", "Read {} from the first line of this file each time.", "FILE"),
    ("command", "Read {} from this command's output each time.", "CMD"),
    ("env", "Read {} from this environment variable each time.", "NAME"),
)


def takes_server_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of a server; they arrive in its `**given`."""
    own = [
        parameter
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    derived = [_setting_parameter(path, key) for path, key in SERVER_OPTIONS]
    derived += [parameter for secret in SERVER_SECRETS for parameter in _secret_parameters(secret)]
    parameters = [*own, *derived]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature reads
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return function


def _setting_parameter(path: KeyPath, key: Key[Any]) -> inspect.Parameter:
    text = key.help + (f" Default: {key.default_note}." if key.default_note else "")
    info = typer.Option(key.option, help=text, metavar=key.kind.word, show_default=False)
    return _parameter(_name(path), Annotated[str | None, info], None)


def _secret_parameters(secret: SecretOption) -> list[inspect.Parameter]:
    found = []
    for form, text, metavar in SECRET_FORMS:
        name = f"{secret.stem}-{form}"
        info = typer.Option(f"--{name}", help=text.format(secret.what), metavar=metavar or None, show_default=False)
        annotation: Any = Annotated[str | None, info] if metavar else Annotated[bool, info]
        found.append(_parameter(name.replace("-", "_"), annotation, None if metavar else False))
    return found


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def given_values(given: Mapping[str, Any]) -> dict[KeyPath, str]:
    """The settings that were given, by path, as typed; a path of a file becomes absolute."""
    found = {}
    for path, key in SERVER_OPTIONS:
        text = given[_name(path)]
        if text is not None:
            found[path] = os.path.abspath(text) if isinstance(key.kind, Path) else text  # noqa: PTH100 - text in, text out
    return found


def _name(path: KeyPath) -> str:
    # `from` is a keyword of Python.
    return "from_" if path == ("from",) else "__".join(path)


def given_secrets(front: Front, given: Mapping[str, Any]) -> dict[KeyPath, Secret | Reference]:
    """The secrets that were given: read from stdin, or where to read them. Raise UsageError for two ways at once."""
    found: dict[KeyPath, Secret | Reference] = {}
    readers = 0
    for secret in SERVER_SECRETS:
        stem = secret.stem.replace("-", "_")
        chosen = [(form, given[f"{stem}_{form}"]) for form, _, _ in SECRET_FORMS if given[f"{stem}_{form}"]]
        if len(chosen) > 1:
            names = " and ".join(f"--{secret.stem}-{form}" for form, _ in chosen)
            raise UsageError("usage.conflict", f"{names} exclude each other")
        for form, value in chosen:
            readers += form == "stdin"
            if readers > 1:
                raise UsageError("usage.conflict", "only one secret can come from standard input")
            found[secret.path] = read_secret(front, f"--{secret.stem}-{form}", form, value)
    return found


def read_secret(front: Front, option: str, form: str, value: Any) -> Secret | Reference:
    """One secret from one of its four options."""
    if form == "stdin":
        return Secret(front.read_secret_line(option))
    text = os.path.abspath(value) if form == "file" else str(value)  # noqa: PTH100 - text in, text out
    try:
        return Reference.parse(f"{form}:{text}")
    except ValueError as error:
        raise UsageError("usage.bad_value", f"{option} {value!r} {error}") from error
