"""The sandbox's commands as a user and a CI job run them."""

import contextlib
import json
import os
import shlex
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests.conftest import RunPostroom
from tests.support.program import program

_DEADLINE_SECONDS = 30

SEND = """
import os, smtplib, sys
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=20) as smtp:
    for recipient in sys.argv[1:]:
        smtp.sendmail("app@example.com", recipient, "Subject: Welcome\\r\\n\\r\\nHello " + recipient + "\\r\\n")
"""
"""A program that knows nothing of Postroom."""


def send(*recipients: str) -> list[str]:
    return [sys.executable, "-c", SEND, *recipients]


def mail_to(port: int, recipient: str, subject: str = "Welcome") -> None:
    with smtplib.SMTP("localhost", port, timeout=_DEADLINE_SECONDS) as smtp:
        smtp.login("ann", "any")
        smtp.sendmail("app@example.com", recipient, f"Subject: {subject}\r\n\r\nHello {recipient}\r\n".encode())


@contextlib.contextmanager
def started(*argv: str, **rest: Any) -> Iterator[subprocess.Popen[str]]:
    """`postroom ARGV...` in the background; it does not outlive the test."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*program(), *argv], stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True, **rest
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stream(file: IO[str] | None) -> IO[str]:
    assert file is not None
    return file


def next_json(process: subprocess.Popen[str]) -> dict[str, Any]:
    found = json.loads(stream(process.stdout).readline())
    assert isinstance(found, dict)
    return found


@pytest.fixture
def port(tmp_home: Path) -> Iterator[int]:
    """The port of a `sandbox serve` that runs for the whole test."""
    with started("sandbox", "serve", "--port", "0", "--json") as process:
        yield int(next_json(process)["port"])
        process.terminate()
        process.wait(_DEADLINE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_tells_each_mail_and_ends_in_good_order_with_a_signal(number: signal.Signals) -> None:
    with started("sandbox", "serve", "--port", "0", "--json") as process:
        listening = next_json(process)
        assert listening["event"] == "listening"
        mail_to(listening["port"], "bob@example.com")
        mail = next_json(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=_DEADLINE_SECONDS)

    assert (mail["event"], mail["recipients"], mail["subject"]) == ("mail", ["bob@example.com"], "Welcome")
    envelope = json.loads(out)
    assert (envelope["command"], envelope["ok"], envelope["exit"]) == ("sandbox serve", True, 0)
    assert (envelope["data"]["received"], envelope["data"]["stopped_by"]) == (1, number.name)
    assert (process.returncode, err) == (0, "")


def test_serve_writes_its_ready_file_when_mail_can_come_in(tmp_path: Path) -> None:
    ready = tmp_path / "ready.env"
    with started("sandbox", "serve", "--port", "0", "--ready-file", str(ready)) as process:
        assert stream(process.stderr).readline().startswith("listening on localhost port ")
        variables = dict(line.split("=", 1) for line in ready.read_text().splitlines())
        mail_to(int(variables["SMTP_PORT"]), "bob@example.com")
        assert Path(variables["POSTROOM_SMTP_CA_FILE"]).exists()
        process.terminate()
        out, err = process.communicate(timeout=_DEADLINE_SECONDS)
    assert out == "stopped by SIGTERM; 1 mail arrived\n"
    assert "mail 1: app@example.com -> bob@example.com: Welcome\n" in err


def test_serve_names_a_port_that_is_taken(run_postroom: RunPostroom) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        done = run_postroom("sandbox", "serve", "--port", number, "--json")
    assert (done.exit, done.json["error"]["code"]) == (75, "sandbox.port_in_use")
    assert number in done.json["error"]["message"]


def test_mails_are_waited_for_listed_shown_and_cleared(run_postroom: RunPostroom, port: int) -> None:
    mail_to(port, "bob@example.com")
    mail_to(port, "carol@example.com", "Your invoice")

    waited = run_postroom("sandbox", "wait", "--to", "carol@example.com", "--subject", "^Your", "--json")
    assert (waited.exit, [mail["number"] for mail in waited.json["data"]["mails"]]) == (0, [2])
    listed = run_postroom("sandbox", "list").stdout.splitlines()
    assert [line.split("\t")[0::2] for line in listed] == [["1", "bob@example.com"], ["2", "carol@example.com"]]
    shown = run_postroom("sandbox", "show", "1").stdout
    assert "Subject: Welcome\n" in shown
    assert "Hello bob@example.com\n" in shown
    assert run_postroom("sandbox", "show", "--raw").stdout == "Subject: Your invoice\n\nHello carol@example.com\n"

    refused = run_postroom("sandbox", "clear")
    assert (refused.exit, "--yes" in refused.stderr) == (2, True)
    assert len(run_postroom("sandbox", "list", "--json").json["data"]["mails"]) == 2
    assert run_postroom("sandbox", "clear", "--yes").stdout == "2 mails removed\n"
    assert run_postroom("sandbox", "clear").stdout == "unchanged: there were no mails\n"


def test_wait_ends_when_the_mail_comes(port: int) -> None:
    with started("sandbox", "wait", "--to", "bob@example.com", "--count", "2", "--json") as process:
        mail_to(port, "bob@example.com")
        mail_to(port, "bob@example.com")
        out, _ = process.communicate(timeout=_DEADLINE_SECONDS)
    assert [mail["number"] for mail in json.loads(out)["data"]["mails"]] == [1, 2]


def test_wait_says_what_came_instead(run_postroom: RunPostroom, port: int) -> None:
    mail_to(port, "bob@example.com", "Nothing\x1b]0;evil\x07")

    done = run_postroom("sandbox", "wait", "--to", "carol@example.com", "--timeout", "0")
    assert done.exit == 1
    assert "no mail for carol@example.com arrived within 0 s; one other mail did" in done.stderr
    assert "1  bob@example.com  Nothing\\x1b]0;evil\\x07" in done.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--timeout", "soon"), ("--subject", "(unclosed"), ("--count", "0"), ("--count", "many")]
)
def test_wait_refuses_what_it_cannot_use_by_name(run_postroom: RunPostroom, option: str, value: str) -> None:
    done = run_postroom("sandbox", "wait", "--to", "bob@example.com", option, value, "--json")

    assert (done.exit, done.json["ok"]) == (2, False)
    assert option in done.json["error"]["message"]


def test_wait_refuses_what_is_no_address(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "wait", "--to", "bob", "--json")

    assert (done.exit, done.json["error"]["code"]) == (65, "address.invalid")


def test_a_mail_that_is_not_there_is_an_answer(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "show", "7", "--json")

    assert (done.exit, done.json["error"]["code"]) == (66, "sandbox.no_such_mail")


def test_a_hostile_mail_does_nothing_to_a_terminal(run_postroom: RunPostroom, port: int) -> None:
    mail_to(port, "bob@example.com", "\x1b[2J\x9b31m\u202e")

    for argv in (["list"], ["show"], ["wait", "--to", "bob@example.com"]):
        shown = run_postroom("sandbox", *argv).stdout
        assert not {char for char in shown if char in "\x1b\x9b\u202e\x07"}


def test_without_the_extra_it_is_said_what_installs_it(run_postroom: RunPostroom, tmp_path: Path) -> None:
    (tmp_path / "aiosmtpd").mkdir()
    (tmp_path / "aiosmtpd" / "__init__.py").write_text("raise ModuleNotFoundError(name='aiosmtpd')\n")
    without = {"PYTHONPATH": str(tmp_path)}

    for argv in (["demo"], ["sandbox", "serve"], ["sandbox", "run", "--", "true"]):
        done = run_postroom("--json", *argv, env=without)
        assert (done.exit, done.json["error"]["code"]) == (78, "config.extra_missing")
        assert "pip install 'postroom[sandbox]'" in done.json["error"]["hint"]
    assert run_postroom("sandbox", "list", "--json", env=without).json["data"] == {"mails": []}


def test_run_gives_a_program_a_mail_server_and_passes_its_status_on(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "run", "--expect", "2", "--", *send("bob@example.com", "carol@example.com"))

    assert (done.exit, done.stdout) == (0, "")
    assert "sandbox: 2 mails arrived" in done.stderr


@pytest.mark.parametrize("status", [0, 1, 3, 78, 255])
def test_run_ends_with_the_commands_status(run_postroom: RunPostroom, status: int) -> None:
    assert run_postroom("sandbox", "run", "--", "sh", "-c", f"exit {status}").exit == status


def test_run_reports_a_command_that_a_signal_ended_as_a_shell_does(run_postroom: RunPostroom) -> None:
    assert run_postroom("sandbox", "run", "--", "sh", "-c", "kill -9 $$").exit == 137


def test_run_keeps_the_commands_output_apart_from_json(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "run", "--json", "--", "sh", "-c", "echo spoken; exit 4")

    assert (done.exit, done.json["exit"], done.json["data"]["exit"], done.json["ok"]) == (4, 4, 4, False)
    assert "spoken" in done.stderr


def test_run_passes_options_behind_the_dashes_untouched(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "run", "--", "echo", "--json", "--help", "-x", "--", "--expect", "9")

    assert (done.exit, done.stdout) == (0, "--json --help -x -- --expect 9\n")


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ("no-such-command-here", 127, "sandbox.command_not_found"),
        ("/etc/passwd", 126, "sandbox.command_not_executable"),
    ],
)
def test_run_says_why_a_command_did_not_start(run_postroom: RunPostroom, command: str, status: int, code: str) -> None:
    done = run_postroom("sandbox", "run", "--json", "--", command)

    assert (done.exit, done.json["exit"], done.json["error"]["code"]) == (status, status, code)
    assert command in done.json["error"]["message"]


def test_run_fails_when_the_program_sent_too_little(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "run", "--expect", "2", "--json", "--", *send("bob@example.com"))

    assert (done.exit, done.json["error"]["code"], done.json["data"]["received"]) == (1, "sandbox.fewer_mails", 1)


def test_within_run_wait_and_show_look_at_its_own_mails(run_postroom: RunPostroom, port: int) -> None:
    mail_to(port, "bob@example.com", "of the other sandbox")
    postroom, application = shlex.join(program()), shlex.join(send("bob@example.com"))
    script = f"{application} && {postroom} sandbox wait --to bob@example.com && {postroom} sandbox show"

    done = run_postroom("sandbox", "run", "--", "sh", "-c", script)
    assert done.exit == 0
    assert "Hello bob@example.com" in done.stdout
    assert "other sandbox" not in done.stdout


def test_a_strict_test_within_run_finds_nothing_to_mend(run_postroom: RunPostroom) -> None:
    done = run_postroom("sandbox", "run", "--expect", "1", "--", *program(), "smtp", "test", "--strict", "--json")

    assert (done.exit, json.loads(done.stdout)["warnings"]) == (0, [])


def test_run_leaves_nothing_behind_unless_it_is_told_to(
    run_postroom: RunPostroom, tmp_path: Path, tmp_home: Path
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    run_postroom("sandbox", "run", "--", *send("bob@example.com"), env={"TMPDIR": str(place)})
    assert list(place.iterdir()) == []

    kept = tmp_path / "kept"
    done = run_postroom("sandbox", "run", "--keep", str(kept), "--json", "--", *send("bob@example.com"))
    (mail,) = done.json["data"]["mails"]
    assert Path(mail["path"]).is_relative_to(kept)
    assert b"Hello bob@example.com" in Path(mail["path"]).read_bytes()


def test_a_command_gets_no_secret_of_another_mail_server(run_postroom: RunPostroom, sentinel: str) -> None:
    secrets = {
        "POSTROOM_SMTP_HOST": "smtp.example.com",
        "POSTROOM_SMTP_USERNAME": "ann",
        "POSTROOM_SMTP_PASSWORD": sentinel,
        "POSTROOM_OAUTH_CLIENT_SECRET": sentinel,
    }
    done = run_postroom("sandbox", "run", "--", "env", env=secrets)

    assert done.exit == 0
    assert "POSTROOM_SMTP_HOST=localhost\n" in done.stdout
    assert sentinel not in done.stdout
    assert "smtp.example.com" not in done.stdout


COUNT_INTERRUPTS = """
import os, signal, sys
both = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, both)
for number in sorted(both):
    os.kill(os.getppid(), number)
interrupts = 0
while signal.sigwait(both) == signal.SIGINT:
    interrupts += 1
sys.exit(10 + interrupts)
"""
"""Gives its parent both signals and ends with 10 plus the number of interrupts that came back before the end did."""


@pytest.mark.parametrize(("tty", "came_back"), [(True, 0), (False, 1)], ids=["terminal", "no-terminal"])
def test_an_interrupt_is_not_passed_on_where_a_terminal_has_given_it(
    run_postroom: RunPostroom, tty: bool, came_back: int
) -> None:
    done = run_postroom("sandbox", "run", "--", sys.executable, "-c", COUNT_INTERRUPTS, tty=tty)

    assert done.exit == 10 + came_back


def test_clearing_asks_on_a_terminal(run_postroom: RunPostroom, port: int) -> None:
    mail_to(port, "bob@example.com")

    refused = run_postroom("sandbox", "clear", tty=True, answers=[("remove 1 mail", "n\n")])
    assert (refused.exit, "nothing was changed" in refused.stdout) == (1, True)
    done = run_postroom("sandbox", "clear", tty=True, answers=[("remove 1 mail", "y\n")])
    assert (done.exit, "1 mail removed" in done.stdout) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_run_passes_a_signal_on_and_waits_for_the_end(tmp_path: Path, number: signal.Signals) -> None:
    script = "trap 'echo told; exit 9' TERM INT HUP; echo waiting; while :; do sleep 0.05; done"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with started("sandbox", "run", "--", "sh", "-c", script, env=environ) as process:
        assert stream(process.stdout).readline() == "waiting\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=_DEADLINE_SECONDS)
    assert (out, process.returncode) == ("told\n", 9)
    assert list(tmp_path.iterdir()) == []
