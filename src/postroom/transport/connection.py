"""Owns the socket of a session and how long it may take. It refuses to know SMTP, TLS and which phase this is.

Every wait ends at a moment given by the caller, never after so many seconds of silence: a peer that sends a byte now
and then holds nobody.
"""

import errno
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from postroom.clock import Clock
from postroom.domain.reply import Reply

READ_BYTES = 65536
LONGEST_TRY_SECONDS = 10.0
"""How long one of several addresses may keep the others waiting: twice what a lost SYN costs with its retries."""

Dial = Callable[[str, int, float], socket.socket]
"""Another way to the server, such as a proxy: host, port, seconds; a connected socket. Raises Broken."""


class Broken(Exception):
    """The session cannot go on. `sign` is one of the signs of the domain, `evidence` is JSON-ready."""

    def __init__(
        self, sign: str, text: str = "", evidence: Mapping[str, Any] | None = None, *, reply: Reply | None = None
    ) -> None:
        super().__init__(text or sign)
        self.sign = sign
        self.text = text
        self.evidence = evidence or {}
        self.reply = reply


def words_of(error: OSError) -> str:
    """What the system says, without the number: people have no use for it."""
    return error.strerror or str(error)


class Place(NamedTuple):
    """An address to connect to: IP address and port."""

    family: socket.AddressFamily
    address: str
    sockaddr: tuple[Any, ...]


def resolve(host: str, port: int, timeout_seconds: float) -> list[Place]:
    """The places of a host in the system's order. Raise Broken."""
    answer = _ask_resolver(host, port, timeout_seconds)
    if answer is None:
        raise Broken("resolver-failed", f"no answer from the resolver after {timeout_seconds:.0f} s")
    if isinstance(answer, OSError):
        missing = answer.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        raise Broken("host-not-found" if missing else "resolver-failed", words_of(answer)) from answer
    places = {info[4][:2]: Place(info[0], str(info[4][0]), info[4]) for info in answer}
    return list(places.values())


def full_name(name: str, timeout_seconds: float) -> str | None:
    """The full form of this machine's short name, where /etc/hosts or the resolver knows one in time."""
    if "." in name:
        return name
    answer = _ask_resolver(name, 0, timeout_seconds, socket.AI_CANONNAME)
    if answer is None or isinstance(answer, OSError):
        return None
    found = next((info[3] for info in answer if "." in info[3]), None)
    return None if found is None or found.startswith("localhost") else found


def _ask_resolver(host: str, port: int, timeout_seconds: float, flags: int = 0) -> list[Any] | OSError | None:
    found: list[list[Any] | OSError] = []

    def look_up() -> None:
        try:
            # As bytes: a str would go through the obsolete IDNA 2003 codec.
            found.append(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            found.append(error if isinstance(error, OSError) else OSError(str(error)))

    # The system's resolver knows no deadline, so it works beside us and may be left behind.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(timeout_seconds, 0))
    return found[0] if found else None


def connect(places: Sequence[Place], clock: Clock, until: float) -> socket.socket:
    """Try the places in their order; the first that answers counts. Raise Broken with every error."""
    errors: list[dict[str, str]] = []
    failures: list[OSError] = []
    for number, place in enumerate(places):
        left = until - clock.monotonic()
        others = len(places) - number - 1
        share = min(left / (others + 1), LONGEST_TRY_SECONDS) if others else left
        try:
            return _connected(place, share)
        except OSError as error:
            errors.append({"address": place.address, "error": words_of(error)})
            failures.append(error)
    if not failures:
        raise Broken("host-not-found", "the name has no address")
    # That there is no way to one kind of address says nothing where another was reached and did not answer.
    told = next((error for error in failures if _sign(error) != "unreachable"), failures[0])
    raise Broken(_sign(told), words_of(told), {"errors": errors}) from told


def _connected(place: Place, seconds: float) -> socket.socket:
    if seconds <= 0:
        raise TimeoutError(errno.ETIMEDOUT, "no time left")
    sock = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(place.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


def _sign(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "connection-timeout"
    if isinstance(error, ConnectionRefusedError):
        return "connection-refused"
    return "closed" if isinstance(error, ConnectionError) else "unreachable"


class Stream(Protocol):
    """What a connection needs of a socket, or of TLS over one."""

    def recv(self, most: int, /) -> bytes:
        """What has come, b"" at the end of the stream."""

    def send(self, data: memoryview, /) -> int:
        """Write some of it; how much."""

    def settimeout(self, seconds: float, /) -> None:
        """How long the next call may take, all in all."""

    def close(self) -> None: ...


AnyStream = TypeVar("AnyStream", bound=Stream)


class Connection:
    """A connected stream. Raises OSError as the socket does; TimeoutError when the moment has come.

    `local` and `peer` are the IP addresses of both ends, `port` the peer's. Made of a connected socket, which it closes
    even when it cannot be made; raise Broken then.
    """

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._stream: Stream = sock
        self._clock = clock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.local = str(sock.getsockname()[0])
            peer = sock.getpeername()
            self.peer, self.port = str(peer[0]), int(peer[1])
        except OSError as error:
            sock.close()
            raise Broken("closed", words_of(error)) from error

    def read(self, until: float) -> bytes:
        """What has come, b"" at the end of the stream."""
        self._acknowledge_at_once()
        self._wait_until(until)
        return self._stream.recv(READ_BYTES)

    def write(self, data: bytes | memoryview, until: float) -> None:
        """Write all of it."""
        rest = memoryview(data)
        while rest:
            self._wait_until(until)
            rest = rest[self._stream.send(rest) :]

    def something_waits(self) -> bool:
        """Whether the peer has sent something that was not read yet. Only before TLS."""
        self._socket.setblocking(False)
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def replace(self, wrap: Callable[[socket.socket], AnyStream]) -> AnyStream:
        """Put another stream, such as TLS, over the socket."""
        self._stream = stream = wrap(self._socket)
        return stream

    def close(self) -> None:
        """Close; never raises."""
        self._stream.close()

    def _wait_until(self, until: float) -> None:
        left = until - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "timed out")
        self._stream.settimeout(left)

    def _acknowledge_at_once(self) -> None:
        # A server with Nagle's algorithm on, such as Postfix, keeps its EHLO answer back until we have acknowledged its
        # TLS session tickets, which the kernel puts off by 40 ms. Every write of ours undoes the setting.
        if hasattr(socket, "TCP_QUICKACK"):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
