"""Logs a server in to its mail provider with OAuth 2.0: a person consents, or the application proves itself."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from postroom.clock import rfc3339
from postroom.domain.kinds import NAME
from postroom.domain.oauth import (
    Client,
    Consent,
    DeviceCode,
    Granted,
    GrantError,
    Proof,
    TokenRecord,
    client_of,
    has_tenant,
    is_another,
    is_for_many_tenants,
)
from postroom.domain.oauth_promises import Grants, TokenKeeper
from postroom.domain.ports import Change, Vault
from postroom.domain.preset import Offer, Preset
from postroom.domain.reply import Signs
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference, Secret
from postroom.domain.settings import WITHOUT_A_PERSON, Server, Settings
from postroom.errors import ConfigError, PostroomError, SecretError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.oauth_logout import not_revoked
from postroom.services.oauth_state import other_account
from postroom.services.server_advice import ListedPresets
from postroom.services.servers import choose_server, refuse_environment
from postroom.services.smtp_set import Request as Setting
from postroom.services.smtp_set import planned, smtp_set

COMMAND = "oauth login"
KeyPath = tuple[str, ...]

_NOT_COMPARED = ("openid", "offline_access", "email", "profile")
"""Scopes that ask for no access to mail; providers grant them without a word."""
_ONE_TENANT = (
    "Any organisation ({tenant}) may log in at the address. An app that is registered for one tenant alone is refused "
    "there, AADSTS50194: end this then, and add --tenant TENANT"
)


class Request(NamedTuple):
    """What is asked: a server's name or an address, and settings of its application, which a login records.

    Keys of `values` and `secrets` are as for `smtp set`. `store` is where the tokens go, where that is asked for.
    """

    word: str | None = None
    values: Mapping[KeyPath, str] = {}
    secrets: Mapping[KeyPath, Secret | Reference] = {}
    store: str | None = None
    insecure: bool = False


class Ways(NamedTuple):
    """The ways to tokens.

    `consent` has a person consent in a browser and yields the code; an error that leaves its block is told there.
    `device` shows a code to a person and waits. `usual_flow` is what this machine can do. `explain` names the cause of
    a provider's refusal. `proof_of` gets the secrets of this call, which no store has yet. `say` tells a person
    something before they log in.
    """

    grants: Callable[[], Grants]
    proof_of: Callable[[Server, str, Mapping[Reference, Secret]], Proof]
    consent: Callable[[Server, Client, Grants], AbstractContextManager[Consent]]
    device: Callable[[Client, Proof, DeviceCode], Granted]
    usual_flow: Callable[[], str]
    explain: Callable[[Server, GrantError], PostroomError]
    say: Callable[[str], object]


class Desk(NamedTuple):
    """What of the desk a login reads and writes. `settings` reads them anew each time."""

    settings: Callable[[], Settings]
    change: Change
    vault: Vault
    tokens: TokenKeeper
    presets: ListedPresets


def oauth_login(desk: Desk, request: Request, ways: Ways) -> Result:
    """Get tokens with the given settings laid over those that are there; then keep the ones and record the others.

    Raise ConfigError for what is missing, and what the provider said as `Ways.explain` tells it. A login that fails
    changes nothing: neither settings nor secrets nor the tokens of an earlier login.
    """
    settings = desk.settings()
    setting = _setting(settings, request, desk.presets)
    plan = planned(settings, desk.change, desk.vault, setting, presets=desk.presets, check_tls=_no_tls)
    server = plan.server
    preset = desk.presets.preset(server.provider) if server.provider else None
    offer = preset.oauth if preset else None
    flow = server.oauth.flow or _usual(offer, ways)
    _refuse_flow(server, preset, flow)
    _refuse_tenant(server, request)
    scheme = _scheme(server, desk.vault, request)
    client = client_of(server, offer, flow)
    delegates = offer is not None and offer.delegates

    def keep(client: Client, granted: Granted) -> _Kept:
        _refuse_less(client, granted)
        if not delegates:
            _refuse_another(client, granted)
        return _taken_over(desk, setting, server, lambda: desk.tokens.keep(server, client, granted, scheme))

    if is_for_many_tenants(server) and flow not in WITHOUT_A_PERSON:
        ways.say(_ONE_TENANT.format(tenant=server.oauth.tenant))
    record, reference, done = _logged_in(server, client, plan.given, ways, keep)
    return Result(
        COMMAND,
        {
            **changes_data(done.data["changes"] or [_anew(server)]),
            "server": server.name,
            "flow": flow,
            "username": server.username,
            "account": record.account or None,
            "scopes": list(record.scopes),
            "access_token_expires_at": rfc3339(record.expires_at) if record.expires_at else None,
            "refresh_token": record.refresh_token is not None,
            "store": str(reference),
            "test": None,
        },
        [*done.warnings, *other_account(server, record), *_no_refresh(server, flow, record)],
    )


def _target(settings: Settings, request: Request, presets: ListedPresets) -> str:
    """The name of the server that is meant; one that is not there yet for an address of a known provider."""
    word = request.word
    if word is None or "@" not in word:
        return choose_server(settings, word).name
    for server in settings.servers.values():
        if (server.username or "").lower() == word.lower():
            return server.name
    provider = request.values.get(("provider",))
    preset = presets.preset(provider) if provider else presets.preset_for(word)
    if preset is None:
        raise UsageError(
            "usage.missing_value",
            f"the provider of {word} is not known by its domain",
            hint=f"postroom oauth login {word} --provider microsoft365 (or google-workspace); "
            f"postroom smtp providers {word} --online looks it up",
        )
    if not settings.servers:
        return "default"
    names = [preset.id, *(f"{preset.id}-{number}" for number in range(2, 1000))]
    return next(found for found in names if NAME.fullmatch(found) and found not in settings.servers)


def _setting(settings: Settings, request: Request, presets: ListedPresets) -> Setting:
    """What is to be recorded: what was given, and that the server logs in with OAuth 2.0."""
    name = _target(settings, request, presets)
    refuse_environment(settings, name)
    values = dict(request.values)
    server = settings.servers.get(name)
    if server is None and request.word is not None:
        values.setdefault(("username",), request.word)
        if ("provider",) not in values and (preset := presets.preset_for(request.word)):
            values["provider",] = preset.id
    if server is None or server.auth != "oauth2":
        values.setdefault(("auth",), "oauth2")
    return Setting(
        name=name,
        values=values,
        unset=[("access_token",)] if server is not None and server.access_token is not None else [],
        secrets=request.secrets,
        store=request.store,
        insecure=request.insecure,
    )


def _no_tls(_tls: object) -> None:
    """No option of a login is about TLS."""


def _usual(offer: Offer | None, ways: Ways) -> str:
    """Where nobody names a flow: the provider's only one, else what this machine can do."""
    flows = offer.flows if offer else ()
    return flows[0] if len(flows) == 1 else ways.usual_flow()


def _refuse_flow(server: Server, preset: Preset | None, flow: str) -> None:
    offer = preset.oauth if preset else None
    if preset is None or offer is None or flow not in offer.refused:
        return
    raise ConfigError(
        "oauth.flow_refused",
        f"{preset.title} does not take the flow {flow} for mail: {offer.refused[flow]}",
        hint=f"postroom oauth login {server.name} --flow {offer.flows[0]}",
    )


def _refuse_tenant(server: Server, request: Request) -> None:
    """A tenant that no address has a place for would be asked for in vain."""
    if ("oauth", "tenant") in request.values and not has_tenant(server):
        raise UsageError(
            "usage.conflict",
            f"--tenant has no effect: no address of the provider of server {server.name} has a {{tenant}} in it",
            hint="leave it out, or add --provider microsoft365",
        )


def _scheme(server: Server, vault: Vault, request: Request) -> str:
    """The store for the tokens: the one that has them now, unless another is asked for. That it can be used is found
    out before anybody logs in: a code is given out once.
    """
    now = server.oauth.tokens
    own = request.store is None and now is not None and now.scheme in STORED_SCHEMES
    try:
        if own and now is not None:
            return vault.choose_store(now.scheme, insecure=True)
        return vault.choose_store(request.store, insecure=request.insecure)
    except SecretError as error:
        error.hint = _another_store(error, request.word or server.name)
        raise


def _another_store(error: SecretError, word: str) -> str:
    """What helps a login, where the store's own hint is about passwords."""
    again = f"postroom oauth login {word}"
    if error.code == "secret.insecure":
        return f"{again} --store encrypted, or, if that is what you want: {again} --store plain --insecure-storage"
    if error.code != "secret.no_store":
        return error.hint
    remedy = str(error.data["remedy"])
    if error.data["store"] == "encrypted":
        return remedy
    return f"{remedy}\nOr: {again} --store encrypted" if remedy else f"{again} --store encrypted"


class _Kept(NamedTuple):
    """What stands there after a login: the tokens, where they are, and what was recorded in the settings."""

    record: TokenRecord
    reference: Reference
    done: Result


def _logged_in(
    server: Server,
    client: Client,
    given: Mapping[Reference, Secret],
    ways: Ways,
    keep: Callable[[Client, Granted], _Kept],
) -> _Kept:
    proof = ways.proof_of(server, client.flow, given)
    try:
        grants = ways.grants()
        client = grants.discover(client)
        if client.flow in WITHOUT_A_PERSON:
            return keep(client, grants.by_itself(client, proof))
        if client.flow == "device":
            return keep(client, ways.device(client, proof, grants.device_code(client, proof)))
        with ways.consent(server, client, grants) as consent:
            code, verifier = consent.code, consent.verifier
            granted = grants.by_code(client, proof, code, redirect_uri=consent.redirect_uri, verifier=verifier)
            kept = keep(client, granted)
            consent.logged_in_as(granted.account)
            return kept
    except GrantError as error:
        raise ways.explain(server, error) from error


def _taken_over(
    desk: Desk, setting: Setting, server: Server, keep: Callable[[], tuple[TokenRecord, Reference]]
) -> _Kept:
    """Keep the tokens, and record the settings that they are for. Where the latter fails, all is as it was."""
    settings = desk.settings()
    before = settings.servers.get(server.name)
    earlier = _Earlier.of(before, desk)
    record, reference = keep()
    try:
        done = smtp_set(
            settings,
            desk.change,
            desk.vault,
            setting._replace(secrets={**setting.secrets, ("oauth", "tokens"): reference}),
            presets=desk.presets,
            check_tls=_no_tls,
            drop_tokens=lambda _server: None,  # those are replaced, not dropped
        )
    except PostroomError:
        earlier.put_back(desk.vault, reference)
        raise
    return _Kept(record, reference, done._replace(warnings=[*done.warnings, *earlier.ended(desk, server, record)]))


class _Earlier(NamedTuple):
    """The login that a server had before; None where it had none, or one that nobody can read."""

    server: Server | None = None
    record: TokenRecord | None = None
    written: Secret | None = None
    binding: Binding | None = None

    @classmethod
    def of(cls, server: Server | None, desk: Desk) -> "_Earlier":
        reference = server.oauth.tokens if server is not None else None
        if server is None or reference is None:
            return cls()
        try:
            written, binding = desk.vault.read(reference, None), desk.vault.bound_to(reference)
            return cls(server, desk.tokens.record(server), written, binding)
        except SecretError:  # a login mends that
            return cls()

    def put_back(self, vault: Vault, reference: Reference) -> None:
        """Undo what was kept at a place."""
        if self.server is None or self.server.oauth.tokens != reference or self.written is None or self.binding is None:
            vault.remove(reference)
        else:
            vault.put(reference.locator, self.written, reference.scheme, self.binding)

    def ended(self, desk: Desk, server: Server, record: TokenRecord) -> Sequence[Warn]:
        """Have the provider take the old tokens back, where they are surely of another grant than the new ones.

        A provider may count all tokens of one application and one account as a single grant, as Google does.
        """
        if self.server is None or self.record is None or not self._is_another(server, record):
            return ()
        if desk.tokens.take_back(self.server, self.record) is not False:
            return ()
        return (not_revoked(server.name, "the earlier tokens are replaced here"),)

    def _is_another(self, server: Server, record: TokenRecord) -> bool:
        if self.server is None or self.record is None:
            return False
        old, new = self.server.oauth, server.oauth
        if (old.client_id, old.issuer, old.token_endpoint) != (new.client_id, new.issuer, new.token_endpoint):
            return True
        before, now = self.record.account or self.server.username, record.account or server.username
        return (before or "").lower() != (now or "").lower()


def _refuse_less(client: Client, granted: Granted) -> None:
    """Raise where a scope for mail was asked for and not granted: such a token would be refused by the mail server."""
    got = {_compared(scope) for scope in granted.scopes}
    missing = [scope for scope in client.scopes if _for_mail(scope) and _compared(scope) not in got]
    if missing:
        text = f"granted: {' '.join(granted.scopes) or 'nothing'}; missing: {' '.join(missing)}"
        evidence = {"granted": list(granted.scopes), "missing": missing}
        raise GrantError(Signs("token", "scope-missing", text=text, evidence=evidence), definite=True)


def _refuse_another(client: Client, granted: Granted) -> None:
    """Raise where somebody else has logged in than the mailbox that sends: the mail server would refuse the token."""
    if is_another(client.account, granted.account):
        evidence = {"account": granted.account, "mailbox": client.account}
        raise GrantError(Signs("token", "wrong-account", evidence=evidence), definite=True)


def _for_mail(scope: str) -> bool:
    return scope.lower() not in _NOT_COMPARED and not scope.endswith("/.default")


def _compared(scope: str) -> str:
    """A scope as it is compared: Microsoft has several hosts for one permission, and answers with any of them."""
    return scope.lower().rpartition("/")[2] or scope.lower()


def _anew(server: Server) -> Mapping[str, Any]:
    """The change that the settings do not show: other tokens in the same place."""
    return {"key": f"smtp.servers.{server.name}.oauth.tokens", "old": "set", "new": "set"}


def _no_refresh(server: Server, flow: str, record: TokenRecord) -> Sequence[Warn]:
    if flow in WITHOUT_A_PERSON or record.refresh_token is not None:
        return ()
    return (
        Warn(
            "oauth.no_refresh_token",
            f"server {server.name}: the provider gave no refresh token, so the login ends with its access token",
            f"ask for the scope that gives one: postroom smtp set {server.name} --scope '... offline_access'",
        ),
    )
