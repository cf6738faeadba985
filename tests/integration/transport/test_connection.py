"""Ways to a server: several addresses, deadlines, and what is said when none works."""

import socket
import time

import pytest

from postroom.clock import Clock
from postroom.transport.connection import Broken, Connection, Place, connect, resolve
from tests.support.faulty_server import FaultyServer, Line, Silence


def place(address: str, port: int) -> Place:
    return Place(socket.AF_INET, address, (address, port))


@pytest.fixture
def closed_port() -> int:
    with FaultyServer(()) as server:
        return server.port


def test_the_first_address_that_answers_counts(closed_port: int) -> None:
    clock = Clock()
    with FaultyServer([Silence()]) as server:
        places = [place("127.0.0.1", closed_port), place("127.0.0.2", closed_port), place("127.0.0.1", server.port)]
        connection = Connection(connect(places, clock, clock.monotonic() + 5), clock)
        assert (connection.peer, connection.port, connection.local) == ("127.0.0.1", server.port, "127.0.0.1")
        connection.close()


def test_a_kind_of_address_that_this_machine_lacks_is_one_that_failed() -> None:
    clock = Clock()
    absent = Place(socket.AF_IPX, "::1", ("::1", 25))  # stands for IPv6 where the kernel has none
    with FaultyServer([Silence()]) as server:
        connect([absent, place("127.0.0.1", server.port)], clock, clock.monotonic() + 5).close()
    with pytest.raises(Broken) as caught:
        connect([absent], clock, clock.monotonic() + 5)
    assert caught.value.sign == "unreachable"


def test_a_kind_of_address_without_a_way_does_not_hide_what_the_other_said(closed_port: int) -> None:
    clock = Clock()
    absent = Place(socket.AF_IPX, "::1", ("::1", 25))
    with pytest.raises(Broken) as caught:
        connect([absent, place("127.0.0.1", closed_port)], clock, clock.monotonic() + 5)
    assert (caught.value.sign, caught.value.text) == ("connection-refused", "Connection refused")
    assert [error["address"] for error in caught.value.evidence["errors"]] == ["::1", "127.0.0.1"]


def test_every_address_that_failed_is_told(closed_port: int) -> None:
    clock = Clock()
    places = [place("127.0.0.1", closed_port), place("127.0.0.2", closed_port)]
    with pytest.raises(Broken) as caught:
        connect(places, clock, clock.monotonic() + 5)
    assert (caught.value.sign, caught.value.text) == ("connection-refused", "Connection refused")
    assert [error["address"] for error in caught.value.evidence["errors"]] == ["127.0.0.1", "127.0.0.2"]


def test_an_address_that_never_answers_leaves_time_for_the_others() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, FaultyServer([Silence()]) as server:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:  # with its queue full the kernel drops what knocks
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            began = time.monotonic()
            sock = connect([place("127.0.0.1", port), place("127.0.0.1", server.port)], clock, clock.monotonic() + 1)
            assert 0.3 < time.monotonic() - began < 1
            sock.close()
            with pytest.raises(Broken) as caught:
                connect([place("127.0.0.1", port)], clock, clock.monotonic() + 0.1)
            assert caught.value.sign == "connection-timeout"
        finally:
            for filler in fillers:
                filler.close()


def test_an_address_needs_no_resolver_and_a_bad_name_has_none() -> None:
    assert [found.address for found in resolve("127.0.0.1", 25, 5)] == ["127.0.0.1"]
    for name in ("no-such-host.invalid", "x" * 64 + ".example.test"):
        with pytest.raises(Broken) as caught:
            resolve(name, 25, 5)
        assert caught.value.sign in ("host-not-found", "resolver-failed")


def test_a_peer_that_reads_nothing_holds_no_writer() -> None:
    clock = Clock()
    with FaultyServer([Line(b"never")]) as server:
        connection = Connection(connect([place("127.0.0.1", server.port)], clock, clock.monotonic() + 5), clock)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.read(clock.monotonic() + 0.1)
        with pytest.raises(TimeoutError):
            connection.write(b"x", clock.monotonic() - 1)
        assert time.monotonic() - began < 1
        connection.close()
