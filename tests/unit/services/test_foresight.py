"""What a test warns of: each warning where it is due, and silence where it is not."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.config.presets import known_domains, load_preset, preset_for_address, preset_for_host
from postroom.domain.address import parse_address
from postroom.domain.preset import Preset, Retirement
from postroom.domain.secret import Reference
from postroom.domain.settings import Server, Source, Tls, Value
from postroom.errors import ConfigError
from postroom.result import Step, Warn
from postroom.services.server_advice import Providers, providers_of
from postroom.services.test_warnings import Seen, fault_of_name, foresee

FILE = Source("file", "/etc/postroom/config.toml")
BEFORE, AFTER = datetime(2026, 11, 20, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


class BundledPresets:
    """The presets as a desk knows them."""

    def preset(self, word: str) -> Preset | None:
        return load_preset(word)

    def preset_for(self, address: str) -> Preset | None:
        return preset_for_address(address)

    def preset_for_host(self, host: str) -> Preset | None:
        return preset_for_host(host)

    def known_domains(self) -> Sequence[str]:
        return known_domains()


class BrokenPresets(BundledPresets):
    """One of the user's files is broken."""

    def preset_for(self, address: str) -> Preset | None:
        raise ConfigError("config.invalid", f"no preset for {address}")


def server(**values: Any) -> Server:
    given = {"host": "mail.corp.net", "port": 587, "security": "starttls", "auth": "password", **values}
    for key in ("from",):
        if key in given:
            given[key] = parse_address(given[key])
    return Server("main", {key: Value(value, FILE) for key, value in given.items()})


def steps(**details: Mapping[str, Any]) -> dict[str, Step]:
    return {name: Step(name, ok=True, detail=detail) for name, detail in details.items()}


def warned(tested: Server, *accepted: str, now: datetime = BEFORE, **details: Mapping[str, Any]) -> list[Warn]:
    providers = providers_of(tested, BundledPresets())
    return foresee(Seen(tested, providers, [parse_address(each) for each in accepted], steps(**details), now))


def codes(*given: Any, **details: Any) -> list[str]:
    return [warning.code for warning in warned(*given, **details)]


def test_a_plain_server_has_nothing_to_warn_of() -> None:
    fine = server(username="a@corp.net", password=Reference("keyring", "x"), **{"from": "a@corp.net"})
    found = codes(
        fine,
        "b@elsewhere.net",
        connect={"address": "192.0.2.1"},
        ehlo={"name": "app.corp.net"},
        starttls={"version": "TLSv1.3", "certificate": {"days_left": 60}},
    )
    assert found == []


# The end of a way to log in


@pytest.mark.parametrize("place", [{"provider": "microsoft365"}, {}])
def test_a_password_at_microsoft_is_told_with_plan_day_and_check(place: dict[str, str]) -> None:
    (warning,) = warned(server(host="smtp.office365.com", **place))
    assert warning.code == "provider.login_retires"
    for fact in ("will switch off by default after 2026-12-31", "2026-01-27", "administrators can switch it on again"):
        assert fact in warning.message
    assert "checked on 2026-11-20" in warning.message
    assert warning.hint == "postroom oauth login main"


def test_after_the_day_the_words_are_others_and_claim_no_more() -> None:
    (warning,) = warned(server(host="smtp.office365.com"), now=AFTER)
    assert "was to switch off by default after 2026-12-31" in warning.message
    assert "will switch" not in warning.message
    assert "administrators can switch it on again" in warning.message


def test_the_last_day_is_still_before() -> None:
    (warning,) = warned(server(host="smtp.office365.com"), now=datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert "will switch off by default" in warning.message


def test_a_password_at_outlook_com_is_refused_already() -> None:
    (warning,) = warned(server(provider="outlook-com", host="smtp-mail.outlook.com"))
    assert "has refused since 2024-09-16" in warning.message


@pytest.mark.parametrize(
    "tested",
    [
        server(host="smtp.office365.com", auth="oauth2"),
        server(host="smtp.gmail.com"),
        server(host="smtp-hve.office365.com"),  # years away
    ],
)
def test_another_login_is_not_warned_of(tested: Server) -> None:
    assert "provider.login_retires" not in codes(tested)


def test_an_end_for_good_is_told_before_its_day() -> None:
    preset = load_preset("fastmail")
    assert preset is not None
    ending = preset._replace(retirement=Retirement("password", "2027-01-31", "by their word"))
    (warning,) = foresee(Seen(server(), Providers(ending), (), {}, BEFORE))
    assert "will refuse after 2027-01-31: by their word" in warning.message


# Hosts


@pytest.mark.parametrize(
    ("host", "username", "new"),
    [
        ("smtp.mxhichina.com", None, "smtp.qiye.aliyun.com"),
        ("smtp.outlook.com", None, "smtp-mail.outlook.com"),
        ("smtp.live.com", None, "smtp-mail.outlook.com"),
        ("in.mailjet.com", None, "in-v3.mailjet.com"),
        ("smtp-legacy.office365.com", None, "smtp.office365.com"),
        ("mail.gmx.com", "a@gmx.net", "mail.gmx.net"),
        ("mail.gmx.com", "a@gmx.com", None),
        ("mail.gmx.net", "a@gmx.net", None),
    ],
)
def test_an_old_host_is_told_with_the_one_to_use(host: str, username: str | None, new: str | None) -> None:
    tested = server(host=host, **({"username": username} if username else {}))
    found = [warning for warning in warned(tested) if warning.code == "provider.retired_host"]
    assert [warning.hint for warning in found] == ([f"postroom smtp set main --host {new}"] if new else [])


def test_a_broken_preset_of_the_user_does_not_stop_advice() -> None:
    assert providers_of(server(username="a@corp.net"), BrokenPresets()) == Providers()


# From


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"provider": "gmail", "username": "a@gmail.com", "from": "b@corp.net"}, True),
        ({"host": "smtp.gmail.com", "username": "a@gmail.com", "from": "b@corp.net"}, True),
        ({"provider": "gmail", "username": "a@gmail.com", "from": "A@gmail.com"}, False),
        ({"provider": "webde", "username": "alice", "from": "alice@web.de"}, False),
        ({"provider": "webde", "username": "alice", "from": "alice@corp.net"}, True),
        ({"provider": "webde", "username": "alice", "from": "bob@web.de"}, True),
        ({"provider": "ses", "username": "AKIA1", "from": "b@corp.net"}, False),
        ({"provider": "brevo", "username": "a@gmail.com", "from": "b@corp.net"}, False),
        ({"username": "a@corp.net", "from": "b@corp.net"}, False),
        ({"provider": "microsoft365", "auth": "none", "username": "a@corp.net", "from": "b@corp.net"}, False),
    ],
)
def test_a_from_of_another_is_told_where_the_provider_minds(values: dict[str, Any], *, told: bool) -> None:
    assert ("provider.foreign_from" in codes(server(**values))) is told


# Secrets, certificates, TLS


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"password": Reference("plain", "smtp/main/password")}, ["main.password"]),
        ({"auth": "oauth2", "access_token": Reference("plain", "x")}, ["main.access_token"]),
        ({"password": Reference("encrypted", "x")}, []),
        ({"password": Reference("env", "PW")}, []),
        ({"auth": "none", "password": Reference("plain", "x")}, []),
    ],
)
def test_a_secret_in_clear_text_is_told(values: dict[str, Any], told: list[str]) -> None:
    hints = [warning.hint for warning in warned(server(**values)) if warning.code == "secret.stored_plain"]
    assert hints == [f"postroom secrets move {what} --store encrypted" for what in told]


@pytest.mark.parametrize("step", ["tls", "starttls"])
@pytest.mark.parametrize(("days", "told"), [(1, "in 1 day, on 2026-11-21"), (20, "in 20 days"), (21, "")])
def test_a_certificate_that_ends_is_told_with_whose_task_it_is(step: str, days: int, told: str) -> None:
    detail = {"certificate": {"days_left": days, "not_after": "2026-11-21T00:00:00Z"}}
    found = foresee(Seen(server(), Providers(), (), steps(**{step: detail}), BEFORE))
    assert [warning.code for warning in found] == (["tls.cert_expires_soon"] if told else [])
    for warning in found:
        assert told in warning.message
        assert "whoever runs mail.corp.net" in warning.hint
        assert "pin" not in warning.hint


def test_with_a_pin_the_renewal_is_a_task_here_as_well() -> None:
    tested = server()
    tested.tls = Tls({"pin": Value("sha256/x", FILE)})
    (warning,) = warned(tested, tls={"certificate": {"days_left": 3}})
    assert "the pin changes" in warning.hint


@pytest.mark.parametrize(("version", "told"), [("TLSv1.2", True), ("TLSv1.3", False), ("", False)])
def test_tls_1_2_is_told_calmly(version: str, *, told: bool) -> None:
    found = warned(server(), starttls={"version": version})
    assert [warning.code for warning in found] == (["tls.version_old"] if told else [])


# EHLO

WEAK = ["app01", "localhost", "app.local", "app.localdomain", "[192.0.2.5]", "[IPv6:2001:db8::1]", "app_1.corp.net"]


@pytest.mark.parametrize("name", [*WEAK, "ip-10-0-0-1.ec2.internal", "app.home.arpa", "-x.corp.net"])
def test_a_name_that_servers_refuse_is_told(name: str) -> None:
    assert fault_of_name(name)
    (warning,) = warned(server(), connect={"address": "192.0.2.1"}, ehlo={"name": name})
    assert (warning.code, warning.hint) == ("ehlo.name_doubtful", "postroom smtp set main --helo FULL.NAME")
    assert name in warning.message


@pytest.mark.parametrize("name", ["app.corp.net", "local.corp.net", "xn--mnchen-3ya.example", "a.co"])
def test_a_full_name_is_not(name: str) -> None:
    assert fault_of_name(name) == ""


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.5.0.1"])
def test_on_loopback_the_name_is_no_matter(address: str) -> None:
    assert codes(server(), connect={"address": address}, ehlo={"name": "app01"}) == []


def test_behind_a_proxy_the_loopback_is_not_ours() -> None:
    tested = server(host="localhost", proxy="socks5://gate:1080")
    assert codes(tested, connect={"address": "localhost"}, ehlo={"name": "app01"}) == ["ehlo.name_doubtful"]


# Recipients


@pytest.mark.parametrize(
    ("accepted", "told"),
    [
        (["b@corp.net"], "its own domain, corp.net"),
        (["a@corp.net"], "its own address"),
        (["b@corp.net", "c@corp.net"], "its own domain"),
        (["b@corp.net", "c@elsewhere.net"], ""),
        ([], ""),
    ],
)
def test_a_test_that_stayed_at_home_is_told(accepted: list[str], told: str) -> None:
    found = warned(server(**{"from": "a@corp.net"}), *accepted)
    assert [warning.code for warning in found] == (["test.own_domain_only"] if told else [])
    assert all(told in warning.message and "--to ADDRESS" in warning.hint for warning in found)


def test_our_own_sandbox_delivers_to_nobody_anyway() -> None:
    banner = {"banner": "localhost Postroom sandbox: nothing is delivered"}
    assert codes(server(**{"from": "a@corp.net"}), "b@corp.net", greeting=banner) == []
