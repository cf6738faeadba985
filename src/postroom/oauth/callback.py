"""Owns the listener at the loopback redirect address (RFC 8252 7.3): one answer is taken, then nobody listens there.

It refuses to know what makes an answer valid, and what the pages say. The standard library's http.server does not
serve: it reads lines of 64 KiB, limits each read instead of the whole request, and repeats a malformed request in its
answer. One thread with non-blocking sockets is enough: whoever is slow or silent waits alone.
"""

import errno
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from threading import Event, Thread
from typing import Self, TypeVar

from postroom.errors import Exit, PostroomError
from postroom.oauth import page
from postroom.oauth.authorization import NotTheAnswer, NotTheProvider
from postroom.oauth.redirect import Redirect
from postroom.oauth.request_head import BadRequest, end_of_head, query_of

T = TypeVar("T")

LONGEST_HEAD_BYTES = 8192
REQUEST_SECONDS = 10.0
"""For a whole request, however it comes, and for the answer to be read."""
MOST_GUESTS = 256
"""Connections at a time. The one that has waited longest makes room: a browser asks at once. Nobody can keep another
account of this machine from knocking; they would have to do so that often in the moment that a browser takes to ask.
"""
OUTCOME_SECONDS = 45.0
"""For the page that tells how the login ended; the token endpoint and the mail server are asked before."""

_SEND_SECONDS = 5.0
_READ_BYTES = 4096
_FREE_PORT_TRIES = 20
"""A free port of IPv4 may be taken on IPv6; so many in a row never are."""
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Listener:
    """Listens at a redirect address, on loopback only. Use it as a context manager.

    `port` 0 takes the port of the redirect address, or a free one where it has none.
    """

    def __init__(self, redirect: Redirect, *, port: int, monotonic: Callable[[], float]) -> None:
        """Raise PostroomError `oauth.port_in_use` (75) or `oauth.port_unusable` (78)."""
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        self._guests: list[_Guest] = []
        self._listeners = _listen(redirect, port)
        for listener in self._listeners:
            self._selector.register(listener, selectors.EVENT_READ)
        self.port: int = self._listeners[0].getsockname()[1]
        self.redirect_uri = redirect.at(self.port)
        self._authorities = redirect.authorities(self.port)
        self._path = redirect.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def wait(self, seconds: float, judge: Callable[[str], T]) -> "tuple[T, Browser] | None":
        """Look after the connections for so long at most; less when something comes.

        `judge` is asked about the query of each request for the redirect address. What it returns is the answer: then
        nobody listens any more, and the browser that brought it waits for its page. Where it raises NotTheAnswer the
        request is refused.
        """
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data is None:
                self._welcome(key.fileobj)
            elif key.data in self._guests and (found := self._attend(key.data, judge)) is not None:
                return found
        for guest in [guest for guest in self._guests if guest.until <= self._monotonic()]:
            self._dismiss(guest)
        return None

    def close(self) -> None:
        """Listen no more, and hang up on everybody but the browser that waits for its page."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for guest in self._guests:
            guest.connection.close()
        self._guests.clear()
        self._selector.close()

    def _welcome(self, listener: object) -> None:
        if not isinstance(listener, socket.socket):
            raise TypeError(listener)
        try:
            connection, _ = listener.accept()
        except OSError:  # it has hung up again
            return
        connection.setblocking(False)
        if len(self._guests) >= MOST_GUESTS:
            self._dismiss(self._guests[0])
        guest = _Guest(connection, self._monotonic() + REQUEST_SECONDS)
        self._guests.append(guest)
        self._selector.register(connection, selectors.EVENT_READ, guest)

    def _attend(self, guest: "_Guest", judge: Callable[[str], T]) -> "tuple[T, Browser] | None":
        try:
            if guest.answer is None:
                return self._hear(guest, judge)
            if guest.answer:
                guest.hand_over()
                if not guest.answer:
                    self._selector.modify(guest.connection, selectors.EVENT_READ, guest)
            elif not guest.connection.recv(_READ_BYTES):
                self._dismiss(guest)
        except BlockingIOError:
            pass
        except OSError:  # it has hung up
            self._dismiss(guest)
        return None

    def _hear(self, guest: "_Guest", judge: Callable[[str], T]) -> "tuple[T, Browser] | None":
        if not (received := guest.connection.recv(_READ_BYTES)):
            self._dismiss(guest)
            return None
        guest.head += received
        end = end_of_head(guest.head)
        try:
            if max(end, 0) > LONGEST_HEAD_BYTES or (end < 0 and len(guest.head) > LONGEST_HEAD_BYTES):
                raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)  # noqa: TRY301 - one place answers them all
            if end < 0:
                return None
            answer = judge(query_of(guest.head[:end], authorities=self._authorities, path=self._path))
        except BadRequest as error:
            self._refuse(guest, error.status)
        except NotTheProvider:
            self._refuse(guest, HTTPStatus.BAD_REQUEST, page.mixed_up())
        except NotTheAnswer:
            self._refuse(guest, HTTPStatus.BAD_REQUEST)
        else:
            self._selector.unregister(guest.connection)
            self._guests.remove(guest)
            self.close()
            return answer, Browser(guest.connection)
        return None

    def _refuse(self, guest: "_Guest", status: HTTPStatus, document: str = "") -> None:
        guest.answer = _reply(status, document or page.stray(status))
        self._selector.modify(guest.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, guest)

    def _dismiss(self, guest: "_Guest") -> None:
        self._selector.unregister(guest.connection)
        self._guests.remove(guest)
        guest.connection.close()


class _Guest:
    """Somebody who has connected. `until` is how long we bear with them; `answer` is what they have yet to get."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self.connection = connection
        self.until = until
        self.head = b""
        self.answer: bytes | None = None

    def hand_over(self) -> None:
        """Send what is left of the answer. The rest of the request is to be heard then: to hang up on what was not
        heard would take the answer back.
        """
        if self.answer:
            self.answer = self.answer[self.connection.send(self.answer) :]
            if not self.answer:
                self.connection.shutdown(socket.SHUT_WR)


class Browser:
    """The browser that brought the answer. It waits for the page that tells how the login ended.

    Where nobody has told it in time, it is told that.
    """

    def __init__(self, connection: socket.socket, seconds: float = OUTCOME_SECONDS) -> None:
        self._connection = connection
        self._told = Event()
        self._thread = Thread(target=self._lose_patience, args=(seconds,), daemon=True)
        self._thread.start()

    def show(self, document: str) -> None:
        """Show the page and hang up. Only the first page is shown; a browser that has gone is no failure."""
        self._told.set()
        self._thread.join()
        self._send(document)

    def _lose_patience(self, seconds: float) -> None:
        if sys.platform != "win32":
            # A signal that came to this thread would not wake the one that waits for the provider.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        if not self._told.wait(seconds):
            self._send(page.unknown())

    def _send(self, document: str) -> None:
        with suppress(OSError), self._connection:
            self._connection.settimeout(_SEND_SECONDS)
            self._connection.sendall(_reply(HTTPStatus.OK, document))
            self._connection.shutdown(socket.SHUT_WR)


def _reply(status: HTTPStatus, document: str) -> bytes:
    body = document.encode("utf-8")
    fields = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": page.POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        fields["Allow"] = "GET"  # RFC 9110 15.5.6
    head = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def _listen(redirect: Redirect, port: int) -> list[socket.socket]:
    port = port or redirect.port or 0
    tries = 1 if port else _FREE_PORT_TRIES
    while True:
        tries -= 1
        try:
            return _bind_all(redirect.addresses, port)
        except OSError as error:
            if not tries or error.errno != errno.EADDRINUSE:
                raise _not_bound(redirect, port, error) from error


def _bind_all(addresses: tuple[str, ...], port: int) -> list[socket.socket]:
    """One socket an address, all at one port; IPv6 may be missing where IPv4 is there."""
    bound: list[socket.socket] = []
    try:
        for address in addresses:
            try:
                bound.append(_bind(address, port))
            except OSError as error:
                if not bound or error.errno not in _NO_IPV6:
                    raise
            port = bound[0].getsockname()[1]
    except OSError:
        for sock in bound:
            sock.close()
        raise
    return bound


def _bind(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # where it would let another program take the port over
            # A registered port must not rest for a minute after each login.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(MOST_GUESTS)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _not_bound(redirect: Redirect, port: int, error: OSError) -> PostroomError:
    other = (
        "end the program that listens there, or log in with --flow paste: the redirect address has this port"
        if redirect.port == port
        else "choose another port with --listen-port, or none, then a free one is taken"
    )
    if error.errno == errno.EADDRINUSE:
        message = f"port {port} of this machine is taken by another program"
        return PostroomError("oauth.port_in_use", message, hint=other, exit=Exit.TRY_AGAIN, retry="later")
    if error.errno == errno.EACCES:
        message, hint = f"port {port} of this machine is for root only", "choose one above 1023 with --listen-port"
    else:
        message, hint = f"nothing can listen on loopback here: {error.strerror}", "log in with --flow paste"
    return PostroomError("oauth.port_unusable", message, hint=hint, exit=Exit.CONFIG)
