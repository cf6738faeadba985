"""Owns what the sandbox has received: a Maildir with the messages byte for byte, and a sidecar with each envelope.

The sidecar is there before its message is: whoever sees a message can read its envelope. Refuses to know SMTP.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from postroom.domain.arrival import Arrival
from postroom.errors import Exit, FileError
from postroom.files import make_directory
from postroom.sandbox import reading

_FILE = re.compile(r"\d+\.([1-9]\d*)\.postroom(:.*)?")
"""The name of a message: seconds, our number, and the flags that a mail program may have added."""

MAILDIR = "Maildir"
"""The mailbox's name in the directory of a sandbox."""


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
        subject, message_id = reading.summary(data)
        try:
            number, sidecar = self._next_number()
            name = f"{seconds}.{number}.postroom"
            place = self.directory / "new" / name
            arrival = Arrival(
                number=number,
                received_at=received_at,
                mail_from=mail_from,
                recipients=tuple(recipients),
                subject=subject,
                message_id=message_id,
                tls=tls,
                username=username,
                size_bytes=len(data),
                path=str(place),
            )
            with sidecar:
                sidecar.write(json.dumps(arrival.as_data()))
            waiting = self.directory / "tmp" / name
            with open(waiting, "xb", opener=_private) as file:
                file.write(data)
            waiting.rename(place)
        except OSError as error:
            raise _unwritable(self.directory, error) from error
        return arrival

    def arrivals(self) -> list[Arrival]:
        """Every mail that is there, oldest first."""
        return [self._arrival(number, path) for number, path in sorted(self._messages())]

    def read(self, number: int) -> bytes:
        """One mail as it came. Raise KeyError when there is none of that number."""
        for found, path in self._messages():
            if found == number:
                try:
                    return path.read_bytes()
                except FileNotFoundError:  # cleared, or moved by a mail program, a moment ago
                    break
        raise KeyError(number)

    decode = staticmethod(reading.read)

    def clear(self) -> int:
        """Remove every mail; return how many. Raise FileError."""
        count = 0
        try:
            for number, path in list(self._messages()):
                path.unlink(missing_ok=True)
                self._sidecar(number).unlink(missing_ok=True)
                count += 1
        except OSError as error:
            raise _unwritable(self.directory, error) from error
        return count

    def _next_number(self) -> tuple[int, TextIO]:
        """A number that nobody else has, with its sidecar open for writing: to create the file is to claim it."""
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

    def _arrival(self, number: int, path: Path) -> Arrival:
        try:
            fields = json.loads(self._sidecar(number).read_bytes())
            known = Arrival(**{**fields, "recipients": tuple(fields["recipients"]), "path": str(path)})
        except (OSError, ValueError, TypeError, KeyError):  # somebody tampered with it: the mail itself is still there
            known = Arrival(number, "", "", (), "", "", "", "", 0, str(path))
        return known

    def _sidecar(self, number: int) -> Path:
        return self._envelopes / f"{number}.json"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _unwritable(directory: Path, error: OSError) -> FileError:
    return FileError(
        "file.cannot_write",
        f"the sandbox cannot keep mails in {directory}: {error.strerror}",
        hint="name another place with --state-dir DIR",
        exit=Exit.CANNOT_CREATE,
    )
