"""Owns the words in which secret stores refuse. Never handed a secret, so it can never repeat one."""

import contextlib
from collections.abc import Iterator

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.errors import FileError, SecretError

LONGEST_BYTES = 8192  # the longest access tokens in use have about 4 KiB


def not_found(scheme: str, locator: str, what: str = "holds no secret", hint: str = "") -> SecretError:
    """Nothing there, or nothing but an empty line."""
    return SecretError("secret.not_found", f"{scheme}:{locator} {what}", hint=hint or f"postroom secrets set {locator}")


def malformed(scheme: str, locator: str, rule: str) -> SecretError:
    """Something there, but no secret that could be used."""
    return SecretError("secret.malformed", f"{scheme}:{locator} {rule}", hint="A secret is one line of UTF-8 text.")


def unusable(place: str, state: StoreState) -> SecretError:
    """What a store that is not usable says to whoever tries anyway."""
    code = {"locked": "store_locked", "absent": "store_absent", "hanging": "store_hanging", "unsafe": "store_unsafe"}
    return SecretError(f"secret.{code[state.state]}", f"{place}: {state.reason}", hint=state.hint)


def elsewhere(locator: str) -> str:
    """Where else a secret may be kept. Nobody types tokens: a login puts them elsewhere."""
    _, _, rest = locator.partition("/")
    server, _, field = rest.partition("/")
    if field == "oauth/tokens":
        return f"Keep the tokens elsewhere: postroom oauth login {server} --store encrypted"
    option = "--" + field.rpartition("/")[2].replace("_", "-")
    return f"Keep the secret elsewhere: --store encrypted, {option}-file FILE, {option}-env NAME"


def first_line(data: bytes, scheme: str, locator: str, hint: str) -> Secret:
    """The secret in what a file or a command gave: its first line, nothing else taken away."""
    line = data.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise not_found(scheme, locator, "is empty", hint)
    if len(line) > LONGEST_BYTES:
        raise malformed(scheme, locator, f"has a first line of more than {LONGEST_BYTES} bytes")
    return usable(decode(line, scheme, locator), scheme, locator)


def decode(line: bytes, scheme: str, locator: str) -> Secret:
    """UTF-8 bytes as a secret. The decoder's own exception holds the bytes, so it is not chained."""
    try:
        return Secret(line.decode())
    except UnicodeDecodeError:
        refusal = malformed(scheme, locator, "is not UTF-8")
    raise refusal


def usable(secret: Secret, scheme: str, locator: str) -> Secret:
    """The secret, when it can be sent and stored: not empty, one line, UTF-8."""
    text = secret.reveal()
    if not text:
        raise SecretError("secret.empty", f"{scheme}:{locator} would be empty", hint="Give a secret.")
    if any(char in "\0\r\n" for char in text):
        raise malformed(scheme, locator, "has a line break or NUL in it")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise malformed(scheme, locator, "is not UTF-8")
    if len(text.encode()) > LONGEST_BYTES:
        raise malformed(scheme, locator, f"has more than {LONGEST_BYTES} bytes")
    return secret


@contextlib.contextmanager
def of_files() -> Iterator[None]:
    """Say what a file could not do as what a secret could not: `file.unsafe` becomes `secret.file_unsafe`."""
    try:
        yield
    except FileError as error:
        code = "secret." + error.code.replace(".", "_")
        raise SecretError(code, error.message, hint=error.hint, exit=error.exit) from error
