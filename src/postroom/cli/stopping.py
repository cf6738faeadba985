"""Owns what a signal that ended the work is told as. Refuses to know what the work was."""

import signal

from postroom.errors import Exit, Signalled, Stopped


def stopped(stop: Signalled | KeyboardInterrupt) -> Stopped:
    """The error of a call that was interrupted or terminated.

    A mail that had been handed over whole may have been delivered: to try again could send it twice.
    """
    data = stop.data if isinstance(stop, Signalled) else {}
    terminated = isinstance(stop, Signalled) and stop.number == signal.SIGTERM
    word, status = ("terminated", Exit.TERMINATED) if terminated else ("interrupted", Exit.INTERRUPTED)
    message = f"{word}; files are consistent"
    if any(step["detail"].get("handed_over") for step in data.get("steps", ())):
        message += ". The whole message had been handed over before: it may have been delivered all the same."
        return Stopped(f"stopped.{word}", message, exit=status, retry="never", data=data)
    return Stopped(f"stopped.{word}", message, exit=status, retry="now", data=data)
