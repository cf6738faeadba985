"""Owns a mail server that does exactly what a test says, right or wrong: a list of actions, played to every connection.

It refuses to know SMTP. What a client sends is kept as it came (out of TLS, where there is TLS).
"""

import socket
import ssl
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE_SECONDS = 15.0  # for a client that a test has given up on
_MOST_BODY_OCTETS = 4_000_000


class Send(NamedTuple):
    """Write octets at once."""

    data: bytes


class Drip(NamedTuple):
    """Write octets one by one, each after a pause, until the client goes away."""

    data: bytes
    every_seconds: float = 0.02


class Flood(NamedTuple):
    """Write the same octets again and again until the client goes away."""

    data: bytes


class Line(NamedTuple):
    """Read one line, which must begin with these octets."""

    start: bytes = b""


class Body(NamedTuple):
    """Read up to the final dot."""


class Read(NamedTuple):
    """Read so many octets."""

    octets: int


class Handshake(NamedTuple):
    """Take the server's part of a TLS handshake; a failed one ends the connection quietly."""

    context: ssl.SSLContext


class Silence(NamedTuple):
    """Say nothing until the client goes away."""


class Pause(NamedTuple):
    """Neither read nor write until the test is over, or for so long."""

    most_seconds: float


class Reset(NamedTuple):
    """End the connection with a RST instead of a FIN."""


Action = Send | Drip | Flood | Line | Body | Read | Handshake | Silence | Pause | Reset


class FaultyServer:
    """Plays the script to each connection in a thread, closing at its end. For a with statement.

    Leaving it checks that every line came as the script has it; a client that goes away early is no error. With
    `curious` clients may also come to look what speaks here, and say what they like.
    """

    def __init__(self, script: Sequence[Action], *, host: str = "127.0.0.1", curious: bool = False) -> None:
        self._script = script
        self._curious = curious
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.received = b""
        self.connections = 0
        self._wrong: list[str] = []
        self._players: list[_Player] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(0.5)
        for player in self._players:
            player.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "the faulty server does not end"
        assert kind is not None or self._curious or not self._wrong, self._wrong

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                sock.settimeout(PATIENCE_SECONDS)
                player = _Player(self, sock)
                self._players.append(player)
                thread = threading.Thread(target=self._play, args=(player,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _play(self, player: "_Player") -> None:
        with suppress(OSError, EOFError):
            for action in self._script:
                player.play(action)
        player.close()

    def keep(self, data: bytes) -> None:
        """Octets that a client sent."""
        self.received += data

    def complain(self, what: str) -> None:
        """The client did not do what the script expects."""
        self._wrong.append(what)


class _Player:
    def __init__(self, server: FaultyServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._buffer = b""
        self._reset = False
        self._pause = threading.Event()

    def play(self, action: Action) -> None:
        match action:
            case Send(data):
                self._sock.sendall(data)
            case Drip(data, every_seconds):
                for octet in data:
                    self._sock.sendall(bytes([octet]))
                    self._pause.wait(every_seconds)
            case Flood(data):
                while True:
                    self._sock.sendall(data)
            case Line(start):
                line = self._until(b"\r\n")
                if not line.startswith(start):
                    if line != b"QUIT\r\n":  # goodbye is always right
                        self._server.complain(f"expected {start!r}, got {line!r}")
                    raise EOFError
            case Body():
                self._until(b"\r\n.\r\n")
            case Read(octets):
                while len(self._buffer) < octets:
                    self._more()
                self._buffer = self._buffer[octets:]
            case Handshake(context):
                wrapped = context.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
                self._sock = wrapped
                wrapped.do_handshake()
            case Silence():
                while True:
                    self._more()
            case Pause(most_seconds):
                self._pause.wait(most_seconds)
            case Reset():
                self._reset = True
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def hang_up(self) -> None:
        """From another thread: let a read or a pause end."""
        self._pause.set()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # What the client has sent and nobody read would turn the FIN into a RST and take our last words with it.
        with suppress(OSError):
            if not self._reset:
                self._sock.setblocking(False)
                while data := self._sock.recv(65536):
                    self._server.keep(data)
        self._sock.close()

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            if len(self._buffer) > _MOST_BODY_OCTETS:
                raise EOFError
            self._more()
        found, _, self._buffer = self._buffer.partition(end)
        return found + end

    def _more(self) -> None:
        data = self._sock.recv(65536)
        if not data:
            raise EOFError
        self._server.keep(data)
        self._buffer += data
