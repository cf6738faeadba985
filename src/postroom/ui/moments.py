"""Owns how a moment is shown to a person: local time, from the RFC 3339 of results."""

from datetime import datetime


def local(stamp: str | None, *, seconds: bool = True, unknown: str = "unknown") -> str:
    """`2026-11-20 19:05:00`; the word for unknown where there is none."""
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return datetime.fromisoformat(stamp).astimezone().strftime(form) if stamp else unknown
