"""The tools of the tests do what they say."""

import signal
import smtplib
import ssl
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.certificates import Certificate
from tests.support.exim import running_exim
from tests.support.mailstack import Mailstack, MailstackWith
from tests.support.mailstack_files import PASSWORDS, Behaviour
from tests.support.middlebox import Middlebox
from tests.support.program import clean_environment
from tests.support.shells import Shell, complete
from tests.support.terminal import CONTROL_C, run_on_terminal

ALICE = "alice@example.test"
BOB = "bob@example.test"


def strict_context(stack: Mailstack) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(stack.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def logged_in(stack: Mailstack, port: str) -> smtplib.SMTP:
    if port.endswith("SUBS"):
        client: smtplib.SMTP = smtplib.SMTP_SSL(stack.host, stack.port(port), context=strict_context(stack), timeout=20)
    else:
        client = smtplib.SMTP(stack.host, stack.port(port), timeout=20)
        if port != "SUBPLAIN":
            client.starttls(context=strict_context(stack))
    client.login(ALICE, stack.password("alice"))
    return client


@pytest.mark.parametrize("port", ["SUB", "SUBS", "SUBPLAIN", "DSUB", "DSUBS"])
def test_a_mail_through_every_submission_port_arrives(mailstack: Mailstack, port: str) -> None:
    subject = f"through {port}"
    with logged_in(mailstack, port) as client:
        client.sendmail(ALICE, [BOB], f"From: {ALICE}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nhello\r\n")
    mail = mailstack.wait_for_mail("bob", subject=subject)
    assert mail.message.get_content() == "hello\n"


GREETINGS = {"XOAUTH2": f"user={ALICE}", "OAUTHBEARER": f"n,a={ALICE},"}


@pytest.mark.parametrize("mechanism", GREETINGS)
@pytest.mark.parametrize("port", ["SUB", "DSUB"])
@pytest.mark.parametrize(
    ("claims", "code"),
    [({}, 235), ({"at_least_octets": 1500}, 235), ({"lifetime_seconds": -60}, 535)],
    ids=["short", "long", "expired"],
)
def test_both_servers_judge_tokens(
    mailstack: Mailstack, port: str, mechanism: str, claims: dict[str, int], code: int
) -> None:
    token = mailstack.token(ALICE, **claims)
    assert len(token) >= claims.get("at_least_octets", 0)
    answers = iter([f"{GREETINGS[mechanism]}\1auth=Bearer {token}\1\1", "\1"])
    with smtplib.SMTP(mailstack.host, mailstack.port(port), timeout=20) as client:
        client.starttls(context=strict_context(mailstack))
        client.ehlo()
        try:
            reply = client.auth(mechanism, lambda _challenge=None: next(answers), initial_response_ok=False)[0]
        except smtplib.SMTPAuthenticationError as refused:
            reply = refused.smtp_code
    assert reply == code


def test_a_short_token_fits_on_an_auth_line(mailstack: Mailstack) -> None:
    response = f"user={ALICE}\1auth=Bearer {mailstack.token(ALICE)}\1\1"
    assert len("AUTH XOAUTH2 ") + -(-len(response) // 3) * 4 + len("\r\n") <= 512


def test_the_sentinel_is_the_password_of_an_account(mailstack: Mailstack, sentinel: str) -> None:
    with smtplib.SMTP_SSL(
        mailstack.host, mailstack.port("SUBS"), context=strict_context(mailstack), timeout=20
    ) as client:
        client.user, client.password = mailstack.address("sentinel"), sentinel
        for mechanism in ("auth_cram_md5", "auth_plain"):
            client.ehlo()
            name = mechanism.removeprefix("auth_").upper().replace("_", "-")
            assert client.auth(name, getattr(client, mechanism))[0] == 235
            client.close()
            client.connect(mailstack.host, mailstack.port("SUBS"))


def test_a_mail_that_does_not_come_is_told_with_what_came(mailstack: Mailstack) -> None:
    with pytest.raises(AssertionError, match=r"no mail for carol with subject 'never'"):
        mailstack.wait_for_mail("carol", subject="never", timeout_seconds=0)


@pytest.mark.parametrize(
    ("recipient", "code"),
    [("full", 452), ("disabled", 550), ("later", 450), ("nobody", 550), ("team", 250)],
)
def test_recipients_are_refused_as_documented(mailstack: Mailstack, recipient: str, code: int) -> None:
    with logged_in(mailstack, "SUB") as client:
        client.ehlo_or_helo_if_needed()
        client.mail(ALICE)
        assert client.rcpt(f"{recipient}@example.test")[0] == code


def test_the_rate_limited_port_tires(mailstack_with: MailstackWith) -> None:
    with mailstack_with() as stack, smtplib.SMTP(stack.host, stack.port("RATE"), timeout=20) as client:
        client.ehlo()
        replies = []
        for _ in range(3):
            replies.append(client.mail("somebody@elsewhere.test")[0])
            client.rset()
    assert replies == [250, 250, 450]


def test_servers_do_as_they_are_asked_and_leave_nothing(mailstack_with: MailstackWith) -> None:
    with mailstack_with(behaviour=Behaviour(mechanisms=("login",), size_limit_bytes=5000)) as stack:
        directory = stack.directory
        with smtplib.SMTP_SSL(stack.host, stack.port("SUBS"), context=strict_context(stack), timeout=20) as client:
            client.ehlo()
            assert client.esmtp_features["auth"].split() == ["LOGIN"]
            assert client.esmtp_features["size"] == "5000"
    assert not directory.exists()
    assert not commands_that_name(directory)


def test_exim_takes_a_mail_after_a_login_and_leaves_nothing() -> None:
    with running_exim() as exim:
        directory = exim.directory
        context = ssl.create_default_context(cafile=str(exim.ca_file))
        with smtplib.SMTP(exim.host, exim.port("SUB"), timeout=20) as client:
            client.starttls(context=context)
            assert client.login(ALICE, PASSWORDS["alice"])[0] == 235
            assert client.sendmail(ALICE, [BOB, "nobody@example.test"], "Subject: hello\r\n\r\nhello\r\n") == {
                "nobody@example.test": (550, b"Unknown user")
            }
        assert f"<= {ALICE}" in exim.log()
    assert not directory.exists()
    assert not commands_that_name(directory)


def test_a_middlebox_changes_what_the_server_says_and_nothing_else(mailstack: Mailstack) -> None:
    def change(octets: bytes) -> bytes:
        return octets.replace(b"250-VRFY\r\n", b"")

    with (
        Middlebox(mailstack.port("MX"), change) as box,
        smtplib.SMTP("127.0.0.1", box.port, timeout=20) as client,
    ):
        client.ehlo()
        assert not client.has_extn("vrfy")
        assert client.has_extn("starttls")
        client.sendmail(ALICE, [BOB], "Subject: through the box\r\n\r\nhello\r\n")
    mailstack.wait_for_mail("bob", subject="through the box")


_KILLED = """
import os
from tests.support.exim import running_exim
from tests.support.mailstack import running_mailstack
with running_mailstack() as stack:
    print(stack.directory, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.needs("root", "postfix", "dovecot")
def test_a_test_run_that_is_killed_leaves_no_servers() -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False, timeout=60)
    directory = Path(killed.stdout.strip())
    assert killed.returncode == -signal.SIGKILL
    assert directory.name
    end = time.monotonic() + 20
    while directory.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not directory.exists()
    assert not commands_that_name(directory)


def commands_that_name(directory: Path) -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(process.read_bytes())
    return [command for command in found if bytes(directory) in command]


@pytest.mark.parametrize(
    ("certificate", "complaint"),
    [("expired", "expired"), ("wronghost", "not valid for 'localhost'"), ("selfsigned", "self-signed")],
)
def test_a_bad_certificate_is_bad_in_its_own_way(
    mailstack_with: MailstackWith, certificate: Certificate, complaint: str
) -> None:
    with mailstack_with(certificate=certificate) as stack:
        for port in ("SUBS", "DSUBS"):
            with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
                smtplib.SMTP_SSL(stack.host, stack.port(port), context=strict_context(stack), timeout=20)


def test_a_client_certificate_is_verified_by_the_server(mailstack: Mailstack) -> None:
    context = strict_context(mailstack)
    context.load_cert_chain(*mailstack.client_certificate(ALICE))
    with smtplib.SMTP_SSL(mailstack.host, mailstack.port("SUBS"), context=context, timeout=20) as client:
        client.login(ALICE, mailstack.password("alice"))
        client.sendmail(ALICE, [BOB], "Subject: with a certificate\r\n\r\nhello\r\n")
    received = mailstack.wait_for_mail("bob", subject="with a certificate").message["Received"]
    assert f'Client CN "{ALICE}"' in received
    assert "(verified OK)" in received


_ASKER = """
import getpass, sys
name = input("Name: ")
word = getpass.getpass("Password: ")
print(f"\\x1b[1mhello\\x1b[0m {name}, {len(word)} characters", sys.stdout.isatty(), sys.stderr.isatty())
sys.exit(len(word))
"""


@pytest.mark.needs("setsid")
def test_a_program_on_a_terminal_is_answered(tmp_path: Path, tmp_home: Path) -> None:
    done = run_on_terminal(
        [sys.executable, "-c", _ASKER],
        environment=clean_environment(tmp_home, "/usr/bin:/bin"),
        directory=tmp_path,
        answers=[("Name: ", "bob\n"), ("Password: ", "hidden\n")],
    )
    assert done.exit == 6
    assert "Name: bob\n" in done.text
    assert "hidden" not in done.raw
    assert done.text.endswith("hello bob, 6 characters True True\n")


# Naps, for a signal that comes just before a blocking read is not seen before the read ends.
_WAIT = """
import time
try:
    print("Wait: ", flush=True)
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@pytest.mark.needs("setsid")
def test_control_c_reaches_the_program_on_a_terminal(tmp_path: Path, tmp_home: Path) -> None:
    done = run_on_terminal(
        [sys.executable, "-c", _WAIT],
        environment=clean_environment(tmp_home, "/usr/bin:/bin"),
        directory=tmp_path,
        answers=[("Wait: ", CONTROL_C)],
    )
    assert done.exit == 130


def test_the_program_runs_in_a_home_of_its_own(run_postroom: RunPostroom, tmp_home: Path) -> None:
    done = run_postroom("--version")
    assert done.exit == 0, done
    assert Path("~").expanduser() == tmp_home


@pytest.mark.needs("setsid")
def test_the_program_runs_on_a_terminal_too(run_postroom: RunPostroom) -> None:
    assert run_postroom("--version", tty=True).stdout == run_postroom("--version").stdout


_TOY_COMPLETIONS = {
    "bash": ("toy", '_toy() { COMPREPLY=($(compgen -W "send serve status" -- "$2")); }\ncomplete -F _toy toy\n'),
    "zsh": ("_toy", "#compdef toy\nlocal -a verbs=('send:a mail' 'serve:mails' status)\n_describe verb verbs\n"),
    "fish": ("toy.fish", "complete -c toy -f -a 'send serve status' -d 'a verb'\n"),
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_real_shells_tell_their_candidates(shell: Shell, tmp_path: Path, tmp_home: Path) -> None:
    name, text = _TOY_COMPLETIONS[shell]
    script = tmp_path / "scripts" / name
    script.parent.mkdir()
    script.write_text(text)
    command = tmp_path / "bin" / "toy"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    environment = clean_environment(tmp_home, f"{command.parent}:/usr/bin:/bin")
    found = complete(shell, script, "toy se", environment=environment, directory=tmp_path)
    assert sorted(found) == ["send", "serve"]
