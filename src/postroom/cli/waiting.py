"""Owns the word on a step that takes long: which one runs, and for how many seconds. Refuses to know how it looks."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from postroom.ui.render import Output

PATIENCE_SECONDS = 2
"""So long a person waits without wondering (nothing is drawn for a step that is over sooner)."""
PACE_SECONDS = 1
"""The pace of a line that is redrawn."""
LINE_SECONDS = 5
"""The pace of lines that stay."""


class Waiting:
    """Tells of the step that runs, from a thread, for the session waits in the kernel.

    Nothing is said any more once `end` is back.
    """

    def __init__(self, output: Output, monotonic: Callable[[], float]) -> None:
        self._output = output
        self._monotonic = monotonic
        self._over = Event()
        self._thread: Thread | None = None

    def begin(self, step: str) -> None:
        """A step runs from now on."""
        self.end()
        self._over = Event()
        self._thread = Thread(target=self._tell, args=(step, self._over), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """It runs no more."""
        if self._thread is not None:
            self._over.set()
            self._thread.join()
            self._thread = None

    def _tell(self, step: str, over: Event) -> None:
        if sys.platform != "win32":
            # A signal that came to this thread would not wake the one that waits for the server.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        began = self._monotonic()
        redraws = self._output.redraws
        due = PATIENCE_SECONDS if redraws else LINE_SECONDS
        while not over.wait(max(0.0, began + due - self._monotonic())):
            with suppress(OSError):  # talk that nobody can hear is no failure of the work
                self._output.waiting(step, due)
            due += PACE_SECONDS if redraws else LINE_SECONDS
