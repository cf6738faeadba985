"""What a login changes: everything at its end, and nothing where it fails; whose login it is."""

import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import ALICE, Home, Login, assert_documented, home_in
from tests.support.openid_provider import CONFIDENTIAL, NATIVE, SECRET, OpenidProvider, RunOpenidProvider
from tests.support.program import Completed

BOB = "bob@example.test"
CAROL = "carol@example.test"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path / "home")


@pytest.fixture
def provider(openid_provider_with: RunOpenidProvider) -> Iterator[OpenidProvider]:
    with openid_provider_with() as provider:
        yield provider


def log_in(home: Home, provider: OpenidProvider, *more: str, who: str = ALICE) -> Login:
    def go(address: str) -> str:
        with urllib.request.urlopen(provider.consent(address, who), timeout=30) as answer:  # noqa: S310 - our listener
            return str(answer.read().decode())

    return home.log_in(go, *more)


def kept(home: Home) -> tuple[str, str]:
    """What stands in the settings, and the token that would be used."""
    config = Path(home.environment["HOME"]) / ".config/postroom/config.toml"
    return config.read_text(), home.run("oauth", "token", "main").stdout


def codes(done: Completed) -> list[str]:
    return [warning["code"] for warning in done.json["warnings"]]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--flow", "browser", "--client-id", "wrong", "--timeout", "2s"), "oauth.consent_timeout"),
        (("--issuer", "http://127.0.0.1:1"), "oauth.provider_unavailable"),
        (("--flow", "paste", "--scope", "openid"), "oauth.paste_ended"),
        (("--flow", "client-credentials", "--client-secret-stdin"), "oauth.client_secret_invalid"),
        (("--tenant", "example.com"), "usage.conflict"),
    ],
)
def test_a_login_that_fails_changes_nothing(
    home: Home, provider: OpenidProvider, more: Sequence[str], code: str
) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    before = kept(home)
    done = home.run("oauth", "login", "main", "--no-browser", *more, "--json", typed="a-secret-of-nobody\n")
    assert done.exit != 0
    assert assert_documented(done)["error"]["code"] == code, done  # type: ignore[index]  # JSON
    assert kept(home) == before
    assert "client_secret" not in home.run("secrets", "list").stdout
    assert provider.revoked_grants() == 0


def test_a_login_that_fails_makes_no_server(home: Home, provider: OpenidProvider) -> None:
    done = home.run(
        *("oauth", "login", "alice@gmail.com", "--client-id", "x", "--issuer", "http://127.0.0.1:1", "--flow", "paste")
    )
    assert done.exit == 75, done
    assert home.run("smtp", "list", "--json").json["data"]["servers"] == []


def test_a_secret_of_the_call_serves_before_it_is_stored(home: Home, provider: OpenidProvider, tmp_path: Path) -> None:
    home.setting(provider.issuer, NATIVE)
    with home.logging_in("--client-id", CONFIDENTIAL, "--client-secret-stdin", "--json") as waiting:
        waiting.type(SECRET)
        address = waiting.address()
        assert "client_secret" not in home.run("secrets", "list").stdout
        urllib.request.urlopen(provider.consent(address), timeout=30).close()  # noqa: S310 - our listener
        done = waiting.end()
    assert done.exit == 0, done
    assert provider.token_requests()[-1].client_authentication == "client_secret_basic"
    assert "client_secret" in home.run("secrets", "list").stdout
    assert home.run("oauth", "refresh", "main").exit == 0


def test_where_the_settings_cannot_be_written_the_earlier_tokens_come_back(
    home: Home, provider: OpenidProvider
) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    before = kept(home)
    lock = Path(home.environment["HOME"]) / ".config/postroom/config.toml.lock"
    lock.unlink()
    lock.mkdir()
    login = log_in(home, provider, "--scope", "openid email offline_access smtp profile")
    assert login.done.json["error"]["code"] == "file.cannot_create", login.done
    assert "You are logged in" not in login.page
    assert kept(home) == before


def test_the_tokens_of_another_application_are_taken_back_once_the_new_ones_are_kept(
    home: Home, provider: OpenidProvider
) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    token = home.run("oauth", "token", "main").stdout.strip()
    secret = home.path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    other = log_in(home, provider, "--client-id", CONFIDENTIAL, "--client-secret-file", str(secret))
    assert other.done.exit == 0, other.done
    assert not provider.introspect(token)["active"]
    assert home.run("oauth", "refresh", "main").exit == 0


def test_another_login_of_the_same_account_leaves_the_grant_alone(home: Home, provider: OpenidProvider) -> None:
    """Who takes one of its tokens back may take them all: Google counts them as one grant."""
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    assert log_in(home, provider, "--scope", "openid offline_access email profile smtp").done.exit == 0
    assert provider.revoked_grants() == 0
    assert home.run("oauth", "refresh", "main").exit == 0


def test_tokens_leave_the_old_store_for_the_new_one(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider, "--store", "plain", "--insecure-storage").done.exit == 0
    assert log_in(home, provider, "--store", "encrypted").done.json["data"]["store"].startswith("encrypted:")
    stored = home.run("secrets", "list", "--json").stdout
    assert "encrypted:smtp/main/oauth/tokens" in stored
    assert "plain:smtp/main/oauth/tokens" not in stored


def test_a_store_that_cannot_be_used_is_found_before_anybody_logs_in(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    done = home.run("oauth", "login", "main", "--flow", "paste", "--store", "keyring", "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.no_store"), done
    assert "http" not in done.stderr
    assert done.json["error"]["hint"].endswith("postroom oauth login main --store encrypted")
    assert "--password-file" not in done.json["error"]["hint"]


def test_a_store_that_asks_for_a_passphrase_is_found_too(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    (home.state / "secrets.key").unlink()
    done = home.run("oauth", "login", "main", "--flow", "paste", "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.no_store"), done
    assert "http" not in done.stderr
    assert "--password-file" not in done.json["error"]["hint"]


def test_the_store_that_has_the_tokens_is_looked_at_before_anybody_logs_in(
    home: Home, provider: OpenidProvider
) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    home.run("config", "set", "smtp.servers.main.oauth.tokens", "keyring:smtp/main/oauth/tokens")
    done = home.run("oauth", "login", "main", "--flow", "paste", "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.no_store"), done
    assert "http" not in done.stderr


def test_the_wrong_person_is_refused_and_the_right_ones_login_stays(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    before = kept(home)
    wrong = log_in(home, provider, who=BOB)
    assert (wrong.done.exit, wrong.done.json["error"]["code"]) == (4, "oauth.wrong_account"), wrong.done
    assert BOB in wrong.done.json["error"]["message"]
    assert BOB in wrong.page
    assert "You are logged in" not in wrong.page
    assert kept(home) == before


def test_an_account_that_may_send_for_another_is_told_and_kept(home: Home, provider: OpenidProvider) -> None:
    presets = Path(home.environment["HOME"]) / ".config/postroom/presets"
    presets.mkdir(parents=True)
    preset = presets / "shared.toml"
    preset.write_text(
        f"""title = "Shared"
host = "localhost"
port = 587
security = "starttls"
auth = ["oauth2"]
sources = ["the tests"]
checked = 2026-11-01

[oauth]
scope = "openid email offline_access smtp"
flows = ["browser", "paste"]
authorization_endpoint = "{provider.issuer.replace("http:", "https:")}/auth"
token_endpoint = "{provider.issuer.replace("http:", "https:")}/token"
delegates = true
"""
    )
    preset.chmod(0o600)
    endpoints = ("--authorization-endpoint", f"{provider.issuer}/auth", "--token-endpoint", f"{provider.issuer}/token")
    done = home.run(
        *("smtp", "set", "main", "--provider", "shared", "--username", ALICE, "--auth", "oauth2"),
        *("--client-id", NATIVE, *endpoints),
    )
    assert done.exit == 0, done
    other = log_in(home, provider, who=BOB)
    assert (other.done.exit, other.done.json["data"]["account"]) == (0, BOB), other.done
    assert "oauth.other_account" in codes(other.done)
    assert "You are logged in as another mailbox" in other.page
    assert "oauth.other_account" in codes(home.run("oauth", "status", "--offline", "--json"))


def test_nobody_is_named_where_the_provider_did_not_tell_who_it_was(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    with home.logging_in("--scope", "smtp") as waiting:
        address = waiting.address()
        assert "login_hint=alice%40example.test" in address
        with urllib.request.urlopen(provider.consent(address, BOB), timeout=30) as answer:  # noqa: S310 - our listener
            page = answer.read().decode()
        done = waiting.end()
    assert done.exit == 0, done
    assert "logged in as" not in done.stdout
    assert "did not tell which account" in done.stdout
    assert "did not tell which account" in page
    assert f"mail as <q>{ALICE}" not in page


def test_the_next_steps_of_a_new_server_lead_to_its_login(home: Home) -> None:
    done = home.run("smtp", "set", "gmail", "--provider", "gmail", "--username", "a@gmail.com", "--auth", "oauth2")
    steps = [line.strip() for line in done.stderr.splitlines() if line.startswith("next:")]
    assert "postroom oauth setup gmail" in steps[0], done
    assert "postroom oauth login gmail --client-file FILE" in steps[1]
    assert all("smtp set" in step for step in steps[2:])
    other = home.run(
        *("smtp", "set", "m365", "--provider", "microsoft365", "--username", "a@b.example", "--auth", "oauth2"),
        "--json",
    ).json["data"]
    assert other["login"] == "postroom oauth login m365 --client-id ID --tenant TENANT"
    assert other["setup"] == "postroom oauth setup microsoft365"


def test_after_tokens_were_dropped_the_next_step_is_the_login(home: Home, provider: OpenidProvider) -> None:
    home.setting(provider.issuer, NATIVE)
    assert log_in(home, provider).done.exit == 0
    done = home.run("smtp", "set", "main", "--username", CAROL, "--json")
    assert "oauth.tokens_dropped" in codes(done)
    assert done.json["data"]["login"] == "postroom oauth login main"


def test_a_new_secret_ends_the_old_ones_date(home: Home, provider: OpenidProvider) -> None:
    def setting(secret: str, *more: str) -> list[str]:
        done = home.run("smtp", "set", "main", "--client-secret-stdin", *more, "--json", typed=secret + "\n")
        assert done.exit == 0, done
        return [change["key"].rpartition(".")[2] for change in done.json["data"]["changes"]]

    home.setting(provider.issuer, CONFIDENTIAL)
    assert sorted(setting("one", "--client-secret-expires", "2026-12-01")) == ["client_secret", "client_secret_expires"]
    assert setting("one") == []
    assert sorted(setting("two")) == ["client_secret", "client_secret_expires"]
    assert home.run("config", "get", "smtp.servers.main.oauth.client_secret_expires").stdout.strip() in {"", "null"}
    assert "client_secret_expires" in setting("three", "--client-secret-expires", "2027-12-01")


def test_who_may_have_an_app_of_one_tenant_is_told_of_the_tenant(home: Home) -> None:
    login = ("oauth", "login", "a@b.example", "--provider", "microsoft365", "--client-id", "x", "--flow", "paste")
    assert "AADSTS50194" in home.run(*login).stderr
    assert "AADSTS50194" not in home.run(*login, "--tenant", "b.example").stderr
    assert "AADSTS50194" not in home.run(*login, "--tenant", "organizations").stderr


def test_a_setup_without_a_provider_and_a_terminal_names_them(home: Home) -> None:
    done = home.run("oauth", "setup", "--json")
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")
    assert "google-workspace" in done.json["error"]["hint"]
