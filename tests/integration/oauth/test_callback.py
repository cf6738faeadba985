"""The listener at the redirect address: one valid answer gets in, whatever else comes to the port."""

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from postroom.clock import Clock
from postroom.errors import Exit, PostroomError
from postroom.oauth import callback, page
from postroom.oauth.authorization import NotTheAnswer, judge
from postroom.oauth.callback import Browser, Listener
from postroom.oauth.redirect import loopback
from tests.integration.oauth.visitor import Answer, Beside, ask, converse, get, knock, visit
from tests.support.moving_clock import MovingClock
from tests.unit.oauth.test_authorization import BAD, CLIENT, GOOD, STATE, query

DOCUMENT = page.logged_in(server="main", account="alice@example.test")
POLICY = f"Content-Security-Policy: {page.POLICY}"


def accept(text: str) -> str:
    """The code of a valid answer."""
    return judge(text, client=CLIENT, state=STATE).reveal()


def listener_at(redirect_uri: str, port: int = 0, clock: Clock | None = None) -> Listener:
    redirect = loopback(redirect_uri)
    assert redirect
    return Listener(redirect, port=port, monotonic=(clock or Clock()).monotonic)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listener_at("http://127.0.0.1/callback") as opened:
        yield opened


class Served:
    """A listener at work in a thread, until it has its answer. `codes` are the codes that it took."""

    def __init__(self, listener: Listener, document: str = DOCUMENT) -> None:
        self.listener = listener
        self.codes: list[str] = []
        self._stop = False
        self._document = document
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop:
            if heard := self.listener.wait(0.05, accept):
                code, browser = heard
                self.codes.append(code)
                browser.show(self._document)
                return

    def end(self) -> None:
        self._stop = True
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def served(listener: Listener) -> Iterator[Served]:
    server = Served(listener)
    yield server
    server.end()


def address(listener: Listener, text: str = "") -> str:
    return f"{listener.redirect_uri}?{text or query()}"


def assert_closed(port: int, via: str = "127.0.0.1") -> None:
    with pytest.raises(ConnectionRefusedError):
        knock(port, via)


def assert_safe(answer: Answer) -> None:
    """The fields that every answer has, and nothing of what was asked."""
    lines = answer.head.split("\r\n")
    for line in ("Cache-Control: no-store", "Referrer-Policy: no-referrer", POLICY, "X-Content-Type-Options: nosniff"):
        assert line in lines
    assert f"Content-Length: {len(answer.body.encode())}" in lines
    for text in (GOOD["code"], STATE, "evil.example.test"):
        assert text not in answer.head + answer.body


def test_the_valid_answer_is_taken_and_nobody_listens_any_more(served: Served) -> None:
    answer = visit(address(served.listener))
    assert answer.status == 200
    assert answer.body == DOCUMENT
    assert_safe(answer)
    served.end()
    assert served.codes == [GOOD["code"]]
    assert_closed(served.listener.port)


@pytest.mark.parametrize("bad", [pytest.param(text, id=name) for name, text in BAD.items() if len(text) < 8000])
def test_a_bad_callback_is_refused_and_the_valid_one_still_comes(served: Served, bad: str) -> None:
    target = f"/callback?{bad}"
    refused = ask(served.listener.port, get(target, served.listener.redirect_uri.split("/")[2]))
    assert refused.status == 400
    assert_safe(refused)
    assert served.codes == []
    assert visit(address(served.listener)).status == 200


def test_there_are_enough_bad_callbacks() -> None:
    assert len([text for text in BAD.values() if len(text) < 8000]) >= 30


def test_fifty_bad_requests_and_slow_ones_do_not_keep_the_valid_one_out(served: Served) -> None:
    port = served.listener.port
    host = f"127.0.0.1:{port}"
    with ExitStack() as stack:
        slow = [stack.enter_context(knock(port)) for _ in range(12)]
        for sock in slow[:6]:
            sock.sendall(b"GET /callback?code=")
        statuses = [ask(port, request).status for request in (bad_requests(host) * 6)[:50]]
        assert len(statuses) == 50
        assert set(statuses) == {400, 404, 405, 431}
        began = time.monotonic()
        for sock in (stack.enter_context(knock(port)) for _ in range(7)):
            sock.sendall(b"G")
        assert visit(address(served.listener)).status == 200
        assert time.monotonic() - began < 2
    assert served.codes == [GOOD["code"]]


def bad_requests(host: str) -> list[bytes]:
    target = f"/callback?{query()}"
    return [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"SSH-2.0-scan\r\n\r\n",
        get(target, "evil.example.test"),
        get(target, host, "POST") + b"code=a",
        get(target, host, "HEAD"),
        get("/", host),
        get("/favicon.ico", host),
        get("/callback?" + query(state="other"), host),
        get("/callback?" + "x" * 9000, host),
    ]


def test_the_favicon_does_not_disturb(served: Served) -> None:
    host = f"127.0.0.1:{served.listener.port}"
    favicon = ask(served.listener.port, get("/favicon.ico", host))
    assert favicon.status == 404
    assert_safe(favicon)
    assert visit(address(served.listener)).status == 200


def test_another_method_is_told_the_right_one(served: Served) -> None:
    refused = ask(served.listener.port, get("/callback", f"127.0.0.1:{served.listener.port}", "POST"))
    assert refused.status == 405
    assert "Allow: GET" in refused.head


@pytest.mark.parametrize("host", ["evil.example.test", "evil.example.test:{port}", "localhost:{port}", "127.0.0.1"])
def test_a_request_under_another_name_is_not_taken(served: Served, host: str) -> None:
    target = f"/callback?{query()}"
    refused = ask(served.listener.port, get(target, host.format(port=served.listener.port)))
    assert refused.status == 400
    assert_safe(refused)
    assert served.codes == []


def test_nothing_of_a_request_is_shown_to_anybody(served: Served) -> None:
    nasty = "<script>alert(document.domain)</script>"
    text = query(code=None, state="other", error="access_denied", error_description=nasty)
    encoded = get(f"/callback?{text}", f"127.0.0.1:{served.listener.port}")
    raw = f"GET /callback?error_description={nasty} HTTP/1.1\r\nHost: {nasty}\r\n\r\n".encode()
    for request in (encoded, raw, raw.replace(b"GET", nasty.encode()), raw.replace(b"/callback", nasty.encode())):
        answer = ask(served.listener.port, request)
        assert answer.status == 400
        assert "alert" not in answer.head + answer.body


def test_a_head_may_be_eight_kibibytes_long_and_no_longer(served: Served) -> None:
    host = f"127.0.0.1:{served.listener.port}"
    bare = get("/callback?a=", host)
    assert ask(served.listener.port, get("/callback?a=" + "x" * (8193 - len(bare)), host)).status == 431
    assert ask(served.listener.port, b"x" * 100_000).status == 431
    longest = get(f"/callback?{query()}", host)
    longest = longest[:-4] + b"\r\nA: " + b"x" * (8192 - len(longest) - 5) + b"\r\n\r\n"
    assert len(longest) == 8192
    assert ask(served.listener.port, longest).status == 200


def test_a_request_may_come_in_pieces(served: Served) -> None:
    request = get(f"/callback?{query()}", f"127.0.0.1:{served.listener.port}")
    with knock(served.listener.port) as sock:
        for start in range(0, len(request), 7):
            sock.sendall(request[start : start + 7])
            time.sleep(0.002)
        assert converse(sock).status == 200


def test_two_valid_answers_at_once_are_one(served: Served) -> None:
    second = query(code="second")
    visits = [Beside(visit_or_nothing, address(served.listener, text)) for text in (query(), second)]
    answered = [visit for visit in visits if visit.result() == 200]
    served.end()
    assert len(answered) == 1
    assert len(served.codes) == 1


def visit_or_nothing(address: str) -> int:
    try:
        return visit(address).status
    except OSError:
        return 0


def test_who_takes_too_long_is_sent_away() -> None:
    clock = MovingClock()
    with listener_at("http://127.0.0.1/callback", clock=clock) as listener, knock(listener.port) as sock:
        sock.sendall(b"GET /")
        listener.wait(1, accept)
        clock.advance(callback.REQUEST_SECONDS - 1)
        for _ in range(3):
            assert listener.wait(0.01, accept) is None
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        clock.advance(1)
        assert listener.wait(0.01, accept) is None
        assert sock.recv(1) == b""


def test_a_few_guests_are_borne_at_a_time_and_the_newest_is_heard() -> None:
    with listener_at("http://127.0.0.1/callback") as listener, ExitStack() as stack:
        guests = []
        for _ in range(callback.MOST_GUESTS + 3):
            guests.append(stack.enter_context(knock(listener.port)))
            listener.wait(1, accept)
        for sock in guests:
            sock.settimeout(0.05)
        gone = []
        for sock in guests:
            try:
                gone.append(sock.recv(1) == b"")
            except TimeoutError:
                gone.append(False)
        assert gone == [True] * 3 + [False] * callback.MOST_GUESTS


def test_waiting_costs_no_processor_even_with_guests_that_were_refused(listener: Listener) -> None:
    with knock(listener.port) as sock:
        sock.sendall(b"\r\n\r\n")
        began, worked = time.monotonic(), time.process_time()
        while time.monotonic() - began < 0.6:
            listener.wait(0.2, accept)
        assert time.process_time() - worked < 0.2


# Where it listens


def test_it_listens_on_loopback_only(listener: Listener) -> None:
    assert bound_addresses(listener.port) == {"127.0.0.1"}


def test_localhost_is_listened_for_under_both_addresses() -> None:
    with listener_at("http://localhost") as listener:
        assert listener.redirect_uri == f"http://localhost:{listener.port}"
        assert bound_addresses(listener.port) == {"127.0.0.1", "::1"}
        served = Served(listener)
        assert visit(address(listener), "::1").status == 200
        served.end()
        assert served.codes == [GOOD["code"]]
        assert_closed(listener.port, "::1")
        assert_closed(listener.port)


def test_an_address_of_ipv6_is_listened_for_there_alone() -> None:
    with listener_at("http://[::1]/callback") as listener:
        assert bound_addresses(listener.port) == {"::1"}
        served = Served(listener)
        assert visit(address(listener), "::1").status == 200
        served.end()


def bound_addresses(port: int) -> set[str]:
    """Where this machine listens at a port, as the kernel says it."""
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with open(f"/proc/net/{table}") as lines:  # noqa: PTH123
            for line in list(lines)[1:]:
                local, _, state = line.split()[1:4]
                host, _, number = local.partition(":")
                if state == "0A" and int(number, 16) == port:
                    words = [bytes.fromhex(host[start : start + 8]) for start in range(0, len(host), 8)]
                    found.add(socket.inet_ntop(family, b"".join(word[::-1] for word in words)))
    return found


def test_two_listeners_do_not_get_into_each_others_way(served: Served) -> None:
    with listener_at("http://127.0.0.1/callback") as second:
        assert second.port != served.listener.port
        other = Served(second)
        assert visit(address(second)).status == 200
        assert served.codes == []
        assert visit(address(served.listener)).status == 200
        other.end()
        assert other.codes == [GOOD["code"]]


@pytest.mark.parametrize("taken", ["127.0.0.1", "::1"])
def test_a_taken_port_is_named_with_the_option(taken: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in taken else socket.AF_INET) as other:
        other.bind((taken, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PostroomError) as failed:
            listener_at("http://localhost", port)
    assert failed.value.code == "oauth.port_in_use"
    assert failed.value.exit == Exit.TRY_AGAIN
    assert str(port) in failed.value.message
    assert "--listen-port" in failed.value.hint
    with listener_at("http://localhost", port) as listener:
        assert listener.port == port


def test_a_taken_port_of_the_redirect_address_is_not_to_be_changed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PostroomError) as failed:
        listener_at(f"http://127.0.0.1:{other.getsockname()[1]}/callback")
    assert "--flow paste" in failed.value.hint


@pytest.mark.parametrize(("reason", "hint"), [(errno.EACCES, "above 1023"), (errno.EADDRNOTAVAIL, "--flow paste")])
def test_a_port_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, reason: int, hint: str) -> None:
    def refuse(_address: str, _port: int) -> socket.socket:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(callback, "_bind", refuse)
    with pytest.raises(PostroomError) as failed:
        listener_at("http://127.0.0.1/", 81)
    assert (failed.value.code, failed.value.exit) == ("oauth.port_unusable", Exit.CONFIG)
    assert hint in failed.value.hint


def test_a_port_may_be_used_again_at_once() -> None:
    with listener_at("http://127.0.0.1/callback") as first:
        served = Served(first)
        visit(address(first))
        served.end()
    with listener_at("http://127.0.0.1/callback", first.port) as second:
        served = Served(second)
        assert visit(address(second)).status == 200
        served.end()


def test_closing_leaves_nobody_waiting(listener: Listener) -> None:
    with knock(listener.port) as sock:
        listener.wait(1, accept)
        listener.close()
        assert sock.recv(1) == b""
        assert_closed(listener.port)
        listener.close()


# The page


def test_the_browser_waits_for_the_truth(listener: Listener) -> None:
    browsing = Beside(visit, address(listener))
    heard = None
    while heard is None:
        heard = listener.wait(1, accept)
    time.sleep(0.2)
    assert browsing.running
    document = page.failed(PostroomError("a.b", "the token endpoint is on fire"))
    heard[1].show(document)
    heard[1].show(DOCUMENT)
    assert browsing.result().body == document


def test_a_browser_that_is_told_nothing_is_told_so() -> None:
    ours, theirs = socket.socketpair()
    browser = Browser(ours, seconds=0.05)
    with theirs:
        assert converse(theirs).body == page.unknown()
    browser.show(DOCUMENT)


def test_a_browser_that_has_gone_is_no_failure() -> None:
    ours, theirs = socket.socketpair()
    browser = Browser(ours)
    theirs.close()
    browser.show(DOCUMENT)


def test_what_the_judge_says_of_a_request_never_reaches_the_browser(listener: Listener) -> None:
    def judge_harshly(_text: str) -> str:
        raise NotTheAnswer("secret reason")

    browsing = Beside(visit, address(listener))
    while browsing.running:
        listener.wait(0.05, judge_harshly)
    assert "secret reason" not in browsing.result().body
