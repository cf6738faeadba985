"""Owns the real mail servers of the tests: Postfix and Dovecot on loopback, started, asked and stopped.

An instance lives in a short directory of its own under /tmp (a Unix socket's path has at most 107 octets), so any
number may run side by side. It needs root: Postfix's master starts as nobody else.
"""

import email
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.support.certificates import Authority, Certificate
from tests.support.daemons import NAP_SECONDS, answers, free_ports, guard, start_leader, stop
from tests.support.mailstack_files import DOMAIN, IMAP_PORTS, PASSWORDS, PORTS, Behaviour, write_configuration
from tests.support.requirements import need
from tests.support.tokens import TokenIssuer

_MASTER = "/usr/lib/postfix/sbin/master"
_SUBMISSION = "/usr/lib/dovecot/submission-login"
_IMAP = "/usr/lib/dovecot/imap-login"

_PATIENCE_SECONDS = 10.0  # for servers to open their ports; they take 0.2 s on an idle machine


class Delivered(NamedTuple):
    """A mail as it lies in a mailbox: the octets (lines end in LF there) and their meaning."""

    octets: bytes
    message: EmailMessage


class ServersDidNotStart(Exception):
    """The servers did not open their ports; the message holds their logs."""


class Mailstack:
    """A running pair of mail servers.

    Ports: MX (no AUTH, STARTTLS offered), SUB (STARTTLS required, AUTH), SUBS (implicit TLS, AUTH), SUBPLAIN (AUTH, no
    TLS), RATE (as MX; two messages and five recipients a minute), DSUB and DSUBS (Dovecot's submission); where the
    behaviour asks for them, IMAP and IMAPS (Dovecot) and further listeners of Postfix.
    Accounts: alice, bob, carol at example.test, password `NAME-pw`; sentinel, whose password is the one swept
    for. sales@ belongs to alice, team@ is alice and bob.
    Refused recipients: full@ 452, disabled@ 550, later@ 450, grey@ 450 (greylisted), others 550. Refused text: REJECTME
    in the subject, EICAR-LIKE-TEST in the body.
    """

    host = "localhost"

    def __init__(self, directory: Path, ports: dict[str, int], authority: Authority, issuer: TokenIssuer) -> None:
        self.directory = directory
        self.ca_file = authority.ca_file
        self._ports = ports
        self._authority = authority
        self._issuer = issuer

    def port(self, name: str) -> int:
        """The port of one of the servers."""
        return self._ports[name]

    @staticmethod
    def address(user: str) -> str:
        """The full address of a user, which is the login name too."""
        return f"{user}@{DOMAIN}"

    @staticmethod
    def password(user: str) -> str:
        """The password of a user."""
        return PASSWORDS[user]

    def token(self, address: str, *, lifetime_seconds: int = 3600, at_least_octets: int = 0) -> str:
        """An access token for XOAUTH2 and OAUTHBEARER; a lifetime below zero makes one that has expired.

        It is short enough for an AUTH line of 512 octets unless `at_least_octets` asks for more.
        """
        return self._issuer.token(address, lifetime_seconds=lifetime_seconds, at_least_octets=at_least_octets)

    def client_certificate(self, address: str) -> tuple[Path, Path]:
        """A certificate, and its key, that the servers' own authority signed for a client."""
        return self._authority.client(address)

    def maildir(self, user: str) -> list[Delivered]:
        """What lies in a user's mailbox, oldest first."""
        if user not in PASSWORDS:
            raise ValueError(f"no such mailbox: {user}")
        new = self.directory / "mail" / DOMAIN / user / "Maildir" / "new"
        files = sorted(new.iterdir(), key=lambda file: (file.stat().st_mtime_ns, file.name)) if new.is_dir() else []
        return [_read_mail(file) for file in files]

    def wait_for_mail(
        self, user: str, *, subject: str | None = None, message_id: str | None = None, timeout_seconds: float = 10.0
    ) -> Delivered:
        """The first mail with this subject and Message-ID, as soon as it lies in the user's mailbox."""
        end = time.monotonic() + timeout_seconds
        while True:
            mails = self.maildir(user)
            for mail in mails:
                if (subject is None or mail.message["Subject"] == subject) and (
                    message_id is None or mail.message["Message-ID"] == message_id
                ):
                    return mail
            if time.monotonic() > end:
                subjects = [mail.message["Subject"] for mail in mails]
                raise AssertionError(
                    f"no mail for {user} with subject {subject!r}, Message-ID {message_id!r} after {timeout_seconds} s;"
                    f" there are {subjects}\n{self.log()}"
                )
            time.sleep(NAP_SECONDS)

    def log(self) -> str:
        """What both servers have logged so far."""
        logs = (self.directory / name for name in ("maillog", "dovecot.log"))
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())


class MailstackWith(Protocol):
    """Starts servers of a kind, for a with statement."""

    def __call__(
        self, *, certificate: Certificate = ..., behaviour: Behaviour = ...
    ) -> AbstractContextManager[Mailstack]: ...


@contextmanager
def running_mailstack(
    *,
    certificate: Certificate = "server",
    behaviour: Behaviour = Behaviour(),  # noqa: B008 - immutable
) -> Iterator[Mailstack]:
    """Start the servers, and stop them whatever happens. Skip the test where they cannot run."""
    need("root", "postfix", f"postfix:{_MASTER}", "dovecot", f"dovecot-submissiond:{_SUBMISSION}", "pkill")
    need("postfix-pcre:/usr/lib/postfix/postfix-pcre.so")
    if behaviour.imap:
        need(f"dovecot-imapd:{_IMAP}")
    attempts = 2  # a port may be taken by another process between our looking and the server's binding
    for attempt in range(1, attempts + 1):
        directory = Path(tempfile.mkdtemp(prefix="pr-", dir="/tmp"))
        leaders: list[subprocess.Popen[bytes]] = []
        try:
            try:
                stack = _start(directory, leaders, certificate, behaviour)
            except ServersDidNotStart:
                if attempt == attempts:
                    raise
                continue
            yield stack
            return
        finally:
            stop(leaders)
            shutil.rmtree(directory)


def _start(
    directory: Path, leaders: list[subprocess.Popen[bytes]], certificate: Certificate, behaviour: Behaviour
) -> Mailstack:
    directory.chmod(0o755)  # the servers' own users pass through it
    authority = Authority(directory / "tls")
    names = (*PORTS, *(listener.name for listener in behaviour.listeners), *(IMAP_PORTS if behaviour.imap else ()))
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    for kind in {listener.certificate for listener in behaviour.listeners if listener.certificate}:
        authority.server(kind)
    write_configuration(directory, ports, authority.server(certificate), authority.ca_file, behaviour)
    stack = Mailstack(directory, ports, authority, TokenIssuer(directory / "keys"))
    servers = (
        ["/usr/sbin/dovecot", "-F", "-c", str(directory / "dovecot" / "dovecot.conf")],
        [_MASTER, "-c", str(directory / "postfix"), "-d"],
    )
    leaders.extend(start_leader(argv, directory / "talk") for argv in servers)
    leaders.append(guard(directory, [leader.pid for leader in leaders]))
    end = time.monotonic() + _PATIENCE_SECONDS
    for name, port in ports.items():
        while not answers(port):
            if time.monotonic() > end or any(leader.poll() is not None for leader in leaders):
                talk_text = (directory / "talk").read_text(errors="replace")
                raise ServersDidNotStart(f"port {name} did not open\n{talk_text}{stack.log()}")
            time.sleep(NAP_SECONDS)
    return stack


def _read_mail(file: Path) -> Delivered:
    octets = file.read_bytes()
    message = email.message_from_bytes(octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Delivered(octets, message)
