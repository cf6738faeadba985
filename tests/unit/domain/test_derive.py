"""What a server's settings are once the gaps are filled."""

from typing import Any

import pytest

from postroom.domain.address import Address
from postroom.domain.derive import build_server, is_loopback
from postroom.domain.preset import Preset
from postroom.domain.settings import Server, Source, Tls, Value
from tests.support.config_files import ACME, KEYED

FILE = Source("file", "/c.toml")


def server(preset: Preset | None = None, **given: Any) -> Server:
    keys = {("from" if name == "from_" else name): value for name, value in given.items()}
    entries = {name: Value(value, FILE) for name, value in keys.items()}
    return build_server("main", entries, tls={}, oauth={}, profiles={}, preset=preset)


@pytest.mark.parametrize(
    ("given", "port", "security", "source"),
    [
        ({}, 465, "tls", "derived security tls"),
        ({"security": "tls"}, 465, "tls", "derived security tls"),
        ({"security": "starttls"}, 587, "starttls", "derived security starttls"),
        ({"security": "none"}, 25, "none", "derived security none"),
        ({"port": 465}, 465, "tls", "derived port 465"),
        ({"port": 25}, 25, "starttls", "derived port 25"),
        ({"port": 587}, 587, "starttls", "derived port 587"),
        ({"port": 2525}, 2525, "starttls", "derived port 2525"),
        ({"port": 8465}, 8465, "tls", "default"),
        ({"port": 25, "host": "localhost"}, 25, "none", "derived port 25"),
        ({"port": 1025, "host": "127.0.0.1"}, 1025, "none", "derived port 1025"),
        ({"port": 2525, "host": "::1"}, 2525, "none", "derived port 2525"),
        ({"port": 587, "host": "localhost"}, 587, "starttls", "derived port 587"),
        ({"port": 1025, "host": "mail.example.com"}, 1025, "tls", "default"),
        ({"port": 465, "security": "starttls"}, 465, "starttls", "file /c.toml"),
    ],
)
def test_port_and_security_follow_from_each_other(given: dict[str, Any], port: int, security: str, source: str) -> None:
    found = server(**given)
    assert (found.port, found.security) == (port, security)
    assert str(found.source("port" if "port" not in given else "security")) == source


@pytest.mark.parametrize(
    ("given", "port", "security"),
    [
        ({}, 587, "starttls"),
        ({"port": 465}, 465, "tls"),
        ({"port": 2525}, 2525, "tls"),  # the provider's word before the usual meaning of the port
        ({"port": 25}, 25, "starttls"),
        ({"port": 8025}, 8025, "starttls"),
        ({"security": "tls"}, 465, "tls"),
        ({"security": "none"}, 25, "none"),
    ],
)
def test_the_presets_alternatives_come_first(given: dict[str, Any], port: int, security: str) -> None:
    found = server(ACME, **given)
    assert (found.port, found.security) == (port, security)


def test_a_preset_fills_what_is_not_given_and_nothing_else() -> None:
    found = server(ACME, from_policy="keep")
    assert found.host == "smtp.acme.example"
    assert str(found.rate) == "30/min"
    assert found.max_connections == 3
    assert found.from_policy == "keep"
    assert found.username is None
    assert found.source("host") == Source("preset", "acme")


def test_the_region_chooses_the_host() -> None:
    assert server(ACME, region="eu").host == "smtp.eu.acme.example"
    assert server(ACME, region="eu", host="other.example").host == "other.example"


def test_a_presets_literal_username_is_filled_in() -> None:
    assert server(KEYED).username == "apikey"
    assert server(KEYED).source("username") == Source("preset", "keyed")
    assert server(KEYED, username="me").username == "me"


@pytest.mark.parametrize(
    ("preset", "given", "auth", "source"),
    [
        (None, {}, "none", "default"),
        (None, {"username": "u"}, "password", "derived username"),
        (None, {"password": "env:X"}, "password", "derived password"),
        (None, {"access_token": "env:X"}, "oauth2", "derived access_token"),
        (None, {"access_token": "env:X", "password": "env:Y"}, "password", "derived password"),
        (None, {"username": "u", "auth": "none"}, "none", "file /c.toml"),
        (ACME, {"username": "u"}, "oauth2", "preset acme"),
        (ACME, {"username": "u", "password": "env:X"}, "password", "derived password"),
        (ACME, {"auth": "external", "password": "env:X"}, "external", "file /c.toml"),
    ],
)
def test_the_way_to_log_in_follows_from_what_is_given(
    preset: Preset | None, given: dict[str, Any], auth: str, source: str
) -> None:
    found = server(preset, **given)
    assert (found.auth, str(found.source("auth"))) == (auth, source)


def test_of_a_password_and_a_token_the_higher_layer_wins() -> None:
    entries = {
        "password": Value("env:X", FILE),
        "access_token": Value("env:Y", Source("environment", "POSTROOM_OAUTH_ACCESS_TOKEN")),
    }
    assert build_server("main", entries, tls={}, oauth={}, profiles={}, preset=None).auth == "oauth2"


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ({"username": "me@example.com"}, Address("me", "example.com")),
        ({"username": "apikey"}, None),
        ({}, None),
        ({"username": "me@example.com", "from_": Address("a", "b.example")}, Address("a", "b.example")),
    ],
)
def test_from_is_the_username_where_it_is_an_address(given: dict[str, Any], sender: Address | None) -> None:
    assert server(**given).from_ == sender


def test_from_policy_is_keep_unless_somebody_says_otherwise() -> None:
    assert (server().from_policy, server(ACME).from_policy) == ("keep", "force")


def test_own_tls_settings_win_over_the_profile_key_by_key() -> None:
    profile = Tls({"minimum": Value("1.3", FILE), "ca_file": Value("/ca", FILE)})
    found = build_server(
        "main",
        {"tls_profile": Value("p", FILE)},
        tls={"minimum": Value("1.2", FILE)},
        oauth={},
        profiles={"p": profile},
        preset=None,
    )
    assert (found.tls.minimum, found.tls.ca_file) == ("1.2", "/ca")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("mail.localhost", True),
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("::1", True),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("mylocalhost", False),
        ("127.evil.example", False),
        ("10.0.0.1", False),
        ("::2", False),
    ],
)
def test_only_what_cannot_leave_the_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
