"""Owns Postroom's encrypted secrets file: `encrypted:PATH`. The only importer of cryptography.

Each secret is sealed by itself with AES-256-GCM (NIST SP 800-38D) under one key, a fresh random nonce each time, and
its path as associated data: an entry that is moved to another path no longer opens. The names are not hidden.
The key is 32 random bytes in a key file or a systemd credential, or is derived from a passphrase with Argon2id
(RFC 9106). Which of the two is decided when the file is made and stands in it; nothing is searched for later.
"""

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.errors import SecretError
from postroom.files import Owner, atomic_write, locked, make_directory, read_checked
from postroom.secrets import refusals
from postroom.secrets.credential import SystemdCredential
from postroom.secrets.table import LOCK_SECONDS, Table, damaged

Ask = Callable[[str], str]
"""Puts a question on the terminal and returns what was typed, unseen. It raises when nothing was."""

CREDENTIAL = "postroom.secrets.key"
_VERSION = 1  # stands for the cipher, the derivation and its costs
_KEY_BYTES = 32
_NONCE_BYTES = 12  # SP 800-38D 8.2.2: 96 random bits; far fewer than 2^32 secrets are ever sealed under one key
_SALT_BYTES = 16  # RFC 9106 3.1
_MEMORY_KIB, _PASSES, _LANES = 65536, 3, 1  # RFC 9106 4, the second choice, on one core: about 0.2 s
_TRIES = 3
_CHECK = "check"  # associated data of the sealed nothing that tells a wrong key from damage; no path has this form
_KEY_FILE, _PASSPHRASE = "key", "passphrase"


class EncryptedFile:
    """Secrets sealed in one file at `path`.

    `key_path` is the key file; `credential` may bring the same key from systemd. `ask` is None where nobody can type.
    From root a new key file is for the group of `owner` to read as well (0640), since the service runs as it.
    """

    scheme = "encrypted"
    writable = True

    def __init__(
        self,
        path: Path,
        key_path: Path,
        *,
        credential: SystemdCredential,
        ask: Ask | None,
        as_root: bool,
        owner: Owner | None = None,
    ) -> None:
        self._table = Table(path, as_root=as_root, owner=owner)
        self._key_path = key_path
        self._credential = credential
        self._ask = ask
        self._as_root = as_root
        self._owner = owner
        self._cipher: AESGCM | None = None

    def state(self) -> StoreState:
        """Never asks: a file with a passphrase is `locked` where nobody can type it."""
        try:
            document = self._document()
            if document is not None and document["key"] == _PASSPHRASE:
                if self._ask or self._cipher:
                    return StoreState("usable", "asks for its passphrase")
                return StoreState("locked", "its passphrase has to be typed", "Run the command on a terminal.")
            key = self._key()
            if document is None:
                return StoreState("usable")
            if key is None:
                return self._keyless()
            self._check(AESGCM(key), document)
        except SecretError as error:
            return StoreState("unsafe" if "unsafe" in error.code else "absent", error.message, error.hint)
        return StoreState("usable")

    def read(self, locator: str) -> Secret:
        document = self._document()
        if document is None or locator not in document["secrets"]:
            raise refusals.not_found(self.scheme, locator)
        return self._open(self._unlock(document), document, locator)

    def write(self, locator: str, secret: Secret) -> None:
        refusals.usable(secret, self.scheme, locator)
        with self._table.changing():
            document = self._document() or self._new()
            cipher = self._unlock(document)
            document["secrets"][locator] = _seal(cipher, locator, secret)
            self._table.save(document)
            written = self._document()
            if written is None or self._open(cipher, written, locator) != secret:
                raise damaged(self._table.path)

    def remove(self, locator: str) -> bool:
        """Needs no key."""
        with self._table.changing():
            document = self._document()
            if document is None or document["secrets"].pop(locator, None) is None:
                return False
            self._table.save(document)
            return True

    def _document(self) -> dict[str, Any] | None:
        document = self._table.load()
        if document is None:
            return None
        if document.get("version") != _VERSION:
            raise SecretError(
                "secret.damaged",
                f"{self._table.path} is no secrets file of version {_VERSION}",
                hint="It may be from a later release of Postroom, or damaged.",
            )
        texts = (document.get(name) for name in ("key", "salt", "check"))
        secrets = document.get("secrets")
        if not all(isinstance(text, str) for text in texts) or not isinstance(secrets, dict):
            raise damaged(self._table.path)
        if document["key"] not in {_KEY_FILE, _PASSPHRASE}:
            raise damaged(self._table.path)
        return document

    def _new(self) -> dict[str, Any]:
        """A file without secrets, its key made where none was."""
        salt = os.urandom(_SALT_BYTES)
        passphrase = None if self._as_root or self._key() is not None else self._ask_new()
        cipher = _derive(passphrase, salt) if passphrase else AESGCM(self._key() or self._make_key())
        self._cipher = cipher
        return {
            "version": _VERSION,
            "key": _PASSPHRASE if passphrase else _KEY_FILE,
            "salt": base64.b64encode(salt).decode(),
            "check": _seal(cipher, _CHECK, Secret("")),
            "secrets": {},
        }

    def _ask_new(self) -> Secret | None:
        """A passphrase for a new file; None, for a key file instead, where nobody can type."""
        if self._ask is None:
            return None
        question = f"New passphrase for {self._table.path} (--no-input makes a key file instead)"
        for _ in range(_TRIES):
            first = Secret(self._ask(question))
            if first == Secret(self._ask("The same passphrase again")):
                return first
            question = "The two differ. New passphrase"
        raise SecretError("secret.wrong_key", "the two passphrases differ", hint="Run the command again.")

    def _unlock(self, document: dict[str, Any]) -> AESGCM:
        """The cipher with the right key. Raise SecretError `secret.wrong_key`, `secret.store_locked`."""
        if self._cipher is None:
            self._cipher = self._by_passphrase(document) if document["key"] == _PASSPHRASE else self._by_key(document)
        return self._cipher

    def _by_key(self, document: dict[str, Any]) -> AESGCM:
        key = self._key()
        if key is None:
            raise refusals.unusable(str(self._table.path), self._keyless())
        cipher = AESGCM(key)
        self._check(cipher, document)
        return cipher

    def _by_passphrase(self, document: dict[str, Any]) -> AESGCM:
        if self._ask is None:
            raise refusals.unusable(str(self._table.path), self.state())
        tries, question = _TRIES, f"Passphrase of {self._table.path}"
        while True:
            passphrase = Secret(self._ask(question))
            cipher = _derive(passphrase, self._decode(document["salt"]))
            tries -= 1
            try:
                self._check(cipher, document)
            except SecretError:
                if not tries:
                    raise
                question = f"That is not it. Passphrase of {self._table.path}"
            else:
                return cipher

    def _keyless(self) -> StoreState:
        hint = f"Restore the key file, or hand the unit the credential {CREDENTIAL}."
        return StoreState("absent", f"its key {self._key_path} is missing", hint)

    def _check(self, cipher: AESGCM, document: dict[str, Any]) -> None:
        try:
            _unseal(cipher, _CHECK, self._decode(document["check"]))
        except InvalidTag as error:
            if document["key"] == _PASSPHRASE:
                message, hint = f"that is not the passphrase of {self._table.path}", "Try again."
            else:
                held = self._credential.find(CREDENTIAL) is not None
                place = f"the credential {CREDENTIAL}" if held else self._key_path
                message = f"{self._table.path} was sealed with another key than {place} holds"
                hint = "Restore the key that belongs to it."
            raise SecretError("secret.wrong_key", message, hint=hint) from error

    def _open(self, cipher: AESGCM, document: dict[str, Any], locator: str) -> Secret:
        sealed = document["secrets"][locator]
        if not isinstance(sealed, str):
            raise damaged(self._table.path)
        try:
            text = _unseal(cipher, locator, self._decode(sealed))
        except InvalidTag as error:
            raise damaged(self._table.path) from error
        return refusals.decode(text, self.scheme, locator)

    def _decode(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise damaged(self._table.path) from error

    def _key(self) -> bytes | None:
        """The 32 bytes that the systemd credential or the key file holds; None where there is neither."""
        found = self._credential.find(CREDENTIAL)
        place, text = f"the credential {CREDENTIAL}", found.reveal() if found else None
        if text is None:
            with refusals.of_files():
                data = read_checked(
                    self._key_path, private=True, as_root=self._as_root, owner=self._owner, group_may_read=True
                )
            if data is None:
                return None
            place, text = str(self._key_path), data.decode("ascii", "replace").strip()
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""  # the exception could hold the text, so it is not chained
        if len(key) != _KEY_BYTES:
            raise SecretError(
                "secret.damaged",
                f"{place} is not a key of {_KEY_BYTES} bytes in base64",
                hint="Restore the key that belongs to the secrets file.",
            )
        return key

    def _make_key(self) -> bytes:
        """Make the key file; one that another process made in the meantime is taken as it is."""
        with refusals.of_files():
            make_directory(self._key_path.parent, mode=0o755 if self._as_root else 0o700)
            with locked(self._key_path, LOCK_SECONDS):
                key = self._key()
                if key is None:
                    key = AESGCM.generate_key(_KEY_BYTES * 8)
                    shared = (0, self._owner[1]) if self._as_root and self._owner else None
                    text = base64.b64encode(key) + b"\n"
                    atomic_write(self._key_path, text, mode=0o640 if shared else 0o600, owner=shared)
        return key


def _derive(passphrase: Secret, salt: bytes) -> AESGCM:
    kdf = Argon2id(salt=salt, length=_KEY_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return AESGCM(kdf.derive(passphrase.reveal().encode("utf-8", "surrogatepass")))


def _associated(locator: str) -> bytes:
    return f"postroom secrets {_VERSION} {locator}".encode()


def _seal(cipher: AESGCM, locator: str, secret: Secret) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + cipher.encrypt(nonce, secret.reveal().encode(), _associated(locator))).decode()


def _unseal(cipher: AESGCM, locator: str, sealed: bytes) -> bytes:
    if len(sealed) < _NONCE_BYTES:
        raise InvalidTag
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _associated(locator))
