"""A password that the program works with is seen by nobody: not in arguments, not in a child's environment, not in what
is printed, kept or reported. What is left behind is searched by the sweep at the end of the run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.mailstack import Mailstack
from tests.support.process_watch import ProcessWatch
from tests.support.sweep import Sweep

pytestmark = pytest.mark.needs("root", "postfix", "dovecot")

ACCOUNT = "sentinel@example.test"


def set_server(run_postroom: RunPostroom, mailstack: Mailstack, *password: str, typed: str = "") -> None:
    port = str(mailstack.port("SUB"))
    argv = ["smtp", "set", "main", "--host", mailstack.host, "--port", port, "--security", "starttls"]
    argv += ["--username", ACCOUNT, "--ca-file", str(mailstack.ca_file), *password]
    done = run_postroom(*argv, input=typed)
    assert done.exit == 0, done


@pytest.mark.parametrize("manner", [("--trace",), ("--json", "--trace"), ("--debug",)], ids=" ".join)
@pytest.mark.parametrize("exit_status", [0, 77], ids=["accepted", "refused"])
def test_a_stored_password_is_not_seen_while_it_is_used(
    exit_status: int,
    manner: tuple[str, ...],
    run_postroom: RunPostroom,
    mailstack: Mailstack,
    sentinel: str,
) -> None:
    # A wrong password is a secret too: often it is the right one of another account.
    password = sentinel if exit_status == 0 else f"{sentinel}-of-yesterday"
    with ProcessWatch(sentinel) as watch:
        set_server(run_postroom, mailstack, "--store", "encrypted", "--password-stdin", typed=f"{password}\n")
        done = run_postroom("smtp", "test", "--to", "bob@example.test", *manner)
        run_postroom("smtp", "show")
        run_postroom("config", "export")
    assert done.exit == exit_status, done
    assert watch.samples > 1
    assert watch.finds == []


def test_a_password_from_the_environment_is_not_handed_on_to_children(
    run_postroom: RunPostroom, mailstack: Mailstack, sentinel: str, sweep: Sweep, tmp_path: Path
) -> None:
    secret_file = sweep.declare(tmp_path / "password")
    secret_file.write_text(sentinel)
    seen = tmp_path / "seen"
    command = tmp_path / "give-password"
    command.write_text(f"#!/bin/sh\nenv >'{seen}'\ncat '{secret_file}'\n")
    command.chmod(0o700)
    set_server(run_postroom, mailstack, "--password-command", str(command))
    done = run_postroom("smtp", "test", "--until", "auth", env={"POSTROOM_OAUTH_CLIENT_SECRET": sentinel})
    assert done.exit == 0, done
    assert "PATH=" in seen.read_text()
    assert sentinel not in seen.read_text()


@pytest.mark.parametrize("place", ["cmdline", "environ"])
def test_the_watch_sees_a_secret_in_sight(place: str, sentinel: str) -> None:
    secret = sentinel[::-1]
    code = "import sys; sys.stdin.read()"
    argv = [sys.executable, "-c", code, *([secret] if place == "cmdline" else [])]
    environment = {**os.environ, **({"PASSWORD": secret} if place == "environ" else {})}
    with ProcessWatch(secret) as watch:
        child = subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE)
        while not watch.finds:
            assert child.poll() is None
        child.communicate()
    assert watch.finds[0].startswith(f"{place} of ")
