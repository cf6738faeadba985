"""Owns messages and envelopes as values (RFC 5321, RFC 5322), and the From policy. Builds no bytes."""

from collections.abc import Sequence
from typing import NamedTuple

from postroom.domain.address import Address


class Envelope(NamedTuple):
    """What the server is told: MAIL FROM and RCPT TO. A `sender` of None is the null reverse-path `<>`."""

    sender: Address | None
    recipients: Sequence[Address]


class Message(NamedTuple):
    """A mail before it is bytes. `sender` None means the server's own From.

    `kind` is `test`, `invite`, `reset` or `alert`: it picks the route. `headers` are additional ones, in order.
    """

    kind: str
    to: Sequence[Address]
    subject: str
    text: str
    html: str = ""
    sender: Address | None = None
    sender_name: str = ""
    headers: Sequence[tuple[str, str]] = ()


class Identity(NamedTuple):
    """Who a message is from after the From policy: header From, envelope sender and Reply-To."""

    address: Address
    name: str
    envelope: Address
    reply_to: Address | None


class Composed(NamedTuple):
    """A finished message: the bytes as they go on the wire (CRLF, not dot-stuffed), with what the server must know.

    `eight_bit` and `utf8` say whether BODY=8BITMIME and SMTPUTF8 are needed.
    """

    envelope: Envelope
    data: bytes
    message_id: str
    eight_bit: bool
    utf8: bool


def apply_from_policy(
    policy: str,
    *,
    own: Address | None,
    own_name: str,
    sender: Address | None,
    sender_name: str,
    reply_to: Address | None,
) -> Identity:
    """Who the mail is from: `own` is the server's `from`, `sender` what the message asks for.

    `keep` leaves the message's sender; `force` sets the server's own and moves the old address into the display name
    and Reply-To; `domain` does so only when the domains differ. Raise ValueError when nobody is known.
    """
    if sender is None:
        if own is None:
            raise ValueError("no From address is known")
        return Identity(own, sender_name or own_name, own, reply_to)
    foreign = own is not None and sender != own
    if policy == "domain" and own is not None:
        foreign = sender.domain != own.domain
    if own is None or policy == "keep" or not foreign:
        return Identity(sender, sender_name or (own_name if sender == own else ""), sender, reply_to)
    return Identity(own, sender_name or str(sender), own, reply_to or sender)
