"""Owns the reading of what an application proves itself with: a secret, a certificate, an assertion, a service account.

It refuses to know stores: it is handed a way to read a reference. Files with a private key must be private themselves.
"""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shlex import quote
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from postroom.domain.google_files import read_service_account
from postroom.domain.oauth import Assertion, Certificate, Proof, ServiceAccount
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Server
from postroom.errors import ConfigError, DataError, Exit, FileError
from postroom.files import Owner, read_checked

ReadSecret = Callable[[Reference], Secret]
T = TypeVar("T")

_LIMIT_BYTES = 64 * 1024
_SHORTEST_RSA_BITS = 2048  # RFC 7518 3.3
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
_KEYS = ("client_secret", "certificate", "assertion")


def read_proof(
    server: Server,
    read_secret: ReadSecret,
    *,
    flow: str | None = None,
    as_root: bool = False,
    owner: Owner | None = None,
) -> Proof:
    """What the application of a server proves itself with; None for a public client. `flow` is one for this call.

    Raise ConfigError `oauth.no_proof`, `oauth.several_proofs`, `oauth.certificate_unusable`,
    `oauth.service_account_unusable`; FileError `file.missing` and what `files.read_checked` raises; what `read_secret`
    raises.
    """
    settings = server.oauth
    flow = flow or settings.flow or ""
    files = _Files(as_root, owner)
    if flow == "service-account":
        if settings.service_account is None:
            raise _missing(server, "key file of a service account", "--service-account FILE")
        return _service_account(server, Path(settings.service_account), files)
    if found := [key for key in _KEYS if getattr(settings, key) is not None][1:]:
        raise _several(server, found)
    if settings.certificate is not None:
        if settings.certificate_key is None:
            raise _missing(server, "private key of the certificate", "--certificate-key FILE")
        return _certificate(server, Path(settings.certificate), Path(settings.certificate_key), files)
    if settings.assertion is not None:
        return Assertion(read_secret(settings.assertion))
    if settings.client_secret is not None:
        return read_secret(settings.client_secret)
    if flow == "client-credentials":
        raise _missing(
            server,
            "secret, certificate or assertion",
            "--client-secret-stdin, or --certificate FILE --certificate-key FILE",
        )
    return None


def certificate_ends(path: Path) -> date | None:
    """The last day of a certificate in a file; None where there is none to be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.date()
    except (OSError, ValueError, UnsupportedAlgorithm):
        return None  # whoever uses it says what is wrong with it


def kind_of(key: Secret) -> Literal["RSA", "EC"]:
    """What kind of key it is that signs. Raise ValueError, which repeats nothing of it, for one that cannot be used."""
    found = _quietly(lambda: load_pem_private_key(key.reveal().encode(), password=None))
    if isinstance(found, EllipticCurvePrivateKey):
        return "EC"
    if not isinstance(found, RSAPrivateKey):
        raise ValueError("it is no RSA or EC key in PEM format, or it has a passphrase")  # noqa: TRY004 - of the text
    if found.key_size < _SHORTEST_RSA_BITS:
        raise ValueError(f"it has {found.key_size} bits, and less than {_SHORTEST_RSA_BITS} are refused")
    return "RSA"


class _Files:
    def __init__(self, as_root: bool, owner: Owner | None) -> None:
        self._as_root = as_root
        self._owner = owner

    def read(self, path: Path, *, private: bool) -> bytes:
        # A link may lead to a key, as it does in containers and in directories of certificates; root follows none.
        place = path if self._as_root or not private else Path(os.path.realpath(path))
        data = read_checked(
            place,
            private=private,
            as_root=self._as_root,
            owner=self._owner,
            group_may_read=True,
            limit_bytes=_LIMIT_BYTES,
        )
        if data is None:
            raise FileError(
                "file.missing", f"{path} is not there", hint=f"ls -l {quote(str(path.parent))}", exit=Exit.NO_INPUT
            )
        return data


def _certificate(server: Server, certificate: Path, key: Path, files: _Files) -> Certificate:
    def unusable(path: Path, problem: str, option: str) -> ConfigError:
        return _unusable(server, "oauth.certificate_unusable", f"{path} cannot be used: {problem}", option)

    block = _CERTIFICATE.search(files.read(certificate, private=False))
    found = _quietly(lambda: x509.load_pem_x509_certificate(block[0] if block else b""))
    if block is None or found is None:
        raise unusable(certificate, "it is no certificate in PEM format", "--certificate")
    secret = Secret(files.read(key, private=True).decode("latin-1"))
    problem = ""
    try:
        kind_of(secret)
    except ValueError as error:
        problem = str(error)
    if problem:
        raise unusable(key, problem, "--certificate-key")
    own = load_pem_private_key(secret.reveal().encode(), password=None).public_key()
    if own != found.public_key():
        raise unusable(key, f"it is not the key of {certificate}", "--certificate-key")
    return Certificate(block[0], secret)


def _service_account(server: Server, path: Path, files: _Files) -> ServiceAccount:
    def unusable(problem: str) -> ConfigError:
        return _unusable(
            server, "oauth.service_account_unusable", f"{path} cannot be used: {problem}", "--service-account"
        )

    text = files.read(path, private=True).decode("utf-8", "replace")
    try:
        found = read_service_account(text)
    except DataError as error:
        raise unusable(error.message) from error
    problem = ""
    try:
        kind_of(found.key)
    except ValueError as error:
        problem = f"its private_key cannot be used: {error}"
    if problem:
        raise unusable(problem)
    return found


def _quietly(read: Callable[[], T]) -> T | None:
    """What was read; None where it cannot be. The exceptions of readers may repeat what they were given."""
    try:
        return read()
    except (ValueError, TypeError, RecursionError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def _missing(server: Server, what: str, options: str) -> ConfigError:
    return ConfigError(
        "oauth.no_proof",
        f"server {server.name} has no {what}, with which its application could prove itself",
        hint=f"postroom smtp set {server.name} {options}",
    )


def _several(server: Server, keys: list[str]) -> ConfigError:
    return ConfigError(
        "oauth.several_proofs",
        f"server {server.name} has more than one of {', '.join(_KEYS[:-1])} and {_KEYS[-1]}",
        hint=f"postroom smtp set {server.name} --unset oauth.{keys[-1]}",
    )


def _unusable(server: Server, code: str, message: str, option: str) -> ConfigError:
    return ConfigError(code, message, hint=f"postroom smtp set {server.name} {option} FILE")
