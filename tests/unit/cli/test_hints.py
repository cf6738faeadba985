"""Hints about a server that stands in no file: what they advise can be done as it is written."""

import pytest

from postroom.cli.hints import as_options, as_overlaid, as_variables
from postroom.cli.settings_options import SERVER_OPTIONS, SERVER_SECRETS
from postroom.domain.settings import OAuth, Server, Source, Value

VARIABLES = {
    "--port": "POSTROOM_SMTP_PORT",
    "--security": "POSTROOM_SMTP_SECURITY",
    "--username": "POSTROOM_SMTP_USERNAME",
    "--password-stdin": "POSTROOM_SMTP_PASSWORD",
    "--client-id": "POSTROOM_OAUTH_CLIENT_ID",
    "--issuer": "POSTROOM_OAUTH_ISSUER",
    "--client-secret-stdin": "POSTROOM_OAUTH_CLIENT_SECRET",
    "--assertion-stdin": "POSTROOM_OAUTH_CLIENT_ASSERTION",
}


def server(name: str = "main", layer: str = "option", where: str = "", **oauth: str) -> Server:
    """A server whose values of OAuth 2.0 come from that layer."""
    values = {key: Value(value, Source(layer, where)) for key, value in oauth.items()}
    return Server(name, {}, oauth=OAuth(values))


MACHINE = {"flow": "client-credentials"}


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
            "postroom oauth login main --flow browser",
            "save it, postroom smtp set NAME with the same options, then postroom oauth login NAME --flow browser",
        ),
        ("postroom smtp set main --client-secret-stdin", "Add --client-secret-env NAME"),
        ("Then try again: postroom oauth refresh main", "Then try again with the same command"),
        ("Wait some minutes, then: postroom oauth refresh main", "Wait some minutes, then give the same command"),
        (
            "correct it: postroom smtp set main --issuer URL",
            "correct it: --issuer URL",
        ),
        (
            "postroom secrets set smtp/main/password",
            "Give the other one as well: --password-stdin, --password-file, --password-command or --password-env",
        ),
    ],
)
def test_what_is_only_tried_is_advised_as_options(hint: str, told: str) -> None:
    assert as_options(hint, server()) == told


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
        (
            "postroom smtp set environment --client-secret-stdin, or --certificate FILE --certificate-key FILE",
            "Set POSTROOM_OAUTH_CLIENT_SECRET=...",
        ),
        (
            "Have it made anew: postroom smtp set environment --assertion-command 'CMD'",
            "Have it made anew: POSTROOM_OAUTH_CLIENT_ASSERTION_FILE=FILE",
        ),
        ("Then try again: postroom oauth refresh environment", "Then try again with the same command"),
    ],
)
def test_the_server_of_the_environment_is_advised_in_variables(hint: str, told: str) -> None:
    assert as_variables(hint, server("environment"), VARIABLES) == told


def test_an_option_has_the_name_that_the_command_line_knows() -> None:
    for path, key in SERVER_OPTIONS:
        told = as_options(f"postroom smtp set main --unset {'.'.join(path)}", server())
        assert told == f"leave out {key.option}"
    for secret in SERVER_SECRETS:
        told = as_options(f"postroom smtp set main --unset {'.'.join(secret.path)}", server())
        assert told in {f"leave out --{secret.stem}-stdin", f"leave out --{secret.stem}-env NAME"}


@pytest.mark.parametrize(
    ("layer", "where", "told"),
    [
        ("option", "--client-secret-env", "leave out --client-secret-env"),
        ("environment", "POSTROOM_OAUTH_CLIENT_SECRET_FILE", "unset POSTROOM_OAUTH_CLIENT_SECRET_FILE"),
        ("file", "config.toml", "postroom smtp set main --unset oauth.client_secret"),
    ],
)
def test_a_value_is_taken_back_where_it_came_from(layer: str, where: str, told: str) -> None:
    hint = "postroom smtp set main --unset oauth.client_secret"
    assert as_options(hint, server("main", layer, where, client_secret="x")) == told


def test_a_variable_before_a_file_is_mended_where_it_stands() -> None:
    over = server("main", "environment", "POSTROOM_OAUTH_CLIENT_ASSERTION", assertion="x")
    variables = {"--client-id": "POSTROOM_OAUTH_CLIENT_ID"}
    told = as_overlaid("postroom smtp set main --unset oauth.assertion", over, variables)
    assert told == "unset POSTROOM_OAUTH_CLIENT_ASSERTION"
    told = as_overlaid("Copy it: postroom smtp set main --client-id ID", over, variables)
    assert told == "Copy it: POSTROOM_OAUTH_CLIENT_ID=ID"
    for other in ("postroom smtp set main --unset oauth.client_secret", "postroom smtp set main --tenant TENANT"):
        assert as_overlaid(other, over, variables) == other


def test_an_application_that_logs_in_by_itself_has_nobody_to_log_in() -> None:
    for made, environment in ((server(**MACHINE), False), (server(**MACHINE), True)):
        hint = "Then log in again: postroom oauth login main"
        told = as_variables(hint, made, VARIABLES) if environment else as_options(hint, made)
        assert told == "Then log in again with the same command"
    told = as_variables("postroom oauth login main --client-id ID", server(**MACHINE), VARIABLES)
    assert told == "Set POSTROOM_OAUTH_CLIENT_ID=ID"


def test_a_server_of_the_environment_has_no_person_to_log_in() -> None:
    told = as_variables("Log in: postroom oauth login main", server(), VARIABLES)
    assert told.startswith("Log in: POSTROOM_OAUTH_FLOW=client-credentials")
    assert as_variables("postroom oauth login main-2", server(), VARIABLES) == "postroom oauth login main-2"
    told = as_variables("Or in a browser: postroom oauth login main --flow browser", server(), VARIABLES)
    assert "postroom" not in told
    assert "--flow" not in told
