"""Owns a home in which the server `main` logs in with OAuth 2.0, and the running of commands in it.

Knows no provider's ways: whoever logs in says how a person consents.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from postroom.cli.manual.codes import OWN_CODES
from postroom.diagnosis.catalogue import causes
from tests.support.person import Waiting, logging_in
from tests.support.program import Completed, clean_environment, program, run_program

ALICE = "alice@example.test"
SCOPE = "openid offline_access email smtp"
Process = subprocess.Popen[str]


class Login(NamedTuple):
    """What became of `oauth login`, and what the browser was shown in the end."""

    done: Completed
    page: str


class Home(NamedTuple):
    """A private home directory, with its environment. `before` are the words of a program that runs every command."""

    path: Path
    environment: Mapping[str, str]
    before: Sequence[str] = ()

    def with_environment(self, **more: str) -> "Home":
        return self._replace(environment={**self.environment, **more})

    def run(self, *argv: str, typed: str | None = None) -> Completed:
        return run_program(
            [*self.before, *program(), *argv], environment=self.environment, typed=typed, directory=self.path
        )

    def start(self, *argv: str) -> Process:
        """A command that goes on; a leader of a session of its own, so that its group can be killed."""
        return subprocess.Popen(
            [*self.before, *program(), *argv],
            env=dict(self.environment),
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def state(self) -> Path:
        return Path(self.environment["POSTROOM_STATE_DIR"])

    def setting(self, issuer: str, client_id: str, *more: str, host: str = "localhost", port: int = 9) -> None:
        """Make the server."""
        done = self.run(
            *("smtp", "set", "main", "--host", host, "--port", str(port), "--security", "starttls"),
            *("--auth", "oauth2", "--username", ALICE, "--from", ALICE),
            *("--issuer", issuer, "--client-id", client_id, "--scope", SCOPE, *more),
        )
        assert done.exit == 0, done.stderr

    def logging_in(self, *more: str, flow: str = "browser") -> AbstractContextManager[Waiting]:
        """A login that waits for somebody; its store is the encrypted one with a key file."""
        argv = ("oauth", "login", "main", "--flow", flow, "--store", "encrypted", "--timeout", "20s", *more)
        return logging_in([*argv, *(("--no-browser",) if flow == "browser" else ())], self.environment, self.path)

    def log_in(self, go: Callable[[str], str], *more: str) -> Login:
        """Log in by a browser that is the test; `go` takes it from the address that it is shown to its last page."""
        with self.logging_in("--json", *more) as waiting:
            page = go(waiting.address())
            return Login(waiting.end(), page)


def home_in(directory: Path) -> Home:
    """A home; the encrypted store with a key file is its default."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tmp").mkdir()
    (directory / "run").mkdir(mode=0o700)
    return Home(directory, clean_environment(directory, os.environ["PATH"]))


def assert_documented(done: Completed) -> dict[str, object]:
    """The envelope of a command that failed, or not, as the man pages say."""
    assert "Traceback" not in done.stderr
    envelope = done.json
    error = envelope["error"]
    if error is not None:
        code = error["code"]
        own, known = OWN_CODES.get(code), causes().get(code)
        assert own or known, error
        assert done.exit in (own[0] if own else (known.exit if known else -1,)), error
        assert code != "bug", error
    return envelope
