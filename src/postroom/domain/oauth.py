"""Owns OAuth 2.0 as values: the application that asks a provider, what it granted, what is kept of it.

Words are those of RFC 6749, 7636, 8252, 8414, 8628 and 9207. It refuses to know stores, files and the network.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from postroom.domain.derive import is_loopback
from postroom.domain.preset import LOOPBACK_REDIRECT, Offer
from postroom.domain.reply import Cause, Signs
from postroom.domain.secret import Secret
from postroom.domain.settings import Server
from postroom.errors import ConfigError, Exit, Fault

PROOFS = ("secret", "certificate", "assertion", "service-account", "none")
"""What an application proves itself with."""

_MANY_TENANTS = ("organizations", "common")
"""Microsoft's words for the tenants of every organisation."""
_NO_TENANTS = ("", "consumers", *_MANY_TENANTS)
_VISIBLE = re.compile(r"[\x21-\x7e]+")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "revocation_endpoint")
"""The addresses of a provider, by their names in its metadata (RFC 8414 2)."""


class Client(NamedTuple):
    """The application of one server, as it asks its provider for tokens. Holds no secret.

    `account` is the mailbox. Endpoints are "" where the provider has none, or where only the metadata of `issuer` can
    tell; two more things are known from them: `iss_expected`, whether the answer to an authorization request must name
    the issuer, and `secret_ways`, how the token endpoint takes a client secret; empty where they do not say.
    """

    server: str
    provider: str
    flow: str
    client_id: str
    account: str
    scopes: tuple[str, ...]
    tenant: str = ""
    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    parameters: Mapping[str, str] = {}
    redirect_uri: str = LOOPBACK_REDIRECT
    iss_expected: bool = False
    secret_ways: tuple[str, ...] = ()

    def fingerprint(self, host: str) -> str:
        """What tokens are for: those of another fingerprint are not used. `host` is the mail server's.

        An issuer that is known makes the endpoints' addresses its own affair.
        """
        provider = self.issuer or self.token_endpoint
        parts = (host, provider, self.client_id, self.tenant, self.account, *sorted(self.scopes))
        return sha256("\0".join(parts).encode()).hexdigest()[:32]

    def at(self, endpoints: "Endpoints | None") -> "Client | None":
        """The client with what is kept of its issuer's metadata; None where that is not enough to renew a token."""
        if endpoints is None or endpoints.issuer != self.issuer:
            return None
        found = self._replace(
            token_endpoint=self.token_endpoint or endpoints.token_endpoint,
            revocation_endpoint=self.revocation_endpoint or endpoints.revocation_endpoint,
            scopes=self.scopes or endpoints.scopes,
            secret_ways=endpoints.secret_ways,
        )
        return found if found.token_endpoint else None


class Endpoints(NamedTuple):
    """What a renewal needs of an issuer's metadata; "" and empty where the settings say it, or nobody does."""

    issuer: str
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    scopes: tuple[str, ...] = ()
    secret_ways: tuple[str, ...] = ()


def endpoints_told(before: Client, after: Client) -> Endpoints | None:
    """What `Grants.discover` has added to a client; None where it has no issuer."""
    if not before.issuer:
        return None
    return Endpoints(
        before.issuer,
        "" if before.token_endpoint else after.token_endpoint,
        "" if before.revocation_endpoint else after.revocation_endpoint,
        () if before.scopes else after.scopes,
        after.secret_ways,
    )


def client_of(server: Server, offer: Offer | None, flow: str | None = None) -> Client:
    """The application of a server; `offer` is its preset's. `flow` is one for this call.

    Raise ConfigError `oauth.no_client`, `oauth.no_provider`, `oauth.no_tenant` for what is missing.
    """
    settings = server.oauth
    flow = flow or settings.flow or ""
    if not settings.client_id and flow != "service-account":
        raise ConfigError(
            "oauth.no_client",
            f"server {server.name} has no client ID: no application is known that may ask for tokens",
            hint="register an application at the provider; postroom oauth setup microsoft365 (or gmail, or "
            f"google-workspace) says how; then: postroom oauth login {server.name} --client-id ID",
        )
    tenant = _tenant(server, flow)
    client = Client(
        server=server.name,
        provider=server.provider or "",
        flow=flow,
        client_id=settings.client_id or "",
        account=server.username or "",
        scopes=tuple((settings.scope or "").split()),
        tenant=tenant,
        issuer=_at(settings.issuer, tenant),
        authorization_endpoint=_at(settings.authorization_endpoint, tenant),
        token_endpoint=_at(settings.token_endpoint, tenant),
        device_authorization_endpoint=_at(settings.device_authorization_endpoint, tenant),
        revocation_endpoint=_at(settings.revocation_endpoint, tenant),
        parameters=offer.parameters if offer else {},
        redirect_uri=settings.redirect_uri or LOOPBACK_REDIRECT,
    )
    if not client.issuer and not client.token_endpoint and flow != "service-account":
        raise ConfigError(
            "oauth.no_provider",
            f"server {server.name}: it is not known where tokens come from",
            hint=f"postroom smtp set {server.name} --issuer URL, or --provider ID",
        )
    return client


def _tenant(server: Server, flow: str) -> str:
    """The tenant whose addresses are asked. An application that asks for itself is at home in one, never in a word for
    many (Entra: client credentials).
    """
    settings = server.oauth
    tenant = settings.tenant or ""
    if flow == "client-credentials" and tenant.lower() in _NO_TENANTS and has_tenant(server):
        raise ConfigError(
            "oauth.no_tenant",
            f"server {server.name}: client-credentials needs the tenant of the organisation, not {tenant or 'none'}",
            hint=f"postroom smtp set {server.name} --tenant TENANT; it is a GUID or a domain such as example.com, "
            "called Directory (tenant) ID on the app's page",
        )
    return tenant


def has_tenant(server: Server) -> bool:
    """Whether the addresses of a server's provider are those of a tenant."""
    return any("{tenant}" in (at or "") for at in (server.oauth.issuer, server.oauth.token_endpoint))


def is_for_many_tenants(server: Server) -> bool:
    """Whether the accounts of every tenant may log in, and nobody has said that it is to be so."""
    settings = server.oauth
    return settings.tenant in _MANY_TENANTS and settings.source("tenant").layer == "preset" and has_tenant(server)


def is_another(mailbox: str, account: str) -> bool:
    """Whether the account that has logged in is surely another than the mailbox that sends. A user name that is no
    address cannot be compared, nor can an account that the provider did not tell.
    """
    return bool(account) and "@" in mailbox and "@" in account and account.lower() != mailbox.lower()


def is_safe(address: object) -> bool:
    """Whether it is an address that secrets or people may be sent to: https, or http on this machine."""
    if not isinstance(address, str) or not _VISIBLE.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _at(address: str | None, tenant: str) -> str:
    return (address or "").replace("{tenant}", quote(tenant, safe=""))


class Certificate(NamedTuple):
    """A certificate and its key, both PEM, with which an application proves itself (RFC 7523 2.2)."""

    pem: bytes
    key: Secret


class Assertion(NamedTuple):
    """A ready assertion of somebody else's, such as the federated identity of a CI job (RFC 7523 2.2)."""

    text: Secret


class ServiceAccount(NamedTuple):
    """Google's key of a service account, which asks for tokens in the name of a mailbox (RFC 7523 2.1)."""

    email: str
    key_id: str
    key: Secret
    token_endpoint: str


Proof = Secret | Certificate | Assertion | ServiceAccount | None
"""How an application proves that it is the one of its client ID; a Secret is a client secret, None a public client."""


class Granted(NamedTuple):
    """A provider's successful answer (RFC 6749 5.1).

    `expires_in` is in seconds, None where it did not say; `refresh_expires_in` likewise, for the refresh token.
    `scopes` are those granted: the ones asked for where the answer names none. `account` is the mailbox that the ID
    token names, "" without one.
    """

    access_token: Secret
    expires_in: int | None
    refresh_token: Secret | None
    scopes: tuple[str, ...]
    account: str = ""
    refresh_expires_in: int | None = None


class Consent(NamedTuple):
    """What a person's consent is worth: a code for tokens, with the redirect address and the verifier that belong to it
    (RFC 6749 4.1.3, RFC 7636 4.5).

    `logged_in_as` may be told the mailbox that the tokens turn out to be for, so that the page in the browser names it.
    """

    code: Secret
    redirect_uri: str
    verifier: Secret
    logged_in_as: Callable[[str], object] = lambda _account: None


class DeviceCode(NamedTuple):
    """What a device shows to a person (RFC 8628 3.2). `interval` and `expires_in` are in seconds."""

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class Failure(NamedTuple):
    """The last attempt to renew a token that failed. `code` is its cause class. A server that is `paused` does not try
    again until a person has done something.
    """

    at: datetime
    code: str
    message: str
    paused: bool


class TokenRecord(NamedTuple):
    """All that is kept of one server's tokens, in one secret.

    `client` is the fingerprint of the application and the account that they are for. `granted_at` is when somebody
    logged in; `refreshed_at` when the access token was last renewed. `refresh_ends_at` is the end of the refresh token
    where the provider told it. `begun_at` is when a renewal began whose outcome nobody has written down. `endpoints`
    are kept so that a renewal needs no metadata.
    """

    client: str
    flow: str
    account: str
    scopes: tuple[str, ...]
    granted_at: datetime
    refreshed_at: datetime
    access_token: Secret | None = None
    expires_at: datetime | None = None
    refresh_token: Secret | None = None
    refresh_ends_at: datetime | None = None
    failure: Failure | None = None
    begun_at: datetime | None = None
    endpoints: Endpoints | None = None


class Told(NamedTuple):
    """What the operator has been told of one server's login: a mark for each thing. `failing_since` is when a renewal
    first failed for a reason that may pass, and has not succeeded since.
    """

    marks: tuple[str, ...] = ()
    failing_since: datetime | None = None


class GrantError(Exception):
    """The provider gave no token. Not a PostroomError yet: the diagnosis names the cause class.

    `error` is the code of RFC 6749 5.2 or RFC 8628 3.5, "" where the answer was none of OAuth's or none came at all.
    `definite` tells that the provider has spoken on this very grant or application: nothing but a change will help.
    `retry_after` is in seconds, as the provider asked for it.
    """

    def __init__(
        self, signs: Signs, *, error: str = "", definite: bool = False, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{signs.step}: {error or signs.sign}")
        self.signs = signs
        self.error = error
        self.definite = definite
        self.retry_after = retry_after


def grant_fault(
    error: GrantError, server: Server, classify: Callable[[Signs], Cause], *, logging_in: bool = False
) -> Fault:
    """A provider's refusal in words. `logging_in` tells that it came at a login, and not when a token was renewed."""
    said = error.signs.evidence
    evidence = {
        "own_tokens": True,
        "logging_in": logging_in,
        **({"flow": server.oauth.flow} if server.oauth.flow else {}),
        "client_id": server.oauth.client_id,
        "proof": _proof(server, str(said.get("flow") or server.oauth.flow)),
        "address_set_as": _address_key(server, str(said.get("endpoint") or "")),
        **said,
    }
    signs = error.signs._replace(server=server.name, provider=server.provider or "", evidence=evidence)
    cause = classify(signs)
    where = signs.host or "the provider"
    return Fault(
        cause.code,
        f"{cause.title} ({where}, step {signs.step})",
        step=signs.step,
        hint=cause.next_steps[0],
        detail=signs.text,
        retry=cause.retry,
        exit=Exit(cause.exit),
        data={
            "message_id": None,
            "receipt": None,
            "queue_id": None,
            "transcript": "",
            "evidence": dict(signs.evidence),
            "diagnosis": cause.as_data(),
        },
    )


def _proof(server: Server, flow: str) -> str:
    """What its application proves itself with: one of PROOFS."""
    settings = server.oauth
    if flow == "service-account":
        return "service-account"
    if settings.certificate is not None:
        return "certificate"
    if settings.assertion is not None:
        return "assertion"
    return "none" if settings.client_secret is None else "secret"


def _address_key(server: Server, endpoint: str) -> str | None:
    """The setting by which a person named the address that was asked; None where a preset named it."""
    settings = server.oauth
    for key in ENDPOINTS:
        if settings.given(key) and _at(getattr(settings, key), settings.tenant or "").partition("?")[0] == endpoint:
            return key
    return "issuer" if settings.given("issuer") else None
