"""Owns the one door for mail: every mail of every kind leaves through `Mailer.post`.

Composition, byte check, From policy, login, session and classification are the same for all, so that a test proves the
road that real mail takes. Refuses to know sockets, files, templates and the desk.
"""

from collections.abc import Callable
from typing import Protocol

from postroom.domain.message import Composed, Identity, Message, apply_from_policy
from postroom.domain.ports import Classify, Look, OpenSession, Session
from postroom.domain.reply import TransportError
from postroom.domain.settings import Server
from postroom.errors import ConfigError
from postroom.result import Step, Watch
from postroom.sending.judgement import Judge
from postroom.sending.login import Login, ReadSecret
from postroom.sending.route import Posting, Route

__all__ = ["Mailer", "Message", "Posting", "Route"]

_WITHOUT_SESSION = ("config", "secret", "token")


def _unwatched(_step: Step) -> None:
    """Nobody looks."""


class Compose(Protocol):
    """Makes checked bytes of a message."""

    def __call__(self, message: Message, identity: Identity) -> Composed: ...


class Mailer:
    """Posts messages and probes servers."""

    def __init__(
        self,
        *,
        open_session: OpenSession,
        read_secret: ReadSecret,
        compose: Compose,
        classify: Classify,
        monotonic: Callable[[], float],
    ) -> None:
        self._open_session = open_session
        self._login = Login(read_secret, monotonic)
        self._compose = compose
        self._judge = Judge(classify)

    def post(
        self,
        message: Message,
        *,
        route: Route,
        until: str = "data",
        watch: Watch = _unwatched,
        look: Look | None = None,
    ) -> Posting:
        """Send one message; with `until` at `mail` or `rcpt` stop there and hand no message over.

        Raise DataError when it cannot be composed, SecretError or ConfigError when the login is not to be had, and
        Fault when the server takes it for no recipient. A Fault's `data` has `receipt`, `queue_id`, `message_id` and
        `transcript` as far as they exist. `look` is for tests alone: it looks around when no session comes about.
        """
        server = route.server
        composed = self._compose(message, self._identity(message, server))
        session = self._session(route, until=until, watch=watch, look=look)
        try:
            receipt = session.send(composed)
        except TransportError as error:
            raise self._judge.fault(error.signs, server, composed, transcript=session.transcript) from error
        finally:
            session.close()
        return self._judge.posting(receipt, server, composed, session.transcript)

    def probe(self, *, route: Route, until: str = "auth", watch: Watch = _unwatched, look: Look | None = None) -> str:
        """Open the same session without a message, up to a step; return the transcript. Raise as `post` does."""
        if until in _WITHOUT_SESSION:
            self._login.credential(route, until=until, watch=watch)
            return ""
        session = self._session(route, until=until, watch=watch, look=look)
        session.close()
        return session.transcript

    def _session(self, route: Route, *, until: str, watch: Watch, look: Look | None) -> Session:
        credential = self._login.credential(route, until=until, watch=watch)
        server = route.server
        try:
            return self._open_session(
                server, credential, limits=route.limits, watch=self._judge.watching(watch, server), until=until
            )
        except TransportError as error:
            raise self._judge.fault(error.signs, server, transcript=error.transcript, look=look) from error

    def _identity(self, message: Message, server: Server) -> Identity:
        try:
            return apply_from_policy(
                server.from_policy,
                own=server.from_,
                own_name=server.from_name or "",
                sender=message.sender,
                sender_name=message.sender_name,
                reply_to=server.reply_to,
            )
        except ValueError as error:
            raise ConfigError(
                "config.no_from",
                f"server {server.name} has no From address, and its username is none either",
                hint=f"postroom smtp set {server.name} --from ADDRESS",
            ) from error
