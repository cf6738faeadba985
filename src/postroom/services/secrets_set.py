"""Stores a secret, or replaces one: writes the new one, switches the configuration over, forgets the old one."""

from collections.abc import Callable

from postroom.domain.ports import Change, Vault
from postroom.domain.secret import Secret
from postroom.domain.settings import Settings
from postroom.errors import UsageError
from postroom.result import Result, changes_data
from postroom.services.secrets_places import TOKENS, find_place, forget, set_reference, still_used


def set_secret(
    settings: Settings,
    change: Change,
    vault: Vault,
    name: str,
    *,
    store: str | None,
    insecure: bool,
    ask: Callable[[str], Secret],
) -> Result:
    """Put what `ask` returns into the asked store, else the one where it is now, else the usual one.

    Raise UsageError for an unknown place, SecretError when it cannot be stored. Nothing is asked before the rest is
    known to be in order.
    """
    place = find_place(settings, name)
    if place.field == TOKENS:
        raise UsageError(
            "usage.bad_place",
            f"{place.path} holds what a login brings; it cannot be typed",
            hint=f"{place.command}, or for the tokens of another program: "
            f"postroom smtp set {place.server.name} --access-token-command CMD",
        )
    server, old = place.server, place.stored
    keeps_plain = store is None and old is not None and old.scheme == "plain"
    scheme = vault.choose_store(store or (old.scheme if old else None), insecure=insecure or keeps_plain)
    new = old if old and old.scheme == scheme else place.reference_in(scheme)
    mutate = set_reference(place, new)
    change(mutate, dry_run=True)
    user = f" (user {server.username}, host {server.host})" if server.username else f" (host {server.host})"
    secret = ask(f'{".".join(place.field)} for server "{server.name}"{user}')
    _, changed = vault.put(new.locator, secret, scheme, place.binding)
    outcome = change(mutate)
    replaced = [old] if old and old != new and not still_used(settings, old, besides=place) else []
    _, left = forget(vault.remove, replaced)
    moved = new != place.reference
    changes = [{"key": place.key, "old": "set" if place.reference else "unset", "new": "set"}]
    data = {
        **changes_data(changes if changed or moved else []),
        "path": place.path,
        "reference": str(new),
        "server": server.name,
    }
    return Result("secrets set", data, [*outcome.warnings, *left])
