"""What a program is told about the sandbox, and what it is not told."""

import subprocess
from pathlib import Path

from postroom.sandbox.environment import as_lines, for_child, variables

OURS = variables(Path("/home/ann/a directory"), port=2525, ca_file=Path("/home/ann/a directory/ca.pem"))


def test_postroom_and_other_programs_find_host_and_port() -> None:
    assert (OURS["SMTP_HOST"], OURS["SMTP_PORT"]) == ("localhost", "2525")
    assert (OURS["POSTROOM_SMTP_HOST"], OURS["POSTROOM_SMTP_PORT"]) == ("localhost", "2525")
    assert OURS["POSTROOM_SMTP_CA_FILE"] == "/home/ann/a directory/ca.pem"


def test_a_child_is_told_nothing_of_another_server_and_its_secrets() -> None:
    child = for_child(
        {
            "PATH": "/bin",
            "POSTROOM_SMTP_PASSWORD": "hunter2",
            "POSTROOM_SMTP_PASSWORD_FILE": "/secret",
            "POSTROOM_OAUTH_CLIENT_SECRET": "hunter2",
            "POSTROOM_SMTP_USERNAME": "ann",
            "POSTROOM_SMTP_HOST": "smtp.example.com",
            "SMTP_HOST": "smtp.example.com",
        },
        OURS,
    )

    assert child == {"PATH": "/bin", **OURS}


def test_a_shell_reads_the_lines() -> None:
    asked = 'printf %s "$POSTROOM_SMTP_CA_FILE"'
    done = subprocess.run(["sh", "-c", as_lines(OURS).decode() + asked], capture_output=True, text=True, check=True)

    assert done.stdout == "/home/ann/a directory/ca.pem"
