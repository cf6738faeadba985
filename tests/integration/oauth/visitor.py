"""Owns the visitors of a callback listener: connections that ask once, ask badly, or say nothing."""

import socket
from collections.abc import Callable
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE_SECONDS = 20.0


class Answer(NamedTuple):
    """What a listener answered; status 0 where it hung up without a word."""

    status: int
    head: str
    body: str


def knock(port: int, address: str = "127.0.0.1") -> socket.socket:
    """A connection on which nothing has been said."""
    return socket.create_connection((address, port), timeout=PATIENCE_SECONDS)


def ask(port: int, request: bytes, address: str = "127.0.0.1") -> Answer:
    """Say something and hear the answer to its end."""
    with knock(port, address) as sock:
        return converse(sock, request)


def converse(sock: socket.socket, request: bytes = b"") -> Answer:
    """The same on a connection that is there already."""
    received = b""
    try:
        sock.sendall(request)
        while block := sock.recv(65536):
            received += block
    except ConnectionError:
        pass
    head, _, body = received.decode().partition("\r\n\r\n")
    return Answer(int(head.split()[1]) if head else 0, head, body)


def get(target: str, host: str, method: str = "GET") -> bytes:
    """A request as a browser makes it."""
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\nAccept: text/html\r\n\r\n".encode()


def visit(address: str, via: str = "127.0.0.1") -> Answer:
    """Open an address as a browser does."""
    parts = urlsplit(address)
    assert parts.port
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return ask(parts.port, get(target, parts.netloc), via)


class Beside:
    """Something that runs in a thread beside the test; `result` waits for it, and raises what it raised."""

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        self._work = work
        self._arguments = arguments
        self._done: list[Any] = []
        self._failed: list[Exception] = []
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def result(self) -> Any:
        self._thread.join(PATIENCE_SECONDS)
        for error in self._failed:
            raise error
        assert self._done, "it takes too long"
        return self._done[0]

    def _run(self) -> None:
        try:
            self._done.append(self._work(*self._arguments))
        except Exception as error:  # noqa: BLE001 - the test's to see
            self._failed.append(error)
