"""Owns secrets in plain text: `plain:PATH`, a private file. Only for whoever asked for it by name, twice."""

from pathlib import Path
from typing import Any

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.files import Owner
from postroom.secrets import refusals
from postroom.secrets.table import Table, damaged

_VERSION = 1


class PlainFile:
    """A file of secrets, protected by its mode alone."""

    scheme = "plain"
    writable = True

    def __init__(self, path: Path, *, as_root: bool, owner: Owner | None = None) -> None:
        self._table = Table(path, as_root=as_root, owner=owner)

    def state(self) -> StoreState:
        return StoreState("usable", "secrets lie in plain text: only with --store plain --insecure-storage")

    def read(self, locator: str) -> Secret:
        text = self._entries().get(locator)
        if not isinstance(text, str) or not text:
            raise refusals.not_found(self.scheme, locator)
        return Secret(text)

    def write(self, locator: str, secret: Secret) -> None:
        refusals.usable(secret, self.scheme, locator)
        with self._table.changing():
            self._save({**self._entries(), locator: secret.reveal()})
            if self._entries().get(locator) != secret.reveal():
                raise damaged(self._table.path)

    def remove(self, locator: str) -> bool:
        with self._table.changing():
            entries = self._entries()
            if entries.pop(locator, None) is None:
                return False
            self._save(entries)
            return True

    def _entries(self) -> dict[str, Any]:
        document = self._table.load()
        if document is None:
            return {}
        entries = document.get("secrets")
        if document.get("version") != _VERSION or not isinstance(entries, dict):
            raise damaged(self._table.path)
        return entries

    def _save(self, entries: dict[str, Any]) -> None:
        self._table.save({"version": _VERSION, "secrets": entries})
