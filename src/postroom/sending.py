"""Owns the one door for mail: every mail of every kind leaves through `Mailer.post`.

All modes share composition, byte check, From policy, login, session and classification, so that a test proves the road
that real mail takes. Refuses to know sockets, files, templates and the desk.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol

from postroom.domain.address import Address
from postroom.domain.message import Composed, Identity, Message, apply_from_policy
from postroom.domain.ports import Classify, Limits, OpenSession, Session
from postroom.domain.reply import Cause, Receipt, Reply, Signs, TransportError
from postroom.domain.secret import Binding, Credential, Reference, Secret
from postroom.domain.settings import Server
from postroom.errors import ConfigError, DataError, Exit, Fault, PostroomError, SecretError
from postroom.result import Step, Watch


def _unwatched(_step: Step) -> None:
    """Nobody looks."""


__all__ = ["Mailer", "Message", "Mode", "Posting", "Route"]


class Mode(Enum):
    """When a mail goes out. NOW: no store; the server's answer is the answer."""

    NOW = "now"


class Route(NamedTuple):
    """The way of a mail: the server, the deadlines, and a credential where it is not the server's recorded one."""

    server: Server
    limits: Limits = Limits()
    credential: Credential | None = None


class RecipientVerdict(NamedTuple):
    """What became of one recipient; `cause` is None for an accepted one."""

    address: str
    cause: Cause | None


class Posting(NamedTuple):
    """A mail that the server took, for one recipient at least."""

    message_id: str
    receipt: Receipt
    recipients: Sequence[RecipientVerdict]
    transcript: str


class Compose(Protocol):
    """Makes checked bytes of a message."""

    def __call__(self, message: Message, identity: Identity) -> Composed: ...


ReadSecret = Callable[[Reference, Binding], Secret]


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
        self._read_secret = read_secret
        self._compose = compose
        self._classify = classify
        self._monotonic = monotonic

    def post(
        self,
        message: Message,
        *,
        route: Route,
        mode: Mode = Mode.NOW,
        until: str = "data",
        watch: Watch = _unwatched,
    ) -> Posting:
        """Send one message; with `until` at `mail` or `rcpt` stop there and hand no message over.

        Raise DataError when it cannot be composed, SecretError or ConfigError when the login is not to be had, and
        Fault when the server takes it for no recipient. A Fault's `data` has `receipt`, `queue_id`, `message_id` and
        `transcript` as far as they exist.
        """
        del mode  # there is one mode until there is a store
        server = route.server
        composed = self._compose(message, self._identity(message, server))
        session = self._session(route, until=until, watch=watch)
        try:
            receipt = session.send(composed)
        except TransportError as error:
            raise self._fault(error.signs, server, composed, transcript=session.transcript) from error
        finally:
            session.close()
        return self._posting(receipt, server, composed, session)

    def probe(self, *, route: Route, until: str = "auth", watch: Watch = _unwatched) -> str:
        """Open the same session without a message, up to a step; return the transcript. Raise as `post` does."""
        if until in _WITHOUT_SESSION:
            self._credential(route, until=until, watch=watch)
            return ""
        session = self._session(route, until=until, watch=watch)
        session.close()
        return session.transcript

    def _session(self, route: Route, *, until: str, watch: Watch) -> Session:
        credential = self._credential(route, until=until, watch=watch)
        server = route.server
        try:
            return self._open_session(
                server, credential, limits=route.limits, watch=self._judging(watch, server), until=until
            )
        except TransportError as error:
            raise self._fault(error.signs, server, transcript=error.transcript) from error

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

    def _credential(self, route: Route, *, until: str, watch: Watch) -> Credential | None:
        server = route.server
        step = "token" if server.auth == "oauth2" else "secret"
        if until in _BEFORE_LOGIN or server.auth == "none":
            watch(Step("secret", None, skipped=True))
            watch(Step("token", None, skipped=True))
            return None
        began = self._monotonic()
        try:
            credential, detail = self._login(route)
        except PostroomError as error:
            self._tell_login(watch, step, ok=False, took=self._monotonic() - began, detail={"code": error.code})
            raise
        self._tell_login(watch, step, ok=True, took=self._monotonic() - began, detail=detail)
        return credential

    @staticmethod
    def _tell_login(watch: Watch, step: str, *, ok: bool, took: float, detail: Mapping[str, Any]) -> None:
        for name in ("secret", "token"):
            if name == step:
                watch(Step(name, ok, duration_ms=round(took * 1000, 1), detail=detail))
            else:
                watch(Step(name, None, skipped=True))

    def _login(self, route: Route) -> tuple[Credential, Mapping[str, Any]]:
        server = route.server
        username = server.username or ""
        if route.credential is not None:
            return route.credential, {"kind": route.credential.kind, "source": "given with this call"}
        if server.auth == "external":
            return Credential("external", username, None), {"kind": "external", "source": "client certificate"}
        if not username:
            raise ConfigError(
                "config.no_username",
                f"server {server.name} logs in with {server.auth} but has no username",
                hint=f"postroom smtp set {server.name} --username NAME, or --auth none",
            )
        if server.auth == "oauth2":
            return self._token(server, username)
        if server.password is None:
            raise SecretError(
                "secret.missing",
                f"server {server.name} has no password for {username}",
                hint=f"postroom smtp set {server.name} --password-stdin",
            )
        secret = self._read_secret(server.password, Binding(server.host, username))
        return Credential("password", username, secret), {"kind": "password", "source": str(server.password)}

    def _token(self, server: Server, username: str) -> tuple[Credential, Mapping[str, Any]]:
        if server.access_token is None:
            raise ConfigError(
                "oauth.login_needed",
                f"server {server.name} logs in with OAuth 2.0 but has no access token for {username}",
                hint=f"postroom smtp set {server.name} --access-token-command 'CMD', or --access-token-file FILE; "
                "where the provider takes a password as well: --password-stdin",
                exit=Exit.LOGIN_NEEDED,
            )
        token = self._read_secret(server.access_token, Binding(server.host, username))
        return Credential("token", username, token), {"kind": "token", "source": str(server.access_token)}

    def _judging(self, watch: Watch, server: Server) -> Watch:
        """Give each refused recipient of the `rcpt` step its cause class."""

        def judge(step: Step) -> None:
            rows = step.detail.get("recipients")
            if step.name != "rcpt" or not rows:
                watch(step)
                return
            judged = [{**row, "class": self._class_of(row, server)} for row in rows]
            watch(step._replace(detail={**step.detail, "recipients": judged}))

        return judge

    def _class_of(self, row: Mapping[str, Any], server: Server) -> str | None:
        if not row["code"] or row["code"] < 400:
            return None
        reply = Reply(row["code"], row["enhanced"], row["text"].split("\n"))
        return self._cause(Signs("rcpt", "refused-by-reply", reply=reply), server).code

    def _posting(self, receipt: Receipt, server: Server, composed: Composed, session: Session) -> Posting:
        verdicts = [
            RecipientVerdict(
                verdict.address,
                None
                if verdict.reply is None or verdict.reply.positive
                else self._cause(Signs("rcpt", "refused-by-reply", reply=verdict.reply), server),
            )
            for verdict in receipt.recipients
        ]
        if receipt.outcome in ("refused", "unknown"):
            signs = receipt.signs or Signs("data", "closed", reply=receipt.reply)
            passing = next((verdict for verdict in verdicts if verdict.cause and verdict.cause.retry != "never"), None)
            if signs.step == "rcpt" and passing and self._cause(signs, server).retry == "never":
                # The first was refused for good, but not every one: what may pass later is worth another try.
                said = receipt.recipients[verdicts.index(passing)].reply
                receipt, signs = receipt._replace(reply=said), signs._replace(reply=said)
            raise self._fault(signs, server, composed, receipt=receipt, transcript=session.transcript)
        return Posting(composed.message_id, receipt, verdicts, session.transcript)

    def _cause(self, signs: Signs, server: Server) -> Cause:
        return self._classify(_with_server(signs, server))

    def _fault(
        self,
        signs: Signs,
        server: Server,
        composed: Composed | None = None,
        *,
        receipt: Receipt | None = None,
        transcript: str,
    ) -> Fault:
        own_sender = composed is not None and composed.envelope.sender == server.from_
        signs = _with_server(signs, server)._replace(own_sender=own_sender)
        cause = self._classify(signs)
        where = f"{server.host} port {server.port}"
        message = f"{cause.title} ({where}, step {signs.step}). {cause.cause}"
        if receipt is not None and receipt.outcome == "unknown":
            message += " The whole message had been handed over before: it may have been delivered all the same."
        data = {
            "message_id": composed.message_id if composed else None,
            "receipt": receipt_data(receipt),
            "queue_id": None,
            "transcript": transcript,
            "evidence": dict(signs.evidence),
        }
        return Fault(
            cause.code,
            message,
            step=signs.step,
            hint=cause.next_step,
            detail=str(signs.reply) if signs.reply else signs.text,
            retry=cause.retry,
            exit=Exit(cause.exit),
            data=data,
        )


def receipt_data(receipt: Receipt | None) -> dict[str, Any] | None:
    """The final reply as it stands in JSON."""
    if receipt is None or receipt.reply is None:
        return None
    return {"code": receipt.reply.code, "enhanced": receipt.reply.enhanced, "text": receipt.reply.text}


_WITHOUT_SESSION = ("config", "secret", "token")
_BEFORE_LOGIN = ("config", "resolve", "connect", "tls", "greeting", "ehlo", "starttls")


def _with_server(signs: Signs, server: Server) -> Signs:
    """Signs with what the settings tell; behind the login the session was what the settings demand."""
    behind = signs.step in ("mail", "rcpt", "data")
    return signs._replace(
        provider=server.provider or "",
        server=server.name,
        host=server.host,
        port=server.port,
        security=server.security,
        encrypted=signs.encrypted or (behind and server.security != "none"),
        logged_in=signs.logged_in or (behind and server.auth != "none"),
    )


def check_recipients(addresses: Sequence[str], parse: Callable[[str], Address]) -> list[Address]:
    """Read addresses; raise DataError that names every bad one with its rule."""
    good, bad = [], []
    for text in addresses:
        try:
            good.append(parse(text))
        except ValueError as error:
            bad.append(f"the recipient {text!r} {error}")
    if bad:
        raise DataError("address.invalid", "; ".join(bad), hint="one plain address like user@example.com")
    return good
