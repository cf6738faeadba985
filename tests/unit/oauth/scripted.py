"""Owns a keeper of tokens with everything around it in the test's hands: the provider, the time, the stores, the lock.

Knows no provider: what one says is told by the test.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from postroom.diagnosis.classify import classify
from postroom.domain.oauth import Client, Granted, GrantError, Proof, TokenRecord, client_of
from postroom.domain.reply import Signs
from postroom.domain.secret import Binding, Reference, Secret
from postroom.domain.settings import OAuth, Server, Source, Value
from postroom.errors import LockError
from postroom.oauth.keeper import Surroundings, TokenKeeper
from postroom.oauth.question import REFUSED
from postroom.oauth.record import decode
from tests.unit.secrets.test_vault import Desk

TOKENS = Reference("keyring", "smtp/main/oauth/tokens")
HOUR = 3600
FILE = Source("file", "/etc/postroom/config.toml")

Answer = Granted | GrantError


def server(**changes: str | None) -> Server:
    """A server that logs in as alice; keys of `changes` that OAuth has are its, None takes one away."""
    own: dict[str, object] = {"host": "mail.example.test", "auth": "oauth2", "username": "alice@example.test"}
    oauth: dict[str, object] = {
        "flow": "browser",
        "client_id": "application",
        "issuer": "https://login.example.test",
        "scope": "openid smtp",
        "tokens": TOKENS,
    }
    for name, value in changes.items():
        (own if name in {"host", "username"} else oauth)[name] = value
    values = {key: Value(value, FILE) for key, value in own.items()}
    return Server("main", values, oauth=OAuth({k: Value(v, FILE) for k, v in oauth.items() if v is not None}))


def granted(number: int, *, expires_in: int | None = HOUR, refresh_token: str | None = "") -> Granted:
    """The tokens of the numbered answer; the refresh token may be another one, or none."""
    kept = f"s3cret-refresh-{number}" if refresh_token == "" else refresh_token
    return Granted(
        Secret(f"s3cret-access-{number}"), expires_in, Secret(kept) if kept else None, ("openid", "smtp"), "alice"
    )


def refusal(error: str = "invalid_grant", text: str = "") -> GrantError:
    """A word of the provider that is meant."""
    return _failure(REFUSED, f"{error}: {text}" if text else error, error=error, definite=True)


def outage(sign: str = "connection-refused") -> GrantError:
    """A provider that cannot be heard."""
    return _failure(sign, "")


def _failure(sign: str, text: str, *, error: str = "", definite: bool = False) -> GrantError:
    evidence = {"own_tokens": True, "flow": "browser", **({"error": error} if error else {})}
    signs = Signs("token", sign, text=text, host="login.example.test", port=443, encrypted=True, evidence=evidence)
    return GrantError(signs, error=error, definite=definite)


def with_metadata(client: Client) -> Client:
    """The application with what its issuer tells."""
    return client._replace(token_endpoint=client.token_endpoint or f"{client.issuer}/token")


class Provider:
    """Gives its answers in order, and keeps what it was shown. `meanwhile` happens while it is asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.shown: list[str] = []
        self.revoked: list[str] = []
        self.clients: list[Client] = []
        self.discovered = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def discover(self, client: Client) -> Client:
        self.discovered += 1
        return with_metadata(client)

    def by_refresh(self, client: Client, proof: Proof, refresh_token: Secret) -> Granted:  # noqa: ARG002 - a promise
        self.clients.append(client)
        return self._next(refresh_token.reveal())

    def by_itself(self, client: Client, proof: Proof) -> Granted:  # noqa: ARG002 - a promise
        return self._next("itself")

    def revoke(self, client: Client, proof: Proof, token: Secret) -> bool:  # noqa: ARG002 - a promise
        self.revoked.append(token.reveal())
        return True

    def _next(self, shown: str) -> Granted:
        self.shown.append(shown)
        self.meanwhile()
        answer = self.answers.pop(0)
        if isinstance(answer, GrantError):
            raise answer
        return answer


class Office(NamedTuple):
    """A keeper and its surroundings. `naps` are the pauses that were slept; `locks` is how often the lock was had."""

    keeper: TokenKeeper
    provider: Provider
    desk: Desk
    naps: list[float]
    hooks: "Hooks"

    def logged_in(self, first: Granted | None = None, target: Server | None = None) -> Server:
        """A server whose tokens have just come."""
        target = target or server()
        self.keeper.keep(target, with_metadata(client_of(target, None)), first or granted(0), TOKENS.scheme)
        return target

    @property
    def held(self) -> TokenRecord:
        """What stands in the store, whatever the keeper thinks."""
        return decode(self.desk.shelves[TOKENS.scheme].held[TOKENS.locator])

    def put(self, text: str, target: Server) -> None:
        """Something else in the place of the record."""
        binding = Binding(str(target.host), target.username or "")
        self.desk.vault.put(TOKENS.locator, Secret(text), TOKENS.scheme, binding)


class Hooks:
    """What happens at the lock and around the work; a test sets them."""

    def __init__(self) -> None:
        self.waiting: Callable[[], object] = object
        self.napping: Callable[[], object] = object
        self.held_by_another = False
        self.apart: Callable[[Callable[[], None]], None] = lambda work: work()
        self.proof: Callable[[Server], Proof] = lambda _: None
        self.names: list[str] = []
        self.refers: Callable[[Server], bool] = lambda _: True
        self.patience: list[float] = []

    @contextmanager
    def lock(self, name: str, seconds: float) -> Iterator[None]:
        self.patience.append(seconds)
        if self.held_by_another:
            raise LockError("lock.held", "another postroom holds it")
        waiting, self.waiting = self.waiting, object
        waiting()
        assert name not in self.names
        self.names.append(name)
        try:
            yield
        finally:
            self.names.remove(name)


def office(state: Path) -> Office:
    """A keeper of its own."""
    provider, desk, naps, hooks = Provider(), Desk(state), [], Hooks()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        desk.clock.advance(seconds)
        hooks.napping()

    def open_provider() -> Provider:
        assert hooks.names or not desk.shelves[TOKENS.scheme].held
        return provider

    keeper = TokenKeeper(
        desk.vault,
        Surroundings(
            client_of=lambda target: client_of(target, None),
            proof_of=lambda target: hooks.proof(target),  # noqa: PLW0108 - a test changes it later
            grants=open_provider,  # type: ignore[arg-type]  # it keeps the part of the promise that a keeper needs
            locked=hooks.lock,
            refers=lambda target: hooks.refers(target),  # noqa: PLW0108 - a test changes it later
            apart=lambda work: hooks.apart(work),  # noqa: PLW0108 - a test changes it later
            classify=classify,
            clock=desk.clock,
            sleep=nap,
        ),
    )
    return Office(keeper, provider, desk, naps, hooks)
