"""Owns the promises about OAuth 2.0 between rooms that may not import each other: asking a provider, keeping tokens."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from postroom.domain.oauth import Client, DeviceCode, Granted, Proof, TokenRecord, Told
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Server


class Grants(Protocol):
    """Asks a provider for tokens. Every failure is a GrantError with signs of the step `token`.

    No redirect is followed, and nothing but the endpoints of the client is talked to. An answer takes 10 s and 256 KiB
    at most. It never writes a secret anywhere.
    """

    def discover(self, client: Client) -> Client:
        """The client with every endpoint that its issuer's metadata tells (RFC 8414, OpenID Connect Discovery).

        What the client has already stays. Without an issuer it is returned as it is.
        """

    def authorization_request(self, client: Client, *, redirect_uri: str, state: str, verifier: Secret) -> str:
        """The address to open in a browser: a code with PKCE S256 (RFC 7636). Talks to nobody."""

    def by_code(self, client: Client, proof: Proof, code: Secret, *, redirect_uri: str, verifier: Secret) -> Granted:
        """Give the code of an authorization for tokens (RFC 6749 4.1.3)."""

    def device_code(self, client: Client, proof: Proof) -> DeviceCode:
        """Begin a login on another device (RFC 8628 3.1)."""

    def by_device(self, client: Client, proof: Proof, code: DeviceCode) -> Granted:
        """Ask once whether the person has consented.

        GrantError.error is `authorization_pending` or `slow_down` while it is worth asking again.
        """

    def by_itself(self, client: Client, proof: Proof) -> Granted:
        """Tokens for the application itself: client credentials (RFC 6749 4.4), for a ServiceAccount a signed
        assertion about the mailbox (RFC 7523 2.1).
        """

    def by_refresh(self, client: Client, proof: Proof, refresh_token: Secret) -> Granted:
        """A new access token, perhaps with a new refresh token (RFC 6749 6)."""

    def revoke(self, client: Client, proof: Proof, token: Secret) -> bool:
        """Take a refresh token back (RFC 7009); False where the provider has no way to."""


class TokenKeeper(Protocol):
    """Keeps the tokens of servers: one record a server, in one secret. Safe between processes.

    Everything raises SecretError for the store, ConfigError for what the settings lack, and Fault for what the provider
    said; a renewal also ConfigError `config.changed_meanwhile` (75) where the settings by now refer to other tokens.
    """

    def record(self, server: Server) -> TokenRecord | None:
        """What is kept; None where nobody has logged in."""

    def checked(self, server: Server) -> TokenRecord:
        """What is kept, where it can be used or renewed. Raise as `usable` does. Talks to nobody."""

    def keep(self, server: Server, client: Client, granted: Granted, scheme: str) -> tuple[TokenRecord, Reference]:
        """Store the tokens of a login in the store `scheme`; the caller records the reference in the settings."""

    def usable(self, server: Server, *, refused: Secret | None = None) -> TokenRecord:
        """A record with an access token that is good for some minutes more, renewed where it must be; where that fails
        for now, one that still lives.

        `refused` is an access token that the mail server did not take: another one is fetched. Raise ConfigError
        `oauth.login_needed` (exit 4) where a person has to log in.
        """

    def refresh(self, server: Server) -> TokenRecord:
        """Renew the access token now, even of a server that is paused; not again where another process has just done
        so. Raise as `usable` does.
        """

    def held(self, *names: str) -> AbstractContextManager[None]:
        """Hold the tokens of these servers against every renewal, of any process, while they are moved: it waits for
        the one that goes on. Nothing else of the keeper is to be used meanwhile. Raise LockError.
        """

    def take_back(self, server: Server, record: TokenRecord) -> bool | None:
        """Have the provider take the tokens of a record back. Whether it did; None where there is nothing to take."""

    def forget(self, server: Server, *, revoke: bool) -> bool | None:
        """Throw the tokens away. Whether the provider took them back; None where that was not tried."""


class Notices(Protocol):
    """Remembers what the operator has been told, by server name."""

    def told(self) -> Mapping[str, Told]:
        """What is known; nothing where it cannot be read."""

    def remember(self, told: Mapping[str, Told]) -> None:
        """Put this in the place of all that was known."""
