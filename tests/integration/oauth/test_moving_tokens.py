"""Tokens that are moved or removed while a renewal is on its way end up in one place, or in none."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import Home, Process
from tests.integration.oauth.test_refresh_race import in_flight, logged_in, renewals, wait_for
from tests.support.openid_provider import OpenidProvider, Options, RunOpenidProvider
from tests.support.program import Completed

DELAY_SECONDS = 1.5
TOKENS = "smtp/main/oauth/tokens"


@pytest.fixture
def provider(openid_provider_with: RunOpenidProvider) -> Iterator[OpenidProvider]:
    with openid_provider_with(Options(token_delay_seconds=0)) as found:
        yield found


@pytest.fixture
def home(provider: OpenidProvider, tmp_path: Path) -> Home:
    """Somebody has logged in, and the provider takes its time for what comes next."""
    found = logged_in(tmp_path / "home", provider)
    provider.change(token_delay_seconds=DELAY_SECONDS)
    return found


def renewing(home: Home, provider: OpenidProvider) -> Process:
    process = home.start("oauth", "refresh", "main")
    wait_for(in_flight(provider, renewals(provider).total()))
    return process


def stored(home: Home) -> list[str]:
    return [row["reference"] for row in home.run("secrets", "list", "--json").json["data"]["secrets"]]


def ended(process: Process) -> Completed:
    return Completed(*process.communicate(timeout=30), process.returncode)


def assert_good(home: Home, provider: OpenidProvider, name: str) -> None:
    provider.change(token_delay_seconds=0)
    done = home.run("oauth", "status", name, "--json")
    assert done.exit == 0, done
    assert done.json["data"]["servers"][0]["proved"] is True
    assert provider.revoked_grants() == 0


def test_a_store_is_changed_between_two_renewals(home: Home, provider: OpenidProvider) -> None:
    process = renewing(home, provider)
    moved = home.run("secrets", "move", TOKENS, "--store", "plain", "--insecure-storage")
    assert (moved.exit, ended(process).exit) == (0, 0), moved
    assert stored(home) == [f"plain:{TOKENS}"]
    assert_good(home, provider, "main")


def test_a_server_is_renamed_between_two_renewals(home: Home, provider: OpenidProvider) -> None:
    process = renewing(home, provider)
    renamed = home.run("smtp", "rename", "main", "other")
    assert (renamed.exit, ended(process).exit) == (0, 0), renamed
    assert stored(home) == ["encrypted:smtp/other/oauth/tokens"]
    assert_good(home, provider, "other")


@pytest.mark.parametrize(
    "argv", [("smtp", "remove", "main", "--yes"), ("secrets", "remove", TOKENS, "--yes")], ids=" ".join
)
def test_what_was_removed_does_not_come_back(home: Home, provider: OpenidProvider, argv: tuple[str, ...]) -> None:
    process = renewing(home, provider)
    assert home.run(*argv).exit == 0
    ended(process)
    assert stored(home) == []


def test_whoever_waited_for_tokens_that_went_away_is_told_to_try_again(home: Home, provider: OpenidProvider) -> None:
    first = renewing(home, provider)
    remover = home.start("smtp", "rename", "main", "other")
    time.sleep(0.7)  # until it waits
    crowd = [home.start("oauth", "refresh", "main", "--json") for _ in range(3)]
    assert [ended(process).exit for process in (first, remover)] == [0, 0]
    for process in crowd:
        done = ended(process)
        # Who had the lock first has renewed; who comes after the renaming finds nothing to renew.
        assert done.exit in (0, 75, 78), done
        assert done.exit == 0 or done.json["error"]["code"] in ("config.changed_meanwhile", "config.unknown_server")
    assert stored(home) == ["encrypted:smtp/other/oauth/tokens"]
    assert_good(home, provider, "other")


def test_a_server_that_goes_takes_its_login_along_and_says_so(home: Home, provider: OpenidProvider) -> None:
    provider.change(token_delay_seconds=0)
    token = home.run("oauth", "token", "main").stdout.strip()
    assert provider.introspect(token)["active"] is True
    done = home.run("smtp", "remove", "main", "--yes", "--json")
    assert (done.json["data"]["revoked"], done.json["data"]["secrets_removed"]) == (True, [f"encrypted:{TOKENS}"])
    assert provider.introspect(token)["active"] is False


def test_a_provider_that_is_away_keeps_no_server(home: Home, provider: OpenidProvider) -> None:
    provider.stop()
    done = home.run("smtp", "remove", "main", "--yes", "--json")
    assert (done.exit, done.json["data"]["revoked"]) == (0, False), done
    assert "oauth.not_revoked" in [one["code"] for one in done.json["warnings"]]
    assert stored(home) == []
