"""Owns the steps `secret` and `token`: what a session logs in with, read from where the settings say."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from postroom.clock import rfc3339
from postroom.domain.secret import Binding, Credential, Reference, Secret
from postroom.domain.settings import Server
from postroom.errors import ConfigError, PostroomError, SecretError
from postroom.result import Step, Watch
from postroom.sending.route import Route

if TYPE_CHECKING:
    from postroom.domain.oauth import TokenRecord

ReadSecret = Callable[[Reference, Binding], Secret]


class UsableToken(Protocol):
    """Gives a server's own access token; `domain.oauth_promises.TokenKeeper.usable`."""

    def __call__(self, server: Server, *, refused: Secret | None = None) -> "TokenRecord": ...


_BEFORE_LOGIN = ("config", "resolve", "connect", "tls", "greeting", "ehlo", "starttls")
"""The last steps that need no login."""


class Login:
    """Gives the credential of a route."""

    def __init__(self, read_secret: ReadSecret, usable_token: UsableToken, monotonic: Callable[[], float]) -> None:
        self._read_secret = read_secret
        self._usable_token = usable_token
        self._monotonic = monotonic

    def credential(self, route: Route, *, until: str, watch: Watch) -> Credential | None:
        """What the session logs in with; None where it does not, or does not get so far.

        Raise ConfigError (`config.no_username`, `oauth.login_needed`) and SecretError.
        """
        server = route.server
        step = "token" if server.auth == "oauth2" else "secret"
        if until in _BEFORE_LOGIN or server.auth == "none":
            watch(Step("secret", None, skipped=True))
            watch(Step("token", None, skipped=True))
            return None
        return self._told(watch, step, lambda: self._recorded(route))

    def another(self, route: Route, credential: Credential | None, *, watch: Watch) -> Credential | None:
        """A fresh access token in the place of one that the server refused; None where it was not one of our own.

        Raise as `credential` does.
        """
        server = route.server
        own = route.credential is None and server.own_tokens
        if not own or credential is None or credential.kind != "token":
            return None
        return self._told(watch, "token", lambda: self._own_token(server, credential.username, credential.secret))

    def _told(self, watch: Watch, step: str, read: Callable[[], tuple[Credential, Mapping[str, Any]]]) -> Credential:
        began = self._monotonic()
        try:
            credential, detail = read()
        except PostroomError as error:
            self._tell(
                watch,
                step,
                ok=False,
                took=self._monotonic() - began,
                detail={"code": error.code, "text": error.message},
            )
            raise
        self._tell(watch, step, ok=True, took=self._monotonic() - began, detail=detail)
        return credential

    @staticmethod
    def _tell(watch: Watch, step: str, *, ok: bool, took: float, detail: Mapping[str, Any]) -> None:
        for name in ("secret", "token"):
            if name == step:
                watch(Step(name, ok, duration_ms=round(took * 1000, 1), detail=detail))
            else:
                watch(Step(name, None, skipped=True))

    def _recorded(self, route: Route) -> tuple[Credential, Mapping[str, Any]]:
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
            return self._own_token(server, username, None)
        token = self._read_secret(server.access_token, Binding(server.host, username))
        return Credential("token", username, token), {"kind": "token", "source": str(server.access_token)}

    def _own_token(self, server: Server, username: str, refused: Secret | None) -> tuple[Credential, Mapping[str, Any]]:
        record = self._usable_token(server, refused=refused)
        detail = {
            "kind": "token",
            "source": str(server.oauth.tokens) if server.oauth.tokens else server.oauth.flow,
            "flow": record.flow,
            "account": record.account or None,
            "scopes": list(record.scopes),
            "expires_at": rfc3339(record.expires_at) if record.expires_at else None,
            "refreshed_at": rfc3339(record.refreshed_at),
        }
        return Credential("token", username, record.access_token, record.account), detail
