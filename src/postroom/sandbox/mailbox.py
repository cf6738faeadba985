"""Owns what the sandbox has received: a Maildir with the messages byte for byte, and a sidecar with each envelope.

The sidecar is there before its message is: whoever sees a message can read its envelope. Refuses to know SMTP, and what
stands in a message.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from postroom.errors import Exit, FileError
from postroom.files import make_directory

_FILE = re.compile(r"\d+\.([1-9]\d*)\.postroom(:.*)?")
"""The name of a message: seconds, our number, and the flags that a mail program may have added."""


class Arrival(NamedTuple):
    """How one mail came: its envelope (RFC 5321) and its session.

    `number` counts from 1. `received_at` is RFC 3339. `mail_from` is empty for the null reverse-path. `tls` is the
    protocol version, empty for a clear connection; `username` is who logged in, empty for nobody.
    """

    number: int
    received_at: str
    mail_from: str
    recipients: Sequence[str]
    tls: str
    username: str
    size_bytes: int

    def as_data(self) -> dict[str, Any]:
        """The arrival, JSON-ready."""
        return {**self._asdict(), "recipients": list(self.recipients)}


class Mailbox:
    """The mails of one sandbox under `directory`. Several processes may write, read and clear at the same time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._envelopes = directory / "envelopes"
        self._last = 0

    def prepare(self) -> None:
        """Make the directories, for their owner only: mails hold links and passwords. Raise FileError."""
        for name in ("tmp", "new", "cur", "envelopes"):
            make_directory(self.directory / name)

    def keep(
        self,
        data: bytes,
        *,
        received_at: str,
        mail_from: str,
        recipients: Sequence[str],
        tls: str,
        username: str,
        seconds: int,
    ) -> Arrival:
        """Keep one message as it came. `seconds` is the time of arrival for the Maildir name. Raise FileError.

        Nothing is synced to disk: a sandbox may forget on a power cut.
        """
        try:
            number, sidecar = self._next_number()
            with sidecar:
                arrival = Arrival(number, received_at, mail_from, tuple(recipients), tls, username, len(data))
                sidecar.write(json.dumps(arrival.as_data()))
            name = f"{seconds}.{number}.postroom"
            waiting = self.directory / "tmp" / name
            with open(waiting, "xb", opener=_private) as file:
                file.write(data)
            waiting.rename(self.directory / "new" / name)
        except OSError as error:
            raise _unwritable(self.directory, error) from error
        return arrival

    def arrivals(self) -> list[Arrival]:
        """Every mail that is there, oldest first."""
        return [self._arrival(number) for number, _ in sorted(self._messages())]

    def read(self, number: int) -> tuple[Arrival, bytes]:
        """One mail and its bytes. Raise KeyError when there is none of that number."""
        for found, path in self._messages():
            if found == number:
                try:
                    return self._arrival(number), path.read_bytes()
                except FileNotFoundError:
                    break
        raise KeyError(number)

    def clear(self) -> int:
        """Forget every mail; return how many. Raise FileError."""
        count = 0
        try:
            for number, path in list(self._messages()):
                path.unlink(missing_ok=True)
                self._sidecar(number).unlink(missing_ok=True)
                count += 1
        except OSError as error:
            raise _unwritable(self.directory, error) from error
        return count

    def remove(self) -> None:
        """Remove the mailbox with its directories, as far as that is possible."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _next_number(self) -> tuple[int, Any]:
        """A number that nobody else has, with its sidecar open for writing: creating the file is the claim."""
        number = max([self._last, *(int(path.stem) for path in self._envelopes.glob("*.json"))])
        while True:
            number += 1
            try:
                sidecar = open(self._sidecar(number), "x", encoding="ascii", opener=_private)  # noqa: SIM115 - the caller's to close
            except FileExistsError:
                continue
            self._last = number
            return number, sidecar

    def _messages(self) -> Iterator[tuple[int, Path]]:
        for name in ("new", "cur"):
            try:
                entries = list(os.scandir(self.directory / name))
            except FileNotFoundError:
                continue
            for entry in entries:
                if found := _FILE.fullmatch(entry.name):
                    yield int(found[1]), Path(entry.path)

    def _arrival(self, number: int) -> Arrival:
        try:
            fields = json.loads(self._sidecar(number).read_bytes())
            return Arrival(**fields)._replace(recipients=tuple(fields["recipients"]))
        except (OSError, ValueError, TypeError, KeyError):
            return Arrival(number, "", "", (), "", "", 0)

    def _sidecar(self, number: int) -> Path:
        return self._envelopes / f"{number}.json"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _unwritable(directory: Path, error: OSError) -> FileError:
    return FileError(
        "file.unwritable",
        f"the sandbox cannot keep mails in {directory}: {error.strerror}",
        hint="name another place with --state-dir DIR",
        exit=Exit.CANNOT_CREATE,
    )
