"""Owns what stands between a client and a real server and changes the server's words. Refuses to know both."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_PATIENCE_SECONDS = 15.0


class Middlebox:
    """Forwards each connection to a port of this machine, and the server's octets as `change` makes them.

    `change` gets what came at once, in clear text or not.
    """

    def __init__(self, target: int, change: Callable[[bytes], bytes]) -> None:
        self._target = target
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
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
        self._threads[0].join(_PATIENCE_SECONDS)
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for ends in ((client, server, lambda octets: octets), (server, client, self._change)):
                    thread = threading.Thread(target=_forward, args=ends, daemon=True)
                    self._threads.append(thread)
                    thread.start()


def _forward(giver: socket.socket, taker: socket.socket, change: Callable[[bytes], bytes]) -> None:
    with suppress(OSError):
        while octets := giver.recv(65536):
            taker.sendall(change(octets))
    with suppress(OSError):
        taker.shutdown(socket.SHUT_WR)
