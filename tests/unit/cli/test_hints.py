"""Hints about a server that stands in no file: what they advise can be done as it is written."""

import pytest

from postroom.cli.hints import as_options, as_variables
from postroom.cli.settings_options import SERVER_OPTIONS

VARIABLES = {
    "--port": "POSTROOM_SMTP_PORT",
    "--security": "POSTROOM_SMTP_SECURITY",
    "--username": "POSTROOM_SMTP_USERNAME",
    "--password-stdin": "POSTROOM_SMTP_PASSWORD",
}


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("Check it: postroom smtp set main --port 587 --security starttls", "Check it: --port 587 --security starttls"),
        ("postroom smtp set main --password-stdin", "Add --password-stdin"),
        ("See `postroom smtp test main --trace`.", "See `--trace`."),
        ("then test again: postroom smtp test main", "then test again with the same command"),
        ("Run postroom smtp test main.", "Run the same command."),
        ("or let it choose: postroom smtp set main --unset mechanism", "or let it choose: leave out --mechanism"),
        ("do without: postroom smtp set main --unset tls.pin", "do without: leave out --pin"),
        ("postroom config set smtp.servers.main.security starttls", "Add --security starttls"),
        ("postroom smtp test main-2", "postroom smtp test main-2"),
        ("postroom smtp enable main", "postroom smtp enable main"),
        (
            "Log in: postroom oauth login main",
            "Log in: save it, postroom smtp set NAME with the same options, then postroom oauth login NAME",
        ),
        (
            "postroom secrets set smtp/main/password",
            "Give the other one as well: --password-stdin, --password-file, --password-command or --password-env",
        ),
    ],
)
def test_what_is_only_tried_is_advised_as_options(hint: str, told: str) -> None:
    assert as_options(hint, "main") == told


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        (
            "Check it: postroom smtp set environment --port 587 --security tls",
            "Check it: POSTROOM_SMTP_PORT=587 POSTROOM_SMTP_SECURITY=tls",
        ),
        ("postroom smtp set environment --password-stdin", "Set POSTROOM_SMTP_PASSWORD=..."),
        (
            "anew: postroom smtp set environment --username NAME --password-stdin",
            "anew: POSTROOM_SMTP_USERNAME=NAME POSTROOM_SMTP_PASSWORD=...",
        ),
        ("postroom smtp set environment --helo NAME", "Add --helo NAME"),
    ],
)
def test_the_server_of_the_environment_is_advised_in_variables(hint: str, told: str) -> None:
    assert as_variables(hint, "environment", VARIABLES) == told


def test_an_option_has_the_name_that_the_command_line_knows() -> None:
    for path, key in SERVER_OPTIONS:
        told = as_options(f"postroom smtp set main --unset {'.'.join(path)}", "main")
        assert told == f"leave out {key.option}"


def test_a_server_of_the_environment_has_no_person_to_log_in() -> None:
    told = as_variables("Log in: postroom oauth login main", "main", VARIABLES)
    assert told.startswith("Log in: POSTROOM_OAUTH_FLOW=client-credentials")
    assert as_variables("postroom oauth login main-2", "main", VARIABLES) == "postroom oauth login main-2"
