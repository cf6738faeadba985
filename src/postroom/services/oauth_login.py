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
    Grants,
    Proof,
    TokenKeeper,
    TokenRecord,
    client_of,
)
from postroom.domain.ports import Change, Draft, Vault
from postroom.domain.preset import Preset
from postroom.domain.reply import Signs
from postroom.domain.secret import STORED_SCHEMES, Reference, Secret
from postroom.domain.settings import WITHOUT_A_PERSON, Server, Settings
from postroom.errors import ConfigError, PostroomError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.server_advice import ListedPresets
from postroom.services.servers import choose_server, refuse_environment
from postroom.services.smtp_set import Request as Setting
from postroom.services.smtp_set import smtp_set

COMMAND = "oauth login"
KeyPath = tuple[str, ...]

_NOT_COMPARED = ("openid", "offline_access", "email", "profile")
"""Scopes that ask for no access to mail; providers grant them without a word."""


class Request(NamedTuple):
    """What is asked: a server's name or an address, and settings of its application that are recorded first.

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
    a provider's refusal.
    """

    grants: Callable[[], Grants]
    proof_of: Callable[[Server, str], Proof]
    consent: Callable[[Server, Client, Grants], AbstractContextManager[Consent]]
    device: Callable[[Client, Proof, DeviceCode], Granted]
    usual_flow: Callable[[], str]
    explain: Callable[[Server, GrantError], PostroomError]


class Desk(NamedTuple):
    """What of the desk a login reads and writes. `settings` reads them anew each time."""

    settings: Callable[[], Settings]
    change: Change
    vault: Vault
    tokens: TokenKeeper
    presets: ListedPresets


def oauth_login(desk: Desk, request: Request, ways: Ways) -> Result:
    """Record the given settings, get tokens, keep them.

    Raise ConfigError for what is missing, and what the provider said as `Ways.explain` tells it. Nothing but the given
    settings is written then.
    """
    settings = desk.settings()
    name = _target(settings, request, desk.presets)
    refuse_environment(settings, name)
    changes = _record(settings, name, request, desk)
    server = choose_server(desk.settings(), name)
    preset = desk.presets.preset(server.provider) if server.provider else None
    flow = server.oauth.flow or _usual(preset, ways)
    _refuse_flow(server, preset, flow)
    scheme = _scheme(server, desk.vault, request)
    client = client_of(server, preset.oauth if preset else None, flow)
    record, reference = _logged_in(server, client, desk, ways, scheme)
    outcome = desk.change(lambda draft: _refer(draft, server, reference))
    changes += outcome.changes or [_anew(server)]
    return Result(
        COMMAND,
        {
            **changes_data(changes),
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
        [*outcome.warnings, *_other_account(server, record), *_no_refresh(server, flow, record)],
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


def _record(settings: Settings, name: str, request: Request, desk: Desk) -> list[Mapping[str, Any]]:
    """Write what was given, and that the server logs in with OAuth 2.0."""
    values = dict(request.values)
    server = settings.servers.get(name)
    if server is None and request.word is not None:
        values.setdefault(("username",), request.word)
        if ("provider",) not in values and (preset := desk.presets.preset_for(request.word)):
            values["provider",] = preset.id
    if server is None or server.auth != "oauth2":
        values.setdefault(("auth",), "oauth2")
    unset = [("access_token",)] if server is not None and server.access_token is not None else []
    if not values and not request.secrets and not unset:
        return []
    setting = Setting(
        name=name,
        values=values,
        unset=unset,
        secrets=request.secrets,
        store=request.store,
        insecure=request.insecure,
    )
    result = smtp_set(
        settings,
        desk.change,
        desk.vault,
        setting,
        presets=desk.presets,
        check_tls=lambda _tls: None,  # no option of a login is about it
        drop_tokens=_dropping(desk.tokens),
    )
    return list(result.data["changes"])


def _dropping(tokens: TokenKeeper) -> Callable[[Server], bool | None]:
    return lambda server: tokens.forget(server, revoke=True)


def _usual(preset: Preset | None, ways: Ways) -> str:
    """Where nobody names a flow: the provider's only one, else what this machine can do."""
    flows = preset.oauth.flows if preset and preset.oauth else ()
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


def _scheme(server: Server, vault: Vault, request: Request) -> str:
    """The store for the tokens: the one that has them now, unless another is asked for. Found out before anybody logs
    in.
    """
    now = server.oauth.tokens
    if request.store is None and now is not None and now.scheme in STORED_SCHEMES:
        return now.scheme
    return vault.choose_store(request.store, insecure=request.insecure)


def _logged_in(server: Server, client: Client, desk: Desk, ways: Ways, scheme: str) -> tuple[TokenRecord, Reference]:
    def keep(granted: Granted) -> tuple[TokenRecord, Reference]:
        _refuse_less(client, granted)
        return desk.tokens.keep(server, client, granted, scheme)

    proof = ways.proof_of(server, client.flow)
    try:
        grants = ways.grants()
        client = grants.discover(client)
        if client.flow in WITHOUT_A_PERSON:
            return keep(grants.by_itself(client, proof))
        if client.flow == "device":
            return keep(ways.device(client, proof, grants.device_code(client, proof)))
        with ways.consent(server, client, grants) as consent:
            code, verifier = consent.code, consent.verifier
            granted = grants.by_code(client, proof, code, redirect_uri=consent.redirect_uri, verifier=verifier)
            kept = keep(granted)
            consent.logged_in_as(granted.account)
            return kept
    except GrantError as error:
        raise ways.explain(server, error) from error


def _refuse_less(client: Client, granted: Granted) -> None:
    """Raise where a scope for mail was asked for and not granted: such a token would be refused by the mail server."""
    got = {_compared(scope) for scope in granted.scopes}
    missing = [scope for scope in client.scopes if _for_mail(scope) and _compared(scope) not in got]
    if missing:
        text = f"granted: {' '.join(granted.scopes) or 'nothing'}; missing: {' '.join(missing)}"
        evidence = {"granted": list(granted.scopes), "missing": missing}
        raise GrantError(Signs("token", "scope-missing", text=text, evidence=evidence), definite=True)


def _for_mail(scope: str) -> bool:
    return scope.lower() not in _NOT_COMPARED and not scope.endswith("/.default")


def _compared(scope: str) -> str:
    """A scope as it is compared: Microsoft has several hosts for one permission, and answers with any of them."""
    return scope.lower().rpartition("/")[2] or scope.lower()


def _refer(draft: Draft, server: Server, reference: Reference) -> None:
    draft.set(("smtp", "servers", server.name, "oauth", "tokens"), str(reference))


def _anew(server: Server) -> Mapping[str, Any]:
    """The change that the settings do not show: other tokens in the same place."""
    return {"key": f"smtp.servers.{server.name}.oauth.tokens", "old": "set", "new": "set"}


def _other_account(server: Server, record: TokenRecord) -> Sequence[Warn]:
    if not record.account or record.account.lower() == (server.username or "").lower():
        return ()
    return (
        Warn(
            "oauth.other_account",
            f"server {server.name} sends as {server.username}, but {record.account} has logged in: that works only "
            "where this account may send for the other",
            f"postroom oauth login {server.name}, and log in as {server.username}",
        ),
    )


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
