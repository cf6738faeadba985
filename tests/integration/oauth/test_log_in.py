"""The whole chain: a login at a real provider, mail through real servers that ask the provider about each token."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from postroom.desk import Desk
from tests.conftest import RunPostroom
from tests.support.browser import Browser
from tests.support.keyring_session import home, keyring_session
from tests.support.oauth_mail import OauthMail, RunOauthMail
from tests.support.openid_provider import (
    ALICE,
    ASSERTION,
    CONFIDENTIAL,
    MACHINE,
    NATIVE,
    SECRET,
    SERVICE_EMAIL,
    Options,
)
from tests.support.person import Waiting, logging_in
from tests.support.program import Completed, clean_environment

BOB = "bob@example.test"
LogIn = Callable[..., AbstractContextManager[Waiting]]


class Chain:
    """A provider, mail servers, and the program: a server `main` is set up as a person would."""

    def __init__(self, both: OauthMail, run: RunPostroom, home: Path, directory: Path) -> None:
        self.provider, self.stack = both
        self.run = run
        self.environment: dict[str, str | None] = {}
        self._home = home
        self._directory = directory

    def set_up(self, *options: str, listener: str = "SUB", name: str = "main", client: str = NATIVE) -> None:
        security = "tls" if listener.endswith("SUBS") else "starttls"
        self.ok(
            "smtp", "set", name, "--host", "localhost", "--port", str(self.stack.port(listener)),
            "--security", security, "--ca-file", str(self.stack.ca_file), "--auth", "oauth2",
            "--username", ALICE, "--from", ALICE,
            "--issuer", self.provider.issuer, *(("--client-id", client) if client else ()), *options,
        )  # fmt: skip

    def ok(self, *argv: str) -> Completed:
        done = self.run(*argv, env=self.environment)
        assert done.exit == 0, done
        return done

    def fails(self, status: int, *argv: str) -> Completed:
        done = self.run(*argv, env=self.environment)
        assert done.exit == status, done
        return done

    def logging_in(self, *options: str, name: str = "main") -> AbstractContextManager[Waiting]:
        wanted: Mapping[str, str | None] = {
            **clean_environment(self._home, os.environ["PATH"]),
            **self.environment,
        }
        clean = {key: value for key, value in wanted.items() if value is not None}
        return logging_in(["oauth", "login", name, *options], clean, self._directory)

    def log_in(self, name: str = "main") -> None:
        with self.logging_in("--no-browser", "--flow", "browser", name=name) as waiting:
            browse(self.provider.consent(waiting.address()))
            assert waiting.end().exit == 0

    def steps(self, done: Completed) -> dict[str, bool | None]:
        return {step["name"]: step["ok"] for step in done.json["data"]["steps"]}


def browse(address: str) -> tuple[int, str]:
    """Do what a browser does with the address that it was sent to."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own listener, over http
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def chain(oauth_mail: OauthMail, run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path) -> Chain:
    return Chain(oauth_mail, run_postroom, tmp_home, tmp_path)


@pytest.fixture
def own_chain(
    oauth_mail_with: RunOauthMail, run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path
) -> Iterator[Chain]:
    """The same with a provider that the test may harm."""
    with oauth_mail_with() as both:
        yield Chain(both, run_postroom, tmp_home, tmp_path)


@pytest.mark.parametrize("listener", ["SUB", "SUBS", "DSUB", "DSUBS"])
def test_a_person_logs_in_with_a_browser_and_mail_arrives(chain: Chain, listener: str) -> None:
    chain.set_up(listener=listener)
    with chain.logging_in("--flow", "browser", "--no-browser", "--json") as waiting:
        redirect = waiting.hear(r"redirect address.*: (http://127\.0\.0\.1:\d+/callback)$").group(1)
        address = waiting.address()
        assert "code_challenge_method=S256" in address
        final = chain.provider.consent(address)
        assert final.startswith(redirect)
        status, page = browse(final)
        done = waiting.end()
    assert (status, done.exit, done.json["ok"]) == (200, 0, True), done
    assert ALICE in page
    data = done.json["data"]
    assert (data["flow"], data["account"], data["refresh_token"]) == ("browser", ALICE, True)
    tested = chain.ok("smtp", "test", "main", "--to", BOB, "--json")
    assert chain.steps(tested)["token"] is True
    assert chain.steps(tested)["auth"] is True
    chain.stack.wait_for_mail("bob", message_id=tested.json["data"]["message_id"])


def test_no_token_stands_on_a_terminal_or_in_the_configuration(chain: Chain, tmp_home: Path) -> None:
    chain.set_up()
    chain.log_in()
    token = chain.ok("oauth", "token", "main").stdout.strip()
    assert len(token) > 20
    for argv in (["smtp", "show", "main"], ["config", "show"], ["config", "export"], ["secrets", "list"], ["status"]):
        assert token not in chain.ok(*argv).stdout
    traced = chain.ok("smtp", "test", "main", "--to", BOB, "--trace")
    assert token not in traced.stdout + traced.stderr
    assert not [file for file in tmp_home.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]


def test_the_address_is_pasted_where_no_browser_is(chain: Chain) -> None:
    chain.set_up()
    with chain.logging_in("--flow", "paste") as waiting:
        address = waiting.address()
        waiting.type("code-alone")
        waiting.hear("only a part of the address")
        waiting.type(address)
        waiting.hear("the address of the login page")
        waiting.type(chain.provider.consent(address))
        done = waiting.end()
    assert done.exit == 0, done
    assert f"logged in as {ALICE}" in done.stdout
    chain.ok("smtp", "test", "main", "--until", "auth")


def test_a_code_is_entered_on_another_device(chain: Chain) -> None:
    chain.set_up()
    with chain.logging_in("--flow", "device", "--json") as waiting:
        waiting.hear("only if you began this login yourself")
        found = waiting.hear(r"open (\S+) and enter the code (\S+)")
        chain.provider.approve_device(found.group(1), found.group(2))
        done = waiting.end()
    assert done.json["data"]["account"] == ALICE, done
    tested = chain.ok("smtp", "test", "main", "--to", BOB, "--json")
    assert (chain.steps(tested)["token"], chain.steps(tested)["auth"]) == (True, True)


def test_a_code_that_a_person_denies(chain: Chain) -> None:
    chain.set_up()
    with chain.logging_in("--flow", "device", "--json") as waiting:
        found = waiting.hear(r"open (\S+) and enter the code (\S+)")
        chain.provider.deny_device(found.group(1), found.group(2))
        done = waiting.end()
    assert (done.exit, done.json["error"]["code"]) == (4, "oauth.device_flow_incomplete"), done
    assert chain.fails(4, "oauth", "status", "main", "--json").json["data"]["servers"][0]["state"] == "login needed"


def test_a_consent_that_a_person_denies_is_told_to_the_browser_too(chain: Chain) -> None:
    chain.set_up()
    with chain.logging_in("--no-browser", "--flow", "browser", "--json") as waiting:
        status, page = browse(chain.provider.deny(waiting.address()))
        done = waiting.end()
    assert done.exit == 4, done
    assert (status, "You are logged in" in page) == (200, False)
    assert done.json["error"]["code"] == "oauth.consent_required"
    assert "What to do" in page


def test_an_application_logs_in_by_itself_with_a_secret(chain: Chain) -> None:
    chain.environment["CLIENT_SECRET"] = SECRET
    options = ("--flow", "client-credentials", "--scope", "smtp", "--client-secret-env", "CLIENT_SECRET")
    chain.set_up(*options, client=MACHINE)
    first = chain.ok("smtp", "test", "main", "--to", BOB, "--json")  # even before anybody typed oauth login
    assert (chain.steps(first)["token"], chain.steps(first)["auth"]) == (True, True)
    done = chain.ok("oauth", "login", "main", "--json")
    assert (done.json["data"]["flow"], done.json["data"]["refresh_token"]) == ("client-credentials", False)
    asked = len(chain.provider.token_requests())
    chain.ok("smtp", "test", "main", "--to", BOB)
    assert len(chain.provider.token_requests()) == asked, "a token that is kept needs no provider"


def test_an_application_proves_itself_with_a_certificate(own_chain: Chain, tmp_path: Path) -> None:
    certificate, key = tmp_path / "app.pem", tmp_path / "app.key"
    certificate.write_bytes(_pem(own_chain.provider.keys.machine_certificate))
    key.write_bytes(_pem(own_chain.provider.keys.machine))
    key.chmod(0o600)
    own_chain.set_up(
        "--flow", "client-credentials", "--scope", "smtp", "--certificate", str(certificate), "--certificate-key",
        str(key), client=ASSERTION,
    )  # fmt: skip
    done = own_chain.ok("smtp", "test", "main", "--to", BOB, "--json")
    assert (own_chain.steps(done)["token"], own_chain.steps(done)["auth"]) == (True, True)
    request = own_chain.provider.token_requests()[-1]
    assert request.client_authentication == "private_key_jwt"


def _pem(found: object) -> bytes:
    return found if isinstance(found, bytes) else str(found).encode()


def test_an_application_of_the_environment_alone(chain: Chain) -> None:
    chain.environment |= {
        "POSTROOM_SMTP_HOST": "localhost",
        "POSTROOM_SMTP_PORT": str(chain.stack.port("SUB")),
        "POSTROOM_SMTP_SECURITY": "starttls",
        "POSTROOM_SMTP_CA_FILE": str(chain.stack.ca_file),
        "POSTROOM_SMTP_AUTH": "oauth2",
        "POSTROOM_SMTP_USERNAME": ALICE,
        "POSTROOM_OAUTH_FLOW": "client-credentials",
        "POSTROOM_OAUTH_ISSUER": chain.provider.issuer,
        "POSTROOM_OAUTH_CLIENT_ID": MACHINE,
        "POSTROOM_OAUTH_CLIENT_SECRET": SECRET,
        "POSTROOM_OAUTH_SCOPE": "smtp",
    }
    done = chain.ok("smtp", "test", "--to", BOB, "--json")
    assert (chain.steps(done)["token"], chain.steps(done)["auth"]) == (True, True)
    chain.stack.wait_for_mail("bob", message_id=done.json["data"]["message_id"])


def test_a_service_account_sends_as_a_mailbox(own_chain: Chain, tmp_path: Path) -> None:
    file = tmp_path / "service.json"
    file.write_text(json.dumps(own_chain.provider.service_account()))
    file.chmod(0o600)
    own_chain.set_up("--flow", "service-account", "--scope", "smtp", "--service-account", str(file), client="")
    done = own_chain.ok("smtp", "test", "main", "--to", BOB, "--json")
    assert (own_chain.steps(done)["token"], own_chain.steps(done)["auth"]) == (True, True)
    assert SERVICE_EMAIL in file.read_text()


def test_a_revoked_login_is_told_with_the_command_that_mends_it(own_chain: Chain) -> None:
    own_chain.set_up()
    own_chain.log_in()
    assert own_chain.ok("oauth", "status", "--json").json["data"]["servers"][0]["state"] == "usable"
    own_chain.provider.revoke_account()
    told = own_chain.fails(4, "oauth", "status", "--json").json
    row = told["data"]["servers"][0]
    assert (row["state"], row["last_error"]["class"]) == ("paused", "oauth.refresh_token_revoked")
    assert "postroom oauth login main" in row["next_step"]
    tested = own_chain.fails(4, "smtp", "test", "main", "--to", BOB, "--json").json
    assert tested["error"]["code"] == "oauth.refresh_token_revoked"
    assert tested["error"]["hint"] == "postroom oauth login main"
    assert own_chain.fails(4, "status", "--json").json["data"]["missing"] == "postroom oauth login main"
    own_chain.log_in()
    own_chain.ok("smtp", "test", "main", "--until", "auth")


def test_a_token_that_the_mail_server_refuses_is_replaced_once(own_chain: Chain) -> None:
    own_chain.environment["CLIENT_SECRET"] = SECRET
    options = ("--flow", "client-credentials", "--scope", "smtp", "--client-secret-env", "CLIENT_SECRET")
    own_chain.set_up(*options, client=MACHINE)
    own_chain.ok("oauth", "login", "main")
    token = own_chain.ok("oauth", "token", "main").stdout.strip()
    own_chain.provider.revoke(token, client_id=MACHINE)
    done = own_chain.ok("smtp", "test", "main", "--to", BOB, "--json")
    assert (own_chain.steps(done)["token"], own_chain.steps(done)["auth"]) == (True, True)
    assert own_chain.ok("oauth", "token", "main").stdout.strip() != token


def test_a_login_for_other_settings_is_dropped_and_taken_back(own_chain: Chain) -> None:
    own_chain.set_up()
    own_chain.log_in()
    token = own_chain.ok("oauth", "token", "main").stdout.strip()
    done = own_chain.ok("smtp", "set", "main", "--username", "carol@example.test", "--json")
    assert [warning["code"] for warning in done.json["warnings"]].count("oauth.tokens_dropped") == 1
    assert "taken back" in next(
        one["message"] for one in done.json["warnings"] if one["code"] == "oauth.tokens_dropped"
    )
    assert not own_chain.provider.introspect(token)["active"]
    assert (
        own_chain.fails(4, "smtp", "test", "main", "--until", "auth", "--json")
        .json["error"]["hint"]
        .startswith("postroom oauth login main")
    )


def test_a_logout_says_what_was_removed_and_where(own_chain: Chain) -> None:
    own_chain.set_up()
    own_chain.log_in()
    token = own_chain.ok("oauth", "token", "main").stdout.strip()
    data = own_chain.ok("oauth", "logout", "main", "--json").json["data"]
    assert data["removed"].endswith(":smtp/main/oauth/tokens")
    assert data["revoked"] is True
    assert not own_chain.provider.introspect(token)["active"]
    assert own_chain.ok("oauth", "logout", "main", "--json").json["data"]["changed"] is False


@pytest.mark.needs("root", "gnome-keyring-daemon", "dbus-run-session")
def test_the_keyring_keeps_the_tokens(chain: Chain) -> None:
    with home(0) as place, keyring_session(place) as running:
        chain.environment["DBUS_SESSION_BUS_ADDRESS"] = running.environment["DBUS_SESSION_BUS_ADDRESS"]
        chain.set_up()
        with chain.logging_in("--no-browser", "--flow", "browser", "--store", "keyring", "--json") as waiting:
            browse(chain.provider.consent(waiting.address()))
            done = waiting.end()
        assert done.json["data"]["store"] == "keyring:smtp/main/oauth/tokens", done
        chain.ok("oauth", "refresh", "main")
        chain.ok("smtp", "test", "main", "--to", BOB)


def test_the_operator_is_warned_once_through_a_server_that_works(own_chain: Chain) -> None:
    own_chain.set_up()
    own_chain.log_in()
    own_chain.environment["CLIENT_SECRET"] = SECRET
    options = ("--flow", "client-credentials", "--scope", "smtp", "--client-secret-env", "CLIENT_SECRET")
    own_chain.set_up(*options, name="other", client=MACHINE)
    own_chain.ok("config", "set", "desk.operator", BOB)
    assert own_chain.ok("oauth", "refresh", "--all", "--json").json["data"]["told"] is None
    own_chain.provider.revoke_account()
    told = own_chain.fails(3, "oauth", "refresh", "--all", "--json").json["data"]["told"]
    assert (told["operator"], told["through"]) == (BOB, "other")
    subject = f"Mail of {os.uname().nodename} has stopped: main"
    mail = own_chain.stack.wait_for_mail("bob", subject=subject)
    assert "postroom oauth login main" in mail.message.get_payload()
    assert own_chain.fails(3, "oauth", "refresh", "--all", "--json").json["data"]["told"] is None


def test_a_real_browser_logs_in_and_lands_on_a_page_that_says_so(
    own_chain: Chain, browser: Browser, tmp_path: Path
) -> None:
    own_chain.set_up()
    with own_chain.logging_in("--no-browser", "--flow", "browser", "--json") as waiting:
        seen = browser.consent(waiting.address(), ALICE)
        done = waiting.end()
    assert done.exit == 0, done
    assert "You are logged in" in seen.text
    assert ALICE in seen.text
    assert "main" in seen.text
    assert "close this page" in seen.text
    # A picture of one colour, such as of a page without its style, is a tenth of this.
    assert browser.screenshot(tmp_path / "landing.png").stat().st_size > 10_000


def test_a_real_browser_is_told_that_nothing_was_allowed(own_chain: Chain, browser: Browser) -> None:
    own_chain.set_up()
    with own_chain.logging_in("--no-browser", "--flow", "browser", "--json") as waiting:
        seen = browser.deny(waiting.address())
        done = waiting.end()
    assert done.exit == 4, done
    assert "You are logged in" not in seen.text
    assert "What to do" in seen.text


def test_the_browser_of_the_desktop_is_opened_and_keeps_out_of_the_result(own_chain: Chain, tmp_path: Path) -> None:
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\necho noise; echo noise >&2; echo "$1" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    own_chain.environment["BROWSER"] = f"/nowhere/firefox:lynx:{opener}"
    own_chain.set_up()
    with own_chain.logging_in("--flow", "browser", "--json") as waiting:
        address = waiting.address()
        browse(own_chain.provider.consent(address))
        done = waiting.end()
    assert (done.exit, done.json["ok"]) == (0, True), done
    assert (tmp_path / "opened").read_text().strip() == address
    assert "noise" not in done.stdout + done.stderr


def test_an_address_is_enough_where_its_provider_is_known(
    oauth_mail_with: RunOauthMail, run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path
) -> None:
    with oauth_mail_with(Options(tls=True)) as both:
        chain = Chain(both, run_postroom, tmp_home, tmp_path)
        presets = tmp_home / ".config" / "postroom" / "presets"
        presets.mkdir(parents=True)
        preset = presets / "example.toml"
        preset.write_text(
            f"""title = "Example Mail"
host = "localhost"
port = {chain.stack.port("SUBS")}
security = "tls"
auth = ["oauth2"]
username = "address"
domains = ["example.test"]
sources = ["the tests"]
checked = 2026-11-01

[oauth]
scope = "openid email offline_access smtp"
flows = ["browser", "paste"]
issuer = "{chain.provider.issuer}"
parameters = {{ prompt = "consent" }}

[oauth.refused]
device = "The scope for mail is not on the list for devices"
"""
        )
        preset.chmod(0o600)
        ca_file = chain.provider.ca_file
        assert ca_file is not None
        chain.environment |= {"SSL_CERT_FILE": str(ca_file)}  # for the provider
        with chain.logging_in("--client-id", NATIVE, "--flow", "paste", "--json", name=ALICE) as waiting:
            address = waiting.address()
            assert "prompt=consent" in address
            waiting.type(chain.provider.consent(address))
            done = waiting.end()
        # The login is made, and its proof shows what is still in the way.
        assert (done.exit, done.json["error"]["code"]) == (69, "tls.cert_untrusted"), done
        data = done.json["data"]
        assert (data["server"], data["account"], data["changed"]) == ("default", ALICE, True)
        assert {step["name"]: step["ok"] for step in data["test"]["steps"]}["tls"] is False
        chain.ok("smtp", "set", "default", "--ca-file", str(chain.stack.ca_file))
        chain.ok("smtp", "test", "--to", BOB)
        refused = chain.fails(78, "oauth", "login", "--flow", "device", "--json").json["error"]
        assert refused["code"] == "oauth.flow_refused"
        assert "not on the list for devices" in refused["message"]


def test_googles_client_file_is_read_and_its_secret_kept(chain: Chain, tmp_path: Path, tmp_home: Path) -> None:
    google = "https://accounts.google.com/o/oauth2/auth"  # nobody is asked there: the settings name another issuer
    endpoints = {"auth_uri": google, "token_uri": "https://oauth2.googleapis.com/token"}
    installed = {"client_id": CONFIDENTIAL, "client_secret": SECRET, "project_id": "mail", "redirect_uris": ["x"]}
    file = tmp_path / "client_secret.json"
    file.write_text(json.dumps({"installed": installed | endpoints}))
    chain.set_up(client="")
    with chain.logging_in("--client-file", str(file), "--flow", "paste", "--json") as waiting:
        waiting.type(chain.provider.consent(waiting.address()))
        done = waiting.end()
    assert done.exit == 0, done
    assert chain.ok("config", "get", "smtp.servers.main.oauth.client_id").stdout.strip() == CONFIDENTIAL
    assert chain.provider.token_requests()[-1].client_authentication == "client_secret_basic"
    chain.ok("smtp", "test", "main", "--until", "auth")
    config = tmp_home / ".config" / "postroom" / "config.toml"
    assert SECRET not in config.read_text()


def test_an_address_of_nobody_known_asks_for_the_provider(chain: Chain) -> None:
    told = chain.fails(2, "oauth", "login", "me@nowhere.example", "--json").json["error"]
    assert "--provider microsoft365" in told["hint"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "postroom oauth login me@gmail.com --client-id ID"),
        (("--client-id", "x", "--flow", "device"), "postroom oauth login me@gmail.com --flow browser"),
    ],
)
def test_advice_for_an_address_without_a_server_can_be_typed(
    run_postroom: RunPostroom, options: tuple[str, ...], told: str
) -> None:
    error = run_postroom("oauth", "login", "me@gmail.com", *options, "--json").json["error"]
    assert error["hint"].endswith(told)


def test_a_hint_of_two_parts_stands_on_two_lines(chain: Chain) -> None:
    chain.set_up()
    done = chain.fails(4, "oauth", "login", "main", "--flow", "browser", "--no-browser", "--timeout", "1s")
    hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    assert len(hints) == 2
    assert "not registered for it" in hints[1]


def test_the_desk_gives_a_program_its_token(chain: Chain, tmp_home: Path) -> None:
    chain.set_up()
    chain.log_in()
    desk = Desk(
        config=str(tmp_home / ".config/postroom/config.toml"), state_dir=str(tmp_home / ".local/state/postroom")
    )
    record = desk.oauth.tokens.usable(desk.settings.servers["main"])
    assert record.access_token is not None
    assert record.account == ALICE
