"""The way through SOCKS5 and HTTP CONNECT proxies, played by a server that knows just enough of each."""

import base64
import time

import pytest

from postroom.clock import Clock
from postroom.domain.reply import TransportError
from postroom.domain.secret import Secret
from postroom.transport.connection import Dial
from postroom.transport.proxy import proxy_dial
from tests.integration.transport.opening import BANNER, HAPPY, SHORT, attempt, message
from tests.support.faulty_server import Action, Drip, FaultyServer, Flood, Line, Read, Send, Silence

AUTHORIZATION = b"Proxy-Authorization: Basic " + base64.b64encode(b"alice@x:of-the-proxy") + b"\r\n"
TARGET = ("mail.example.test", 2525)


def dial_through(url: str, password: Secret | None) -> Dial:
    return proxy_dial(url, password, Clock())


def socks_proxy(*script: Action) -> list[Action]:
    request = 4 + 1 + len(TARGET[0]) + 2
    return [Read(3), Send(b"\x05\x00"), Read(request), Send(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"), *script]


def test_a_mail_goes_through_a_socks5_proxy_that_looks_the_name_up() -> None:
    with FaultyServer(socks_proxy(*HAPPY)) as proxy:
        dial = dial_through(f"socks5h://127.0.0.1:{proxy.port}", None)
        opened = attempt(TARGET, dial=dial, allow_cleartext="mail")
        assert opened.session.send(message()).outcome == "accepted"
    assert TARGET[0].encode() in proxy.received
    assert opened.step("resolve").skipped
    assert opened.step("connect").detail["address"] == TARGET[0]


def test_a_mail_goes_through_an_http_proxy_with_a_password_even_when_the_greeting_comes_with_its_answer() -> None:
    head = (Line(b"CONNECT mail.example.test:2525 HTTP/1.1\r\n"), Line(b"Host: "), Line(AUTHORIZATION), Line(b"\r\n"))
    answer = Send(b"HTTP/1.1 200 ok\r\nVia: proxy\r\n\r\n" + BANNER.data)
    with FaultyServer((*head, answer, *HAPPY[1:])) as proxy:
        dial = dial_through(f"http://alice%40x@127.0.0.1:{proxy.port}", Secret("of-the-proxy"))
        assert attempt(TARGET, dial=dial, allow_cleartext="mail").session.send(message()).outcome == "accepted"


def test_a_socks5_proxy_may_want_a_password() -> None:
    login = b"\x01\x05alice\x0cof-the-proxy"
    script = (Read(4), Send(b"\x05\x02"), Read(len(login)), Send(b"\x01\x00"), *socks_proxy(*HAPPY)[2:])
    with FaultyServer(script) as proxy:
        dial = dial_through(f"socks5h://alice@127.0.0.1:{proxy.port}", Secret("of-the-proxy"))
        assert attempt(TARGET, dial=dial, allow_cleartext="mail").session.send(message()).outcome == "accepted"
    assert login in proxy.received


REFUSALS: dict[str, tuple[str, tuple[Action, ...]]] = {
    "http": ("http", (Line(), Line(), Line(), Send(b"HTTP/1.1 403 Forbidden\r\n\r\n"))),
    "socks5": ("socks5h", (Read(3), Send(b"\x05\xff"))),
    "http, endless": ("http", (Flood(b"HTTP/1.1 200 ok\r\n"),)),
    "http, dripping": ("http", (Drip(b"HTTP/1.1 200 " + b"x" * 1000),)),
    "http, closed": ("http", (Line(),)),
    "closed": ("socks5h", ()),
    "silent": ("socks5h", (Silence(),)),
    "socks5, dripping": ("socks5h", (Read(3), Send(b"\x05\x00"), Drip(b"\x05\x00\x00\x03\xff" + b"a" * 255, 0.3))),
    "socks5, nonsense": ("socks5h", (*socks_proxy()[:3], Send(b"\x05\x00\x00\x03\x04\xff\xfe\xfd\xfc\x00\x00"))),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_proxy_that_does_not_do_it_is_told(how: str) -> None:
    scheme, script = REFUSALS[how]
    began = time.monotonic()
    with FaultyServer(script) as proxy, pytest.raises(TransportError) as caught:
        attempt(TARGET, dial=dial_through(f"{scheme}://127.0.0.1:{proxy.port}", None), allow_cleartext="mail")
    assert (caught.value.signs.step, caught.value.signs.sign) == ("connect", "proxy-failed")
    assert caught.value.signs.evidence["proxy"] == f"127.0.0.1:{proxy.port}"
    assert time.monotonic() - began < 2 * SHORT.connect + 1


def test_no_proxy_there_is_told() -> None:
    with FaultyServer(()) as gone:
        port = gone.port
    with pytest.raises(TransportError) as caught:
        attempt(TARGET, dial=dial_through(f"http://127.0.0.1:{port}", None), allow_cleartext="mail")
    assert caught.value.signs.sign == "proxy-failed"


def test_the_loopback_behind_a_proxy_is_not_ours() -> None:
    with FaultyServer(socks_proxy(*HAPPY)) as proxy, pytest.raises(TransportError) as caught:
        attempt(TARGET, dial=dial_through(f"socks5h://127.0.0.1:{proxy.port}", None))
    assert caught.value.signs.sign == "cleartext-not-allowed"


@pytest.mark.parametrize("url", ["http://proxy:0", "http://proxy:x", "http://proxy:65536", "socks5://[::1]:99999"])
def test_a_port_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no port"):
        dial_through(url, None)
