"""Values that are tried before they are saved: which server they are laid over, and what is asked for them."""

import os
from pathlib import Path

from tests.conftest import RunPostroom
from tests.support.program import clean_environment, program
from tests.support.terminal import Terminal


def test_a_value_is_tried_on_the_server_that_this_kind_of_mail_takes(run_postroom: RunPostroom) -> None:
    for name in ("relay", "pager"):
        assert run_postroom("smtp", "set", name, "--host", f"{name}.example.com", "--auth", "none").exit == 0
    assert run_postroom("config", "set", "smtp.routes.alert", "pager").exit == 0
    for words, host in (((), "relay.example.com"), (("--as", "alert"), "pager.example.com")):
        for tried in ((), ("--port", "2525")):
            done = run_postroom("smtp", "test", "--until", "config", "--json", *words, *tried)
            assert done.json["data"]["server"]["host"] == host


def test_a_password_is_asked_for_once_however_often_it_is_tried(tmp_home: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_home, os.environ["PATH"])
    place = ["--host", "localhost", "--port", "1", "--security", "tls", "--username", "alice@example.test"]
    words = [*program(), "smtp", "test", *place, "--to", "bob@example.test", "--retries", "2", "--wait", "0"]
    with Terminal(words, environment=environment, directory=tmp_path) as terminal:
        terminal.expect("Password")
        terminal.type("of-alice\n")
        done = terminal.finish()
    assert done.exit == 75
    assert done.text.count("Password") == 1
    assert done.text.count("the connection was refused") == 3
