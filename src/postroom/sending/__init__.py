"""Owns the one door for mail: every mail of every kind leaves through `Mailer.post`.

Composition, byte check, From policy, login, session and classification are the same for all, so that a test proves the
road that real mail takes. Refuses to know sockets, files, templates and the desk.
"""

from collections.abc import Callable
from typing import Protocol

from postroom.domain.message import Composed, Identity, Message, apply_from_policy
from postroom.domain.ports import Classify, Look, OpenSession, Session
from postroom.domain.reply import TransportError
from postroom.domain.secret import Credential
from postroom.domain.settings import Server
from postroom.errors import ConfigError
from postroom.result import Step, Watch
from postroom.sending.judgement import Judge
from postroom.sending.login import Login, ReadSecret, UsableToken
from postroom.sending.route import Posting, Route

__all__ = ["Mailer", "Message", "Posting", "Route"]

_WITHOUT_SESSION = ("config", "secret", "token")


def _unwatched(_step: Step) -> None:
    """Nobody looks."""


def _holding_back_auth(watch: Watch, held: list[Step]) -> Watch:
    """Tell each step but a failed login: that may be tried once more."""

    def tell(step: Step) -> None:
        if step.name == "auth" and step.ok is False:
            held.append(step)
        else:
            watch(step)

    return tell


def _with_account(error: TransportError, credential: Credential | None) -> TransportError:
    """A failed login with whose token it was made, and for which mailbox."""
    if error.signs.step == "auth" and credential is not None and credential.account:
        whose = {"account": credential.account, "mailbox": credential.username}
        error.signs = error.signs._replace(evidence={**error.signs.evidence, **whose})
    return error


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
        usable_token: UsableToken,
        compose: Compose,
        classify: Classify,
        monotonic: Callable[[], float],
    ) -> None:
        self._open_session = open_session
        self._login = Login(read_secret, usable_token, monotonic)
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
        watch = self._judge.watching(watch, route.server)
        held: list[Step] = []
        try:
            return self._open(route, credential, until=until, watch=_holding_back_auth(watch, held))
        except TransportError as error:
            first = _with_account(error, credential)
        if self._judge.refuses_token(first.signs, route.server):
            # Even a token that is not old may be refused: it was taken back, or this machine's clock is wrong.
            another = self._login.another(route, credential, watch=watch)
            if another is not None:
                return self._again(route, another, until=until, watch=watch)
        for step in held:
            watch(step)
        raise self._judge.fault(first.signs, route.server, transcript=first.transcript, look=look) from first

    def _again(self, route: Route, credential: Credential, *, until: str, watch: Watch) -> Session:
        try:
            return self._open(route, credential, until=until, watch=watch)
        except TransportError as error:
            signs = _with_account(error, credential).signs
            raise self._judge.fault(signs, route.server, transcript=error.transcript) from error

    def _open(self, route: Route, credential: Credential | None, *, until: str, watch: Watch) -> Session:
        return self._open_session(route.server, credential, limits=route.limits, watch=watch, until=until)

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
