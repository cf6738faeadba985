"""Owns the redirect address of a login: what it becomes with a port, and where this machine may listen for it.

RFC 8252 7.3 and 8.3. It refuses to open a socket.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

_LOOPBACKS = {"127.0.0.1": ("127.0.0.1",), "::1": ("::1",), "localhost": ("127.0.0.1", "::1")}
"""The addresses to bind for each host of a redirect address; there are no others."""

_HTTP_PORT = 80


class Redirect(NamedTuple):
    """A redirect address on this machine. `addresses` are to be bound; `port` is None where any will do."""

    host: str
    addresses: tuple[str, ...]
    port: int | None
    path: str
    query: str

    def at(self, port: int) -> str:
        """The address as the provider gets it, when we listen at `port`."""
        query = f"?{self.query}" if self.query else ""
        return f"http://{self._authority(self.port or port)}{self.path}{query}"

    def authorities(self, port: int) -> frozenset[str]:
        """What the header Host may say (RFC 9110 7.2), in lower case."""
        port = self.port or port
        with_port = self._authority(port)
        return frozenset((with_port, with_port.removesuffix(f":{port}")) if port == _HTTP_PORT else (with_port,))

    def _authority(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{port}"


def loopback(redirect_uri: str) -> Redirect | None:
    """The redirect address read; None where it does not lead to a port of this machine that we may listen at."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in _LOOPBACKS or "@" in parts.netloc or parts.fragment or port == 0:
        return None
    return Redirect(host, _LOOPBACKS[host], port, parts.path, parts.query)
