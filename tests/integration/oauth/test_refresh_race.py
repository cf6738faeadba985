"""A rotating refresh token outlives a crowd of processes that renew it, and whoever kills them."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from postroom.errors import LockError
from postroom.files import locked
from tests.integration.oauth.logged_in import Home, Process, assert_documented, home_in
from tests.integration.oauth.visitor import visit
from tests.support.mailstack import Mailstack
from tests.support.oauth_mail import RunOauthMail
from tests.support.openid_provider import NATIVE, OpenidProvider, Options, RunOpenidProvider
from tests.support.program import Completed

CROWD = 50
SMALLER_CROWD = 24
KILLS = 100
KILLS_IN_MID_RENEWAL = 3
PATIENCE_SECONDS = 60.0

# The lock's 60 s are the longest that any of them may wait for the others, and what they do themselves is short.
LONGEST_SECONDS = 75.0


def consent_at(provider: OpenidProvider) -> Callable[[str], str]:
    return lambda address: visit(provider.consent(address)).body


@pytest.fixture
def rotating(openid_provider_with: RunOpenidProvider) -> Iterator[OpenidProvider]:
    with openid_provider_with(Options(token_delay_seconds=0)) as provider:
        yield provider


@pytest.fixture
def home(rotating: OpenidProvider, tmp_path: Path) -> Home:
    """Somebody has logged in, and the provider takes half a second for what comes next."""
    return logged_in(tmp_path / "home", rotating)


def logged_in(directory: Path, provider: OpenidProvider, stack: Mailstack | None = None) -> Home:
    home = home_in(directory)
    to = {"host": "localhost", "port": stack.port("SUB")} if stack else {}
    home.setting(provider.issuer, NATIVE, *(("--ca-file", str(stack.ca_file)) if stack else ()), **to)  # type: ignore[arg-type]  # host and port
    done = home.log_in(consent_at(provider)).done
    assert done.exit == 0, done.stderr
    provider.change(token_delay_seconds=0.5)
    return home


def renewals(provider: OpenidProvider) -> Counter[str]:
    """How often a refresh token was shown, by what came of it."""
    return Counter(found.error for found in provider.token_requests() if found.grant_type == "refresh_token")


def wait_for(what: Callable[[], object], patience_seconds: float = 10.0) -> None:
    until = time.monotonic() + patience_seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_free(home: Home) -> bool:
    """Whether nobody renews."""
    try:
        with locked(home.state / "tokens-main", 0):
            return True
    except LockError:
        return False


def in_flight(provider: OpenidProvider, before: int) -> Callable[[], bool]:
    """Whether one more request for a renewal has reached the provider."""
    return lambda: sum(renewals(provider).values()) > before


def token_of(home: Home) -> str:
    done = home.run("oauth", "token", "main")
    assert done.exit == 0, done.stderr
    return done.stdout


# A crowd.


def commands(number: int) -> tuple[str, ...]:
    """The commands of the crowd: most want a token, some send, some renew."""
    kinds = [
        ("oauth", "token", "main"),
        ("oauth", "refresh", "main"),
        ("oauth", "token", "main"),
        ("smtp", "test", "main", "--until", "auth"),
    ]
    return (*kinds[number % len(kinds)], "--json")


class Killer:
    """Kills some of a crowd at random moments, rather those that are in the middle of a renewal."""

    def __init__(self) -> None:
        self.dice = random.Random(20260304)  # noqa: S311 - moments, no secrets
        self.killed = 0
        self.in_mid_renewal = 0

    def strike(self, crowd: list[Process]) -> None:
        """Kill one, alone or with its group."""
        time.sleep(self.dice.uniform(0, 0.03))
        alive = {process.pid: process for process in crowd if process.poll() is None}
        renewing = [alive[parent] for parent in parents() if parent in alive]
        if not alive:
            return
        victim = renewing[0] if renewing and self.dice.random() < 0.8 else self.dice.choice([*alive.values()])
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if self.dice.random() < 0.5 else os.kill)(victim.pid, signal.SIGKILL)
        if victim.wait() == -signal.SIGKILL:
            self.killed += 1
            self.in_mid_renewal += victim in renewing


def parents() -> list[int]:
    """The parents of all processes that lead a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                _, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if session == entry.name:
                    found.append(int(parent))
    return found


def wave(home: Home, killer: Killer, size: int) -> list[Completed]:
    """So many at once, most of them killed; what the others said."""
    began = time.monotonic()
    crowd = [home.start(*commands(number)) for number in range(size)]
    for _ in range(size * 3 // 4):
        killer.strike(crowd)
    ended = []
    for process in crowd:
        out, err = process.communicate(timeout=LONGEST_SECONDS)
        if process.returncode != -signal.SIGKILL:
            ended.append(Completed(out, err, process.returncode))
    assert time.monotonic() - began < LONGEST_SECONDS
    return ended


@pytest.mark.needs("postfix", "dovecot")
def test_fifty_at_once_with_a_hundred_killed_lose_no_login(oauth_mail_with: RunOauthMail, tmp_path: Path) -> None:
    killer = Killer()
    ended: list[Completed] = []
    # A token that lives for a second is renewed all the time.
    with oauth_mail_with(Options(access_token_seconds=1)) as both:
        provider, home = both.provider, logged_in(tmp_path / "home", both.provider, both.stack)
        while killer.killed < KILLS or killer.in_mid_renewal < KILLS_IN_MID_RENEWAL:
            provider.change(token_delay_seconds=killer.dice.uniform(0.2, 0.5))
            ended += wave(home, killer, SMALLER_CROWD if ended else CROWD)
        wait_for(lambda: is_free(home))
        asked = renewals(provider)
        assert provider.revoked_grants() == 0
        assert asked.keys() == {""}, asked
        codes = Counter(code_of(assert_documented(done)) for done in ended)
        assert codes[""] > 0.5 * len(ended), codes
        provider.change(access_token_seconds=600)
        assert home.run("oauth", "refresh", "main").exit == 0
        assert provider.introspect(token_of(home).strip())["active"] is True
        assert home.run("oauth", "status", "main").exit == 0


def code_of(envelope: Mapping[str, object]) -> str:
    error = envelope["error"]
    return str(error["code"]) if isinstance(error, dict) else ""


def test_a_crowd_that_renews_at_once_asks_the_provider_seldom(home: Home, rotating: OpenidProvider) -> None:
    crowd = [home.start("oauth", "refresh", "main", "--json") for _ in range(CROWD)]
    ended = [Completed(*process.communicate(timeout=LONGEST_SECONDS), process.returncode) for process in crowd]
    assert [done.exit for done in ended] == [0] * CROWD
    assert renewals(rotating).keys() == {""}
    assert renewals(rotating).total() < CROWD / 4
    assert rotating.revoked_grants() == 0


# One that is ended while the provider answers.


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_whoever_is_ended_while_the_provider_answers_loses_nothing(
    home: Home, rotating: OpenidProvider, number: signal.Signals
) -> None:
    for whom in (os.kill, os.killpg):
        before = renewals(rotating).total()
        process = home.start("oauth", "refresh", "main")
        wait_for(in_flight(rotating, before))
        whom(process.pid, number)
        began = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert time.monotonic() - began < 0.4, "it waited for the child"
        assert process.returncode in {
            signal.SIGKILL: (-signal.SIGKILL,),
            signal.SIGINT: (130,),
            signal.SIGTERM: (143,),
            signal.SIGHUP: (-signal.SIGHUP,),
        }[number]  # fmt: skip
        assert "Traceback" not in err
        assert not is_free(home)
        wait_for(lambda: is_free(home))
    assert home.run("oauth", "refresh", "main").exit == 0
    assert (renewals(rotating), rotating.revoked_grants()) == (Counter({"": 3}), 0)


def child_of(parent: int) -> int | None:
    """The process that renews for another one."""
    file = Path(f"/proc/{parent}/task/{parent}/children")
    return next(map(int, file.read_text().split()), None)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for a child in /proc")
def test_a_renewing_child_that_is_itself_killed_after_it_asked_costs_the_login_and_says_so(
    home: Home, rotating: OpenidProvider
) -> None:
    """What nothing can mend: the provider has given a token that no one has, and takes the old one for stolen."""
    process = home.start("oauth", "refresh", "main", "--json")
    wait_for(in_flight(rotating, 0))
    child = child_of(process.pid)
    assert child
    os.kill(child, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    cut = assert_documented(Completed(out, err, process.returncode))
    assert (code_of(cut), process.returncode) == ("oauth.cut_off", 75)
    time.sleep(0.6)  # until the provider has answered whom nobody hears
    assert token_of(home), "the access token lives on"
    done = home.run("oauth", "refresh", "main", "--json")
    refused = assert_documented(done)
    assert done.exit == 4
    assert isinstance(refused["error"], dict)
    assert "a renewal that began at" in refused["error"]["message"]
    assert rotating.revoked_grants() == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for a child in /proc")
def test_a_renewing_child_that_is_killed_before_it_asked_costs_nothing(home: Home, rotating: OpenidProvider) -> None:
    process = home.start("oauth", "refresh", "main", "--json")
    while not (child := child_of(process.pid)):
        assert process.poll() is None
    os.kill(child, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 75
    if renewals(rotating).total() == 0:  # as it is nearly always: it loads its libraries first
        assert home.run("oauth", "refresh", "main").exit == 0
        assert rotating.revoked_grants() == 0
