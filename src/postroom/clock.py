"""Owns the reading of time. Handed in by the composition root, so that tests can move it."""

import time
from datetime import UTC, datetime


class Clock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        return time.monotonic()


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and `Z` (RFC 3339), the form of all JSON and storage."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def to_the_minute(moment: datetime) -> str:
    """Local time, for a sentence that a person reads."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
