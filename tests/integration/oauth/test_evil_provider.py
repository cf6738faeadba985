"""The commands against a provider that does wrong: nothing is believed, said back, sent elsewhere or thrown away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import Home, assert_documented, home_in
from tests.integration.oauth.visitor import visit
from tests.support.evil_provider import (
    ACCESS_TOKEN,
    CALLBACK_FAULTS,
    CODE,
    HOSTILE_TEXT,
    OTHER_HOST,
    REFRESH_TOKEN,
    TOKEN_FAULTS,
    EvilProvider,
    Reply,
    json_reply,
    oauth_error,
    redirect,
    tokens,
)
from tests.support.program import Completed

SECRETS = (ACCESS_TOKEN, REFRESH_TOKEN, CODE)
MARKUP = ("<script", "<img")
CONTROLS = ("\x1b", "\x07", "\x9b", "\x00", "\u202e")
HARMLESS = {
    "no expires_in",
    "expires_in below zero",
    "expires_in absurd",
    "expires_in is text",
    "expires_in is no number",
}
"""Where a provider does not say, or says nonsense about, how long a token lives, an hour is assumed."""
LOST = {"invalid_grant", "interaction_required", "hostile description"}
SLOW = {"hanging", "one octet a second"}
TOKEN_LIMIT_SECONDS = 10


@pytest.fixture
def evil() -> Iterator[EvilProvider]:
    with EvilProvider(token=[tokens(scope="openid offline_access email smtp")]) as provider:
        yield provider


@pytest.fixture
def home(evil: EvilProvider, tmp_path: Path) -> Home:
    home = home_in(tmp_path / "home")
    home.setting(evil.issuer, "application")
    return home


def nothing_is_kept(home: Home) -> None:
    done = home.run("config", "get", "smtp.servers.main.oauth.tokens", "--json")
    assert done.json["data"].get("value") is None, done
    assert home.run("secrets", "list", "--json").json["data"]["secrets"] == []


def nothing_is_said_back(done: Completed, page: str = "") -> None:
    """No secret is repeated; a page shows words as words, a terminal obeys none of them."""
    for text in (done.stdout, done.stderr, page):
        assert not [secret for secret in SECRETS if secret in text]
        assert not [control for control in CONTROLS if control in text]
    assert not [tag for tag in MARKUP if tag in page]


# Callbacks.


def code_of(done: Completed) -> str:
    error = assert_documented(done)["error"]
    return str(error["code"]) if isinstance(error, dict) else ""


@pytest.mark.parametrize("fault", CALLBACK_FAULTS)
def test_a_callback_that_is_not_the_answer_gets_nothing(home: Home, evil: EvilProvider, fault: str) -> None:
    evil.callback = CALLBACK_FAULTS[fault]

    def go(address: str) -> str:
        page = visit(evil.redirect_of(address))
        assert page.status == 400
        assert not evil.to("/token")
        evil.callback = {}
        try:
            return page.body + visit(evil.redirect_of(address)).body
        except ConnectionRefusedError:
            return page.body  # the login has ended

    login = home.log_in(go)
    nothing_is_said_back(login.done, login.page)
    if code_of(login.done):
        assert not evil.to("/token")
        nothing_is_kept(home)
    else:
        assert len(evil.to("/token")) == 1  # for the honest answer that came after it
    assert login.done.exit in {0, 4, 76, 78}, login.done


def test_a_refusal_with_hostile_words_is_shown_as_words(home: Home, evil: EvilProvider) -> None:
    evil.callback = {"code": None, "error": "access_denied", "error_description": HOSTILE_TEXT}
    login = home.log_in(lambda address: visit(evil.redirect_of(address)).body)
    assert code_of(login.done)
    assert login.done.exit == 4
    nothing_is_said_back(login.done, login.page)
    nothing_is_kept(home)
    assert not evil.to("/token")


@pytest.mark.parametrize(
    "fault", ["iss wrong", "iss missing", "state wrong", "code twice", "error with a wrong state", "iss twice"]
)
def test_what_is_pasted_is_judged_as_strictly(home: Home, evil: EvilProvider, fault: str) -> None:
    evil.callback = CALLBACK_FAULTS[fault]
    with home.logging_in("--json", flow="paste") as waiting:
        waiting.type(evil.redirect_of(waiting.address()))
        done = waiting.end()
    assert code_of(done)
    assert done.exit in {4, 76, 78}
    nothing_is_said_back(done)
    assert not evil.to("/token")
    nothing_is_kept(home)


# Metadata.


def test_a_code_of_one_provider_goes_to_no_other_one(home: Home, evil: EvilProvider) -> None:
    """The mix-up (RFC 9207 1): the answer comes from somebody else than was asked."""
    with EvilProvider() as victim:

        def go(address: str) -> str:
            evil.callback = {"iss": victim.issuer, "code": "code-of-the-victim"}
            pages = [visit(evil.redirect_of(address))]
            evil.callback = {}
            pages.append(visit(evil.redirect_of(address)))
            assert [page.status for page in pages] == [400, 200]
            return pages[0].body

        login = home.log_in(go)
        nothing_is_said_back(login.done, login.page)
        assert [request.parameters["code"] for request in evil.to("/token")] == [[CODE]]
        assert not victim.requests


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://accounts.example.test"},
        {"issuer": None},
        {"issuer": ["x"]},
        {"token_endpoint": "http://login.example.test/token"},
        {"token_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "https://user:secret@[::1/token"},
        {"token_endpoint": 7},
        {"authorization_endpoint": "http://login.example.test/authorize"},
        {"authorization_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "https://login.example.test/\r\n\x1b[2J"},
    ],
    ids=str,
)
def test_metadata_that_lie_begin_no_login(home: Home, evil: EvilProvider, metadata: dict[str, object]) -> None:
    evil.metadata = metadata
    done = home.run("oauth", "login", "main", "--flow", "browser", "--no-browser", "--timeout", "2s", "--json")
    assert code_of(done)
    nothing_is_said_back(done)
    assert "file:///" not in done.stderr
    assert not evil.to("/token")


# Answers of the token endpoint, to a login.


@pytest.mark.parametrize("fault", sorted(TOKEN_FAULTS.keys() - SLOW))
def test_a_login_that_is_answered_badly_keeps_nothing(home: Home, evil: EvilProvider, fault: str) -> None:
    evil.token = [TOKEN_FAULTS[fault]]
    login = home.log_in(lambda address: visit(evil.redirect_of(address)).body)
    nothing_is_said_back(login.done, login.page)
    if fault in HARMLESS:
        assert code_of(login.done) in {"", "oauth.scope_missing"}
        return
    assert code_of(login.done)
    nothing_is_kept(home)
    assert home.run("oauth", "token", "main").exit == 4


def test_a_login_that_is_redirected_shows_nothing_to_anybody_else(home: Home, evil: EvilProvider) -> None:
    with EvilProvider(host=OTHER_HOST) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            evil.token = [redirect(elsewhere.token_endpoint, status=status)]
            login = home.log_in(lambda address: visit(evil.redirect_of(address)).body)
            assert code_of(login.done)
            nothing_is_said_back(login.done, login.page)
        assert not elsewhere.requests
    nothing_is_kept(home)


# The same, to a renewal.


def logged_in(home: Home, evil: EvilProvider) -> None:
    evil.token = [tokens(scope="openid offline_access email smtp")]
    login = home.log_in(lambda address: visit(evil.redirect_of(address)).body)
    assert login.done.exit == 0, login.done


def is_kept(home: Home) -> bool:
    return home.run("oauth", "token", "main").stdout == f"{ACCESS_TOKEN}\n"


def refused(home: Home) -> Completed:
    done = home.run("oauth", "refresh", "main", "--json")
    assert code_of(done), done
    nothing_is_said_back(done)
    return done


def test_a_renewal_that_is_answered_badly_costs_nothing_but_where_the_provider_means_it(
    home: Home, evil: EvilProvider
) -> None:
    logged_in(home, evil)
    for fault in sorted(TOKEN_FAULTS.keys() - SLOW - HARMLESS - {"less scope"}):
        evil.token = [TOKEN_FAULTS[fault]]
        done = refused(home)
        assert (done.exit == 4, is_kept(home)) == (fault in LOST, fault not in LOST), (fault, done)
        if fault in LOST:
            logged_in(home, evil)
    for fault in sorted(HARMLESS):
        evil.token = [TOKEN_FAULTS[fault]]
        assert home.run("oauth", "refresh", "main").exit == 0


def test_a_renewal_with_fewer_scopes_is_kept_and_tells_them(home: Home, evil: EvilProvider) -> None:
    """The new refresh token may be the only one that is left."""
    logged_in(home, evil)
    evil.token = [TOKEN_FAULTS["less scope"]]
    done = home.run("oauth", "refresh", "main", "--json")
    assert done.json["data"]["servers"][0]["scopes"] == ["openid"]


@pytest.mark.parametrize("fault", sorted(SLOW))
def test_a_provider_that_does_not_come_to_an_end_is_given_ten_seconds(
    home: Home, evil: EvilProvider, fault: str
) -> None:
    logged_in(home, evil)
    evil.token = [TOKEN_FAULTS[fault]]
    before, began = len(evil.to("/token")), time.monotonic()
    done = refused(home)
    assert TOKEN_LIMIT_SECONDS < time.monotonic() - began < TOKEN_LIMIT_SECONDS + 5
    assert (done.exit, len(evil.to("/token"))) == (75, before + 1)
    assert is_kept(home)


def test_a_provider_that_redirects_a_renewal_gets_no_token_to_anybody_else(home: Home, evil: EvilProvider) -> None:
    logged_in(home, evil)
    with EvilProvider(host=OTHER_HOST) as elsewhere:
        evil.token = [redirect(elsewhere.token_endpoint)]
        assert refused(home).exit != 4
        evil.token = [tokens()]
        evil.metadata_answer = redirect(f"{elsewhere.issuer}/.well-known/openid-configuration")
        assert refused(home).exit != 4
        assert not elsewhere.requests
    assert is_kept(home)


@pytest.mark.parametrize(
    "answer",
    [
        json_reply({"issuer": "https://accounts.example.test"}),
        Reply(b"<html>", 503, "text/html"),
        Reply(b"{" * 300_000),
        oauth_error("invalid_grant", HOSTILE_TEXT),
        oauth_error("invalid_grant", "Token has been expired or revoked.", status=200),
    ],
    ids=["another issuer", "503", "300 KB", "hostile error", "an error that is none"],
)
def test_metadata_that_are_none_cost_no_token(home: Home, evil: EvilProvider, answer: Reply) -> None:
    """Not even those that call a grant invalid which they were not shown. They are read where the address that was
    kept of them no longer answers as a token endpoint does.
    """
    logged_in(home, evil)
    good = evil.token
    evil.token, evil.metadata_answer = [Reply(b"<html>", 404, "text/html")], answer
    refused(home)
    evil.token = good
    refused(home)
    assert is_kept(home)
    evil.metadata_answer = None
    assert home.run("oauth", "refresh", "main").exit == 0


def test_a_provider_that_is_gone_costs_no_token(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    with EvilProvider() as evil:
        home.setting(evil.issuer, "application")
        logged_in(home, evil)
    done = refused(home)
    assert (done.exit, done.json["error"]["retry"]) == (75, "later")
    assert is_kept(home)
    assert home.run("oauth", "status", "main").exit == 75
    assert home.run("oauth", "logout", "main", "--json").json["data"]["revoked"] is False
    nothing_is_kept(home)


# Devices.


@pytest.mark.parametrize(
    "changes",
    [
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://login.example.test/"},
        {"verification_uri": f"https://login.example.test/{HOSTILE_TEXT}"},
        {"verification_uri": None},
        {"device_code": None},
        {"device_code": 7},
        {"user_code": None},
        {"user_code": ["x"]},
    ],
    ids=str,
)
def test_codes_for_devices_that_are_none_are_not_shown(
    home: Home, evil: EvilProvider, changes: dict[str, object]
) -> None:
    evil.device = [evil.device_told(**changes)]
    done = home.run("oauth", "login", "main", "--flow", "device", "--json")
    assert code_of(done)
    nothing_is_said_back(done)
    assert "javascript" not in done.stderr
    assert not evil.to("/token")
    nothing_is_kept(home)


def test_a_hostile_code_is_shown_without_what_a_terminal_would_obey(home: Home, evil: EvilProvider) -> None:
    evil.device = [evil.device_told(user_code=HOSTILE_TEXT)]
    evil.token = [oauth_error("access_denied", HOSTILE_TEXT)]
    done = home.run("oauth", "login", "main", "--flow", "device", "--json")
    assert code_of(done)
    nothing_is_said_back(done)
    nothing_is_kept(home)
