"""Owns a mail that arrived in the sandbox, as a value. Refuses to know where it is kept."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Arrival(NamedTuple):
    """How one mail came: its envelope (RFC 5321), its session, and what its header calls it.

    `number` counts from 1. `received_at` is RFC 3339. `mail_from` is empty for the null reverse-path. `tls` is the
    protocol version, empty for a clear connection; `username` is who logged in, empty for nobody. `path` is the file
    with the bytes as they came.
    """

    number: int
    received_at: str
    mail_from: str
    recipients: Sequence[str]
    subject: str
    message_id: str
    tls: str
    username: str
    size_bytes: int
    path: str

    def as_data(self) -> dict[str, Any]:
        """The arrival, JSON-ready."""
        return {**self._asdict(), "recipients": list(self.recipients)}
