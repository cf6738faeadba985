"""Owns the way through a SOCKS5 or HTTP CONNECT proxy. Needs the extra `proxy`; the composition root alone loads it.

SOCKS5 is python-socks's. HTTP CONNECT is done here: the library reads the proxy's answer with one recv and drops what
came behind it, and in SMTP that is the server's greeting.
"""

import binascii
import socket
import threading
from functools import partial
from urllib.parse import unquote

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.sync import Proxy

from postroom.clock import Clock
from postroom.domain.secret import Secret
from postroom.transport.connection import Broken, Dial, connect, resolve

_PORTS = {"socks5": 1080, "socks5h": 1080, "http": 8080}
_ANSWER_LIMIT_BYTES = 8192
"""What HTTP servers commonly allow for a head; a proxy's has some two hundred."""


def proxy_dial(url: str, password: Secret | None, clock: Clock) -> Dial:
    """The dial through the proxy of the settings (`socks5://[USER@]HOST[:PORT]`, also socks5h, http).

    `socks5` looks the server's name up here, `socks5h` and `http` let the proxy do it. Raise ValueError for a port
    that is none.
    """
    scheme, _, rest = url.partition("://")
    user, _, place = rest.partition("/")[0].rpartition("@")
    host, port = _host_and_port(place, _PORTS[scheme])
    name, secret = unquote(user), password.reveal() if password else ""
    way: Dial
    if scheme == "http":
        way = _HttpProxy(host, port, _basic(name, secret), clock).dial
    else:
        proxy = Proxy(ProxyType.SOCKS5, host, port, name or None, secret or None, rdns=scheme == "socks5h")
        way = partial(_in_time, proxy)

    def dial(target: str, target_port: int, timeout_seconds: float) -> socket.socket:
        try:
            return way(target, target_port, max(timeout_seconds, 0.001))
        except (Broken, ProxyError, ProxyConnectionError, ProxyTimeoutError, OSError, ValueError) as error:
            text = str(error) or type(error).__name__
            raise Broken("proxy-failed", text, {"proxy": f"{host}:{port}"}) from error

    return dial


def _in_time(proxy: Proxy, target: str, target_port: int, timeout_seconds: float) -> socket.socket:
    # The library's time limit is one for each read, and its look-up of names has none, so it works beside us and may be
    # left behind.
    outcome: list[socket.socket | Exception] = []
    left_behind = False
    deciding = threading.Lock()

    def work() -> None:
        try:
            found: socket.socket | Exception = proxy.connect(target, target_port, timeout_seconds)
        except Exception as error:  # noqa: BLE001 - told to the one who waits
            found = error
        with deciding:
            if not left_behind:
                outcome.append(found)
            elif isinstance(found, socket.socket):
                found.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    with deciding:
        left_behind = not outcome
    if not outcome:
        raise TimeoutError(f"no way through the proxy after {timeout_seconds:.0f} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


class _HttpProxy:
    def __init__(self, host: str, port: int, authorization: str, clock: Clock) -> None:
        self._host, self._port = host, port
        self._authorization = authorization
        self._clock = clock

    def dial(self, target: str, target_port: int, timeout_seconds: float) -> socket.socket:
        """CONNECT (RFC 9110 9.3.6)."""
        until = self._clock.monotonic() + timeout_seconds
        sock = connect(resolve(self._host, self._port, timeout_seconds), self._clock, until)
        try:
            place = f"[{target}]:{target_port}" if ":" in target else f"{target}:{target_port}"
            sock.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{self._authorization}\r\n".encode("ascii"))
            self._check(self._answer(sock, until))
        except BaseException:
            sock.close()
            raise
        return sock

    def _answer(self, sock: socket.socket, until: float) -> bytes:
        # Octet by octet: what follows the empty line is the mail server's and must stay in the socket.
        answer = bytearray()
        while not answer.endswith(b"\r\n\r\n"):
            sock.settimeout(max(until - self._clock.monotonic(), 0.001))
            octet = sock.recv(1)
            if not octet or len(answer) > _ANSWER_LIMIT_BYTES:
                raise Broken("proxy-failed", "the proxy's answer has no end")
            answer += octet
        return bytes(answer)

    @staticmethod
    def _check(answer: bytes) -> None:
        status = answer.partition(b"\r\n")[0].decode("latin-1")
        version, _, reason = status.partition(" ")
        if not version.startswith("HTTP/1.") or not reason.startswith("2"):
            raise Broken("proxy-failed", status[:200])


def _basic(name: str, secret: str) -> str:
    if not name:
        return ""
    pair = binascii.b2a_base64(f"{name}:{secret}".encode(), newline=False).decode()
    return f"Proxy-Authorization: Basic {pair}\r\n"


def _host_and_port(place: str, default: int) -> tuple[str, int]:
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":")
    elif place.count(":") > 1:
        host, port = place, ""
    else:
        host, _, port = place.partition(":")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{port!r} is no port")
    return host, int(port or default)
