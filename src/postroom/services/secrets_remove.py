"""Removes a stored secret from its store, from the ledger and from the configuration."""

from collections.abc import Callable
from contextlib import nullcontext

from postroom.domain.ports import Change, Vault
from postroom.domain.secret import STORED_SCHEMES, Reference
from postroom.domain.settings import Settings
from postroom.result import Result, Warn, changes_data
from postroom.services.secrets_places import TOKENS, Hold, Place, find_place, places

BACKUPS = Warn(
    "secret.backups",
    "backups of the store may still hold the secret",
    "To make it worthless, change it at the mail provider.",
)


def remove(
    settings: Settings,
    change: Change,
    vault: Vault,
    name: str,
    *,
    confirm: Callable[[str], None],
    hold: Hold,
) -> Result:
    """Remove by place, or by reference what no setting refers to any more. Nothing there is no error, and then nothing
    is asked; `confirm` raises when the answer is no. `settings` are what the files alone say.

    The configuration goes first: a secret that is left over is listed, a setting without its secret stops the mail.
    """
    users, references = _targets(settings, vault, name)
    if users or references:
        confirm(f"remove the secret {name}?")
    warnings: list[Warn] = []
    logins = [place.server.name for place in users if place.field == TOKENS]
    with hold(*logins) if logins else nullcontext():
        if users:
            outcome = change(lambda draft: [draft.unset(place.key_path) for place in users])
            warnings += outcome.warnings
        removed = [str(reference) for reference in references if vault.remove(reference)]
    left = [str(place.reference) for place in users if place.stored is None]
    if removed:
        warnings.append(BACKUPS)
    if left:
        warnings.append(Warn("secret.left", f"the secret itself stays where it is: {', '.join(left)}"))
    changes = [{"key": place.key, "old": "set", "new": "unset"} for place in users]
    used = {str(place.reference) for place in users}
    changes += [{"key": reference, "old": "set", "new": "unset"} for reference in removed if reference not in used]
    return Result("secrets remove", {**changes_data(changes), "removed": removed}, warnings)


def _targets(settings: Settings, vault: Vault, name: str) -> tuple[list[Place], list[Reference]]:
    """The settings that refer to it, and the stored secrets."""
    scheme, _, locator = name.partition(":")
    if scheme in STORED_SCHEMES and locator:
        reference = Reference(scheme, locator)
        return [place for place in places(settings) if place.reference == reference], [reference]
    orphans = [entry.reference for entry in vault.entries() if entry.reference.locator == name]
    if orphans and name not in {place.path for place in places(settings)}:
        return [], orphans
    place = find_place(settings, name)
    users = [each for each in places(settings) if each.key == place.key and each.reference]
    stored = {entry.reference for entry in vault.entries() if entry.reference.locator == place.path}
    if place.stored:
        stored.add(place.stored)
    others = {each.reference for each in places(settings) if each.key != place.key}
    return users, sorted(stored - others)
