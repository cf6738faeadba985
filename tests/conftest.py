"""Owns what every test gets: a private home, the program, the real servers, the sentinel; and the rule on skips."""

import itertools
import os
import signal
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.integration.matrix.table import lines_of, rows_of
from tests.support.browser import Browser, running_browser
from tests.support.mailstack import Mailstack, MailstackWith, running_mailstack
from tests.support.moving_clock import MovingClock
from tests.support.oauth_mail import OauthMail, RunOauthMail, running_oauth_mail
from tests.support.openid_provider import OpenidProvider, RunOpenidProvider, running_openid_provider
from tests.support.program import Completed, clean_environment, program, run_program
from tests.support.requirements import NEEDS, REQUIRE_ALL, need
from tests.support.sweep import Sweep
from tests.support.terminal import run_on_terminal

_SWEEP = pytest.StashKey[Sweep]()
_homes = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker, and make the sweep that outputs are recorded in."""
    config.addinivalue_line("markers", "needs(*names): skip without these commands; `root` is the superuser")
    config.stash[_SWEEP] = Sweep()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A test run in the background of a script would hand its deafness to every program that is to be interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look after the `needs` markers."""
    for marker in item.iter_markers("needs"):
        need(*marker.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record what a test printed and logged; fail a skip for want of something where nothing may be wanting."""
    report = yield
    for _title, text in report.sections:
        item.config.stash[_SWEEP].record(item.nodeid, text)
    if report.skipped and os.environ.get(REQUIRE_ALL) == "1" and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(NEEDS):
            report.outcome = "failed"
            report.longrepr = f"{REQUIRE_ALL}=1, so this must not be skipped: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of the live matrix, where it ran: one line for each misconfiguration."""
    rows = rows_of(report for reports in terminalreporter.stats.values() for report in reports)
    if rows:
        terminalreporter.section("live matrix")
        for line in lines_of(rows):
            terminalreporter.line(line)


@pytest.fixture(scope="session", autouse=True)
def sweep(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    """The run's sweep. At the end of the run (of each worker) it searches everything, and fails the last test."""
    found = pytestconfig.stash[_SWEEP]
    yield found
    finds = found.finds(tmp_path_factory.getbasetemp())
    assert not finds, "the sentinel secret was left " + "; ".join(finds)


@pytest.fixture
def sentinel(sweep: Sweep) -> str:
    """A secret to give to the program. A file that holds it on purpose is made known by `sweep.declare(path)`."""
    return sweep.secret


@pytest.fixture(autouse=True)
def tmp_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of the test's own; the environment points nowhere else."""
    home = tmp_path_factory.getbasetemp() / "homes" / str(next(_homes))
    home.mkdir(parents=True)
    (home / "run").mkdir(mode=0o700)
    (home / "tmp").mkdir()
    for name in list(os.environ):
        if name.startswith(("POSTROOM_SMTP_", "POSTROOM_OAUTH_", "XDG_", "DBUS_", "PYTHON_KEYRING_")):
            monkeypatch.delenv(name)
    for name in ("CREDENTIALS_DIRECTORY", "DISPLAY", "WAYLAND_DISPLAY", "FORCE_COLOR", "NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in clean_environment(home, os.environ.get("PATH", os.defpath)).items():
        if name != "TMPDIR":  # a test's own sockets need a short path
            monkeypatch.setenv(name, value)
    return home


class RunPostroom(Protocol):
    """Runs `postroom ARGV...`. `env` adds to the clean environment; a value of None takes a name out of it.

    With `tty` it runs on a terminal of 80 columns: of each of the `answers`, the first part is waited for and the
    second typed, line feed included; stdout and stderr come as one, in `stdout`, without escape sequences. `before` are
    the words of a program that runs it, such as unshare.
    """

    def __call__(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 - subprocess's own word
        env: Mapping[str, str | None] | None = None,
        tty: bool = False,
        answers: Sequence[tuple[str, str]] = (),
        before: Sequence[str] = (),
    ) -> Completed: ...


@pytest.fixture
def run_postroom(tmp_home: Path, tmp_path: Path, sweep: Sweep, request: pytest.FixtureRequest) -> RunPostroom:
    """The installed program, as a process. Its output is swept for the sentinel."""

    def run(
        *argv: str,
        input: str | None = None,  # noqa: A002
        env: Mapping[str, str | None] | None = None,
        tty: bool = False,
        answers: Sequence[tuple[str, str]] = (),
        before: Sequence[str] = (),
    ) -> Completed:
        wanted: dict[str, str | None] = {**clean_environment(tmp_home, os.environ["PATH"]), **(env or {})}
        environment = {name: value for name, value in wanted.items() if value is not None}
        line = [*before, *program(), *argv]
        if tty:
            ended = run_on_terminal(line, environment=environment, directory=tmp_path, answers=answers)
            done = Completed(ended.text, "", ended.exit)
        else:
            done = run_program(line, environment=environment, typed=input, directory=tmp_path)
        sweep.record(f"{request.node.nodeid}: {argv}", done.stdout + "\n" + done.stderr)
        return done

    return run


@pytest.fixture
def clock() -> MovingClock:
    """A clock that the test moves."""
    return MovingClock()


@pytest.fixture(scope="session")
def mailstack() -> Iterator[Mailstack]:
    """Real Postfix and Dovecot, once a worker, on first use. Mailboxes fill up: look for your own mail."""
    with running_mailstack() as stack:
        yield stack


@pytest.fixture
def mailstack_with() -> MailstackWith:
    """Starts servers of the test's own, for a with statement."""
    return running_mailstack


@pytest.fixture
def openid_provider() -> Iterator[OpenidProvider]:
    """A real OpenID provider of the test's own, as it comes."""
    with running_openid_provider() as provider:
        yield provider


@pytest.fixture
def openid_provider_with() -> RunOpenidProvider:
    """Starts a provider with options, for a with statement."""
    return running_openid_provider


@pytest.fixture(scope="session")
def oauth_mail() -> Iterator[OauthMail]:
    """A provider and mail servers that ask it, once a worker, on first use. Leave the provider as you found it."""
    with running_oauth_mail() as both:
        yield both


@pytest.fixture
def oauth_mail_with() -> RunOauthMail:
    """Starts a provider and mail servers of the test's own, for a with statement."""
    return running_oauth_mail


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium without a screen, and nobody logged in anywhere."""
    with running_browser() as started:
        yield started
