"""A machine whose clock is wrong, and then right again: a login outlives it."""

import json
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import Home, assert_documented, home_in
from tests.integration.oauth.test_refresh_race import consent_at, renewals, token_of
from tests.support.openid_provider import NATIVE, OpenidProvider, Options, RunOpenidProvider

pytestmark = pytest.mark.needs("faketime")


def at(home: Home, shift: str) -> Home:
    """The same home by another clock."""
    return home._replace(before=("faketime", "-f", shift))


@pytest.mark.parametrize("shift", ["+5h", "-5h", "+400d", "-400d"])
def test_a_login_outlives_a_clock_that_is_off_and_each_token_is_good_in_its_time(
    openid_provider: OpenidProvider, tmp_path: Path, shift: str
) -> None:
    home = home_in(tmp_path / "home")
    home.setting(openid_provider.issuer, NATIVE)
    assert home.log_in(consent_at(openid_provider)).done.exit == 0
    given = [token_of(home)]
    for clock in (at(home, shift), at(home, shift), home, home):
        given.append(token_of(clock))
        assert openid_provider.introspect(given[-1].strip())["active"] is True
    assert (given[1], given[3]) == (given[2], given[4])
    assert len(set(given)) == 3
    assert (renewals(openid_provider).total(), openid_provider.revoked_grants()) == (2, 0)


@pytest.mark.parametrize("shift", ["+9000d", "-9000d"])
def test_a_certificate_that_is_of_another_time_costs_no_token(
    openid_provider_with: RunOpenidProvider, tmp_path: Path, shift: str
) -> None:
    with openid_provider_with(Options(tls=True)) as provider:
        home = home_in(tmp_path / "home").with_environment(SSL_CERT_FILE=str(provider.ca_file))
        home.setting(provider.issuer, NATIVE)
        assert home.log_in(consent_at(provider)).done.exit == 0
        token = token_of(home)
        done = at(home, shift).run("oauth", "refresh", "main", "--json")
        error = assert_documented(done)["error"]
        assert isinstance(error, dict)
        assert error["code"] == "oauth.provider_untrusted"
        assert done.exit != 4
        assert renewals(provider).total() == 0
        assert token_of(home) == token
        assert home.run("oauth", "refresh", "main").exit == 0


def test_an_assertion_of_another_time_is_told_as_the_clocks_fault_and_pauses_nothing(
    openid_provider: OpenidProvider, tmp_path: Path
) -> None:
    home = home_in(tmp_path / "home")
    file = tmp_path / "service.json"
    file.write_text(json.dumps(openid_provider.service_account()))
    file.chmod(0o600)
    done = home.run(
        *("smtp", "set", "main", "--host", "localhost", "--port", "9", "--security", "starttls", "--auth", "oauth2"),
        *("--username", "alice@example.test", "--issuer", openid_provider.issuer, "--scope", "smtp"),
        *("--flow", "service-account", "--service-account", str(file)),
    )
    assert done.exit == 0, done.stderr
    assert home.run("oauth", "login", "main", "--store", "encrypted").exit == 0
    done = at(home, "-5h").run("oauth", "refresh", "main", "--json")
    error = assert_documented(done)["error"]
    assert isinstance(error, dict)
    assert (error["code"], done.exit) == ("oauth.clock_skew", 78), done
    assert token_of(home)
    assert home.run("oauth", "refresh", "main").exit == 0
