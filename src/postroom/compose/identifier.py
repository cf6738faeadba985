"""Owns how a Message-ID is made (RFC 5322 3.6.4, RFC 9562 5.7). Refuses to know the clock and the source of chance."""

from collections.abc import Callable
from datetime import datetime


def message_identifier(domain: str, *, now: datetime, random: Callable[[int], bytes]) -> str:
    """A new Message-ID in its angle brackets: a UUIDv7, `@`, and the domain of the From address.

    `random(n)` gives n bytes that nobody can guess (`os.urandom`). The time in the identifier puts a mail's rows and
    log lines in order; it says no more than the Date header does.
    """
    milliseconds = int(now.timestamp() * 1000)
    number = bytearray(milliseconds.to_bytes(6, "big") + random(10))
    number[6] = number[6] & 0x0F | 0x70
    number[8] = number[8] & 0x3F | 0x80
    digits = number.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"<{'-'.join(parts)}@{domain}>"
