"""Owns the embedded SMTP server: it listens on loopback, takes every mail and every login, delivers nothing.

Refuses to know what stands in a mail and who asks for it.
"""

import asyncio
import errno
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from postroom.domain.arrival import Arrival
from postroom.errors import Exit, FileError, PostroomError
from postroom.files import atomic_write
from postroom.sandbox.authority import certificate
from postroom.sandbox.environment import as_lines, variables
from postroom.sandbox.mailbox import MAILDIR, Mailbox

SIZE_LIMIT_BYTES = 35_882_577
"""What Gmail announces in SIZE: a mail that is too large for the largest provider is too large here."""

HOST = "127.0.0.1"

_FREE_PORT_TRIES = 20
"""A free port of IPv4 may be taken on IPv6; so many in a row never are."""

_START_DEADLINE_SECONDS = 10.0

# aiosmtpd warns about its own deprecations at every login; without a handler that would go to stderr.
logging.getLogger("mail.log").addHandler(logging.NullHandler())

_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Server:
    """A mail server for tests, in a thread of its own, on 127.0.0.1 and, where the machine has it, ::1.

    It offers STARTTLS, AUTH PLAIN and LOGIN (with and without TLS, any name and password), SIZE, 8BITMIME and SMTPUTF8.
    `now` gives the time of arrival and `stamp` writes it (RFC 3339); `watch` is called in the server's thread for every
    mail that was kept. Use it as a context manager.
    """

    def __init__(
        self,
        directory: Path,
        *,
        now: Callable[[], datetime],
        stamp: Callable[[datetime], str],
        port: int,
        watch: Callable[[Arrival], object] | None = None,
    ) -> None:
        """Mails and certificate are kept in `directory`. `port` 0 takes a free one."""
        self.port = port
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        self._mailbox = Mailbox(directory / MAILDIR)
        self._now = now
        self._handler = _Handler(self._mailbox, now, stamp, watch)
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._listening = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def received(self) -> int:
        """How many mails came since the start."""
        return self._handler.received

    def arrivals(self) -> Sequence[Arrival]:
        """Every mail in the directory, oldest first."""
        return self._mailbox.arrivals()

    def variables(self) -> Mapping[str, str]:
        """The environment of a program that shall send here."""
        return variables(self.directory, port=self.port, ca_file=self.ca_file)

    def read(self, number: int) -> bytes:
        """One mail as it came. Raise KeyError when there is none of that number."""
        return self._mailbox.read(number)

    def write_ready_file(self, path: Path) -> None:
        """Write the variables as KEY=VALUE lines, whole or not at all. Raise FileError."""
        atomic_write(path, as_lines(self.variables()), mode=0o644)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raise PostroomError `sandbox.port_in_use` (75), `sandbox.port_denied` (77) or a FileError."""
        self._mailbox.prepare()
        context = self._tls()
        try:
            listeners = _bind(self.port)
        except OSError as error:
            raise _not_bound(self.port, error) from error
        self.port = listeners[0].getsockname()[1]
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listeners, context)), name="postroom-sandbox", daemon=True
        )
        self._thread.start()
        if not self._listening.wait(_START_DEADLINE_SECONDS):
            raise PostroomError(
                "sandbox.not_started",
                f"the sandbox did not start within {_START_DEADLINE_SECONDS:.0f} s",
                hint="try again when the machine is less busy",
                retry="later",
                exit=Exit.TRY_AGAIN,
            )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain_file = certificate(self.directory, now=self._now()).chain_file
        try:
            context.load_cert_chain(chain_file)
        except OSError as error:  # ssl.SSLError is one
            raise FileError(
                "file.unreadable",
                f"the sandbox's certificate {chain_file} cannot be used: {error.strerror}",
                hint="delete that file; the next start makes a new one",
            ) from error
        return context

    def stop(self) -> None:
        """Stop listening and end every connection. A mail that was answered with 250 is kept."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    async def _serve(self, listeners: list[socket.socket], context: ssl.SSLContext) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()

        def connection() -> asyncio.BaseProtocol:
            return _Connection(
                self._handler,
                self._transports,
                hostname="localhost",
                ident="Postroom sandbox: nothing is delivered",
                data_size_limit=SIZE_LIMIT_BYTES,
                enable_SMTPUTF8=True,
                tls_context=context,
                auth_require_tls=False,
                authenticator=_welcome,
                loop=asyncio.get_running_loop(),
            )

        servers = [await self._loop.create_server(connection, sock=listener) for listener in listeners]
        self._listening.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for transport in list(self._transports):
            # Python 3.11.2, Debian 12's own, stumbles over a TLS transport that is closed already.
            if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
                transport.abort()


class _Connection(SMTP):
    """One SMTP connection, whose transports are known so that they can be ended."""

    def __init__(self, handler: "_Handler", transports: "WeakSet[asyncio.BaseTransport]", **rest: Any) -> None:
        super().__init__(handler, **rest)
        self._known_transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called for the connection, and again for TLS on it."""
        self._known_transports.add(transport)
        super().connection_made(transport)


def _welcome(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
) -> AuthResult:
    """Every name and password is right; the password is forgotten here."""
    return AuthResult(success=True, auth_data=_readable(login.login.decode("utf-8", "surrogateescape")))


class _Handler:
    """Keeps what the connections receive. Called in the server's thread only."""

    def __init__(
        self,
        mailbox: Mailbox,
        now: Callable[[], datetime],
        stamp: Callable[[datetime], str],
        watch: Callable[[Arrival], object] | None,
    ) -> None:
        self.received = 0
        self._mailbox = mailbox
        self._now = now
        self._stamp = stamp
        self._watch = watch

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's hook
        encrypted = (session.ssl or {}).get("ssl_object")
        moment = self._now()
        arrival = self._mailbox.keep(
            envelope.original_content or b"",
            received_at=self._stamp(moment),
            seconds=int(moment.timestamp()),
            mail_from="" if envelope.mail_from == "<>" else _readable(envelope.mail_from or ""),
            recipients=[_readable(recipient) for recipient in envelope.rcpt_tos],
            tls=encrypted.version() or "" if encrypted else "",
            username=str(session.auth_data) if session.authenticated else "",
        )
        self.received += 1
        if self._watch:
            self._watch(arrival)
        # The form that most servers use, so that clients find the number.
        return f"250 2.0.0 Ok: queued as {arrival.number}"

    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 {error}"


def _readable(text: str) -> str:
    """The text with bytes that are no UTF-8 replaced: it goes into JSON and onto terminals."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _bind(port: int) -> list[socket.socket]:
    """Listening sockets of one port on both loopback addresses; IPv4 alone where there is no IPv6. Raise OSError."""
    for _ in range(_FREE_PORT_TRIES):
        first = _listen(socket.AF_INET, HOST, port)
        try:
            return [first, _listen(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free")


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each EHLO takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A sandbox that was just stopped leaves connections in TIME-WAIT behind.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _not_bound(port: int, error: OSError) -> PostroomError:
    if error.errno == errno.EADDRINUSE:
        return PostroomError(
            "sandbox.port_in_use",
            f"port {port} on this machine is taken by another program",
            hint="take another one with --port N, or a free one with --port 0",
            retry="later",
            exit=Exit.TRY_AGAIN,
        )
    if error.errno == errno.EACCES:
        return PostroomError(
            "sandbox.port_denied",
            f"port {port} is not for ordinary users",
            hint="take one above 1023 with --port N",
            exit=Exit.NO_PERMISSION,
        )
    return PostroomError(
        "sandbox.port_unusable",
        f"cannot listen on port {port} of {HOST}: {error.strerror}",
        exit=Exit.UNAVAILABLE,
    )
