"""Owns how the tests of the transport open a session: settings, limits and a list of the steps that ended."""

import ssl
from typing import Any, NamedTuple

from postroom.clock import Clock
from postroom.desk.mechanisms import make_mechanism
from postroom.domain.address import Address
from postroom.domain.message import Composed, Envelope
from postroom.domain.ports import Limits
from postroom.domain.secret import Credential, Secret
from postroom.domain.settings import Server, Source, Tls, Value
from postroom.result import Step
from postroom.transport.connection import Dial
from postroom.transport.pin import read_certificate
from postroom.transport.session import SmtpSession, open_session
from postroom.transport.tls import VerifiedTls
from tests.support.faulty_server import Body, FaultyServer, Line, Send

SHORT = Limits(connect=1.0, tls=1.0, command=1.0, data_block=1.0, final_reply=1.0)
PASSWORD = Credential("password", "alice@example.test", Secret("a-Password-of-ours"))

BANNER = Send(b"220 mail.example.test ESMTP\r\n")
GREET = (BANNER, Line(b"EHLO "), Send(b"250 mail.example.test\r\n"))
ENVELOPE = (Line(b"MAIL FROM:"), Send(b"250 2.1.0 Ok\r\n"), Line(b"RCPT TO:"), Send(b"250 2.1.5 Ok\r\n"))
DATA = (Line(b"DATA\r\n"), Send(b"354 go\r\n"), Body(), Send(b"250 2.0.0 Ok: queued as 4ABC\r\n"))
HAPPY = (*GREET, *ENVELOPE, *DATA)


_opened: list[SmtpSession] = []


class Opened(NamedTuple):
    """How an attempt to open a session went."""

    session: SmtpSession
    steps: list[Step]

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)


def settings(section: dict[str, Any], tls: dict[str, Any] | None = None) -> Server:
    """A server's settings, as a file would give them."""
    source = Source("file", "config.toml")
    values = {name: Value(value, source) for name, value in section.items()}
    return Server("main", values, tls=Tls({name: Value(value, source) for name, value in (tls or {}).items()}))


def attempt(
    server: FaultyServer | tuple[str, int],
    *,
    credential: Credential | None = None,
    limits: Limits = SHORT,
    until: str = "data",
    tls: dict[str, Any] | None = None,
    dial: Dial | None = None,
    helo: str | None = "client.example.test",
    steps: list[Step] | None = None,
    **section: Any,
) -> Opened:
    """Open a session with a server; TLS is there when the settings ask for it."""
    host, port = (server.host, server.port) if isinstance(server, FaultyServer) else server
    merged = settings({"host": host, "port": port, "security": "none", **section}, tls)
    clock = Clock()
    seen = [] if steps is None else steps
    encryption = None if merged.security == "none" else VerifiedTls(merged.tls, clock, read_certificate)
    session = open_session(
        merged,
        credential,
        limits=limits,
        watch=seen.append,
        until=until,
        clock=clock,
        make_mechanism=make_mechanism,
        dial=dial,
        encryption=encryption,
        helo=helo,
    )
    _opened.append(session)
    return Opened(session, seen)


def close_all() -> None:
    """Close what the test left open."""
    while _opened:
        _opened.pop().close()


def message(*recipients: str, data: bytes = b"Subject: hello\r\n\r\nhello\r\n", **flags: bool) -> Composed:
    """A finished message from alice."""
    to = [_address(text) for text in recipients or ("bob@example.test",)]
    envelope = Envelope(Address("alice", "example.test"), to)
    return Composed(envelope, data, "<1@example.test>", flags.get("eight_bit", False), flags.get("utf8", False))


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain)


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
