"""`smtp test` for other programs, through the program itself: what a runner, a monitor and a CI server get."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.integration.transport.opening import BANNER, DATA, GREET, HAPPY
from tests.support.faulty_server import Action, FaultyServer, Line, Pause, Send, Silence
from tests.support.junit_schema import SCHEMA
from tests.support.program import Completed, clean_environment, program

BOB, CAROL = "bob@example.net", "carol@example.net"

OK = Send(b"250 2.0.0 Ok\r\n")
SENDER = (*GREET, Line(b"MAIL FROM:"), OK)
NASTY = Send(
    b"550-5.1.1 no\x00\x08\x1b[2J\xff\xc3 ]]> <x> | ``` ````\r\n550-::error::forged\r\n"
    b"550 ##[add-path]/tmp %0A::set-output name=a::b\r\n"
)
REFUSED: Sequence[Action] = [*SENDER, Line(b"RCPT TO:"), NASTY]
PARTLY: Sequence[Action] = [*SENDER, Line(b"RCPT TO:"), OK, Line(b"RCPT TO:"), NASTY, *DATA]

Prove = Callable[..., Completed]


def place(server: FaultyServer) -> list[str]:
    return ["--host", server.host, "--port", str(server.port), "--security", "none", "--from", "alice@example.test"]


@pytest.fixture
def prove(run_postroom: RunPostroom) -> Prove:
    """Run `smtp test` against a script, with these recipients, options and variables."""

    def prove(script: Sequence[Action], *options: str, to: Sequence[str] = (BOB,), **variables: str) -> Completed:
        with FaultyServer(script) as server:
            recipients = [word for address in to for word in ("--to", address)]
            return run_postroom("smtp", "test", *place(server), *recipients, *options, env=variables)

    return prove


# GitHub.


def test_the_summary_is_appended_once_a_test(prove: Prove, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before")
    done = prove(HAPPY, "--format", "github", GITHUB_STEP_SUMMARY=str(file))
    assert (done.exit, done.stderr) == (0, "")
    first = file.read_text("utf-8")
    assert first.startswith("before\n### postroom smtp test: passed\n")
    assert "| data | ok | " in first
    failed = prove(REFUSED, "--format", "github", GITHUB_STEP_SUMMARY=str(file))
    assert failed.exit == 67
    both = file.read_text("utf-8")
    assert both.startswith(first)
    assert "| rcpt | **failed** | " in both
    assert "**Class:** rcpt.unknown\\_user\n" in both
    assert "\n`````text\n550 5.1.1 no\\x00\\x08\\x1b[2J" in both
    assert not set(both) & {"\x00", "\x08", "\x1b"}


@pytest.mark.parametrize("form", ["text", "junit", "nagios"])
def test_no_other_form_writes_a_summary(prove: Prove, tmp_path: Path, form: str) -> None:
    file = tmp_path / "summary.md"
    prove(HAPPY, "--format", form, GITHUB_STEP_SUMMARY=str(file))
    assert not file.exists()


def test_a_summary_that_cannot_be_written_is_a_warning(prove: Prove, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no" / "summary.md")
    done = prove(HAPPY, "--format", "github", "--strict", GITHUB_STEP_SUMMARY=nowhere)
    assert done.exit == 0
    first, last = done.stdout.splitlines()
    assert first.startswith("::warning title=test.summary_unwritten::cannot write the step summary ")
    assert last.startswith("::notice title=smtp test::")


@pytest.mark.parametrize("script", [REFUSED, PARTLY], ids=["all", "some"])
def test_a_runner_sees_only_commands_of_ours(prove: Prove, tmp_path: Path, script: Sequence[Action]) -> None:
    to = (BOB, CAROL)[: script.count(Line(b"RCPT TO:"))]
    for options in ((), ("--trace",), ("--retries", "1", "--wait", "0"), ("--verbose",)):
        summary = str(tmp_path / "summary.md")
        done = prove(script, "--format", "github", *options, to=to, GITHUB_STEP_SUMMARY=summary)
        lines = (done.stdout + done.stderr).splitlines()
        commands = [line for line in lines if line.lstrip().startswith("::")]
        assert [line.split("::")[1] for line in commands if "forged" in line] == ["error title=rcpt.unknown_user"]
        assert not [line for line in lines if "##[" in line]


# Nagios.


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--format", "nagios", "--no-such-option"], "usage.bad_option"),
        (["--no-such-option", "--format=nagios"], "usage.bad_option"),
        (["--format", "nagios", "--retries", "many"], "usage.bad_option"),
        (["--format", "nagios", "--until", "later"], "usage.bad_value"),
        (["--format", "nagios", "a", "b"], "usage.bad_argument"),
        (["--format", "nagios", "--system", "--user"], "usage.conflict"),
        (["--format", "nagios"], "config.no_server"),
        (["--format", "nagios", "--host", "127.0.0.1", "--username", "a@b.test"], "secret.missing"),
        (["--format", "nagios", "--host", "127.0.0.1", "--username", "a@b.test", "--password-env", "NO"], "secret."),
        (["--format", "nagios", "--host", "127.0.0.1", "--auth", "none", "--to", "@"], "address."),
    ],
)
def test_what_could_not_be_tried_is_unknown(run_postroom: RunPostroom, options: list[str], code: str) -> None:
    done = run_postroom("smtp", "test", *options)
    assert (done.exit, done.stderr) == (3, "")
    assert done.stdout.startswith(f"SMTP UNKNOWN - {code}")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("script", "options", "status", "words"),
    [
        (HAPPY, [], 0, "SMTP OK - "),
        (HAPPY, ["--strict"], 0, "SMTP OK - "),
        (GREET, ["--until", "ehlo", "--strict"], 0, "SMTP OK - "),
        (PARTLY, ["--to", CAROL], 1, "SMTP WARNING - "),
        (REFUSED, [], 2, "SMTP CRITICAL - rcpt.unknown_user: "),
        ((), [], 2, "SMTP CRITICAL - connect.closed_early: "),
        ((), ["--retries", "1", "--wait", "0"], 2, "SMTP CRITICAL - connect.closed_early: "),
    ],
)
def test_a_monitor_gets_one_line(
    prove: Prove, script: Sequence[Action], options: list[str], status: int, words: str
) -> None:
    done = prove(script, "--format", "nagios", *options)
    assert (done.exit, done.stderr) == (status, "")
    assert done.stdout.startswith(words)
    assert done.stdout.count("\n") == done.stdout.count("|") == 1
    assert done.stdout.rstrip("\n").isprintable()


@pytest.mark.parametrize(("strict", "status", "word"), [([], 0, "OK"), (["--strict"], 1, "WARNING")])
def test_a_warning_is_one_only_with_strict(
    prove: Prove, run_postroom: RunPostroom, strict: list[str], status: int, word: str
) -> None:
    run_postroom("smtp", "disable")
    done = prove(HAPPY, "--format", "nagios", *strict)
    assert done.exit == status
    assert done.stdout.startswith(f"SMTP {word} - ")
    assert "1 warning: mail is switched off" in done.stdout


def test_with_json_there_is_the_envelope_alone(prove: Prove, run_postroom: RunPostroom) -> None:
    assert prove(REFUSED, "--format", "nagios", "--json").json["exit"] == 67
    assert run_postroom("smtp", "test", "--format", "nagios", "--nonsense", "--json").json["exit"] == 2
    assert run_postroom("smtp", "list", "--format", "nagios").exit == 2


def test_an_interrupted_test_is_unknown(tmp_home: Path, tmp_path: Path) -> None:
    with FaultyServer([Pause(30.0)]) as server:
        running = subprocess.Popen(
            [*program(), "smtp", "test", *place(server), "--to", BOB, "--format", "nagios"],
            env=clean_environment(tmp_home, os.environ["PATH"]),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not server.connections and running.poll() is None:
            pass
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (3, "")
    assert out.startswith("SMTP UNKNOWN - stopped.interrupted: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_interrupted_behind_the_message_hears_that_it_may_have_arrived(
    tmp_home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    report = tmp_path / "report.xml"
    report.write_text("of yesterday")
    with FaultyServer([*HAPPY[:-1], Silence()]) as server:
        running = subprocess.Popen(
            [*program(), "smtp", "test", *place(server), "--to", BOB, "--json", "--junit", str(report)],
            env=clean_environment(tmp_home, os.environ["PATH"]),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not server.received.endswith(b"\r\n.\r\n") and running.poll() is None:
            time.sleep(0.01)
        time.sleep(0.2)
        running.send_signal(number)
        out, _err = running.communicate(timeout=20)
    found = json.loads(out)
    assert running.returncode == found["exit"] == (130 if number == signal.SIGINT else 143)
    assert "may have been delivered" in found["error"]["message"]
    assert found["error"]["retry"] == "never"
    data = next(step for step in found["data"]["steps"] if step["name"] == "data")
    assert (data["ok"], data["skipped"], data["detail"]["handed_over"]) == (False, False, True)
    SCHEMA.validate(report.read_text("utf-8"))


LOGIN = ("--username", "alice@example.test", "--password-env", "PW")
OFFERS = (BANNER, Line(b"EHLO "), Send(b"250-mail.example.test\r\n250 AUTH PLAIN\r\n"), Line(b"AUTH"))


@pytest.mark.parametrize(
    ("script", "options", "tries"),
    [
        (HAPPY[:-1], (), 1),  # closed behind the message: it may have been delivered
        ((*OFFERS, Send(b"421 4.7.0 Too many login attempts\r\n")), LOGIN, 1),
        ((*GREET, Line(b"MAIL"), Send(b"451 4.3.0 not now\r\n")), (), 3),
    ],
    ids=["in doubt", "too many logins", "not now"],
)
def test_only_what_does_no_harm_is_tried_again(
    run_postroom: RunPostroom, script: Sequence[Action], options: Sequence[str], tries: int
) -> None:
    with FaultyServer(script) as server:
        words = ("smtp", "test", *place(server), *options, "--to", BOB, "--retries", "2", "--wait", "0s", "--json")
        done = run_postroom(*words, env={"PW": "a-password"})
        assert done.exit in (74, 75), done.stdout
        assert server.connections == tries


def test_a_bug_is_unknown(run_postroom: RunPostroom, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import postroom.services.smtp_test as room\nroom.choose_server = lambda *_, **__: 1 / 0\n"
    )
    done = run_postroom("smtp", "test", "--host", "a.test", "--format", "nagios", env={"PYTHONPATH": str(broken)})
    assert done.exit == 3, done.stderr
    assert done.stdout.startswith("SMTP UNKNOWN - bug: this is a bug in Postroom (ZeroDivisionError)")


# JUnit.


JUNIT_RUNS: Mapping[str, tuple[Sequence[Action], list[str], int]] = {
    "good": (HAPPY, ["--to", BOB], 0),
    "traced": (HAPPY, ["--to", BOB, "--trace"], 0),
    "partial": (PARTLY, ["--to", BOB, "--to", CAROL], 3),
    "refused": (REFUSED, ["--to", BOB, "--trace"], 67),
    "garbage": ([Send(b"\x00\xff\x1b]]>\xed\xa0\x80 nonsense\r\n")], ["--to", BOB], 69),
    "config": ((), ["--to", BOB, "--username", "a@example.test", "--password-env", "NO", "--auth", "password"], 78),
}


@pytest.mark.parametrize("run", JUNIT_RUNS)
def test_junit_holds_to_the_schema(prove: Prove, tmp_path: Path, run: str) -> None:
    script, options, status = JUNIT_RUNS[run]
    file = tmp_path / "report.xml"
    done = prove(script, *options, "--format", "junit", "--junit", str(file), to=())
    assert done.exit == status, done.stdout
    SCHEMA.validate(done.stdout)
    beside = prove(script, *options, "--junit", str(file), to=())
    assert beside.exit == status
    SCHEMA.validate(file.read_text("utf-8"))


def test_junit_tells_of_a_configuration_that_cannot_be_read(run_postroom: RunPostroom, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes(b'[smtp\n"\xc3\xa9')
    done = run_postroom("smtp", "test", "--config", str(config), "--format", "junit")
    assert done.exit == 78
    SCHEMA.validate(done.stdout)
    assert 'errors="1"' in done.stdout


def test_junit_is_readable_in_any_encoding(prove: Prove) -> None:
    said = [*HAPPY[:-1], Send("250 2.0.0 Größe ✓\r\n".encode())]
    done = prove(said, "--format", "junit", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    SCHEMA.validate(done.stdout)
    assert "Gr&#246;" in done.stdout


# What is waited for. A step under two seconds is not worth a word.

SLOW = [Pause(5.6), BANNER, *HAPPY[1:]]
STILL = "still waiting: greeting, 5 s\n"


@pytest.mark.parametrize(
    ("options", "told"), [([], STILL), (["--quiet"], ""), (["--json"], ""), (["--format", "nagios"], "")], ids=str
)
def test_in_a_pipe_a_line_tells_what_is_waited_for(prove: Prove, options: list[str], told: str) -> None:
    done = prove(SLOW, *options)
    assert (done.exit, done.stderr) == (0, told)
    assert "still waiting" not in done.stdout
