"""Sets up a mail server, or changes one: values, secrets and the default, all or nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from postroom.domain.kinds import NAME
from postroom.domain.oauth import client_of
from postroom.domain.ports import Change, Draft, Outcome, Vault
from postroom.domain.secret import Binding, Reference, Secret
from postroom.domain.settings import Server, Settings
from postroom.errors import ConfigError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.secrets_places import forget, places
from postroom.services.server_advice import (
    ListedPresets,
    bound_elsewhere,
    check_provider,
    foreign_from,
    login_command,
    login_needs,
    near_misses,
    not_read_yet,
    notes,
    outdated_host,
    providers_of,
    setup_command,
)
from postroom.services.server_values import TLS_FILES, CheckTls, KeyPath, read_values
from postroom.services.servers import brief, refuse_environment

COMMAND = "smtp set"
Mutate = Callable[[Draft], None]
FIRST_NAME = "default"
_TOKENS: KeyPath = ("oauth", "tokens")


class Request(NamedTuple):
    """What to set. Keys of `values`, `unset` and `secrets` are paths within the server's table: `("tls", "pin")`.

    A Secret is put into a store (`store`, or the usual one); a Reference is recorded as it is. Values are as typed.
    """

    name: str | None = None
    values: Mapping[KeyPath, str] = {}
    unset: Sequence[KeyPath] = ()
    secrets: Mapping[KeyPath, Secret | Reference] = {}
    store: str | None = None
    insecure: bool = False
    make_default: bool = False
    dry_run: bool = False


class Plan(NamedTuple):
    """What a request comes to. `server` is as it would be; `given` are the secrets that no store has yet."""

    name: str
    mutate: Mutate
    references: Mapping[KeyPath, Reference]
    given: Mapping[Reference, Secret]
    outcome: Outcome

    @property
    def server(self) -> Server:
        return self.outcome.settings.servers[self.name]


def planned(
    settings: Settings,
    change: Change,
    vault: Vault,
    request: Request,
    *,
    presets: ListedPresets,
    check_tls: CheckTls,
) -> Plan:
    """Check everything and write nothing. Raise as `smtp_set` does."""
    name = choose_name(settings, request)
    refuse_environment(settings, name)
    base: KeyPath = ("smtp", "servers", name)
    values = read_values(base, request.values)
    _refuse_contradictions(settings, request, name, values, presets)
    references = _references(request, vault, name)
    given = {references[path]: secret for path, secret in request.secrets.items() if isinstance(secret, Secret)}
    mutate = _mutation(settings, request, name, values, references)
    plan = Plan(name, mutate, references, given, change(mutate, dry_run=True))
    if any(("tls", field) in values for field in TLS_FILES):
        check_tls(plan.server.tls)
    before = settings.servers.get(name)
    if before is not None and ("oauth", "client_secret_expires") not in values and _proves_anew(plan, before, vault):
        plan = _without(plan, (*base, "oauth", "client_secret_expires"), change)
    return plan


def smtp_set(
    settings: Settings,
    change: Change,
    vault: Vault,
    request: Request,
    *,
    presets: ListedPresets,
    check_tls: CheckTls,
    drop_tokens: Callable[[Server], bool | None],
) -> Result:
    """Merge the values into the server. Nothing is written when anything is wrong.

    `drop_tokens` throws away the tokens of a server as it was: those of another login are of no use any more. Whether
    the provider took them back; None where it was not asked. Where the request brings the reference of other tokens,
    they stay for the caller to deal with.

    Raise UsageError with every bad value, ConfigError when the result would be invalid, SecretError when a secret
    cannot be stored, FileError for a file that is missing or of no use.
    """
    plan = planned(settings, change, vault, request, presets=presets, check_tls=check_tls)
    name, references = plan.name, plan.references
    base: KeyPath = ("smtp", "servers", name)
    before = settings.servers.get(name)
    logged_out = before if before is not None and _ends_login(before, plan.server, presets) else None
    if _TOKENS in references:
        logged_out = None
    if logged_out:
        plan = _without(plan, (*base, *_TOKENS), change)
    server, outcome = plan.server, plan.outcome
    changes = list(outcome.changes)
    changes += _store(request, references, vault, name, server, already=changes)
    left: list[Warn] = []
    if not request.dry_run:
        outcome = change(plan.mutate)
        _, left = forget(vault.remove, _replaced(settings, name, references, request.unset))
        if logged_out:
            left.append(_logged_out(logged_out, revoked=drop_tokens(logged_out)))
    preset = presets.preset(server.provider) if server.provider else None
    providers = providers_of(server, presets)
    return Result(
        COMMAND,
        {
            **changes_data(changes),
            "server": {**brief(server), "advice": notes(server, preset)},
            "created": name not in settings.servers,
            "dry_run": request.dry_run,
            "diff": outcome.diff if request.dry_run else None,
            "missing": [need.partition(" ")[0] for need in login_needs(server, preset)],
            "login": login_command(server, preset),
            "setup": setup_command(server),
        },
        [
            *outcome.warnings,
            *left,
            *(
                Warn("address.near_miss", f"{domain!r} looks like a slip for {meant!r}")
                for domain, meant in near_misses(request.values, presets.known_domains).items()
            ),
            *outdated_host(server, providers),
            *foreign_from(server, providers),
            *bound_elsewhere(server, references, vault.bound_to),
            *not_read_yet(base, (*request.values, *request.secrets)),
        ],
    )


def _mutation(
    settings: Settings,
    request: Request,
    name: str,
    values: Mapping[KeyPath, Any],
    references: Mapping[KeyPath, Reference],
) -> Mutate:
    base: KeyPath = ("smtp", "servers", name)

    def mutate(draft: Draft) -> None:
        for path, value in values.items():
            if path == ("provider",) and value == "custom":
                draft.unset((*base, *path))
            else:
                draft.set((*base, *path), value)
        for path, reference in references.items():
            draft.set((*base, *path), str(reference))
        for path in request.unset:
            draft.unset((*base, *path))
        if request.make_default or not settings.servers:
            draft.set(("smtp", "default"), name)

    return mutate


def _without(plan: Plan, path: KeyPath, change: Change) -> Plan:
    """The same, with a setting of the file taken away."""

    def mutate(draft: Draft) -> None:
        plan.mutate(draft)
        if draft.get(path) is not None:
            draft.unset(path)

    return plan._replace(mutate=mutate, outcome=change(mutate, dry_run=True))


def _proves_anew(plan: Plan, before: Server, vault: Vault) -> bool:
    """Whether the application proves itself with something else than before, so that an old date tells nothing."""
    after = plan.server
    if before.oauth.client_secret_expires is None:
        return False
    if any(getattr(before.oauth, field) != getattr(after.oauth, field) for field in ("client_secret", "certificate")):
        return True
    binding = Binding(after.host, after.username or "")
    reference = plan.references.get(("oauth", "client_secret"))
    secret = plan.given.get(reference) if reference else None
    return reference is not None and secret is not None and not vault.holds(reference, secret, binding)


def _ends_login(before: Server, after: Server, presets: ListedPresets) -> bool:
    """Whether the tokens that are kept belong to another login than the settings now ask for."""
    if before.oauth.tokens is None:
        return False
    try:
        return _login_of(before, presets) != _login_of(after, presets)
    except ConfigError:  # the application is gone
        return True


def _login_of(server: Server, presets: ListedPresets) -> str:
    preset = presets.preset(server.provider) if server.provider else None
    return client_of(server, preset.oauth if preset else None).fingerprint(server.host)


def _logged_out(server: Server, *, revoked: bool | None) -> Warn:
    done = "and were taken back" if revoked else "but the provider may still accept them"
    return Warn(
        "oauth.tokens_dropped",
        f"server {server.name}: its tokens were for other settings; they are thrown away {done}",
        f"postroom oauth login {server.name}",
    )


def _refuse_contradictions(
    settings: Settings, request: Request, name: str, values: Mapping[KeyPath, Any], presets: ListedPresets
) -> None:
    if name not in settings.servers and not {("host",), ("provider",)} & values.keys():
        known = presets.preset_for(str(values.get(("username",), "")))
        what = f"--provider {known.id}" if known else "--host HOST; postroom smtp providers lists the presets"
        hint = f"postroom smtp set {name} {what}"
        raise UsageError("usage.missing_value", f"the new server {name} needs --host or --provider", hint=hint)
    check_provider(values.get(("provider",)), presets)
    for path in request.unset:
        if path in values or path in request.secrets:
            raise UsageError("usage.conflict", f"{'.'.join(path)} is given and unset at once")


def choose_name(settings: Settings, request: Request) -> str:
    """The server's name: as given, else the default server's, else made of the title, else `default`."""
    if request.name is not None:
        if not NAME.fullmatch(request.name):
            raise UsageError("usage.bad_name", f"the name {request.name!r} must match {NAME.pattern}")
        return request.name
    if settings.smtp.default in settings.servers and settings.smtp.default is not None:
        return settings.smtp.default
    if len(settings.servers) == 1:
        return next(iter(settings.servers))
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in request.values.get(("title",), ""))
    return "-".join(words.lower().split())[:63] or FIRST_NAME


def _references(request: Request, vault: Vault, name: str) -> dict[KeyPath, Reference]:
    scheme = ""
    found = {}
    for path, secret in request.secrets.items():
        if isinstance(secret, Reference):
            found[path] = secret
        else:
            scheme = scheme or vault.choose_store(request.store, insecure=request.insecure)
            found[path] = Reference(scheme, "/".join(("smtp", name, *path)))
    return found


def _store(
    request: Request,
    references: Mapping[KeyPath, Reference],
    vault: Vault,
    name: str,
    server: Server,
    *,
    already: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Put the given secrets into their store, in a dry run only look; one that replaces another of the same place is a
    change too.
    """
    changes = []
    for path, secret in request.secrets.items():
        if isinstance(secret, Reference):
            continue
        reference = references[path]
        binding = Binding(server.host, server.username or "")
        if request.dry_run:
            changed = not vault.holds(reference, secret, binding)
        else:
            _, changed = vault.put(reference.locator, secret, reference.scheme, binding)
        key = ".".join(("smtp", "servers", name, *path))
        if changed and not any(change["key"] == key for change in already):
            changes.append({"key": key, "old": "set", "new": "set"})
    return changes


def _replaced(
    settings: Settings, name: str, references: Mapping[KeyPath, Reference], unset: Sequence[KeyPath]
) -> list[Reference]:
    """The secrets in our stores that the server used and no longer does, nor any other."""
    shared = {place.reference for place in places(settings) if place.server.name != name}
    return [
        place.stored
        for place in places(settings)
        if place.server.name == name
        and place.stored
        and place.stored not in shared
        and (place.field in unset or references.get(place.field, place.stored) != place.stored)
    ]
