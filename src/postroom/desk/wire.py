"""Owns the making of sessions for a desk: TLS and proxies are loaded only for a server that wants them."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from postroom.clock import Clock
from postroom.desk.extras import missing_extra
from postroom.desk.mechanisms import make_mechanism
from postroom.domain.ports import Limits, Session
from postroom.domain.preset import Preset
from postroom.domain.reply import Signs
from postroom.domain.secret import Binding, Credential
from postroom.domain.settings import Server, Tls
from postroom.errors import ConfigError, FileError
from postroom.result import Step, Watch
from postroom.sending.login import ReadSecret

if TYPE_CHECKING:
    from postroom.transport.certificate import Certificate
    from postroom.transport.connection import Dial
    from postroom.transport.dialogue import Encryption

NAME_SECONDS = 1.0
"""For the look-up of this machine's full name, which EHLO can do without."""


class Wire:
    """Opens sessions as the settings of a server say."""

    def __init__(
        self, clock: Clock, *, hostname: str, read_secret: ReadSecret, preset: Callable[[str], Preset | None]
    ) -> None:
        self._clock = clock
        self._preset = preset
        self._hostname = hostname
        self._read_secret = read_secret

    def open_session(
        self, server: Server, credential: Credential | None, *, limits: Limits, watch: Watch, until: str
    ) -> Session:
        """The promise of `domain.ports.OpenSession`."""
        from postroom.transport.session import open_session

        try:
            encryption = self._encryption(server)
        except FileError as error:
            watch(Step(server.security, ok=False, detail={"code": error.code, "text": error.message}))
            change = f"tls set {server.tls_profile}" if server.tls_profile else f"smtp set {server.name}"
            error.hint = error.hint.replace(": --", f": postroom {change} --")
            raise
        return open_session(
            server,
            credential,
            limits=limits,
            watch=watch,
            until=until,
            clock=self._clock,
            make_mechanism=make_mechanism,
            dial=self._dial(server),
            encryption=encryption,
            helo=None if server.helo else self._full_name,
        )

    def look(self, signs: Signs, server: Server, seconds: float) -> Signs:
        """The promise of `domain.ports.Look`."""
        from postroom.transport.look import Look

        return Look(self.open_session, self._preset, self._clock)(signs, server, seconds)

    @cached_property
    def _full_name(self) -> str | None:
        from postroom.transport.connection import full_name

        return full_name(self._hostname, NAME_SECONDS)

    def check_tls(self, settings: Tls) -> None:
        """Raise FileError (`file.tls_unusable`) for a certificate, key or authority file that cannot be used."""
        from postroom.transport.tls import VerifiedTls

        VerifiedTls(settings, self._clock, _read_certificate)

    def _encryption(self, server: Server) -> "Encryption | None":
        if server.security == "none":
            return None
        from postroom.transport.tls import VerifiedTls

        return VerifiedTls(server.tls, self._clock, _read_certificate)

    def _dial(self, server: Server) -> "Dial | None":
        if server.proxy is None:
            return None
        try:
            from postroom.transport.proxy import proxy_dial
        except ImportError as error:
            raise missing_extra("proxy", error) from error
        secret = None
        if server.proxy_password is not None:
            secret = self._read_secret(server.proxy_password, Binding(server.host, server.username or ""))
        try:
            return proxy_dial(server.proxy, secret, self._clock)
        except ValueError as error:
            raise ConfigError(
                "config.bad_proxy",
                f"server {server.name}: proxy {server.proxy!r}: {error}",
                hint=f"postroom smtp set {server.name} --proxy socks5://HOST:PORT",
            ) from error


def _read_certificate(der: bytes, now: datetime) -> "Certificate":
    from postroom.transport.pin import read_certificate

    return read_certificate(der, now)
