"""The manners of the command line: one envelope on every path, statuses, prompts, pipes, signals, bugs."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.program import clean_environment, program
from tests.support.terminal import CONTROL_C, Terminal


@pytest.mark.parametrize(
    ("line", "status", "code", "command"),
    [
        ("", 0, None, ""),
        ("--version", 0, None, ""),
        ("--help", 0, None, ""),
        ("smtp --help", 0, None, "smtp"),
        ("smtp set --help", 0, None, "smtp set"),
        ("smtp", 2, "usage.missing_command", "smtp"),
        ("smpt list", 2, "usage.unknown_command", ""),
        ("smtp lst", 2, "usage.unknown_command", "smtp"),
        ("smtp list --prot", 2, "usage.bad_option", "smtp list"),
        ("smtp set --host", 2, "usage.bad_option", "smtp set"),
        ("smtp use", 2, "usage.bad_option", "smtp use"),
        ("smtp set --password hunter2", 2, "usage.bad_option", "smtp set"),
        ("smtp set main --port none --security maybe", 2, "usage.bad_value", "smtp set"),
        ("smtp set Main --host a", 2, "usage.bad_name", "smtp set"),
        ("smtp set --unset colour", 2, "usage.unknown_key", "smtp set"),
        ("smtp set main", 2, "usage.missing_value", "smtp set"),
        ("smtp set main --from nobody", 65, "address.invalid", "smtp set"),
        ("smtp set main --host a --ca-file /nonexistent", 66, "file.missing", "smtp set"),
        ("smtp set main --host a --password-env hunter2-x", 2, "usage.bad_value", "smtp set"),
        ("smtp set main --host a --password-command 'hunter2", 2, "usage.bad_value", "smtp set"),
        ("smtp set main --host a --password-file=", 2, "usage.bad_value", "smtp set"),
        ("smtp set main --host a --proxy socks5://u:hunter2@p:1", 2, "usage.bad_value", "smtp set"),
        ("smtp set main --host a --password-stdin --password-env X", 2, "usage.conflict", "smtp set"),
        ("smtp test", 78, "config.no_server", "smtp test"),
        ("smtp test --until later", 2, "usage.bad_value", "smtp test"),
        ("smtp test a b", 2, "usage.bad_argument", "smtp test"),
        ("smtp show nosuch", 78, "config.unknown_server", "smtp show"),
        ("smtp providers nosuch", 78, "config.unknown_provider", "smtp providers"),
        ("smtp providers gmail", 0, None, "smtp providers"),
        ("smtp remove nosuch --yes", 78, "config.unknown_server", "smtp remove"),
        ("tls show nosuch", 78, "config.unknown_profile", "tls show"),
        ("tls set p", 2, "usage.missing_value", "tls set"),
        ("tls set p --min 1.1", 2, "usage.bad_value", "tls set"),
        ("tls set p --pin x", 2, "usage.bad_value", "tls set"),
        ("tls set p --ca-file /nonexistent", 66, "file.missing", "tls set"),
        ("tls set p --unset colour", 2, "usage.unknown_key", "tls set"),
        ("tls set p --min 1.3 --unset minimum", 2, "usage.conflict", "tls set"),
        ("smtp set main --host a --port 25 --unset port", 2, "usage.conflict", "smtp set"),
        ("config apply /dev/zero", 74, "file.too_large", "config apply"),
        ("tls remove p", 2, "usage.not_confirmed", "tls remove"),
        ("status", 78, None, "status"),
        ("--system --user status", 2, "usage.conflict", "status"),
    ],
)
def test_every_path_speaks_one_envelope(
    run_postroom: RunPostroom, line: str, status: int, code: str | None, command: str
) -> None:
    done = run_postroom(*line.split(), "--json")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert (done.exit, found["exit"], found["command"]) == (status, status, command), done.stdout
    assert (found["error"] or {}).get("code") == code
    assert "hunter2" not in done.stdout
    assert done.stderr == ""


def test_text_errors_name_value_rule_and_next_step(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "main", "--port", "70000")
    assert done.exit == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: --port '70000' must be from 1 to 65535",
        "hint: postroom smtp set --help tells what each option takes",
    ]


def test_a_secret_on_the_command_line_is_refused_with_a_warning_about_the_history(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "--password=hunter2")
    assert done.exit == 2
    assert "history" in done.stderr
    assert "--password-stdin" in done.stderr
    assert "hunter2" not in done.stderr


def test_nothing_is_asked_without_a_terminal(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", input="alice@example.com\n")
    assert done.exit == 2
    assert "--host" in done.stderr


@pytest.mark.parametrize("extra", [["--no-input"], ["--json"]], ids=str)
def test_nothing_is_asked_on_a_terminal_that_forbids_it(tmp_home: Path, tmp_path: Path, extra: list[str]) -> None:
    environment = clean_environment(tmp_home, os.environ["PATH"])
    with Terminal([*program(), "smtp", "set", *extra], environment=environment, directory=tmp_path) as terminal:
        assert terminal.finish().exit == 2


@pytest.mark.parametrize("extra", [["--no-input"], ["--json"]], ids=str)
def test_a_terminal_that_must_not_be_asked_is_not_read_with_echo(
    tmp_home: Path, tmp_path: Path, extra: list[str]
) -> None:
    argv = [*program(), "smtp", "set", "main", "--host", "mail.test", "--password-stdin", *extra]
    environment = clean_environment(tmp_home, os.environ["PATH"])
    with Terminal(argv, environment=environment, directory=tmp_path) as terminal:
        done = terminal.finish()
    assert done.exit == 2
    assert "which would show the" in done.text


def test_ctrl_c_at_a_question_leaves_130_and_no_traceback(tmp_home: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_home, os.environ["PATH"])
    with Terminal([*program(), "smtp", "set"], environment=environment, directory=tmp_path) as terminal:
        terminal.expect("Address")
        terminal.type(CONTROL_C)
        done = terminal.finish()
    assert done.exit == 130
    assert "Traceback" not in done.text
    assert "interrupted" in done.text
    assert not list(tmp_home.rglob("config.toml"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_mid_session_ends_in_order(tmp_home: Path, number: signal.Signals, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        place = ["--host", "localhost", "--port", port, "--security", "none", "--auth", "none"]
        argv = [*program(), "smtp", "test", *place, "--from", "a@b.test", "--to", "c@d.test", "--json"]
        environment = clean_environment(tmp_home, os.environ["PATH"])
        with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            connection, _ = silent.accept()
            connection.sendall(b"220 mail.example.test ESMTP\r\n")
            assert connection.recv(100).startswith(b"EHLO ")
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
            connection.close()
    found = json.loads(out)
    assert (process.returncode, found["exit"]) == (status, status)
    assert found["command"] == "smtp test"
    steps = {step["name"]: step["ok"] for step in found["data"]["steps"]}
    assert (len(steps), steps["greeting"], steps["ehlo"], steps["mail"]) == (13, True, False, None)
    assert err == b""


def test_a_background_job_does_not_hear_the_interrupt_of_another(tmp_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = ["--host", "localhost", "--port", str(silent.getsockname()[1]), "--security", "none", "--auth", "none"]
        argv = [*program(), "smtp", "test", *place, "--from", "a@b.test", "--to", "c@d.test", "--connect-timeout", "2s"]
        environment = clean_environment(tmp_home, os.environ["PATH"])
        with subprocess.Popen(
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *argv, "--json"], env=environment, stdout=subprocess.PIPE
        ) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=20)
            connection.close()
    assert (process.returncode, json.loads(out)["error"]["code"]) == (75, "greeting.timeout")


@pytest.mark.parametrize("line", ["smtp providers", "smtp providers --json", "smtp set --help", "--version"])
def test_a_reader_that_goes_away_is_quiet(tmp_home: Path, line: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    environment = clean_environment(tmp_home, os.environ["PATH"])
    done = subprocess.run(
        [*program(), *line.split()], env=environment, stdout=write_end, stderr=subprocess.PIPE, check=False, timeout=30
    )
    os.close(write_end)
    assert b"Broken" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0


def _shell(home: Path, line: str) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment(home, os.environ["PATH"])
    command = shlex.join(program())
    return subprocess.run(
        ["sh", "-c", f"{command} {line}"], env=environment, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
@pytest.mark.parametrize(
    ("line", "status"),
    [("smtp list", 0), ("--version", 0), ("--help", 0), ("smtp show nosuch --json", 78)],
)
def test_closed_streams_change_no_status(tmp_home: Path, closed: str, line: str, status: int) -> None:
    done = _shell(tmp_home, f"{line} {closed}")
    assert (done.returncode, "Traceback" in done.stderr, "bug" in done.stderr) == (status, False, False), done.stderr


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("line", "status"),
    [("smtp list", 74), ("--version", 74), ("--help", 74), ("smtp show nosuch --json", 78)],
)
def test_what_cannot_be_said_is_a_failure(tmp_home: Path, closed: str, line: str, status: int) -> None:
    done = _shell(tmp_home, f"{line} {closed}")
    assert (done.returncode, "Traceback" in done.stderr, "bug" in done.stderr) == (status, False, False), done.stderr


def test_a_closed_standard_input_is_an_empty_one(tmp_home: Path) -> None:
    done = _shell(tmp_home, "config apply - --prune <&-")
    assert (done.returncode, done.stderr) == (66, "error: stdin is empty; nothing was changed\n")


@pytest.mark.parametrize(
    ("line", "full", "status"),
    [
        ("smtp list", "stdout", 74),
        ("smtp list --json", "stdout", 74),
        ("--version", "stdout", 74),
        ("smtp show nosuch --json", "stdout", 78),
        ("smtp show nosuch", "stderr", 78),
        ("smtp set --host mail.test", "stderr", 0),
    ],
)
def test_a_full_disk_behind_a_stream_is_no_bug(tmp_home: Path, line: str, full: str, status: int) -> None:
    done = _shell(tmp_home, f"{line} {'>' if full == 'stdout' else '2>'}/dev/full")
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    if full == "stdout":
        assert "error: " in done.stderr


def test_a_bug_is_one_line_and_a_report_without_values(
    run_postroom: RunPostroom, tmp_path: Path, sentinel: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import postroom.services.smtp_servers as broken\n"
        "def list_servers(settings):\n"
        "    secret = " + repr(sentinel) + "\n"
        "    raise ValueError(secret)\n"
        "broken.list_servers = list_servers\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    (tmp_path / "sitecustomize.py").chmod(0o600)
    for extra in ([], ["--debug"]):
        done = run_postroom("smtp", "list", *extra, env=environment)
        assert done.exit == 70
        assert done.stderr.splitlines()[-2] == "error: this is a bug in Postroom (ValueError)"
        assert sentinel not in done.stdout + done.stderr
    reports = list(tmp_path.glob("postroom-report-*.txt"))
    assert len(reports) == 2
    assert all(sentinel not in report.read_text() for report in reports)
    assert "list_servers" in reports[0].read_text()
    assert reports[0].stat().st_mode & 0o777 == 0o600
    (tmp_path / "sitecustomize.py").unlink()


@pytest.mark.parametrize("environment", [{"LANG": "C", "LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}])
def test_foreign_surroundings_are_no_failure(run_postroom: RunPostroom, environment: dict[str, str]) -> None:
    done = run_postroom("smtp", "providers", "qq", env=environment)
    assert done.exit == 0, done.stderr
    named = run_postroom(
        "smtp", "set", "main", "--host", "a.example", "--title", "Größe", "--auth", "none", env=environment
    )
    assert named.exit == 0, named.stderr


def test_a_terminal_of_80_columns_is_enough(run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path) -> None:
    assert run_postroom("smtp", "set", "main", "--host", "mail.example.com", "--auth", "none").exit == 0
    environment = clean_environment(tmp_home, os.environ["PATH"])
    for line in ("smtp show", "smtp list", "status", "smtp providers gmail", "--help"):
        with Terminal([*program(), *line.split()], environment=environment, directory=tmp_path) as terminal:
            shown = terminal.finish().text
        rows = [row for row in shown.splitlines() if str(tmp_home) not in row]  # nothing breaks a path
        assert max(len(row) for row in rows) <= 80, shown


def test_no_color_means_no_escape(run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path) -> None:
    run_postroom("smtp", "set", "main", "--host", "mail.example.com", "--auth", "none")
    environment = clean_environment(tmp_home, os.environ["PATH"]) | {"NO_COLOR": "1"}
    with Terminal([*program(), "status"], environment=environment, directory=tmp_path) as terminal:
        assert "\x1b[3" not in terminal.finish().raw


def test_a_password_in_the_clear_is_warned_about_every_time(run_postroom: RunPostroom) -> None:
    place = ["--host", "mail.example.com", "--port", "25", "--security", "none", "--username", "a@example.com"]
    refused = run_postroom("smtp", "set", "main", *place, "--password-env", "PW", "--json")
    assert (refused.exit, refused.json["error"]["code"]) == (78, "config.invalid")
    allowed = ["--password-env", "PW", "--allow-cleartext", "login", "--json"]
    assert run_postroom("smtp", "set", "main", *place, *allowed).exit == 0
    failed = run_postroom("smtp", "test", "--json", env={"PW": "x"})
    assert failed.exit != 0
    assert "config.cleartext_login" in [warning["code"] for warning in failed.json["warnings"]]
    for line in (
        "smtp set main --port 25",
        "smtp show",
        "smtp list",
        "status",
        "config validate",
        "smtp test --until config",
    ):
        warnings = run_postroom(*line.split(), "--json").json["warnings"]
        assert "config.cleartext_login" in [warning["code"] for warning in warnings], line


def test_a_misspelt_variable_is_warned_about(run_postroom: RunPostroom) -> None:
    environment = {
        "POSTROOM_SMTP_HOST": "mail.example.com",
        "POSTROOM_SMTP_PORTT": "2525",
        "POSTROOM_SMTP_TO": "a@b.test",
    }
    warnings = run_postroom("status", "--json", env=environment).json["warnings"]
    assert [(warning["code"], warning["hint"]) for warning in warnings] == [
        ("config.unknown_variable", "did you mean POSTROOM_SMTP_PORT?")
    ]


@pytest.mark.parametrize(
    ("option", "variables", "coloured"),
    [
        ([], {"FORCE_COLOR": "1", "TERM": "xterm"}, True),
        ([], {"FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": "1"}, False),
        (["--no-color"], {"FORCE_COLOR": "1", "TERM": "xterm"}, False),
    ],
)
def test_no_colour_wins(
    run_postroom: RunPostroom, option: list[str], variables: dict[str, str], *, coloured: bool
) -> None:
    done = run_postroom(*option, "explain", "535 no", env=variables)
    assert ("\x1b[" in done.stdout) is coloured


def test_an_interrupt_while_the_program_loads_is_no_traceback(tmp_home: Path) -> None:
    start = (
        "import os, signal, postroom.__main__ as start\n"
        "load = start.load\n"
        "ours = lambda place: place.startswith('postroom')\n"
        "start.load = lambda place: os.kill(os.getpid(), signal.SIGINT) if ours(place) else load(place)\n"
        "start.program()"
    )
    done = subprocess.run(
        [sys.executable, "-c", start],
        env=clean_environment(tmp_home, os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")  # a shell says 130
