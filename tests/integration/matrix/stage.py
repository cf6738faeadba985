"""Owns what a case needs around the program: its server, real or scripted, and the surroundings it runs in.

Real servers are started on first use and stay; everything else lives as long as one case.
"""

import os
import shlex
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import NamedTuple, Self

import dns.rcode

from tests.integration.matrix.case import (
    ALICE,
    BOB,
    LOGIN,
    BehindNoProxy,
    BehindProxy,
    Case,
    Dovecot,
    Exim,
    Filtered,
    Occupied,
    Options,
    Postfix,
    Refusing,
    Scripted,
    Server,
    Through,
    Tls,
    Used,
    Web,
)
from tests.integration.matrix.listeners import FILES, LISTENERS
from tests.support.certificates import Authority
from tests.support.daemons import free_ports
from tests.support.exim import Exim as RunningExim
from tests.support.exim import running_exim
from tests.support.faulty_server import Action, FaultyServer, Handshake
from tests.support.mailstack import Mailstack, running_mailstack
from tests.support.mailstack_files import PASSWORDS, Behaviour
from tests.support.middlebox import Middlebox
from tests.support.name_server import Answer, Failure, NameServer, Records, Silence
from tests.support.requirements import need

_ZONE: dict[str, Answer] = {
    "mx-only.example.test": Records(("10 mx.example.test.",)),
    "failing.example.test": Failure(dns.rcode.SERVFAIL),
    "silent.example.test": Silence(),
}
_PROVIDER_HOST = "smtp.gmail.com"
_A_YEAR_AHEAD = "+365d"


class Ground(NamedTuple):
    """What a case runs on: the port to name, what {ca} and {proxy} stand for."""

    port: int
    ca_file: Path | str = ""
    proxy: int = 0


class Stage:
    """Starts what the cases name. For a with statement."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @cached_property
    def mailstack(self) -> Mailstack:
        """Postfix and Dovecot with all the ports of the matrix."""
        behaviour = Behaviour(listeners=LISTENERS, files=FILES, imap=True)
        return self._running.enter_context(running_mailstack(behaviour=behaviour))

    @cached_property
    def exim(self) -> RunningExim:
        """Exim."""
        return self._running.enter_context(running_exim())

    @cached_property
    def _authority(self) -> Authority:
        return Authority(self._directory / "tls")

    @contextmanager
    def ground(self, server: Server) -> Iterator[Ground]:
        """The server, ready to be found wanting."""
        with ExitStack() as stack:
            yield self._ground(server, stack)

    def _ground(self, server: Server, stack: ExitStack) -> Ground:  # noqa: PLR0911 - one return for each kind
        match server:
            case Postfix(port) | Dovecot(port):
                return Ground(self.mailstack.port(port), self.mailstack.ca_file)
            case Exim(port):
                return Ground(self.exim.port(port), self.exim.ca_file)
            case Scripted(script):
                played = FaultyServer(self._script(script), curious=True)
                return Ground(stack.enter_context(played).port, self._authority.ca_file)
            case Through(behind, change):
                ground = self._ground(behind, stack)
                return ground._replace(port=stack.enter_context(Middlebox(ground.port, change)).port)
            case Occupied(behind):
                ground = self._ground(behind, stack)
                other = stack.enter_context(socket.create_connection(("127.0.0.1", ground.port)))
                other.recv(4096)  # only a client that was greeted is counted
                return ground
            case Used(behind):
                ground = self._ground(behind, stack)
                # Refused itself where another test was here in the same minute, which is as good.
                with suppress(smtplib.SMTPSenderRefused), smtplib.SMTP("127.0.0.1", ground.port) as client:
                    client.sendmail(ALICE, BOB, "Subject: the first of this minute\r\n\r\nhello\r\n")
                return ground
            case Web():
                return Ground(stack.enter_context(_web_server()))
            case Refusing():
                return Ground(free_ports(1)[0])
            case Filtered():
                return Ground(stack.enter_context(_full_backlog()))
            case BehindProxy(script):
                proxy = stack.enter_context(FaultyServer(self._script(script), curious=True))
                return Ground(free_ports(1)[0], proxy=proxy.port)
            case BehindNoProxy():
                closed, no_proxy = free_ports(2)
                return Ground(closed, proxy=no_proxy)

    def _script(self, script: tuple[Action | Tls, ...]) -> list[Action]:
        return [Handshake(self._context(action)) if isinstance(action, Tls) else action for action in script]

    def _context(self, tls: Tls) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._authority.server(tls.certificate))
        if tls.version:
            context.minimum_version = context.maximum_version = tls.version
        if tls.wants_client:
            context.load_verify_locations(self._authority.ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    @contextmanager
    def surroundings(self, case: Case) -> Iterator[list[str]]:
        """The words in front of the program that put it into the case's surroundings."""
        match case.within:
            case "":
                yield []
            case "clock ahead":
                need("faketime")
                yield ["faketime", "-f", _A_YEAR_AHEAD]
            case "no network":
                need("namespaces")
                yield ["unshare", "--net"]
            case "name server":
                need("namespaces")
                with NameServer(_ZONE, (_own_address(), 53)) as server:
                    yield self._mounted("/etc/resolv.conf", f"nameserver {server.place[0]}\n")
            case "no name server":
                need("namespaces")
                yield self._mounted("/etc/resolv.conf", f"nameserver {_own_address()}\n")
            case "diverted":
                need("namespaces")
                yield self._mounted("/etc/hosts", f"127.0.0.1 localhost {_PROVIDER_HOST}\n")
            case other:
                raise ValueError(other)

    def _mounted(self, file: str, text: str) -> list[str]:
        own = self._directory / Path(file).name
        own.write_text(text)
        mount = f'mount --bind {shlex.quote(str(own))} {file} && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mount, "sh"]

    def environment(self, case: Case) -> Mapping[str, str]:
        """Where the secrets of the case are."""
        secrets = {"PW": PASSWORDS["alice"], "WRONG": "guess"}
        if "--access-token-env" in case.options:
            secrets["TOKEN"] = self.mailstack.token(ALICE)
            secrets["EXPIRED_TOKEN"] = self.mailstack.token(ALICE, lifetime_seconds=-60)
        return secrets


def words_of(case: Case, ground: Ground) -> list[str]:
    """The options of `smtp test` that make the mistake of the case."""
    options: dict[str, str | tuple[str, ...] | None] = {
        "--host": "localhost",
        "--port": str(ground.port),
        "--to": BOB,
        **_base(case.server),
        **case.options,
    }
    filled = [
        (name, value.replace("{ca}", str(ground.ca_file)).replace("{proxy}", str(ground.proxy)))
        for name, values in options.items()
        if values is not None
        for value in ((values,) if isinstance(values, str) else values)
    ]
    return [word for pair in filled for word in pair]


def _base(server: Server) -> Options:
    if isinstance(server, Postfix | Dovecot | Exim | Through):
        return LOGIN
    if isinstance(server, Refusing | Filtered | Web):
        return {**LOGIN, "--ca-file": None}
    return {"--security": "none", "--from": ALICE}


def _own_address() -> str:
    """An address of the loopback network that no other worker has, for a port that cannot be chosen."""
    number = os.getpid()
    return f"127.{53 + (number >> 16) % 128}.{number >> 8 & 255}.{max(1, min(254, number & 255))}"


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


@contextmanager
def _web_server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Quiet)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _full_backlog() -> Iterator[int]:
    """A port whose queue is full, so that the kernel drops every further SYN, as a firewall does."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = listener.getsockname()[1]
        for _ in range(2):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port
