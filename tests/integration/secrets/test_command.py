"""Secrets that a program prints: no shell, no terminal, no secrets of ours, an end to everything."""

import fcntl
import os
import sys
import time
from pathlib import Path

import pytest

from postroom.domain.secret import Secret
from postroom.errors import SecretError
from postroom.secrets.command import Command

SENTINEL = "s3ntinel-value"
ENVIRONMENT = {"PATH": os.environ["PATH"], "VISIBLE": "yes"}


def script(directory: Path, text: str) -> str:
    path = directory / "program"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o755)
    return str(path)


def refusal(command: str, *, deadline_seconds: float = 10) -> SecretError:
    with pytest.raises(SecretError) as refused:
        Command(ENVIRONMENT, deadline_seconds=deadline_seconds).read(command)
    assert command in refused.value.message
    return refused.value


def test_the_first_line_is_the_secret(tmp_path: Path) -> None:
    program = script(tmp_path, f"print('{SENTINEL}'); print('login: alice')")
    assert Command(ENVIRONMENT).read(program) == Secret(SENTINEL)


def test_words_are_split_like_a_shell_would_and_no_shell_sees_them(tmp_path: Path) -> None:
    program = script(tmp_path, "print('|'.join(sys.argv[1:]))")
    secret = Command(ENVIRONMENT).read(f"{program} 'two words' $HOME `id` a\\ b ; rm *")
    assert secret.reveal() == "two words|$HOME|`id`|a b|;|rm|*"


def test_it_gets_the_environment_it_is_meant_to_get_and_no_terminal(tmp_path: Path) -> None:
    program = script(
        tmp_path,
        "try:\n    os.open('/dev/tty', os.O_RDWR)\n    tty = 'tty'\nexcept OSError:\n    tty = 'no tty'\n"
        "names = [name for name in os.environ if name != 'LC_CTYPE']\n"  # Python's own doing in a C locale
        "print(sorted(names), repr(sys.stdin.read()), tty)",
    )
    assert Command(ENVIRONMENT).read(program).reveal() == "['PATH', 'VISIBLE'] '' no tty"


def test_a_failure_gives_status_and_complaints_but_not_the_output(tmp_path: Path) -> None:
    program = script(tmp_path, f"print('{SENTINEL}'); sys.exit('vault is sealed')")
    error = refusal(program)
    assert (error.code, error.detail.strip()) == ("secret.command_failed", "vault is sealed")
    assert "status 1" in error.message
    assert SENTINEL not in repr(vars(error))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "secret.not_found"),
        ("print(); print('second')", "secret.not_found"),
        ("print('x' * 8193)", "secret.malformed"),
        ("sys.stdout.buffer.write(b'\\xff\\n')", "secret.malformed"),
        ("while True: print('x' * 80)", "secret.malformed"),
    ],
)
def test_output_that_is_no_secret_is_refused(tmp_path: Path, text: str, code: str) -> None:
    assert refusal(script(tmp_path, text)).code == code


@pytest.mark.parametrize("command", ["/nonexistent/program", "no-such-program-anywhere", "/", "''"])
def test_a_program_that_cannot_be_started_is_absent(command: str) -> None:
    assert refusal(command).code == "secret.store_absent"


@pytest.mark.parametrize("command", ["pass 'unfinished", " "])
def test_a_command_that_cannot_be_split_is_refused(command: str) -> None:
    assert refusal(command).code == "secret.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "time.sleep(60)",
        f"print('{SENTINEL}', flush=True); time.sleep(60)",
        "os.close(1); os.close(2); time.sleep(60)",
        "if os.fork() == 0: time.sleep(60)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
    ],
)
def test_one_that_does_not_end_is_ended_with_all_its_children(tmp_path: Path, text: str) -> None:
    held = tmp_path / "held"
    program = script(
        tmp_path, f"import fcntl; held = open({str(held)!r}, 'w'); fcntl.flock(held, fcntl.LOCK_EX)\n{text}"
    )
    began = time.monotonic()
    assert refusal(program, deadline_seconds=1).code == "secret.store_hanging"
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # free when the last of them is dead
    assert time.monotonic() - began < 5


def test_a_child_that_was_left_behind_on_purpose_is_let_be(tmp_path: Path) -> None:
    """As gpg-agent is, which the next call needs."""
    program = script(
        tmp_path,
        "if os.fork() == 0:\n    os.close(1); os.close(2); time.sleep(0.1)\n"
        f"    open({str(tmp_path / 'alive')!r}, 'w').close(); os._exit(0)\n"
        "print('secret')",
    )
    assert Command(ENVIRONMENT).read(program) == Secret("secret")
    until = time.monotonic() + 5
    while not (tmp_path / "alive").exists() and time.monotonic() < until:
        os.sched_yield()
    assert (tmp_path / "alive").exists()
