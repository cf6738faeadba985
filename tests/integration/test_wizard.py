"""`smtp set` on a terminal without options: an address, the preset, what is missing, a test, and then it is saved."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import RunPostroom
from tests.support.mailstack import Mailstack
from tests.support.program import clean_environment, program
from tests.support.terminal import Terminal

ALICE = "alice@example.test"


@contextmanager
def wizard(home: Path, directory: Path, *words: str) -> Iterator[Terminal]:
    environment = clean_environment(home, os.environ["PATH"])
    with Terminal([*program(), "smtp", "set", *words], environment=environment, directory=directory) as terminal:
        yield terminal


def preset_of_the_site(home: Path, mailstack: Mailstack) -> None:
    """A preset of the user's own for example.test, which leads to the real server."""
    config = Path(clean_environment(home, "")["POSTROOM_CONFIG"])
    presets = config.parent / "presets"
    presets.mkdir(parents=True)
    presets.joinpath("example.toml").write_text(
        'title = "Example Mail"\ndomains = ["example.test"]\nhost = "localhost"\n'
        f'port = {mailstack.port("SUB")}\nsecurity = "starttls"\nauth = ["password"]\nusername = "address"\n'
        'secret = "app password"\nsources = ["the site"]\nchecked = 2026-11-20\n'
    )
    presets.joinpath("example.toml").chmod(0o600)
    config.write_text(f'[tls.profiles.site]\nca_file = "{mailstack.ca_file}"\n')
    config.chmod(0o600)


def by_hand(terminal: Terminal, mailstack: Mailstack) -> None:
    terminal.expect("Address")
    terminal.type(f"{ALICE}\n")
    terminal.expect("Mail server")
    terminal.type("localhost\n")
    terminal.expect("protected")
    terminal.type("none\n")
    terminal.expect("Port [25]")
    terminal.type("1\n")
    terminal.expect("log in")
    terminal.type("none\n")
    del mailstack


def test_a_server_that_does_not_answer_is_not_saved_unless_wanted(
    tmp_home: Path, tmp_path: Path, mailstack: Mailstack, run_postroom: RunPostroom
) -> None:
    # Nothing listens on port 1 of this machine.
    with wizard(tmp_home, tmp_path) as terminal:
        by_hand(terminal, mailstack)
        terminal.expect("Save it all the same?")
        terminal.type("n\n")
        done = terminal.finish()
    assert done.exit == 130
    assert "FAIL  connect" in done.text
    assert "there is no recipient" not in done.text
    # The answers are not lost: they come back as the command that would have given them.
    said = " ".join(done.text.split()).partition("to be corrected: postroom ")[2]
    assert said.startswith(f"smtp set default --host localhost --security none --from {ALICE} --port 1 --auth none")
    assert run_postroom("smtp", "list", "--json").json["data"]["servers"] == []


def test_answers_that_contradict_each_other_come_back_as_a_command(tmp_home: Path, tmp_path: Path) -> None:
    with wizard(tmp_home, tmp_path, "two") as terminal:
        for question, answer in (
            ("Address", ALICE),
            ("Mail server", "mail.example.com"),
            ("protected", "none"),
            ("Port [25]", ""),
            ("log in", "none"),
        ):
            terminal.expect(question)
            terminal.type(f"{answer}\n")
        done = terminal.finish()
    assert done.exit == 78
    assert "allow_cleartext must allow that" in " ".join(done.text.split())
    said = " ".join(done.text.split()).partition("to be corrected: postroom ")[2]
    assert said.startswith("smtp set two --host mail.example.com --security none")


def test_the_preset_of_the_address_leaves_only_the_secret_to_ask(
    tmp_home: Path, tmp_path: Path, mailstack: Mailstack, run_postroom: RunPostroom
) -> None:
    preset_of_the_site(tmp_home, mailstack)
    # The certificate's authority has to be known before the test; the profile `default` is every server's.
    run_postroom("smtp", "set", "site", "--provider", "example", "--tls-profile", "site", "--no-input")
    with wizard(tmp_home, tmp_path, "--store", "plain", "--insecure-storage") as terminal:
        terminal.expect("Address")
        terminal.type("not an address\n")
        terminal.expect("must")
        terminal.type(f"{ALICE}\n")
        terminal.expect("Example Mail")
        terminal.expect("Use these settings?")
        terminal.type("\n")
        terminal.expect("App password of alice@example.test")
        terminal.type("alice-pw\n")
        done = terminal.finish()
    assert done.exit == 0, done.text
    assert "alice-pw" not in done.text
    assert "ok    auth" in done.text
    tested = run_postroom("smtp", "test", "site", "--to", "bob@example.test", "--json")
    assert tested.exit == 0, tested.stdout
    mailstack.wait_for_mail("bob", message_id=tested.json["data"]["message_id"])


def test_a_near_miss_is_questioned(tmp_home: Path, tmp_path: Path) -> None:
    with wizard(tmp_home, tmp_path, "main", "--provider", "gmail", "--username", "alice@gmai.com") as terminal:
        terminal.expect("gmai.com looks like a slip for gmail.com")
        terminal.type("n\n")
        assert terminal.finish().exit == 130
    assert not list(tmp_home.rglob("config.toml"))


def test_an_oauth_provider_is_saved_and_a_login_comes_next(
    tmp_home: Path, tmp_path: Path, run_postroom: RunPostroom
) -> None:
    with wizard(tmp_home, tmp_path) as terminal:
        terminal.expect("Address")
        terminal.type("noreply@outlook.com\n")
        terminal.expect("Use these settings?")
        terminal.type("y\n")
        terminal.expect("client ID")
        terminal.type("app-1\n")
        done = terminal.finish()
    assert done.exit == 0, done.text
    assert "next: postroom oauth login default" in " ".join(done.text.split())
    status = run_postroom("status", "--json")
    assert (status.exit, status.json["data"]["ready"]) == (4, False)
    assert status.json["data"]["missing"] == "postroom oauth login default"
    shutil.rmtree(tmp_home / ".config", ignore_errors=True)
