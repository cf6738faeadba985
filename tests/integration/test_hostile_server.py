"""`smtp test` against a server that does what no server should: what a person or a CI job is told about it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import RunPostroom
from tests.integration.transport.opening import DATA, GREET, HAPPY
from tests.support.faulty_server import Action, FaultyServer, Line, Send
from tests.support.program import Completed

BOB, CAROL = "bob@example.test", "carol@example.test"
OK = Send(b"250 2.0.0 Ok\r\n")
UNKNOWN, LATER = Send(b"550 5.1.1 no such user\r\n"), Send(b"450 4.2.0 greylisted\r\n")

Prove = Callable[..., Completed]


@pytest.fixture
def prove(run_postroom: RunPostroom) -> Prove:
    """Run `smtp test` against a script, with these recipients and options."""

    def prove(script: Sequence[Action], *options: str, to: Sequence[str] = (BOB,)) -> Completed:
        with FaultyServer(script) as server:
            place = ["--host", server.host, "--port", str(server.port), "--security", "none"]
            recipients = [word for address in to for word in ("--to", address)]
            return run_postroom("smtp", "test", *place, "--from", "alice@example.test", *recipients, *options)

    return prove


def with_recipients(*answers: Action) -> list[Action]:
    """Greeting, sender and recipients, each answered as given."""
    rcpt = [action for answer in answers for action in (Line(b"RCPT TO:"), answer)]
    return [*GREET, Line(b"MAIL FROM:"), OK, *rcpt]


def test_a_mail_without_a_last_word_is_said_to_be_perhaps_delivered(prove: Prove) -> None:
    done = prove(HAPPY[:-1], "--json")
    assert (done.exit, done.json["error"]["code"]) == (74, "connect.closed_early")
    assert "may have been delivered" in done.json["error"]["message"]
    assert "may have been delivered" not in prove(HAPPY[:-3], "--json").json["error"]["message"]


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ((UNKNOWN, LATER), 75, "policy.greylisted"),
        ((LATER, UNKNOWN), 75, "policy.greylisted"),
        ((UNKNOWN, UNKNOWN), 67, "rcpt.unknown_user"),
    ],
)
def test_no_user_is_said_only_when_every_recipient_is_refused_for_good(
    prove: Prove, answers: tuple[Action, ...], status: int, code: str
) -> None:
    done = prove(with_recipients(*answers), "--json", to=(BOB, CAROL))
    assert (done.exit, done.json["error"]["code"]) == (status, code)
    assert done.json["data"]["receipt"]["code"] == int(done.json["error"]["detail"][:3])


@pytest.mark.parametrize("until", ["mail", "rcpt", "data"])
def test_a_step_that_needs_a_recipient_is_never_reached_without_one(prove: Prove, until: str) -> None:
    done = prove((), "--until", until, "--json", to=())
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")
    assert len(done.json["data"]["steps"]) == 13


def test_no_reply_forges_a_line_of_ours(prove: Prove) -> None:
    lines = b"error: forged\r\n", b"::error::forged\r\n"
    refused = Send(b"550-5.1.1 no\r\n550-" + lines[0] + b"550 " + lines[1])
    accepted = Send(b"250-2.0.0 Ok\r\n250-" + lines[0] + b"250 " + lines[1])
    script = [*with_recipients(OK, refused), *DATA[:-1], accepted]
    done = prove(script, "--trace", to=(BOB, CAROL))
    assert done.exit == 3, done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(("error:", "::"))]


NASTY = Send("550-5.1.1 <&\"' \x1b[31m\ufffe ]]> |x\r\n550 ::error::forged %0A\r\n".encode())


@pytest.mark.parametrize(
    ("form", "status", "expected"),
    [
        ("github", 3, "::error title=rcpt.unknown_user::carol@example.test refused: 550 5.1.1 "),
        ("nagios", 1, "SMTP WARNING - carol@example.test refused: 550 5.1.1 "),
        ("junit", 3, '<failure type="rcpt.unknown_user" message="carol@example.test refused: 550 5.1.1 '),
    ],
)
def test_a_report_tells_which_recipient_was_refused(prove: Prove, form: str, status: int, expected: str) -> None:
    done = prove([*with_recipients(OK, NASTY), *DATA], "--format", form, to=(BOB, CAROL))
    assert done.exit == status, done.stderr
    assert expected in done.stdout


@pytest.mark.parametrize("form", ["github", "nagios"])
def test_a_report_says_what_was_reached_and_what_the_server_said(prove: Prove, form: str) -> None:
    stopped = prove(GREET, "--format", form, "--until", "ehlo").stdout
    assert "every step asked for passed; nothing was sent" in stopped
    assert "accepted" not in stopped
    assert "accepted: 250 2.0.0 Ok: queued as 4ABC" in prove(HAPPY, "--format", form).stdout
    assert "550 5.1.1 no such user" in prove(with_recipients(UNKNOWN), "--format", form).stdout


@pytest.mark.parametrize("script", [with_recipients(NASTY), [*with_recipients(OK, NASTY), *DATA]], ids=["all", "some"])
def test_a_junit_report_is_well_formed_whatever_the_server_says(prove: Prove, script: list[Action]) -> None:
    done = prove(script, "--format", "junit", to=(BOB, CAROL)[: script.count(Line(b"RCPT TO:"))])
    suite = ET.fromstring(done.stdout.encode())  # noqa: S314 - our own program wrote it
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["rcpt"]
    assert "]]>" in "".join(suite.itertext())


@pytest.mark.parametrize("form", ["text", "github", "nagios", "junit"])
def test_no_report_forges_another(prove: Prove, form: str) -> None:
    done = prove([*with_recipients(OK, NASTY), *DATA], "--format", form, to=(BOB, CAROL))
    assert not [line for line in done.stdout.splitlines() if line.startswith("::error::")]
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("form", "status", "expected"),
    [("nagios", 3, "SMTP UNKNOWN - config."), ("github", 78, "::error title=config."), ("junit", 78, "<error")],
)
def test_a_test_that_cannot_begin_has_its_report(
    run_postroom: RunPostroom, tmp_path: Path, form: str, status: int, expected: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[smtp\n")
    done = run_postroom("smtp", "test", "--config", str(config), "--format", form)
    assert done.exit == status
    assert expected in done.stdout


@pytest.mark.parametrize("form", ["text", "github", "nagios"])
def test_a_junit_file_that_cannot_be_written_hides_nothing(prove: Prove, form: str) -> None:
    report = "/dev/full"  # which may be opened, and takes no octet
    sent = prove(HAPPY, "--junit", report, "--format", form)
    assert sent.exit == (3 if form == "nagios" else 73)
    assert "cannot write" in sent.stdout + sent.stderr
    failed = prove(with_recipients(UNKNOWN), "--junit", report, "--format", form)
    assert failed.exit == (2 if form == "nagios" else 67)
    assert "does not exist" in failed.stdout + failed.stderr


def test_a_junit_file_that_cannot_be_made_is_told_before_a_mail_goes_out(run_postroom: RunPostroom) -> None:
    with FaultyServer(HAPPY) as server:
        for report in ("/nonexistent/report.xml", "/"):
            place = ("--host", server.host, "--port", str(server.port), "--security", "none", "--from", "a@example.com")
            done = run_postroom("smtp", "test", *place, "--to", "b@example.com", "--junit", report, "--json")
            assert (done.exit, done.json["error"]["code"]) == (73, "file.cannot_create")
    assert server.connections == 0


def test_a_junit_file_that_cannot_be_written_leaves_the_envelope_whole(prove: Prove) -> None:
    report = "/dev/full"
    sent = prove(HAPPY, "--junit", report, "--json").json
    assert (sent["exit"], sent["error"]["code"], sent["data"]["receipt"]["code"]) == (73, "file.cannot_create", 250)
    failed = prove(with_recipients(UNKNOWN), "--junit", report, "--json").json
    assert (failed["exit"], failed["error"]["code"]) == (67, "rcpt.unknown_user")
    assert [warning["code"] for warning in failed["warnings"]] == ["file.cannot_create"]
