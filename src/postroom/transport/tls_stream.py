"""Owns TLS over a socket under a time limit. It refuses to know SMTP, and whom to trust.

OpenSSL sees only the bytes that were read for it. On a socket of its own it stays in one call for as long as a peer
sends records that carry nothing, whatever the time limit of the socket.
"""

import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from postroom.clock import Clock

READ_BYTES = 65536
BEGUN_BYTES = 200
"""Enough to tell a protocol, and to show a person what was said in the place of a handshake."""

T = TypeVar("T")


class TlsStream:
    """The client's side of TLS; a `Stream` as a connection needs one. Raises OSError, of which ssl.SSLError is one;
    TimeoutError when the time is over. `begun` is what the peer sent first, as it came.
    """

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, server_name: bytes, clock: Clock) -> None:
        self._plain = plain
        self._clock = clock
        self._seconds = 0.0
        self.begun = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    def shake_hands(self, until: float) -> None:
        """Shake hands and verify."""
        self.settimeout(until - self._clock.monotonic())
        self._work(self.tls.do_handshake)

    def recv(self, most: int, /) -> bytes:
        """What has come, b"" at the end of the stream."""
        try:
            return self._work(lambda: self.tls.read(most))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def send(self, data: memoryview, /) -> int:
        """Write all of it."""
        return self._work(lambda: self.tls.write(data))

    def settimeout(self, seconds: float, /) -> None:
        """How long the next call may take, all in all."""
        self._seconds = seconds

    def close(self) -> None:
        """Close the socket; never raises."""
        self._plain.close()

    def _work(self, work: Callable[[], T]) -> T:
        until = self._clock.monotonic() + self._seconds
        while True:
            try:
                done = work()
            except ssl.SSLWantReadError:
                self._write(until)
                self._read(until)
            except ssl.SSLError:
                with suppress(OSError):  # the alert that tells the peer why
                    self._write(until)
                raise
            else:
                self._write(until)
                return done

    def _read(self, until: float) -> None:
        self._wait_until(until)
        if data := self._plain.recv(READ_BYTES):
            self._incoming.write(data)
            if len(self.begun) < BEGUN_BYTES:
                self.begun = (self.begun + data)[:BEGUN_BYTES]
        else:
            self._incoming.write_eof()

    def _write(self, until: float) -> None:
        if self._outgoing.pending:
            self._wait_until(until)
            self._plain.sendall(self._outgoing.read())

    def _wait_until(self, until: float) -> None:
        left = until - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "timed out")
        self._plain.settimeout(left)
