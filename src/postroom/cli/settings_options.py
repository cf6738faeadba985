"""Owns the options that are derived from the settings: `smtp set` and `smtp test` take each key as an option.

Refuses to read values: they stay as typed until the service checks them.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from typer.core import TyperOption

from postroom.cli.frame import Front
from postroom.domain.kinds import Path
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Key, OAuth, Section, Server, Tls, key_of
from postroom.errors import UsageError

KeyPath = tuple[str, ...]

UNUSED = "Not used by this release."


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
    SecretOption(("oauth", "assertion"), "assertion", "the OAuth 2.0 client assertion"),
)

APPLICATION_OPTIONS = tuple(option for option in SERVER_OPTIONS if option[0][0] in ("provider", "oauth"))
APPLICATION_SECRETS = tuple(secret for secret in SERVER_SECRETS if secret.path[0] == "oauth")

SECRET_FORMS = (
    ("stdin", "Read {} from standard input and store it.", ""),
    ("file", "Read {} from the first line of this file each time.", "FILE"),
    ("command", "Read {} from this command's output each time.", "CMD"),
    ("env", "Read {} from this environment variable each time.", "NAME"),
)


def takes_server_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of a server; they arrive in its `**given`.

    They are made without Typer's reading of signatures, which would double the start of `smtp test`.
    """
    signature = inspect.signature(function)
    named = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    function.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]  # what Typer reads
    function.further_options = server_options  # type: ignore[attr-defined]  # read by `tree.command`
    return function


def takes_application_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a server's provider and application for OAuth 2.0; they arrive in its `**given`."""
    takes_server_options(function).further_options = application_options  # type: ignore[attr-defined]  # as above
    return function


def application_options() -> tuple[list[TyperOption], list[TyperOption]]:
    """The options of an application, all of which count."""
    used = [_setting_option(path, key) for path, key in APPLICATION_OPTIONS]
    return used + [option for secret in APPLICATION_SECRETS for option in _secret_options(secret)], []


def server_options() -> tuple[list[TyperOption], list[TyperOption]]:
    """The options of a server: those that count, in the order of their use, and those that no command reads yet."""
    used = [_setting_option(path, key) for path, key in SERVER_OPTIONS if not key.reserved]
    reserved = [_setting_option(path, key) for path, key in SERVER_OPTIONS if key.reserved]
    secrets = [(secret, _secret_options(secret)) for secret in SERVER_SECRETS]
    first = [option for secret, options in secrets if not _reserved(secret) for option in options]
    last = [option for secret, options in secrets if _reserved(secret) for option in options]
    return used + first, reserved + last


def _reserved(secret: SecretOption) -> bool:
    key = key_of(("smtp", "servers", "x", *secret.path))
    return key is not None and key.reserved


def _setting_option(path: KeyPath, key: Key[Any]) -> TyperOption:
    default = key.default_note or ("" if key.default is None else str(key.kind.toml(key.default)))
    text = key.help + (f" Default: {default}." if default else "") + (f" {UNUSED}" if key.reserved else "")
    return TyperOption(param_decls=[_name(path), key.option], type=str, help=text, metavar=key.kind.word)


def _secret_options(secret: SecretOption) -> list[TyperOption]:
    found = []
    for form, text, metavar in SECRET_FORMS:
        name = f"{secret.stem}-{form}"
        words = [name.replace("-", "_"), f"--{name}"]
        told = text.format(secret.what) + (f" {UNUSED}" if _reserved(secret) else "")
        if metavar:
            found.append(TyperOption(param_decls=words, type=str, help=told, metavar=metavar))
        else:
            found.append(TyperOption(param_decls=words, is_flag=True, default=False, help=told))
    return found


def given_values(given: Mapping[str, Any]) -> dict[KeyPath, str]:
    """The settings that were given, by path, as typed; a path of a file becomes absolute."""
    found = {}
    for path, key in SERVER_OPTIONS:
        text = given.get(_name(path))
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
        values = [(form, given.get(f"{stem}_{form}")) for form, _, _ in SECRET_FORMS]
        chosen = [(form, value) for form, value in values if value not in (None, False)]
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
    if not value:
        raise UsageError("usage.bad_value", f"{option} must not be empty")
    text = os.path.abspath(value) if form == "file" else str(value)  # noqa: PTH100 - text in, text out
    try:
        return Reference.parse(f"{form}:{text}")
    except ValueError as error:  # the value is not repeated: somebody may have typed the secret there
        raise UsageError("usage.bad_value", f"{option}: {error}") from error
