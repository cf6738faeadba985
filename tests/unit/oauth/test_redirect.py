"""Redirect addresses: with which port they are asked for, and that nobody listens but on loopback."""

import pytest

from postroom.oauth.redirect import loopback


@pytest.mark.parametrize(
    ("address", "asked", "bound"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:4711/callback", ("127.0.0.1",)),
        ("http://127.0.0.1/", "http://127.0.0.1:4711/", ("127.0.0.1",)),
        ("http://localhost", "http://localhost:4711", ("127.0.0.1", "::1")),
        ("http://localhost/a?b=c", "http://localhost:4711/a?b=c", ("127.0.0.1", "::1")),
        ("http://[::1]/callback", "http://[::1]:4711/callback", ("::1",)),
        ("http://127.0.0.1:8400/callback", "http://127.0.0.1:8400/callback", ("127.0.0.1",)),
        ("http://LOCALHOST:8400", "http://localhost:8400", ("127.0.0.1", "::1")),
    ],
)
def test_an_address_of_this_machine_gets_the_port_and_stays_as_it_is(
    address: str, asked: str, bound: tuple[str, ...]
) -> None:
    redirect = loopback(address)
    assert redirect
    assert redirect.at(4711) == asked
    assert redirect.addresses == bound
    assert redirect.authorities(4711) == {asked.split("/")[2]}


def test_the_port_of_all_web_servers_may_be_left_out() -> None:
    redirect = loopback("http://localhost:80/")
    assert redirect
    assert redirect.authorities(9999) == {"localhost", "localhost:80"}


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/callback",
        "http://127.0.0.2/callback",
        "http://0.0.0.0/callback",
        "http://[::]/callback",
        "http://localhost.example.com/",
        "http://localhost@example.com/",
        "http://example.com@localhost/",
        "http://localhost:0/",
        "http://localhost:99999/",
        "http://localhost/#a",
        "https://app.example.com/callback",
        "urn:ietf:wg:oauth:2.0:oob",
        "",
    ],
)
def test_nobody_listens_for_any_other(address: str) -> None:
    assert loopback(address) is None
