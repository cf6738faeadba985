"""Owns the making of secret stores for a desk, one by its scheme; only that store's module is loaded."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from postroom.config.paths import Scope
from postroom.domain.ports import SecretStore
from postroom.files import Owner

SYSTEM_KEY = Path("/etc/postroom/secrets.key")
"""Apart from the secrets that it opens: a backup of the state alone is worth nothing."""


class _Taken(dict[str, str]):
    """A copy of the environment; what is taken out of it is gone from the process's own as well."""

    def pop(self, name: str, *default: Any) -> Any:
        os.environ.pop(name, None)
        return super().pop(name, *default)


class SecretStores:
    """Makes the store of a scheme. `ask` is None where nobody can answer."""

    def __init__(
        self,
        scope: Scope,
        *,
        environ: Mapping[str, str],
        child_environment: Callable[[], Mapping[str, str]],
        ask: Callable[[str], str] | None,
        as_root: bool,
        owner: Owner | None,
    ) -> None:
        self._scope = scope
        self._environ = environ
        self._child_environment = child_environment
        self._ask = ask
        self._root = as_root
        self._owner = owner
        self._makers: Mapping[str, Callable[[], SecretStore]] = {
            "keyring": self._keyring,
            "encrypted": self._encrypted,
            "credential": self._credential,
            "file": self._file,
            "command": self._command,
            "env": self._variables,
            "plain": self._plain,
        }

    def __call__(self, scheme: str) -> SecretStore:
        """The store of one of `domain.secret.SCHEMES`."""
        return self._makers[scheme]()

    def _keyring(self) -> SecretStore:
        from postroom.secrets.keyring import Keyring

        # Paths of secrets are unique within one configuration only.
        service = "postroom" if self._scope.name != "file" else f"postroom {self._scope.main}"
        return Keyring(self._environ, uid=os.geteuid(), service=service)

    def _encrypted(self) -> SecretStore:
        from postroom.secrets.credential import SystemdCredential
        from postroom.secrets.encrypted import EncryptedFile

        state = self._scope.state
        return EncryptedFile(
            state / "secrets",
            SYSTEM_KEY if self._scope.name == "system" else state / "secrets.key",
            credential=SystemdCredential(self._credentials_directory, as_root=self._root),
            ask=self._ask,
            as_root=self._root,
            owner=self._owner,
        )

    def _credential(self) -> SecretStore:
        from postroom.secrets.credential import SystemdCredential

        return SystemdCredential(self._credentials_directory, as_root=self._root)

    @property
    def _credentials_directory(self) -> str:
        return self._environ.get("CREDENTIALS_DIRECTORY", "")

    def _file(self) -> SecretStore:
        from postroom.secrets.file import SecretFile

        return SecretFile(as_root=self._root)

    def _command(self) -> SecretStore:
        from postroom.secrets.command import Command

        return Command(self._child_environment())

    def _variables(self) -> SecretStore:
        from postroom.secrets.env import Environment

        return Environment(_Taken(self._environ))

    def _plain(self) -> SecretStore:
        from postroom.secrets.plain import PlainFile

        return PlainFile(self._scope.state / "secrets.plain", as_root=self._root, owner=self._owner)
