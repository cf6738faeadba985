"""A person's consent from the address to the code: by the browser, by a pasted line, whichever comes first."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from postroom.clock import Clock
from postroom.diagnosis.classify import classify
from postroom.domain.oauth import Client, Consent, GrantError
from postroom.domain.secret import Secret
from postroom.errors import ConfigError, Exit, Fault, PostroomError, Signalled
from postroom.oauth import consent, page
from postroom.oauth.consent import Surroundings, ask_consent
from postroom.oauth.http import HttpGrants
from tests.integration.oauth.visitor import Answer, Beside, knock, visit
from tests.support.browser import Browser
from tests.support.evil_provider import CALLBACK_FAULTS, EvilProvider
from tests.support.moving_clock import MovingClock
from tests.support.openid_provider import ALICE, NATIVE, OpenidProvider

ISSUER = "https://login.example.test"
EVIL = "https://evil.example.test"
CLIENT = Client(
    server="main",
    provider="example",
    flow="browser",
    client_id="app",
    account="alice@example.test",
    scopes=("mail",),
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/authorize",
)
GRANTS = HttpGrants(Clock(), "test")


class Login:
    """One login with everything around it. `browser` is what opening an address does; `typed` are the lines that a
    person types, each after the address was shown, "" for the end of input.
    """

    def __init__(self, client: Client = CLIENT, clock: Clock | None = None) -> None:
        self.client = client
        self.clock = clock or Clock()
        self.address = self.redirect_uri = ""
        self.said: list[str] = []
        self.typed: list[str | Callable[[], str]] = []
        self.browser: Callable[[str], object] | None = None
        self.may_paste = True
        self.spoil: Callable[[str], str] = str
        self.read: Callable[[float], str | None] = self._read

    @property
    def state(self) -> str:
        """The state in the address that was shown."""
        return self.asked("state")

    def asked(self, name: str) -> str:
        """A parameter of the address that was shown."""
        return parse_qs(urlsplit(self.address).query)[name][0]

    def answer(self, **changes: str) -> str:
        """The address that the browser ends on."""
        return f"{self.redirect_uri}?{urlencode({'code': 'the-code', 'state': self.state, **changes})}"

    def ask(self, within: Callable[[Consent], object] = lambda _consent: None, **options: Any) -> Consent:
        around = Surroundings(
            show=self._show,
            open_browser=self._open if self.browser else None,
            pasted=self.read if self.may_paste else None,
            say=self.said.append,
            explain=explain,
            random=os.urandom,
            monotonic=self.clock.monotonic,
        )

        def request(*, redirect_uri: str, state: str, verifier: Secret) -> str:
            self.redirect_uri = redirect_uri
            address = GRANTS.authorization_request(
                self.client, redirect_uri=redirect_uri, state=state, verifier=verifier
            )
            return self.spoil(address)

        with ask_consent(self.client, around, request=request, **{"time_limit": 30.0, **options}) as consent:
            within(consent)
        return consent

    def _open(self, address: str) -> bool:
        return self.browser is not None and self.browser(address) is not False

    def _show(self, address: str, redirect_uri: str) -> None:
        self.address, self.redirect_uri = address, redirect_uri

    def _read(self, seconds: float) -> str | None:
        if not self.typed:
            time.sleep(min(seconds, 0.05))
            return None
        line = self.typed.pop(0)
        return line if isinstance(line, str) else line()


def explain(error: GrantError) -> Fault:
    cause = classify(error.signs)
    data = {"diagnosis": cause.as_data()}
    return Fault(cause.code, cause.title, step="token", hint=cause.next_steps[0], exit=Exit(cause.exit), data=data)


@pytest.fixture
def login() -> Login:
    return Login()


def port_of(login: Login) -> int:
    port = urlsplit(login.redirect_uri).port
    assert port
    return port


def assert_nobody_listens(login: Login) -> None:
    with pytest.raises(ConnectionRefusedError):
        knock(port_of(login))


class Visits:
    """Opens addresses as a browser would, in a thread, once they have been made of the login."""

    def __init__(self, *targets: Callable[[], str]) -> None:
        self._targets = targets
        self.pages: list[Beside] = []

    def __call__(self, _address: str) -> None:
        self.pages += [Beside(lambda: [visit(target()) for target in self._targets])]

    @property
    def last(self) -> Answer:
        answer: Answer = self.pages[-1].result()[-1]
        return answer


# The browser


def test_the_browser_brings_the_code_and_hears_that_it_worked(login: Login) -> None:
    visits = Visits(login.answer)
    login.browser = visits
    seen: list[bool] = []

    def exchange(consent: Consent) -> None:
        time.sleep(0.1)
        seen.append(visits.pages[0].running)
        assert_nobody_listens(login)
        assert consent.redirect_uri == login.redirect_uri

    got = login.ask(exchange)
    assert got.code == Secret("the-code")
    assert seen == [True]
    assert visits.last.body == page.logged_in(server="main", account="", wanted="alice@example.test")
    assert login.redirect_uri.startswith("http://127.0.0.1:")
    assert login.redirect_uri.endswith("/callback")


def test_another_mailbox_than_the_servers_is_named_to_the_browser(login: Login) -> None:
    visits = Visits(login.answer)
    login.browser = visits
    login.ask(lambda consent: consent.logged_in_as("bob@example.test"))
    assert "You are logged in as another mailbox" in visits.last.body
    assert "bob@example.test" in visits.last.body


def test_every_login_has_its_own_state_verifier_and_port(login: Login) -> None:
    login.browser = Visits(login.answer)
    first, state, port = login.ask(), login.state, login.redirect_uri
    second = login.ask()
    assert first.verifier != second.verifier
    assert (state, port) != (login.state, login.redirect_uri)
    assert state != login.state
    assert 43 <= len(second.verifier.reveal()) <= 128


def test_what_fails_with_the_code_stands_on_the_page(login: Login) -> None:
    visits = Visits(login.answer)
    login.browser = visits
    error = ConfigError("oauth.wrong", "the mailbox is <bob@example.test>", hint="log in as alice")

    def fail(_consent: Consent) -> None:
        raise error

    with pytest.raises(ConfigError) as failed:
        login.ask(fail)
    assert failed.value is error
    assert visits.last.body == page.failed(error)
    assert "&lt;bob@example.test&gt;" in visits.last.body


def test_a_refusal_of_the_code_is_explained_once_for_terminal_and_page(login: Login) -> None:
    visits = Visits(lambda: login.answer(code="", error="").replace("code=&", "").replace("&error=", "&code=x"))
    login.browser = visits

    def refuse(_consent: Consent) -> None:
        from postroom.oauth.question import Question

        raise Question(CLIENT, ISSUER).failed("refused-by-reply", "invalid_grant: AADSTS700082", error="invalid_grant")

    with pytest.raises(Fault) as failed:
        login.ask(refuse)
    assert isinstance(failed.value.__cause__, GrantError)
    assert visits.last.body == page.failed(failed.value)


def test_a_person_who_declines_is_told_so_in_both_places(login: Login) -> None:
    nasty = "<script>alert(1)</script>"

    def declined() -> str:
        query = {"error": "access_denied", "error_description": nasty, "state": login.state}
        return f"{login.redirect_uri}?{urlencode(query)}"

    visits = Visits(declined)
    login.browser = visits
    with pytest.raises(Fault) as failed:
        login.ask()
    assert failed.value.code == "oauth.consent_required"
    assert failed.value.exit == Exit.LOGIN_NEEDED
    assert visits.last.body == page.failed(failed.value)
    assert "alert(1)" not in visits.last.body
    assert_nobody_listens(login)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Signalled(15)])
def test_a_signal_while_the_browser_waits_is_told_to_it(login: Login, stop: BaseException) -> None:
    visits = Visits(login.answer)
    login.browser = visits

    def be_stopped(_consent: Consent) -> None:
        raise stop

    with pytest.raises(type(stop)):
        login.ask(be_stopped)
    assert visits.last.body == page.interrupted(server="main")


def test_a_signal_while_nobody_has_answered_closes_the_port(login: Login) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    login.typed = [interrupt]
    with pytest.raises(KeyboardInterrupt):
        login.ask()
    assert_nobody_listens(login)


def test_a_request_without_pkce_is_shown_and_opened_to_nobody(login: Login) -> None:
    opened: list[str] = []
    login.browser = opened.append
    login.spoil = lambda address: address.replace("code_challenge_method=S256", "code_challenge_method=plain")
    with pytest.raises(RuntimeError, match="code_challenge_method"):
        login.ask()
    assert (login.address, opened) == ("", [])
    assert_nobody_listens(login)


def test_stray_requests_are_no_end_of_the_login(login: Login) -> None:
    visits = Visits(
        lambda: login.answer(state="other"),
        lambda: login.redirect_uri + "/favicon.ico",
        lambda: login.redirect_uri + f"?state={login.state}",
        login.answer,
    )
    login.browser = visits
    assert login.ask().code == Secret("the-code")
    assert [answer.status for answer in visits.pages[0].result()] == [400, 404, 400, 200]


# The redirect address


@pytest.mark.parametrize("via", ["127.0.0.1", "::1"])
def test_localhost_gets_the_port_and_is_reached_both_ways(login: Login, via: str) -> None:
    login.client = CLIENT._replace(redirect_uri="http://localhost")
    login.browser = lambda _address: Beside(visit, login.answer(), via)
    assert login.ask().redirect_uri == f"http://localhost:{port_of(login)}"


def test_a_port_may_be_given(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        with pytest.raises(PostroomError) as failed:
            login.ask(listen_port=port)
        assert failed.value.code == "oauth.port_in_use"
        assert login.address == ""
    login.browser = Visits(login.answer)
    assert login.ask(listen_port=port).redirect_uri == f"http://127.0.0.1:{port}/callback"


def test_a_registered_address_stays_as_it_is_wherever_we_listen(login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    login.client = CLIENT._replace(redirect_uri=f"http://127.0.0.1:{port}/registered")
    login.browser = Visits(login.answer)
    assert login.ask().redirect_uri == f"http://127.0.0.1:{port}/registered"


def test_an_address_elsewhere_can_only_be_pasted(login: Login) -> None:
    opened: list[str] = []
    login.client = CLIENT._replace(redirect_uri="https://app.example.com/callback")
    login.browser = opened.append
    login.typed = [lambda: login.answer() + "\n"]
    assert login.ask().redirect_uri == "https://app.example.com/callback"
    assert opened == [login.address]


# Pasting


def test_a_pasted_address_counts_as_much(login: Login) -> None:
    login.typed = [lambda: login.answer() + "\n"]
    got = login.ask(lambda _consent: assert_nobody_listens(login))
    assert got.code == Secret("the-code")
    assert login.said == []


def test_flow_paste_listens_nowhere_and_opens_nothing(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    login.client = CLIENT._replace(flow="paste")
    login.browser = opened.append

    monkeypatch.setattr(consent, "Listener", None)
    login.typed = [lambda: login.answer() + "\n"]
    assert login.ask().code == Secret("the-code")
    assert opened == []
    assert 61000 <= port_of(login) <= 65535


def test_an_answer_of_another_provider_is_told_once_and_waited_on(login: Login) -> None:
    clock = MovingClock()
    login.clock = clock
    visits = Visits(lambda: login.answer(iss=EVIL), lambda: login.answer(iss=EVIL), lambda: login.answer(state="other"))
    login.browser = visits

    def read(seconds: float) -> None:
        time.sleep(min(seconds, 0.02))
        if not visits.pages[0].running:
            clock.advance(1000)

    login.read = read
    with pytest.raises(PostroomError) as failed:
        login.ask()
    told = [said for said in login.said if "evil" in said]
    assert len(told) == 1
    assert "does not count" in told[0]
    assert "https://evil.example.test" in failed.value.message
    answers = visits.pages[0].result()
    assert [answer.status for answer in answers] == [400] * 3
    assert ["another provider" in answer.body for answer in answers] == [True, True, False]
    assert "evil" not in answers[0].body


def test_a_time_limit_tells_what_else_may_have_been(login: Login) -> None:
    clock = MovingClock()
    login.clock = clock
    login.read = lambda _seconds: clock.advance(100)
    with pytest.raises(PostroomError) as failed:
        login.ask()
    assert "does not know the client ID app" in failed.value.hint
    assert login.redirect_uri in failed.value.hint


@pytest.mark.parametrize("starts", [True, False])
def test_a_browser_is_named_only_where_one_was_started(login: Login, starts: bool) -> None:
    login.browser = lambda _address: starts
    login.typed = [lambda: login.answer() + "\n"]
    login.ask()
    assert login.said == (["Your browser opens it now."] if starts else [])


def test_what_is_no_answer_is_told_and_waited_on(login: Login) -> None:
    login.client = CLIENT._replace(flow="paste")
    login.typed = [
        "\n",
        lambda: login.address + "\n",
        lambda: login.answer(state="other") + "\n",
        "4/0Ab-the-code\n",
        "code=4/0Ab-the-code\n",
        lambda: login.answer(iss=EVIL) + "\n",
        lambda: login.answer() + "\n",
    ]
    assert login.ask().code == Secret("the-code")
    assert login.said == [
        "That is not the answer: the line is empty.",
        "That is not the answer: it is the address of the login page, not the one that the browser ended on.",
        "That is not the answer: it answers another login: its state is not the one of this login.",
        "That is not the answer: it is only a part of the address: the whole one also tells which login it answers.",
        "That is not the answer: it has no state, which tells which login it answers.",
        "That is not the answer: it is from another provider than the one that was asked: https://evil.example.test.",
    ]


def test_a_pasted_refusal_is_one(login: Login) -> None:
    login.client = CLIENT._replace(flow="paste")
    login.typed = [lambda: f"{login.redirect_uri}?error=access_denied&state={login.state}\n"]
    with pytest.raises(Fault) as failed:
        login.ask()
    assert failed.value.code == "oauth.consent_required"


def test_the_end_of_input_ends_only_the_pasting(login: Login) -> None:
    login.typed = ["", "never read"]

    def late() -> str:
        time.sleep(0.5)
        return login.answer()

    login.browser = Visits(late)
    assert login.ask().code == Secret("the-code")
    assert login.typed == ["never read"]


@pytest.mark.parametrize("may_paste", [True, False])
def test_without_a_way_for_the_answer_the_login_ends_at_once(login: Login, may_paste: bool) -> None:
    login.client = CLIENT._replace(flow="paste")
    login.may_paste = may_paste
    login.typed = [""]
    with pytest.raises(PostroomError) as failed:
        login.ask()
    assert (failed.value.code, failed.value.exit) == ("oauth.paste_ended", Exit.LOGIN_NEEDED)
    assert "oauth login main --flow paste" in failed.value.hint


def test_of_both_ways_the_first_counts(login: Login) -> None:
    visits = Visits(lambda: login.answer(code="by-browser"))
    login.browser = visits

    def late() -> str:
        time.sleep(0.3)
        return login.answer(code="pasted") + "\n"

    login.typed = [late]
    assert login.ask().code.reveal() in ("by-browser", "pasted")
    login.typed = [lambda: login.answer(code="pasted") + "\n"]
    login.browser = None
    assert login.ask().code == Secret("pasted")


# Time


@pytest.mark.parametrize("flow", ["browser", "paste"])
def test_the_time_limit_ends_the_login_and_names_the_command(flow: str) -> None:
    clock = MovingClock()
    login = Login(CLIENT._replace(flow=flow), clock)

    def wait(seconds: float) -> Callable[[], str]:
        def read() -> str:
            clock.advance(seconds)
            return "\n"

        return read

    login.typed = [wait(179.0), wait(0.5), wait(0.5), "never read"]
    with pytest.raises(PostroomError) as failed:
        login.ask(time_limit=180.0)
    assert (failed.value.code, failed.value.exit) == ("oauth.consent_timeout", Exit.LOGIN_NEEDED)
    assert "180 s" in failed.value.message
    assert "postroom oauth login main" in failed.value.hint
    assert login.typed == ["never read"]
    if flow == "browser":
        assert_nobody_listens(login)


# The real provider


@pytest.fixture
def real(openid_provider: OpenidProvider) -> Login:
    client = CLIENT._replace(
        client_id=NATIVE,
        provider="",
        account=ALICE,
        scopes=("openid", "email", "offline_access", "smtp"),
        issuer=openid_provider.issuer,
        authorization_endpoint="",
    )
    client = GRANTS.discover(client)
    assert client.iss_expected
    return Login(client)


def exchange(login: Login, into: list[Any]) -> Callable[[Consent], None]:
    def within(consent: Consent) -> None:
        into.append(
            GRANTS.by_code(
                login.client, None, consent.code, redirect_uri=consent.redirect_uri, verifier=consent.verifier
            )
        )
        consent.logged_in_as(into[0].account)

    return within


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1/callback", "http://localhost/", "http://[::1]/"])
def test_a_consent_at_a_real_provider_is_worth_tokens(
    real: Login, openid_provider: OpenidProvider, redirect_uri: str
) -> None:
    real.client = real.client._replace(redirect_uri=redirect_uri)
    via = urlsplit(redirect_uri).hostname or ""
    real.browser = lambda address: Beside(lambda: visit(openid_provider.consent(address), via))
    granted: list[Any] = []
    real.ask(exchange(real, granted))
    assert granted[0].account == ALICE
    assert granted[0].refresh_token


def test_a_consent_at_a_real_provider_may_be_pasted(real: Login, openid_provider: OpenidProvider) -> None:
    real.client = real.client._replace(flow="paste")
    real.typed = [lambda: openid_provider.consent(real.address) + "\n"]
    granted: list[Any] = []
    real.ask(exchange(real, granted))
    assert granted[0].account == ALICE


def test_a_refusal_at_a_real_provider_is_one(real: Login, openid_provider: OpenidProvider) -> None:
    real.browser = lambda address: Beside(lambda: visit(openid_provider.deny(address)))
    with pytest.raises(Fault) as failed:
        real.ask()
    assert failed.value.code == "oauth.consent_required"


def test_chromium_logs_in_and_shows_the_page(real: Login, browser: Browser, tmp_path: Path) -> None:
    browsing: list[Beside] = []
    real.browser = lambda address: browsing.append(Beside(lambda: browser.consent(address, ALICE)))
    granted: list[Any] = []
    real.ask(exchange(real, granted))
    seen = browsing[0].result()
    assert granted[0].account == ALICE
    assert seen.title == "You are logged in - Postroom"
    assert f"Postroom now sends mail as {ALICE} through the server main." in seen.text
    assert "Go back to the terminal. You may close this page." in seen.text
    assert browser.screenshot(tmp_path / "page.png").stat().st_size > 5000


def test_chromium_declines_and_shows_how_to_mend_it(real: Login, browser: Browser) -> None:
    browsing: list[Beside] = []
    real.browser = lambda address: browsing.append(Beside(lambda: browser.deny(address)))
    with pytest.raises(Fault) as failed:
        real.ask()
    seen = browsing[0].result()
    assert failed.value.message in seen.text
    assert "What to do" in seen.text


# The evil provider


@pytest.mark.parametrize("fault", CALLBACK_FAULTS)
def test_no_fault_of_an_evil_provider_brings_a_code(fault: str) -> None:
    clock = MovingClock()
    with EvilProvider(callback=CALLBACK_FAULTS[fault]) as evil:
        client = CLIENT._replace(issuer=evil.issuer, provider="", authorization_endpoint="", token_endpoint="")
        login = Login(GRANTS.discover(client), clock)
        visits = Visits(lambda: evil.redirect_of(login.address))
        login.browser = visits

        def read(seconds: float) -> None:
            time.sleep(min(seconds, 0.02))
            if not visits.pages[0].running:
                clock.advance(1000)

        login.read = read
        with pytest.raises(PostroomError) as failed:
            login.ask()
        assert failed.value.code == "oauth.consent_timeout"
        assert evil.to("/token") == []
        assert visits.last.status == 400
        assert not [word for word in ("<script", "alert(", "\x1b") if word in visits.last.body]
