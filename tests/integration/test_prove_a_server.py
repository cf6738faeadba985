"""The main job against real Postfix and Dovecot: set a server, prove that it works, find the mail in the Maildir."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.faulty_server import Drip, FaultyServer, Send
from tests.support.mailstack import Mailstack
from tests.support.sweep import Sweep

ALICE, BOB = "alice@example.test", "bob@example.test"
STEPS = [
    *("config", "secret", "token", "resolve", "connect", "tls", "greeting"),
    *("ehlo", "starttls", "auth", "mail", "rcpt", "data"),
]


@pytest.fixture
def set_main(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    """`main`: STARTTLS and a password from stdin, as the README says."""
    options = ["--host", "localhost", "--port", str(mailstack.port("SUB")), "--security", "starttls"]
    login = ["--ca-file", str(mailstack.ca_file), "--username", ALICE, "--password-stdin", "--from", ALICE]
    # Root's default store is the encrypted file; an ordinary user without a keyring has to say so.
    done = run_postroom(
        "smtp", "set", "main", *options, *login, "--store", "plain", "--insecure-storage", "--json", input="alice-pw\n"
    )
    assert done.exit == 0, done.stdout
    assert done.json["data"]["changed"] is True


@pytest.mark.usefixtures("set_main")
def test_a_server_that_was_set_delivers_into_the_maildir(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    done = run_postroom("smtp", "test", "main", "--to", BOB, "--json")
    assert done.exit == 0, done.stdout
    data = done.json["data"]
    assert done.json["ok"] is True
    assert [step["name"] for step in data["steps"]] == STEPS
    assert data["receipt"]["code"] == 250
    mail = mailstack.wait_for_mail("bob", message_id=data["message_id"])
    assert f"queued as {data['queue_id']}" in data["receipt"]["text"]
    assert data["queue_id"] in mailstack.log()
    assert mail.message["From"] == ALICE


@pytest.mark.parametrize(
    ("port", "security", "mechanism"),
    [
        ("SUBS", "tls", "PLAIN"),
        ("SUB", "starttls", "SCRAM-SHA-256"),
        ("SUBS", "tls", "LOGIN"),
        ("SUB", "starttls", "CRAM-MD5"),
        ("DSUB", "starttls", "PLAIN"),
    ],
)
def test_unsaved_settings_are_proved_without_a_configuration(
    run_postroom: RunPostroom, mailstack: Mailstack, port: str, security: str, mechanism: str
) -> None:
    place = ["--host", "localhost", "--port", str(mailstack.port(port)), "--security", security]
    login = ["--username", ALICE, "--password-env", "PW", "--mechanism", mechanism.lower()]
    done = run_postroom(
        "smtp",
        "test",
        *place,
        *login,
        "--ca-file",
        str(mailstack.ca_file),
        "--to",
        BOB,
        "--json",
        env={"PW": "alice-pw"},
    )
    assert done.exit == 0, done.stdout
    auth = next(step for step in done.json["data"]["steps"] if step["name"] == "auth")
    assert auth["detail"]["mechanism"] == mechanism
    mailstack.wait_for_mail("bob", message_id=done.json["data"]["message_id"])


@pytest.mark.parametrize(("port", "security"), [("SUB", "starttls"), ("DSUBS", "tls")])
@pytest.mark.parametrize("octets", [0, 2000], ids=["short", "long"])
def test_a_token_from_the_environment_logs_in(
    run_postroom: RunPostroom, mailstack: Mailstack, port: str, security: str, octets: int
) -> None:
    token = mailstack.token(ALICE, at_least_octets=octets)
    place = ["--host", "localhost", "--port", str(mailstack.port(port)), "--security", security]
    done = run_postroom(
        *("smtp", "test", *place, "--ca-file", str(mailstack.ca_file), "--username", ALICE),
        *("--access-token-env", "TOKEN", "--to", BOB, "--json", "--trace"),
        env={"TOKEN": token},
    )
    assert done.exit == 0, done.stdout
    steps = {step["name"]: step for step in done.json["data"]["steps"]}
    assert steps["auth"]["detail"]["mechanism"] == "XOAUTH2"
    assert steps["token"]["ok"] is True
    assert steps["secret"]["skipped"] is True
    assert token not in done.stdout
    mailstack.wait_for_mail("bob", message_id=done.json["data"]["message_id"])


def test_the_environment_alone_is_a_server(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    environment = {
        "POSTROOM_SMTP_HOST": "localhost",
        "POSTROOM_SMTP_PORT": str(mailstack.port("SUB")),
        "POSTROOM_SMTP_SECURITY": "starttls",
        "POSTROOM_SMTP_CA_FILE": str(mailstack.ca_file),
        "POSTROOM_SMTP_USERNAME": ALICE,
        "POSTROOM_SMTP_PASSWORD": "alice-pw",
        "POSTROOM_SMTP_TO": BOB,
    }
    done = run_postroom("smtp", "test", "--json", env=environment)
    assert done.exit == 0, done.stdout
    assert done.json["data"]["server"]["name"] == "environment"
    mailstack.wait_for_mail("bob", message_id=done.json["data"]["message_id"])


@pytest.mark.parametrize(
    ("options", "status", "code", "step"),
    [
        (["--password-env", "WRONG"], 77, "auth.bad_credentials", "auth"),
        (["--host", "no-such-host.invalid"], 68, "dns.host_not_found", "resolve"),
        (["--port", "1"], 75, "connect.refused", "connect"),
        (["--security", "tls"], 76, "tls.wrong_mode_starttls_expected", "tls"),
        (["--tls-server-name", "other.example.test"], 69, "tls.cert_name_mismatch", "starttls"),
        (["--to", "nobody@example.test"], 67, "rcpt.unknown_user", "rcpt"),
        (["--from", "bob@example.test"], 77, "sender.not_owned", "rcpt"),
        (["--to", "not an address@"], 65, "address.invalid", None),
    ],
)
def test_each_failure_names_step_cause_and_status(
    run_postroom: RunPostroom, mailstack: Mailstack, options: list[str], status: int, code: str, step: str | None
) -> None:
    place = ["--host", "localhost", "--port", str(mailstack.port("SUB")), "--security", "starttls"]
    login = ["--ca-file", str(mailstack.ca_file), "--username", ALICE, "--password-env", "PW"]
    everything = {"--host": "localhost"} | dict(zip([*place, *login][::2], [*place, *login][1::2], strict=True))
    everything |= dict(zip(options[::2], options[1::2], strict=True))
    everything.setdefault("--to", BOB)
    words = [word for pair in everything.items() for word in pair]
    done = run_postroom("smtp", "test", *words, "--json", env={"PW": "alice-pw", "WRONG": "guess"})
    error = done.json["error"]
    assert (done.exit, done.json["exit"], error["code"]) == (status, status, code), done.stdout
    assert done.json["ok"] is False
    assert error["hint"]
    failed = [found["name"] for found in done.json["data"]["steps"] if found["ok"] is False]
    assert failed == ([step] if step and step != "rcpt" else []) or step in failed


@pytest.mark.usefixtures("set_main")
def test_where_all_were_refused_each_is_told(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "test", "--to", "nobody@example.test", "--to", "nobody-2@example.test")
    assert done.exit == 67
    for address in ("nobody@example.test", "nobody-2@example.test"):
        assert f"refused: {address}: 550 5.1.1" in done.stdout


@pytest.mark.usefixtures("set_main")
def test_some_recipients_refused_is_partial(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    done = run_postroom("smtp", "test", "--to", BOB, "--to", "nobody@example.test", "--json")
    assert done.exit == 3, done.stdout
    rcpt = next(step for step in done.json["data"]["steps"] if step["name"] == "rcpt")
    verdicts = {row["address"]: (row["code"], row["class"]) for row in rcpt["detail"]["recipients"]}
    assert verdicts == {BOB: (250, None), "nobody@example.test": (550, "rcpt.unknown_user")}
    mailstack.wait_for_mail("bob", message_id=done.json["data"]["message_id"])
    diagnosis = done.json["data"]["diagnosis"]
    assert (diagnosis["class"], done.json["error"]) == ("rcpt.unknown_user", None)
    shown = run_postroom("smtp", "test", "--to", BOB, "--to", "nobody@example.test").stdout
    assert diagnosis["next_steps"][0].partition(":")[0] in " ".join(shown.split())


@pytest.mark.usefixtures("set_main")
def test_until_tls_is_where_tls_begins_and_what_was_not_looked_at_is_said(run_postroom: RunPostroom) -> None:
    run_postroom("smtp", "set", "main", "--unset", "password")
    done = run_postroom("smtp", "test", "--until", "tls")
    assert "ok    starttls" in done.stdout
    assert "not looked at: the secret, the login" in done.stdout
    assert "not looked at: TLS, the secret, the login" in run_postroom("smtp", "test", "--until", "ehlo").stdout


@pytest.mark.usefixtures("set_main")
def test_until_stops_before_a_mail_is_handed_over(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    before = len(mailstack.maildir("carol"))
    for until in ("connect", "starttls", "auth", "mail", "rcpt"):
        done = run_postroom("smtp", "test", "--until", until, "--to", "carol@example.test", "--json")
        assert done.exit == 0, done.stdout
        taken = [step["name"] for step in done.json["data"]["steps"] if step["ok"]]
        assert taken[-1] == until
        assert done.json["data"]["receipt"] is None
    assert len(mailstack.maildir("carol")) == before


@pytest.mark.usefixtures("set_main")
def test_without_a_recipient_nothing_is_sent_and_that_is_said(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "test", "--json")
    assert done.exit == 0
    assert [warning["code"] for warning in done.json["warnings"]] == ["test.no_recipient", "secret.stored_plain"]
    strict = run_postroom("smtp", "test", "--json", "--strict")
    assert strict.exit == 5
    assert strict.json["ok"] is True


@pytest.mark.usefixtures("set_main")
def test_a_test_is_remembered_until_a_setting_changes(run_postroom: RunPostroom) -> None:
    def state() -> str:
        return str(run_postroom("status", "--json").json["data"]["servers"][0]["state"])

    assert state() == "untested"
    run_postroom("smtp", "test", "--to", BOB, "--json")
    assert state() == "tested"
    run_postroom("smtp", "set", "main", "--from-name", "Alice")
    assert state() == "stale"
    run_postroom("smtp", "set", "main", "--port", "1")
    run_postroom("smtp", "test", "--to", BOB, "--json")
    assert state() == "broken"


@pytest.mark.usefixtures("set_main")
def test_a_failed_dialogue_is_kept_for_its_owner_alone(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    done = run_postroom("smtp", "test", "--to", "nobody@example.test", "--json")
    kept = Path(done.json["data"]["transcript_file"])
    assert kept.stat().st_mode & 0o777 == 0o600
    text = kept.read_text()
    assert "RCPT TO:<nobody@example.test>" in text
    assert "alice-pw" not in text
    assert "AUTH SCRAM-SHA-256 [initial response]" in text
    del mailstack


@pytest.mark.usefixtures("set_main")
def test_a_stored_secret_is_not_used_for_another_host(run_postroom: RunPostroom) -> None:
    changed = run_postroom("smtp", "set", "main", "--host", "127.0.0.1", "--json")
    assert "secret.bound_elsewhere" in [warning["code"] for warning in changed.json["warnings"]]
    done = run_postroom("smtp", "test", "--to", BOB, "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.bound_elsewhere")


@pytest.mark.usefixtures("set_main")
def test_setting_the_same_again_changes_nothing(run_postroom: RunPostroom, tmp_home: Path) -> None:
    config = next(tmp_home.rglob("config.toml"))
    before = config.read_bytes(), config.stat().st_mtime_ns
    again = ["smtp", "set", "main", "--host", "localhost", "--password-stdin", "--store", "plain", "--insecure-storage"]
    done = run_postroom(*again, "--json", input="alice-pw\n")
    assert (done.exit, done.json["data"]["changed"], done.json["data"]["changes"]) == (0, False, [])
    assert (config.read_bytes(), config.stat().st_mtime_ns) == before
    other = run_postroom(*again, "--json", input="another-pw\n")
    assert other.json["data"]["changes"] == [{"key": "smtp.servers.main.password", "old": "set", "new": "set"}]


@pytest.mark.usefixtures("set_main")
def test_a_rename_takes_the_secret_along(run_postroom: RunPostroom, mailstack: Mailstack) -> None:
    assert run_postroom("smtp", "rename", "main", "relay", "--json").exit == 0
    done = run_postroom("smtp", "test", "relay", "--to", BOB, "--json")
    assert done.exit == 0, done.stdout
    listed = run_postroom("secrets", "list", "--json").json["data"]
    assert "smtp/main/password" not in json.dumps(listed)
    assert run_postroom("smtp", "remove", "relay", "--json", "--yes").json["data"]["secrets_removed"]
    assert run_postroom("smtp", "list", "--json").json["data"]["servers"] == []
    del mailstack


@pytest.mark.usefixtures("set_main")
def test_a_changed_server_is_tested_before_it_is_saved(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "main", "--port", "1", "--test", "--json")
    assert (done.exit, done.json["error"]["code"]) == (75, "connect.refused")
    assert run_postroom("config", "get", "smtp.servers.main.port").stdout.strip() != "1"


def test_a_sentinel_password_shows_nowhere(
    run_postroom: RunPostroom, mailstack: Mailstack, sweep: Sweep, sentinel: str, tmp_home: Path
) -> None:
    """Wrong on purpose, so that every road of a failure is walked with it."""
    for mechanism, port, security in (
        ("plain", "SUB", "starttls"),
        ("login", "SUBS", "tls"),
        ("scram-sha-256", "SUB", "starttls"),
        ("cram-md5", "DSUB", "starttls"),
    ):
        place = ["--host", "localhost", "--port", str(mailstack.port(port)), "--security", security]
        done = run_postroom(
            *("smtp", "test", *place, "--ca-file", str(mailstack.ca_file), "--username", ALICE),
            *("--mechanism", mechanism, "--password-stdin", "--to", BOB, "--trace", "--debug", "--verbose"),
            input=sentinel + "\n",
        )
        assert done.exit == 77, done.stdout + done.stderr
    token = ["--access-token-stdin", "--to", BOB, "--trace", "--json"]
    submissions = ["--host", "localhost", "--port", str(mailstack.port("DSUBS")), "--security", "tls"]
    done = run_postroom(
        *("smtp", "test", *submissions, "--ca-file", str(mailstack.ca_file), "--username", ALICE, *token),
        input=sentinel + "\n",
    )
    # It has characters that no token has (RFC 6750 2.1), so it is refused before it goes anywhere.
    assert (done.exit, done.json["error"]["code"]) == (78, "secret.unusable")
    assert sweep.finds(tmp_home) == []


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("github", "::notice", "::error title=rcpt.unknown_user::"),
        ("nagios", "SMTP OK - ", "SMTP CRITICAL - rcpt.unknown_user"),
        ("junit", 'failures="0"', '<failure type="rcpt.unknown_user"'),
    ],
)
@pytest.mark.usefixtures("set_main")
def test_reports_for_other_programs(run_postroom: RunPostroom, tmp_path: Path, form: str, good: str, bad: str) -> None:
    report = tmp_path / "report.xml"
    done = run_postroom("smtp", "test", "--to", BOB, "--format", form, "--junit", str(report))
    assert done.exit == 0
    assert good in done.stdout
    assert 'failures="0"' in report.read_text()
    failed = run_postroom("smtp", "test", "--to", "nobody@example.test", "--format", form, "--junit", str(report))
    assert failed.exit == (2 if form == "nagios" else 67)
    assert bad in failed.stdout
    assert "rcpt.unknown_user" in report.read_text()


def test_a_failed_test_is_what_the_status_says(run_postroom: RunPostroom) -> None:
    place = ("--host", "localhost", "--port", "1", "--auth", "none", "--security", "none")
    run_postroom("smtp", "set", "main", *place, "--from", "it@example.com")
    assert "nothing is missing, but main was never tested" in run_postroom("status").stdout
    assert run_postroom("smtp", "test").exit == 75
    status = run_postroom("status")
    assert "nothing is missing, but the last test of main failed" in status.stdout
    assert "next: postroom smtp test main --to ADDRESS  (to see what is wrong)" in status.stderr


def test_what_is_tried_by_the_environment_is_mended_in_the_environment(run_postroom: RunPostroom) -> None:
    environment = {"POSTROOM_SMTP_HOST": "localhost", "POSTROOM_SMTP_PORT": "1", "POSTROOM_SMTP_AUTH": "none"}
    refused = run_postroom("smtp", "test", "--json", env=environment)
    assert refused.json["error"]["hint"].endswith(": POSTROOM_SMTP_PORT=PORT")
    tried = run_postroom("smtp", "test", "--host", "localhost", "--port", "1", "--auth", "none", "--json")
    assert tried.json["error"]["hint"].endswith(": --port PORT")


@pytest.mark.parametrize("until", ["connect", "starttls"])
def test_a_step_before_the_login_needs_no_secret(run_postroom: RunPostroom, mailstack: Mailstack, until: str) -> None:
    place = ["--host", "localhost", "--port", str(mailstack.port("SUB")), "--security", "starttls"]
    login = ["--ca-file", str(mailstack.ca_file), "--username", ALICE, "--password-env", "NOT_SET"]
    done = run_postroom("smtp", "test", *place, *login, "--until", until, "--json")
    assert done.exit == 0, done.stdout
    later = run_postroom("smtp", "test", *place, *login, "--until", "auth", "--json")
    assert (later.exit, later.json["error"]["code"]) == (78, "secret.not_found")


@pytest.mark.usefixtures("set_main")
def test_custom_takes_the_preset_away_from_what_is_tried(run_postroom: RunPostroom) -> None:
    run_postroom("smtp", "set", "other", "--provider", "outlook-com", "--username", ALICE, "--password-env", "PW")
    line = ["smtp", "test", "other", "--host", "localhost", "--until", "config", "--json"]
    kept = run_postroom(*line)
    assert kept.json["data"]["server"]["port"] == 587
    done = run_postroom(
        "smtp", "test", "other", "--provider", "custom", "--host", "localhost", "--until", "config", "--json"
    )
    assert (done.exit, done.json["data"]["server"]["port"]) == (0, 465)


def test_what_a_step_saw_is_told_in_json(run_postroom: RunPostroom) -> None:
    with FaultyServer([Send(b"220 mail.example.test ESMTP\r\n")], curious=True) as server:
        place = ["--host", "localhost", "--port", str(server.port), "--security", "none", "--auth", "none"]
        done = run_postroom("smtp", "test", *place, "--until", "greeting", "--verbose")
    told = [line.strip() for line in done.stderr.splitlines() if line.startswith("      ")]
    assert {"server": "unsaved", "host": "localhost"} in [json.loads(line) for line in told]


def test_a_greeting_that_drips_is_no_silence(run_postroom: RunPostroom) -> None:
    with FaultyServer([Drip(b"220 " + b"x" * 400, 0.05)], curious=True) as server:
        place = ["--host", "localhost", "--port", str(server.port), "--security", "starttls", "--auth", "none"]
        done = run_postroom("smtp", "test", *place, "--connect-timeout", "1s", "--json")
    assert done.json["data"]["diagnosis"]["class"] == "greeting.timeout"
    assert done.json["data"]["evidence"]["port_speaks"] == "smtp"
    assert "did not come to the end of its greeting" in done.json["error"]["message"]
