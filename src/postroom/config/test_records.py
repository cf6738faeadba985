"""Owns the records of tests: how each server's last one ended, for which settings; failed dialogues. Judges none."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postroom.clock import Clock, rfc3339
from postroom.config.environment import SERVER_NAME
from postroom.domain.settings import Section, Server
from postroom.errors import FileError, PostroomError
from postroom.files import Owner, atomic_write, locked, make_directory, read_private

FILE = "last-tests.json"
LOCK_SECONDS = 5.0
_FIELDS = {"time", "ok", "code", "fingerprint"}
KEPT_TRANSCRIPTS = 20
"""Enough to compare a failure with those before it, few enough to stay small."""


class TestRecords:
    """Files of the state directory. That none can be written is no failure of a test."""

    __test__ = False  # not a test of pytest's

    def __init__(self, state: Path, *, clock: Clock, root: bool, owner: Owner | None = None) -> None:
        self._last = state / FILE
        self._transcripts = state / "transcripts"
        self._clock = clock
        self._root = root
        self._owner = owner

    @staticmethod
    def fingerprint(server: Server) -> str:
        """A mark of the settings that a test proves; it changes with any of them."""
        parts: list[Section] = [server, server.tls, server.oauth]
        text = json.dumps([sorted((name, str(value.value)) for name, value in part.values.items()) for part in parts])
        # No cipher: a chance of one in four billion that a stale test looks fresh is worth the start without OpenSSL.
        return f"{zlib.crc32(text.encode()):08x}"

    def last(self) -> Mapping[str, Mapping[str, Any]]:
        """By server name: `time` (RFC 3339), `ok`, `code` (the error's, or empty), `fingerprint`."""
        content = read_private(self._last, as_root=self._root, owner=self._owner)
        if not content:
            return {}
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            return {}  # a memory that cannot be read is no memory: the next test writes it anew
        rows = found.items() if isinstance(found, dict) else ()
        return {name: row for name, row in rows if isinstance(row, dict) and row.keys() >= _FIELDS}

    def remember(self, server: Server, error: PostroomError | None) -> None:
        """Note how the test of a configured server ended."""
        if server.name == SERVER_NAME:
            return
        row = {
            "time": rfc3339(self._clock.now()),
            "ok": error is None,
            "code": error.code if error else "",
            "fingerprint": self.fingerprint(server),
        }
        try:
            make_directory(self._last.parent, owner=self._owner)
            with locked(self._last, LOCK_SECONDS, owner=self._owner):
                text = json.dumps({**self.last(), server.name: row}, indent=1, sort_keys=True)
                atomic_write(self._last, text.encode(), owner=self._owner)
        except PostroomError:
            return

    def keep_transcript(self, name: str, text: str) -> str:
        """Store a failed dialogue (0600) for a person to read; its path, or "" where nothing can be stored."""
        stamp = rfc3339(self._clock.now()).translate({ord("-"): None, ord(":"): None})
        path = self._transcripts / f"smtp-test-{name}-{stamp}.txt"
        try:
            make_directory(self._transcripts, owner=self._owner)
            atomic_write(path, text.encode("utf-8", "backslashreplace"), owner=self._owner)
            kept = sorted(self._transcripts.glob("smtp-test-*.txt"), key=lambda file: file.stat().st_mtime)
            for old in kept[:-KEPT_TRANSCRIPTS]:
                old.unlink(missing_ok=True)
        except (FileError, OSError):
            return ""
        return str(path)
