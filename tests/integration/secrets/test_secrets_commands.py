"""The commands of `secrets` as a user runs them: real files, a real keyring, the secret nowhere in sight."""

import os
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.keyring_session import home, keyring_session
from tests.support.program import Completed
from tests.support.sweep import Sweep

SETTINGS = """
[smtp.servers.main]
host = "mail.example.com"
username = "alice@example.com"
"""


class Program:
    """`postroom` with a configuration file of the test's own."""

    def __init__(self, run: RunPostroom, directory: Path) -> None:
        self.run = run
        self.config = directory / "config.toml"
        self.state = directory / "state"
        self.options = ("--config", str(self.config), "--state-dir", str(self.state))
        self.config.write_text(SETTINGS)
        self.config.chmod(0o600)

    def __call__(self, *argv: str, typed: str | None = None, env: dict[str, str | None] | None = None) -> Completed:
        return self.run(*self.options, "--json", *argv, input=typed, env=env)

    def references(self) -> list[str]:
        return [row["reference"] for row in self("secrets", "list").json["data"]["secrets"]]


@pytest.fixture
def program(run_postroom: RunPostroom, tmp_path: Path) -> Program:
    return Program(run_postroom, tmp_path)


def test_a_secret_is_set_listed_moved_and_removed(program: Program, sentinel: str, sweep: Sweep) -> None:
    sweep.declare(program.state / "secrets.plain")
    done = program("secrets", "set", "main.password", "--stdin", "--store", "encrypted", typed=sentinel + "\n")
    assert (done.exit, done.json["data"]["reference"]) == (0, "encrypted:smtp/main/password")
    assert 'password = "encrypted:smtp/main/password"' in program.config.read_text()
    again = program("secrets", "set", "main.password", "--stdin", typed=sentinel + "\n")
    assert (again.exit, again.json["data"]["changed"]) == (0, False)
    assert program.references() == ["encrypted:smtp/main/password"]
    refused = program("secrets", "move", "main.password", "--store", "plain")
    assert (refused.exit, refused.json["error"]["code"]) == (78, "secret.insecure")
    assert not (program.state / "secrets.plain").exists()
    moved = program("secrets", "move", "main.password", "--store", "plain", "--insecure-storage")
    assert (moved.exit, program.references()) == (0, ["plain:smtp/main/password"])
    assert sentinel in (program.state / "secrets.plain").read_text()
    unconfirmed = program("secrets", "remove", "main.password")
    assert (unconfirmed.exit, len(program.references())) == (2, 1)
    removed = program("secrets", "remove", "main.password", "--yes")
    assert (removed.exit, removed.json["data"]["removed"]) == (0, ["plain:smtp/main/password"])
    assert (program.references(), program.config.read_text()) == ([], SETTINGS)
    for path in program.state.rglob("*"):
        assert path.is_dir() or sentinel.encode() not in path.read_bytes()


def test_on_a_terminal_it_is_asked_for_without_echo(program: Program, run_postroom: RunPostroom, sentinel: str) -> None:
    argv = (*program.options, "secrets", "set", "main.password", "--store", "encrypted")
    answers = [("password for server", sentinel + "\n")]
    if os.geteuid() != 0:
        answers += [("New passphrase", "a passphrase\n"), ("same passphrase", "a passphrase\n")]
    done = run_postroom(*argv, tty=True, answers=answers)
    assert done.exit == 0
    assert "user alice@example.com, host mail.example.com" in done.stdout
    assert sentinel not in done.stdout
    assert program.references() == ["encrypted:smtp/main/password"]


def test_without_a_terminal_and_without_stdin_it_is_a_usage_error(program: Program) -> None:
    done = program("secrets", "set", "main.password", "--store", "encrypted")
    assert done.exit == 2
    assert "--stdin" in done.json["error"]["message"]


def test_without_any_store_the_ways_out_are_named(program: Program, sentinel: str) -> None:
    done = program("secrets", "set", "main.password", "--stdin", "--store", "keyring", typed=sentinel + "\n")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.no_store")
    assert "no session bus" in done.json["error"]["message"]
    assert "--store encrypted" in done.json["error"]["hint"]
    assert [path.name for path in program.state.glob("secrets*")] == []


def test_the_stores_are_told(program: Program) -> None:
    done = program("secrets", "stores")
    states = {row["store"]: row["state"] for row in done.json["data"]["stores"]}
    assert done.exit == 0
    assert (states["keyring"], states["encrypted"], states["credential"]) == ("absent", "usable", "absent")


@pytest.mark.needs("dbus-daemon", "gnome-keyring-daemon", "gdbus")
def test_the_keyring_of_a_session_is_used_when_it_is_unlocked(program: Program, sentinel: str) -> None:
    with home() as place, keyring_session(place) as session:
        bus: dict[str, str | None] = {"DBUS_SESSION_BUS_ADDRESS": session.environment["DBUS_SESSION_BUS_ADDRESS"]}
        done = program(
            "secrets", "set", "main.password", "--stdin", "--store", "keyring", typed=sentinel + "\n", env=bus
        )
        assert (done.exit, done.json["data"]["reference"]) == (0, "keyring:smtp/main/password")
        again = program("secrets", "set", "main.password", "--stdin", typed=sentinel + "\n", env=bus)
        assert again.json["data"]["changed"] is False
        moved = program("secrets", "move", "main.password", "--store", "encrypted", env=bus)
        assert moved.json["data"]["reference"] == "encrypted:smtp/main/password"


@pytest.mark.needs("root", "dbus-daemon", "gnome-keyring-daemon", "gdbus")
def test_root_does_not_choose_the_keyring_even_of_its_own_session(program: Program, sentinel: str) -> None:
    with home() as place, keyring_session(place) as session:
        bus: dict[str, str | None] = {"DBUS_SESSION_BUS_ADDRESS": session.environment["DBUS_SESSION_BUS_ADDRESS"]}
        done = program("secrets", "set", "main.password", "--stdin", typed=sentinel + "\n", env=bus)
    assert done.json["data"]["reference"] == "encrypted:smtp/main/password"


def test_a_ledger_in_disorder_is_told_and_nothing_is_used(program: Program, sentinel: str) -> None:
    program("secrets", "set", "main.password", "--stdin", "--store", "encrypted", typed=sentinel + "\n")
    (program.state / "secrets.toml").write_text("not toml")
    done = program("secrets", "list")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.ledger_damaged")
