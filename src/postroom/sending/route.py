"""Owns the values that pass through the one door: the way of a mail, and what became of it."""

from collections.abc import Sequence
from typing import NamedTuple

from postroom.domain.ports import Limits
from postroom.domain.reply import Cause, Receipt
from postroom.domain.secret import Credential
from postroom.domain.settings import Server


class Route(NamedTuple):
    """The way of a mail: the server, the deadlines, and a credential where it is not the server's recorded one."""

    server: Server
    limits: Limits = Limits()
    credential: Credential | None = None


class RecipientVerdict(NamedTuple):
    """What became of one recipient; `cause` is None for an accepted one."""

    address: str
    cause: Cause | None


class Posting(NamedTuple):
    """A mail that the server took, for one recipient at least."""

    message_id: str
    receipt: Receipt
    recipients: Sequence[RecipientVerdict]
    transcript: str
