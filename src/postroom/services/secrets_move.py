"""Moves a secret to another store: writes it there, switches the configuration over, forgets it where it was."""

from contextlib import nullcontext

from postroom.domain.ports import Change, Vault
from postroom.domain.settings import Settings
from postroom.errors import SecretError
from postroom.result import Result, Warn, changes_data
from postroom.services.secrets_places import TOKENS, Hold, find_place, forget, set_reference, still_used


def move(
    settings: Settings, change: Change, vault: Vault, name: str, *, store: str, insecure: bool, hold: Hold
) -> Result:
    """Move the secret of a place. Of one that others keep (a file, a command) a copy is stored. Tokens move between two
    renewals.

    Raise SecretError `secret.not_found` where none is set, and when it cannot be read or stored.
    """
    place = find_place(settings, name)
    old = place.reference
    if old is None:
        raise SecretError("secret.not_found", f"{place.key} is not set", hint=place.command)
    scheme = vault.choose_store(store, insecure=insecure)
    data = {"path": place.path, "old": str(old), "reference": str(old)}
    if old.scheme == scheme:
        return Result("secrets move", {**changes_data([]), **data})
    new = place.reference_in(scheme)
    mutate = set_reference(place, new)
    change(mutate, dry_run=True)
    with hold(place.server.name) if place.field == TOKENS else nullcontext():
        vault.put(new.locator, vault.read(old, place.binding), scheme, place.binding)
        outcome = change(mutate)
        warnings = list(outcome.warnings)
        if place.stored is None:
            warnings.append(Warn("secret.copied", f"the secret also stays where it was: {old}", "Remove it there."))
        elif not still_used(settings, old, besides=place):
            warnings += forget(vault.remove, [old])[1]
    changes = [{"key": place.key, "old": str(old), "new": str(new)}]
    return Result("secrets move", {**changes_data(changes), **data, "reference": str(new)}, warnings)
