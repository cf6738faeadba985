"""`smtp test` looks before it answers: what real Postfix and Dovecot let it find out, as it stands in the JSON."""

import time
from typing import Any

import pytest

from tests.conftest import RunPostroom
from tests.support.certificates import Certificate
from tests.support.faulty_server import FaultyServer, Send, Silence
from tests.support.mailstack import Mailstack, MailstackWith

ALICE = "alice@example.test"


def evidence(run: RunPostroom, stack: Mailstack, port: str, security: str, *options: str) -> dict[str, Any]:
    """What a test that fails tells."""
    place = ["--host", "localhost", "--port", str(stack.port(port)), "--security", security]
    login = ["--ca-file", str(stack.ca_file), "--username", ALICE, "--password-env", "PW"]
    done = run("smtp", "test", *place, *login, *options, "--json", env={"PW": "alice-pw"})
    assert done.json["ok"] is False
    assert "alice-pw" not in done.stdout
    found: dict[str, Any] = done.json["data"]["evidence"]
    return found


@pytest.mark.parametrize("port", ["SUB", "DSUB"])
def test_smtp_behind_tls_that_was_begun_at_once(run_postroom: RunPostroom, mailstack: Mailstack, port: str) -> None:
    found = evidence(run_postroom, mailstack, port, "tls")
    assert (found["port_speaks"], found["starttls_offered"]) == ("smtp", True)
    assert found["greeting"].startswith("220 ")


@pytest.mark.parametrize("port", ["SUBS", "DSUBS"])
def test_tls_behind_a_greeting_that_never_comes(run_postroom: RunPostroom, mailstack: Mailstack, port: str) -> None:
    began = time.monotonic()
    found = evidence(run_postroom, mailstack, port, "starttls", "--connect-timeout", "2s")
    assert time.monotonic() - began < 10
    assert found["port_speaks"] == "tls"
    assert found["greeting"]


def test_a_login_that_is_offered_only_behind_starttls(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    before = mailstack.log().count("sasl_method=")
    found = evidence(run_postroom, mailstack, "SUB", "none")
    assert found["starttls_offered"] is True
    assert "PLAIN" in found["auth_after_tls"]
    assert mailstack.log().count("sasl_method=") == before


def test_a_server_that_takes_no_login_either_way(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    found = evidence(run_postroom, mailstack, "MX", "none")
    assert (found["starttls_offered"], found["auth_after_tls"]) == (True, [])


def test_a_refused_login_is_made_once_and_not_looked_into(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    before = mailstack.log().count("authentication failed")
    place = ["--host", "localhost", "--port", str(mailstack.port("SUB")), "--security", "starttls"]
    login = ["--ca-file", str(mailstack.ca_file), "--username", ALICE, "--password-env", "WRONG"]
    done = run_postroom("smtp", "test", *place, *login, "--json", env={"WRONG": "guess"})
    found = done.json["data"]["evidence"]
    assert (found["kind"], found["mechanism"]) == ("password", "SCRAM-SHA-256")
    assert "PLAIN" in found["offered"]
    assert not {"port_speaks", "other_ports", "auth_after_tls"} & found.keys()
    assert mailstack.log().count("authentication failed") == before + 1


@pytest.mark.parametrize(
    ("certificate", "problem"), [("expired", "expired"), ("wronghost", "name"), ("selfsigned", "self_signed")]
)
def test_which_check_of_the_certificate_failed(
    run_postroom: RunPostroom, mailstack_with: MailstackWith, certificate: Certificate, problem: str
) -> None:
    with mailstack_with(certificate=certificate) as stack:
        for port, security in (("SUBS", "tls"), ("SUB", "starttls")):
            found = evidence(run_postroom, stack, port, security)
            assert found["certificate_problem"] == problem
            assert found["chain"][0]["subject"] == found["certificate"]["subject"]
            assert ("clock" in found) == (problem == "expired")
            assert found["compared_names"]["host"] == "localhost"
            assert "intercepted" not in found


def test_the_usual_ports_of_a_host_that_refuses_this_one(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "test", "--host", "127.0.0.1", "--port", "1", "--auth", "none", "--json")
    found = done.json["data"]["evidence"]
    assert [row["port"] for row in found["other_ports"]] == [587, 465, 2525, 25]
    assert found["address_families"] == [{"family": "ipv4", "addresses": ["127.0.0.1"], "route": True}]


def test_a_masked_greeting_is_an_interception(run_postroom: RunPostroom) -> None:
    masked = (Send(b"220 " + b"*" * 60 + b"\r\n"), Silence())
    script = (masked[0], Send(b"500 unknown\r\n"), Silence())
    with FaultyServer(script) as server:
        place = ["--host", "127.0.0.1", "--port", str(server.port), "--security", "starttls", "--auth", "none"]
        done = run_postroom("smtp", "test", *place, "--connect-timeout", "2s", "--json")
    found = done.json["data"]["evidence"]
    assert (found["intercepted"], found["intercepted_why"]) == (True, "masked")


@pytest.mark.parametrize("argv", [["--host", ""], ["--host", "", "--username", ALICE]])
def test_an_empty_host_is_named(run_postroom: RunPostroom, argv: list[str]) -> None:
    error = run_postroom("smtp", "test", *argv, "--json").json["error"]
    assert error["code"] == "usage.bad_value"
    assert error["message"].startswith("--host '' must not be empty")


@pytest.mark.parametrize("variable", ["POSTROOM_SMTP_HOST", "POSTROOM_SMTP_PROVIDER"])
def test_an_empty_variable_is_named(run_postroom: RunPostroom, variable: str) -> None:
    error = run_postroom("smtp", "test", "--json", env={variable: ""}).json["error"]
    assert (error["code"], error["message"]) == (
        "config.no_server",
        f"no mail server is configured: {variable} is set, but empty",
    )
    assert variable in error["hint"]
    trial = run_postroom("smtp", "test", "--username", ALICE, "--json", env={variable: ""})
    assert (trial.exit, trial.json["error"]["code"]) == (2, "usage.missing_value")
    assert f"{variable} is set, but empty" in trial.json["error"]["message"]
    warnings = run_postroom("status", "--json", env={variable: ""}).json["warnings"]
    assert [warning["code"] for warning in warnings] == ["config.empty_variable"]


@pytest.mark.parametrize("name", [[], ["other"]])
def test_a_trial_without_a_host_asks_for_one(run_postroom: RunPostroom, name: list[str]) -> None:
    done = run_postroom("smtp", "test", *name, "--username", ALICE, "--json")
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")
    assert "--host HOST" in done.json["error"]["hint"]
