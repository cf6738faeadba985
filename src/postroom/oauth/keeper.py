"""Owns the life of a server's tokens: kept, renewed in time, given up only by a definite word of the provider.

Invariants: one process renews at a time; no refresh token is shown before the store has proved that it takes a record;
a new refresh token is in the store before the old one is forgotten; nothing is renewed to which the settings refer no
more; while an access token is good, nothing here talks to a provider. It refuses to know how a provider is asked.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from postroom.clock import Clock
from postroom.domain.oauth import Client, Failure, Granted, GrantError, Proof, TokenRecord, endpoints_told, grant_fault
from postroom.domain.oauth_promises import Grants
from postroom.domain.ports import Classify, Vault
from postroom.domain.secret import Binding, Reference, Secret
from postroom.domain.settings import WITHOUT_A_PERSON, Server
from postroom.errors import ConfigError, Exit, Fault, FileError, LockError, PostroomError, SecretError
from postroom.oauth.record import decode, encode
from postroom.oauth.refusals import MovedError, cut_off, login, login_needed, not_kept, still_paused

EARLY_SECONDS = 300
"""A token is renewed so long before its end: more than a slow session takes, and than clocks go wrong."""
UNKNOWN_LIFE_SECONDS = 3600
"""For an access token whose life the provider did not tell: what most give."""
LOCK_SECONDS = 60.0
"""Whoever holds the lock may be waiting for a provider (10 s for a token, at times 10 s more for its metadata) and for
a store.
"""
BRIEF_SECONDS = 5.0
"""So long a token that still lives waits for another process that renews it: longer than one takes that answers."""
REST_SECONDS = 60
"""A provider that failed is left alone for so long, as long as the old access token lives."""
STORE_SECONDS = 20.0
"""A store that fails is tried for so long with tokens that exist nowhere else: longer than others hold it."""
_PAUSE_SECONDS = 1.0
_MOVED = ("not-oauth", "redirected", "host-not-found")
"""Signs that what is kept of the metadata may be out of date: the next renewal reads them again."""


class Surroundings(NamedTuple):
    """What the keeper needs of the machine.

    `client_of` is the application of a server, `proof_of` how it proves itself. `grants` opens the way to providers and
    is called only when one has to be asked. `locked` holds the tokens of a server of this name against other processes;
    it waits for so many seconds. `refers` reads the settings anew: whether they still refer to a server's tokens.
    `apart` does work that must not end half done.
    """

    client_of: Callable[[Server], Client]
    proof_of: Callable[[Server], Proof]
    grants: Callable[[], Grants]
    locked: Callable[[str, float], AbstractContextManager[None]]
    refers: Callable[[Server], bool]
    apart: Callable[[Callable[[], None]], None]
    classify: Classify
    clock: Clock
    sleep: Callable[[float], None]


class TokenKeeper:
    """Keeps the promise of `domain.oauth_promises.TokenKeeper`."""

    def __init__(self, vault: Vault, surroundings: Surroundings) -> None:
        self._vault = vault
        self._here = surroundings

    def record(self, server: Server) -> TokenRecord | None:
        """What is kept. Raise SecretError, `secret.damaged` where it cannot be read as tokens."""
        reference = server.oauth.tokens
        if reference is None:
            return None
        try:
            secret = self._vault.read(reference, _binding(server))
        except SecretError as error:
            if error.code in ("secret.not_found", "secret.unrecorded"):
                return None
            if error.code == "secret.bound_elsewhere":
                error.hint = login(server)
            raise
        try:
            return decode(secret)
        except ValueError as error:
            what = f"{reference} {error}"
            raise SecretError("secret.damaged", what, hint=login(server)) from error

    def keep(self, server: Server, client: Client, granted: Granted, scheme: str) -> tuple[TokenRecord, Reference]:
        """Store the tokens of a login."""
        now = self._here.clock.now()
        record = TokenRecord(
            client=self._fingerprint(server),
            flow=client.flow,
            account=granted.account,
            scopes=granted.scopes,
            granted_at=now,
            refreshed_at=now,
            access_token=granted.access_token,
            expires_at=_end(granted, now),
            refresh_token=granted.refresh_token,
            refresh_ends_at=_refresh_end(granted, now),
            endpoints=endpoints_told(self._here.client_of(server), client),
        )
        with self.held(server.name):
            reference, _ = self._vault.put(_path(server), encode(record), scheme, _binding(server))
        return record, reference

    def usable(self, server: Server, *, refused: Secret | None = None) -> TokenRecord:
        """A record whose access token can be used now."""
        if server.oauth.tokens is None:
            return self._unkept(server)
        record = self.checked(server)
        if self._enough(record, refused):
            return record
        patience = BRIEF_SECONDS if self._alive(record, refused) else LOCK_SECONDS
        try:
            with self._renewing(server, patience):
                record = self.checked(server)  # another process may have been faster
                return record if self._enough(record, refused) else self._renewed(server, record, refused)
        except (LockError, FileError, MovedError):
            if self._alive(record, refused):
                return record
            raise

    def refresh(self, server: Server) -> TokenRecord:
        """Renew the access token, whatever its age, and even where that failed for good before.

        Who has waited for another process that did so has what was wanted: a crowd asks the provider once.
        """
        if server.oauth.tokens is None:
            return self._unkept(server)
        before = self.record(server)
        with self._renewing(server, LOCK_SECONDS):
            record = self.checked(server, paused=True)
            if self._good(record, before.access_token if before else None):
                return record
            return self._renewed(server, record, None, wanted=True)

    @contextmanager
    def held(self, *names: str) -> Iterator[None]:
        """Hold the tokens of servers, always in the same order, so that no two wait for each other."""
        with ExitStack() as stack:
            for name in sorted(set(names)):
                stack.enter_context(self._here.locked(name, LOCK_SECONDS))
            yield

    @contextmanager
    def _renewing(self, server: Server, seconds: float) -> Iterator[None]:
        """Hold the tokens to renew them. Who moved or removed them did so under this lock: nobody must bring them back
        to where they were.
        """
        with self._here.locked(server.name, seconds):
            if not self._here.refers(server):
                raise MovedError(server)
            yield

    def forget(self, server: Server, *, revoke: bool) -> bool | None:
        """Throw the tokens away; the caller takes the reference out of the settings."""
        reference = server.oauth.tokens
        if reference is None:
            return None
        with self.held(server.name):
            taken_back = self._revoke(server) if revoke else None
            self._vault.remove(reference)
        return taken_back

    def _revoke(self, server: Server) -> bool | None:
        try:
            record = self.record(server)
        except SecretError:
            return False
        return self.take_back(server, record) if record else None

    def take_back(self, server: Server, record: TokenRecord) -> bool | None:
        """Have the provider take the tokens of a record back."""
        if record.refresh_token is None:
            return None
        try:
            client = self._complete(server, record)
            return self._here.grants().revoke(client, self._here.proof_of(server), record.refresh_token)
        except (SecretError, ConfigError, GrantError):
            return False

    def checked(self, server: Server, *, paused: bool = False) -> TokenRecord:
        """The record, if there is one for what the settings say. Raise ConfigError, Fault for a paused server.

        With `paused` a paused server passes, where it still has a token to be renewed with.
        """
        record = self.record(server)
        if record is None:
            if server.oauth.flow in WITHOUT_A_PERSON:
                return self._empty(server)
            raise login_needed(server, "nobody has logged in")
        if record.client != self._fingerprint(server):
            raise login_needed(server, "its settings have changed since somebody logged in")
        if record.failure is not None and record.failure.paused and not (paused and record.refresh_token):
            raise still_paused(server, record.failure)
        return record

    def _empty(self, server: Server) -> TokenRecord:
        client, now = self._here.client_of(server), self._here.clock.now()
        return TokenRecord(self._fingerprint(server), client.flow, "", client.scopes, now, now)

    def _fingerprint(self, server: Server) -> str:
        return self._here.client_of(server).fingerprint(server.host)

    def _enough(self, record: TokenRecord, refused: Secret | None) -> bool:
        """Whether nobody needs to be asked."""
        return self._good(record, refused) or (self._alive(record, refused) and self._rests(record))

    def _good(self, record: TokenRecord, refused: Secret | None) -> bool:
        """Whether the access token can be used for a while yet.

        One that was renewed in the future was so by a clock that went wrong: then nobody knows when it ends.
        """
        if not self._alive(record, refused) or record.expires_at is None:
            return False
        now, early = self._here.clock.now(), timedelta(seconds=EARLY_SECONDS)
        life = record.expires_at - record.refreshed_at
        return now + min(early, life / 2) < record.expires_at and record.refreshed_at <= now + early

    def _alive(self, record: TokenRecord, refused: Secret | None) -> bool:
        token, end = record.access_token, record.expires_at
        return token is not None and token != refused and end is not None and self._here.clock.now() < end

    def _rests(self, record: TokenRecord) -> bool:
        """Whether an attempt failed a moment ago."""
        if record.failure is None:
            return False
        return timedelta() <= self._here.clock.now() - record.failure.at < timedelta(seconds=REST_SECONDS)

    def _renewed(
        self, server: Server, record: TokenRecord, refused: Secret | None, *, wanted: bool = False
    ) -> TokenRecord:
        """Renew under the lock. A token that still lives is used where that fails for now."""
        alive = not wanted and self._alive(record, refused)
        try:
            # Read here, where somebody can still be asked for a passphrase.
            proof = self._here.proof_of(server)
            self._begin(server, record)
            self._here.apart(lambda: self._exchange(server, record, proof))
        except GrantError as error:
            fault, lost = self._given_up(server, record, error)
            if alive and not lost:
                return record
            raise fault from error
        except PostroomError:
            if alive:
                return record
            raise
        found = self.record(server)
        if found is None:
            raise login_needed(server, "its tokens are gone")
        return found

    def _begin(self, server: Server, record: TokenRecord) -> None:
        """Prove that the store can be written to. What stands there then tells of a renewal that was cut off."""
        self._write(server, record._replace(begun_at=self._here.clock.now()))

    def _exchange(self, server: Server, record: TokenRecord, proof: Proof) -> None:
        client = self._complete(server, record)
        granted = self._asked(server, client, record, proof)
        now = self._here.clock.now()
        renewed = record._replace(
            access_token=granted.access_token,
            expires_at=_end(granted, now),
            refresh_token=granted.refresh_token or record.refresh_token,
            refresh_ends_at=_refresh_end(granted, now) or record.refresh_ends_at,
            refreshed_at=now,
            scopes=granted.scopes,
            account=granted.account or record.account,
            failure=None,
            begun_at=None,
            endpoints=endpoints_told(self._here.client_of(server), client),
        )
        if renewed.refresh_token == record.refresh_token:
            self._write(server, renewed)
        else:
            self._write_at_last(server, renewed)

    def _write_at_last(self, server: Server, renewed: TokenRecord) -> None:
        """Keep a refresh token that has taken the place of the old one: without it the login is lost."""
        until = self._here.clock.monotonic() + STORE_SECONDS
        while True:
            try:
                self._write(server, renewed)
            except PostroomError as error:
                if self._here.clock.monotonic() >= until:
                    raise not_kept(server, error) from error
                self._here.sleep(_PAUSE_SECONDS)
            else:
                return

    def _complete(self, server: Server, record: TokenRecord | None) -> Client:
        """The application with the addresses of its provider: those that are kept, else those of the metadata."""
        client = self._here.client_of(server)
        return client.at(record.endpoints if record else None) or self._here.grants().discover(client)

    def _asked(self, server: Server, client: Client, record: TokenRecord | None, proof: Proof) -> Granted:
        grants = self._here.grants()
        if client.flow in WITHOUT_A_PERSON:
            return grants.by_itself(client, proof)
        if record is None or record.refresh_token is None:
            raise login_needed(server, "its access token has run out, and the provider gave none to renew it with")
        return grants.by_refresh(client, proof, record.refresh_token)

    def _unkept(self, server: Server) -> TokenRecord:
        """A token for this run alone: for a server whose tokens nobody keeps, such as one of the environment."""
        if server.oauth.flow not in WITHOUT_A_PERSON:
            raise login_needed(server, "nobody has logged in")
        try:
            proof = self._here.proof_of(server)
            granted = self._asked(server, self._complete(server, None), None, proof)
        except GrantError as error:
            raise self._fault(server, error) from error
        now = self._here.clock.now()
        return self._empty(server)._replace(
            access_token=granted.access_token, expires_at=_end(granted, now), scopes=granted.scopes
        )

    def _given_up(self, server: Server, record: TokenRecord, error: GrantError) -> tuple[Fault, bool]:
        """Note the failure. Only where a person has to log in again are the tokens worth nothing, and thrown away."""
        fault = self._fault(server, error)
        lost = error.definite and fault.exit == Exit.LOGIN_NEEDED
        failure = Failure(self._here.clock.now(), fault.code, cut_off(record, fault.message, lost=lost), paused=lost)
        noted = record._replace(failure=failure, endpoints=None if error.signs.sign in _MOVED else record.endpoints)
        if lost:
            noted = noted._replace(
                access_token=None, expires_at=None, refresh_token=None, refresh_ends_at=None, begun_at=None
            )
        fault.message = failure.message
        with suppress(PostroomError):  # what the provider said matters more; the next one will be told the same
            self._write(server, noted)
        return fault, lost

    def _fault(self, server: Server, error: GrantError) -> Fault:
        return grant_fault(error, server, self._here.classify)

    def _write(self, server: Server, record: TokenRecord) -> None:
        reference = server.oauth.tokens
        if reference is None:
            raise AssertionError("only kept tokens are written")
        self._vault.put(reference.locator, encode(record), reference.scheme, _binding(server))


def _end(granted: Granted, now: datetime) -> datetime:
    seconds = UNKNOWN_LIFE_SECONDS if granted.expires_in is None else granted.expires_in
    return now + timedelta(seconds=seconds)


def _refresh_end(granted: Granted, now: datetime) -> datetime | None:
    return None if granted.refresh_expires_in is None else now + timedelta(seconds=granted.refresh_expires_in)


def _path(server: Server) -> str:
    return f"smtp/{server.name}/oauth/tokens"


def _binding(server: Server) -> Binding:
    return Binding(server.host, server.username or "")
