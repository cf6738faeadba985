"""Owns the way through a SOCKS5 or HTTP CONNECT proxy. Needs the extra `proxy`; the composition root alone loads it."""

import socket

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.sync import Proxy

from postroom.domain.secret import Secret
from postroom.transport.connection import Broken, Dial

_PORTS = {"socks5": 1080, "socks5h": 1080, "http": 8080}


def proxy_dial(url: str, password: Secret | None) -> Dial:
    """The dial through the proxy of the settings (`socks5://[USER@]HOST[:PORT]`, also socks5h, http).

    `socks5` looks the server's name up here, `socks5h` and `http` let the proxy do it. Raise ValueError for a port
    that is none.
    """
    scheme, _, rest = url.partition("://")
    user, _, place = rest.partition("/")[0].rpartition("@")
    host, port = _host_and_port(place, _PORTS[scheme])

    def dial(target: str, target_port: int, timeout_seconds: float) -> socket.socket:
        proxy = Proxy(
            proxy_type=ProxyType.HTTP if scheme == "http" else ProxyType.SOCKS5,
            host=host,
            port=port,
            username=user or None,
            password=password.reveal() if password else None,
            rdns=scheme != "socks5",
        )
        evidence = {"proxy": f"{host}:{port}"}
        try:
            connected = proxy.connect(dest_host=target, dest_port=target_port, timeout=max(timeout_seconds, 0.001))
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError, OSError) as error:
            text = str(error) or type(error).__name__
            raise Broken("proxy-failed", text, evidence) from error
        if not isinstance(connected, socket.socket):
            raise Broken("proxy-failed", "the proxy gave no socket", evidence)
        return connected

    return dial


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
