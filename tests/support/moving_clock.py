"""Owns a clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from postroom.clock import Clock


class MovingClock(Clock):
    """Both clocks of the desk; they move together."""

    def __init__(self, now: datetime = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
