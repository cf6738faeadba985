"""Owns the memory of each server's last test: when, how it ended, and for which settings. Judges nothing."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postroom.domain.settings import Section, Server
from postroom.files import atomic_write, locked, make_directory, read_private

FILE = "last-tests.json"
LOCK_SECONDS = 5.0


class LastTests:
    """The last test of each server, in a file of the state directory."""

    def __init__(self, state: Path, *, root: bool) -> None:
        self._path = state / FILE
        self._root = root

    @staticmethod
    def fingerprint(server: Server) -> str:
        """A mark of the settings that a test proves; it changes with any of them."""
        parts: list[Section] = [server, server.tls, server.oauth]
        text = json.dumps([sorted((name, str(value.value)) for name, value in part.values.items()) for part in parts])
        return hashlib.sha256(text.encode()).hexdigest()

    def read(self) -> Mapping[str, Mapping[str, Any]]:
        """By server name: `time` (RFC 3339), `ok`, `code` (the error's, or empty), `fingerprint`."""
        content = read_private(self._path, as_root=self._root)
        if not content:
            return {}
        try:
            found = json.loads(content)
        except ValueError:
            return {}  # a memory that cannot be read is no memory: the next test writes it anew
        return found if isinstance(found, dict) else {}

    def record(self, server: Server, *, time: str, ok: bool, code: str) -> None:
        """Remember a test. Raise FileError or LockError when that fails."""
        make_directory(self._path.parent)
        with locked(self._path, LOCK_SECONDS):
            known = dict(self.read())
            known[server.name] = {"time": time, "ok": ok, "code": code, "fingerprint": self.fingerprint(server)}
            atomic_write(self._path, json.dumps(known, indent=1, sort_keys=True).encode())
