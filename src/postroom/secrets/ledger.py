"""Owns the ledger of secrets, `STATE/secrets.toml`: for each reference when it was set and for whom. Never a value.

It is what shows a secret without opening a store, and what binds a secret to the host and username it was given for.
"""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import tomli_w

from postroom.domain.secret import Binding, Reference
from postroom.errors import SecretError
from postroom.files import Owner
from postroom.secrets.private_file import PrivateFile

# Whoever holds it may be waiting for a keyring (3 s, three calls) or for a passphrase to be derived.
LOCK_SECONDS = 15.0


class Row(NamedTuple):
    """What is known about one stored secret. `set_at` is RFC 3339, UTC."""

    set_at: str
    binding: Binding


class Ledger:
    """The ledger at `path`, a private file."""

    def __init__(self, path: Path, *, as_root: bool, owner: Owner | None = None) -> None:
        self.path = path
        self._file = PrivateFile(path, lock_seconds=LOCK_SECONDS, as_root=as_root, owner=owner)
        self.changing = self._file.changing
        """Hold the ledger against every other process that changes secrets."""

    def rows(self) -> dict[Reference, Row]:
        """Every row. Raise SecretError `secret.ledger_damaged`, `secret.file_unsafe`."""
        data = self._file.read() or b""
        try:
            document = tomllib.loads(data.decode())
            return {
                Reference.parse(name): Row(_moment(row["set_at"]), Binding(str(row["host"]), str(row["username"])))
                for name, row in document.get("secrets", {}).items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SecretError(
                "secret.ledger_damaged",
                f"{self.path} is damaged: nobody can say any more whom the secrets are for",
                hint="Restore it from a backup, or move it away and give the secrets again: postroom secrets list",
            ) from error

    def record(self, reference: Reference, row: Row) -> None:
        """Write or replace a row. Only while `changing`."""
        self._save({**self.rows(), reference: row})

    def forget(self, reference: Reference) -> bool:
        """Strike a row out; False when there was none. Only while `changing`."""
        rows = self.rows()
        if rows.pop(reference, None) is None:
            return False
        self._save(rows)
        return True

    def _save(self, rows: dict[Reference, Row]) -> None:
        document = {
            "secrets": {
                str(reference): {"store": reference.scheme, "set_at": row.set_at, **row.binding._asdict()}
                for reference, row in sorted(rows.items())
            }
        }
        self._file.write(tomli_w.dumps(document).encode())


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:  # which itself raises ValueError
        raise ValueError("has no time zone")
    return text
