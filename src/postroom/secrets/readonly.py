"""Owns what the stores have in common that others fill: they refuse every change."""

from typing import NoReturn

from postroom.domain.secret import Secret
from postroom.errors import SecretError


class ReadOnly:
    """A store that is only read. `elsewhere` says where its secrets are changed."""

    scheme: str
    writable = False
    elsewhere: str

    def write(self, locator: str, secret: Secret) -> None:  # noqa: ARG002 - the promise of every store
        self._refuse(locator)

    def remove(self, locator: str) -> bool:
        self._refuse(locator)

    def _refuse(self, locator: str) -> NoReturn:
        raise SecretError("secret.read_only", f"{self.scheme}:{locator} is read, never written", hint=self.elsewhere)
