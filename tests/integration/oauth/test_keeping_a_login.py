"""What a login is worth is told as it is: proved or not, ended or away, here or on another machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import Home, assert_documented, home_in
from tests.integration.oauth.test_refresh_race import consent_at
from tests.integration.oauth.visitor import visit
from tests.support.evil_provider import EvilProvider, Reply, tokens
from tests.support.mailstack import Mailstack
from tests.support.oauth_mail import OauthMail, RunOauthMail
from tests.support.openid_provider import MACHINE, NATIVE, SECRET, OpenidProvider

BOB = "bob@example.test"
TOKENS = "smtp/main/oauth/tokens"
SCOPE = "openid offline_access email smtp"


@pytest.fixture
def home(openid_provider: OpenidProvider, tmp_path: Path) -> Home:
    found = home_in(tmp_path / "home")
    found.setting(openid_provider.issuer, NATIVE)
    assert found.log_in(consent_at(openid_provider)).done.exit == 0
    return found


def codes(done: object) -> list[str]:
    return [one["code"] for one in assert_documented(done)["warnings"]]  # type: ignore[attr-defined, arg-type]  # JSON


# Proved, or not.


def test_a_login_that_could_not_be_asked_about_is_not_called_proved(
    home: Home, openid_provider: OpenidProvider
) -> None:
    good = home.run("oauth", "status", "--json")
    assert (good.exit, good.json["data"]["servers"][0]["proved"]) == (0, True)
    assert "not proved" not in home.run("oauth", "status").stdout
    openid_provider.stop()
    away = home.run("oauth", "status", "--json")
    row = away.json["data"]["servers"][0]
    assert (away.exit, row["state"], row["proved"]) == (75, "usable", False), away
    assert codes(away).count("oauth.not_asked") == 1
    assert "usable, not proved" in home.run("oauth", "status").stdout
    offline = home.run("oauth", "status", "--offline", "--json")
    assert (offline.exit, offline.json["data"]["servers"][0]["proved"]) == (0, False)


# What a provider says, and where.


def test_a_renewal_needs_one_request_and_no_metadata(tmp_path: Path) -> None:
    with EvilProvider(token=[tokens(scope=SCOPE)]) as provider:
        home = home_in(tmp_path / "home")
        home.setting(provider.issuer, "application")
        assert home.log_in(lambda address: visit(provider.redirect_of(address)).body).done.exit == 0
        provider.metadata_answer = Reply(b"gone", 503)
        before = len(provider.requests)
        assert home.run("oauth", "refresh", "main").exit == 0
        assert [found.path for found in provider.requests[before:]] == ["/token"]


def test_a_refresh_token_that_ends_in_seven_days_is_known_from_the_first_day(tmp_path: Path) -> None:
    with EvilProvider(token=[tokens(scope=SCOPE, refresh_token_expires_in=7 * 86400)]) as provider:
        home = home_in(tmp_path / "home")
        home.setting(provider.issuer, "application")
        assert home.log_in(lambda address: visit(provider.redirect_of(address)).body).done.exit == 0
        done = home.run("oauth", "status", "--offline", "--json")
        assert done.json["data"]["servers"][0]["refresh_token_rule"] == "as the provider said when it gave it"
        assert codes(done) == ["oauth.ends_soon"]


# Another machine.


def test_a_login_does_not_come_along_and_both_commands_say_so(home: Home, tmp_path: Path) -> None:
    exported = home.run("config", "export").stdout
    other = home_in(tmp_path / "other")
    done = other.run("config", "apply", "-", "--json", typed=exported)
    told = [(one["code"], one["hint"]) for one in done.json["warnings"]]
    assert told == [("secret.left_behind", "postroom oauth login main")], done
    assert other.run("config", "apply", "-", "--json", typed=exported).json["warnings"] == []
    logout = other.run("oauth", "logout", "main", "--json").json["data"]
    assert (logout["removed"], logout["revoked"], logout["changed"]) == (None, None, True)
    assert home.run("config", "apply", "-", "--json", typed=exported).json["warnings"] == []


def test_what_a_login_brings_is_not_typed(home: Home) -> None:
    done = home.run("secrets", "set", TOKENS, "--stdin", "--json", typed="rubbish\n")
    assert done.exit == 2
    assert done.json["error"]["hint"].startswith("postroom oauth login main")
    assert home.run("oauth", "status", "--json").exit == 0


# The operator.


@pytest.fixture
def own_mail(oauth_mail_with: RunOauthMail) -> Iterator[OauthMail]:
    with oauth_mail_with() as both:
        yield both


def setting(home: Home, both: OauthMail, name: str) -> None:
    done = home.run(
        "smtp", "set", name, "--host", "localhost", "--port", str(both.stack.port("SUB")), "--security", "starttls",
        "--ca-file", str(both.stack.ca_file), "--auth", "oauth2", "--username", "alice@example.test",
        "--from", "alice@example.test", "--issuer", both.provider.issuer, "--client-id", MACHINE, "--scope", "smtp",
        "--flow", "client-credentials", "--client-secret-env", f"SECRET_{name.upper()}",
    )  # fmt: skip
    assert done.exit == 0, done


def all_renewed(home: Home) -> object:
    return assert_documented(home.run("oauth", "refresh", "--all", "--json"))["data"]["told"]  # type: ignore[index]  # JSON


@pytest.mark.needs("postfix", "dovecot")
@pytest.mark.parametrize("kept", [True, False])
def test_the_operator_hears_of_each_end_once(own_mail: OauthMail, tmp_path: Path, kept: bool) -> None:
    home = home_in(tmp_path / "home")
    right = home.with_environment(SECRET_MAIN=SECRET, SECRET_OTHER=SECRET)
    wrong = right.with_environment(SECRET_MAIN="wrong")
    for name in ("main", "other"):
        setting(right, own_mail, name)
    assert right.run("config", "set", "desk.operator", BOB).exit == 0
    if kept:
        assert right.run("oauth", "login", "main").exit == 0
    assert all_renewed(right) is None
    assert all_renewed(wrong)
    assert all_renewed(wrong) is None
    assert all_renewed(right) is None
    assert all_renewed(wrong)
    what = "is about to stop" if kept else "has stopped"
    found_by(own_mail.stack, f"Mail of {os.uname().nodename} {what}: main")


def found_by(stack: Mailstack, subject: str) -> None:
    assert "client secret" in str(stack.wait_for_mail("bob", subject=subject).message.get_payload())


@pytest.mark.needs("postfix", "dovecot")
def test_the_operator_does_not_hear_of_what_passes(own_mail: OauthMail, tmp_path: Path) -> None:
    home = home_in(tmp_path / "home").with_environment(SECRET_MAIN=SECRET)
    setting(home, own_mail, "main")
    stack = own_mail.stack
    relay = (
        "--host",
        "localhost",
        "--port",
        str(stack.port("SUB")),
        "--security",
        "starttls",
        "--ca-file",
        str(stack.ca_file),
    )
    password = ("--username", "carol@example.test", "--from", "carol@example.test", "--password-stdin")
    assert home.run("smtp", "set", "relay", *relay, *password, typed="carol").exit == 0
    assert home.run("config", "set", "desk.operator", BOB).exit == 0
    assert home.run("oauth", "login", "main").exit == 0
    own_mail.provider.stop()
    assert all_renewed(home) is None
    assert all_renewed(home) is None
