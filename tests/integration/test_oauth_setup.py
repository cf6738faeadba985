"""`oauth setup` as it is typed: on a terminal it asks, elsewhere it takes options; and its guides' other programs."""

import base64
import json
import os
import socket
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from postroom.cli.manual.oauth_tokens import GIT, MSMTP
from tests.conftest import RunPostroom


def test_on_a_terminal_it_asks_and_stays_within_80_columns(run_postroom: RunPostroom) -> None:
    done = run_postroom(
        "oauth",
        "setup",
        "microsoft365",
        tty=True,
        answers=[("Mailbox that sends: ", "alerts@example.com\n"), ("What is it for? [one]: ", "many\n")],
    )
    assert done.exit == 0, done.stdout
    assert "logs in by itself (App RBAC)" in done.stdout
    assert "@('alerts@example.com')" in done.stdout
    assert "postroom man postroom-oauth-microsoft" in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and "https://" not in line] == []


@pytest.mark.parametrize("words", [("gmail",), ("google-workspace", "--for", "many"), ("microsoft365", "--for", "one")])
def test_each_way_stays_within_80_columns(run_postroom: RunPostroom, words: tuple[str, ...]) -> None:
    asked = () if "--for" in words else (("What is it for? [one]: ", "\n"),)
    done = run_postroom("oauth", "setup", *words, "--mailbox", "a@example.com", tty=True, answers=asked)
    assert done.exit == 0, done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and "https://" not in line] == []


def test_without_a_terminal_nothing_is_asked(run_postroom: RunPostroom) -> None:
    done = run_postroom("oauth", "setup", "gmail", "--json", input="")
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")
    assert "--mailbox" in done.json["error"]["hint"]
    given = run_postroom("oauth", "setup", "gmail", "--mailbox", "alice@gmail.com", "--json", input="")
    assert (given.exit, given.json["data"]["for"], given.json["data"]["flow"]) == (0, "one", "browser")
    assert given.json["data"]["text"] is None


def test_a_script_alone_is_a_file_that_can_be_run(run_postroom: RunPostroom) -> None:
    line = ("oauth", "setup", "microsoft365", "--mailbox", "a@example.com", "--script", "entra")
    text = run_postroom(*line, input="").stdout
    assert text.startswith("#!/bin/sh\n")
    assert run_postroom(*line, "--json", input="").json["data"]["text"] == text


def test_scripts_are_written_and_never_over_others(run_postroom: RunPostroom, tmp_path: Path) -> None:
    line = ("oauth", "setup", "microsoft365", "--mailbox", "a@example.com", "--for", "many", "--write", "new/setup")
    done = run_postroom(*line, "--json", input="")
    assert done.exit == 0, done.stderr
    names = ["postroom-entra.sh", "postroom-exchange.ps1", "postroom-check.ps1"]
    assert done.json["data"]["written"] == [f"new/setup/{name}" for name in names]
    for name, row in zip(names, done.json["data"]["scripts"], strict=True):
        path = tmp_path / "new" / "setup" / name
        assert path.read_text() == row["text"]
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if name.endswith(".sh") else 0o644)
    again = run_postroom(*line, "--json", input="")
    assert (again.exit, again.json["error"]["code"]) == (73, "file.cannot_write")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("gmail", "--flow", "device"), 2, "usage.bad_value"),
        (("gmail", "--for", "few"), 2, "usage.bad_value"),
        (("microsoft365", "--flow", "client-credentials", "--style", "old"), 2, "usage.bad_value"),
        (("fastmail",), 2, "usage.bad_value"),
    ],
)
def test_what_cannot_be_says_why(run_postroom: RunPostroom, words: tuple[str, ...], status: int, code: str) -> None:
    done = run_postroom("oauth", "setup", *words, "--mailbox", "a@example.com", "--json", input="")
    assert (done.exit, done.json["error"]["code"]) == (status, code)


def test_providers_tells_of_oauth(run_postroom: RunPostroom) -> None:
    shown = run_postroom("smtp", "providers", "gmail").stdout
    for line in (
        "OAuth flows: browser, paste",
        "not device: Google does not allow the scope for mail there",
        "OAuth scope: openid email https://mail.google.com/",
        "redirect address: http://127.0.0.1:PORT/callback",
        "register at: https://console.cloud.google.com/auth/clients",
    ):
        assert line in shown
    microsoft = run_postroom("smtp", "providers", "microsoft365").stdout
    assert "OAuth scope: https://outlook.office365.com/.default without a person" in microsoft
    assert "redirect address: http://localhost:PORT\n" in microsoft
    assert run_postroom("smtp", "providers", "gmx", "--json").json["data"]["providers"][0]["oauth"] is None


# Other programs, with the settings of the guide


def programs(directory: Path) -> dict[str, str]:
    """An environment in which `postroom oauth token gmail` prints a token."""
    (directory / "postroom").write_text("#!/bin/sh\n[ \"$*\" = 'oauth token gmail' ] && echo the-token\n")
    (directory / "postroom").chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}", "HOME": str(directory), "GIT_TERMINAL_PROMPT": "0"}


def serve(listener: socket.socket, seen: list[str]) -> None:
    """One session of a server that takes every token."""
    answers = {
        "EHLO": "250-x\r\n250 AUTH OAUTHBEARER XOAUTH2",
        "AUTH": "235 2.7.0 ok",
        "DATA": "354 go",
        "QUIT": "221 x",
    }
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb", 0) as wire:
        wire.write(b"220 x\r\n")
        while line := wire.readline().decode().rstrip("\r\n"):
            seen.append(line)
            if line[:4] in answers or line[:4] in ("MAIL", "RCPT"):
                wire.write((answers.get(line[:4], "250 ok") + "\r\n").encode())
            if line[:4] in ("DATA", "QUIT"):
                break
        while line[:4] == "DATA" and wire.readline() != b".\r\n":
            pass
        wire.write(b"250 ok\r\n")


@pytest.mark.needs("msmtp")
def test_msmtp_logs_in_with_the_settings_of_the_guide(tmp_path: Path) -> None:
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, seen))
        thread.start()
        text = MSMTP
        for old, new in (
            ("host smtp.gmail.com", "host 127.0.0.1"),
            ("port 465", f"port {listener.getsockname()[1]}"),
            ("tls on\n", "tls off\n"),
            ("tls_starttls off\n", ""),
        ):
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "msmtprc").write_text(text)
        (tmp_path / "msmtprc").chmod(0o600)
        done = subprocess.run(
            ["msmtp", "-C", str(tmp_path / "msmtprc"), "bob@example.com"],
            input="Subject: x\n\nhi\n",
            text=True,
            env=programs(tmp_path),
            capture_output=True,
            check=False,
            timeout=30,
        )
        thread.join(30)
    (login,) = (line.split() for line in seen if line.startswith("AUTH "))
    assert login[1] == "OAUTHBEARER"
    assert base64.b64decode(login[2]).startswith(b"n,a=alice@gmail.com,\x01")
    assert b"\x01auth=Bearer the-token\x01\x01" in base64.b64decode(login[2])
    assert "MAIL FROM:<alice@gmail.com>" in " ".join(seen), done.stderr


@pytest.mark.needs("git")
def test_git_gets_the_token_with_the_settings_of_the_guide(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text(GIT)
    done = subprocess.run(
        ["git", "credential", "fill"],
        input="protocol=smtp\nhost=smtp.gmail.com:465\nusername=alice@gmail.com\n\n",
        text=True,
        env=programs(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert "password=the-token\n" in done.stdout, done.stderr


def test_the_guides_are_shown_by_their_short_names(run_postroom: RunPostroom) -> None:
    for name in ("oauth", "oauth-google", "oauth-microsoft", "oauth-tokens"):
        shown = run_postroom("man", name, "--json")
        assert (shown.exit, json.loads(shown.stdout)["data"]["page"]) == (0, f"postroom-{name}")
