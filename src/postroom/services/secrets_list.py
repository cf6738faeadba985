"""Lists the secrets: where each is, how old, whom it is for. Opens no store."""

from datetime import datetime
from typing import Any

from postroom.domain.ports import Vault
from postroom.domain.secret import STORED_SCHEMES, Reference, Stored
from postroom.domain.settings import Settings
from postroom.result import Result, Warn
from postroom.services.secrets_places import Place, places


def list_secrets(settings: Settings, recorded: Settings, vault: Vault, *, now: datetime) -> Result:
    """Every secret that a setting refers to or the ledger knows, with what is wrong with it.

    `recorded` is what the files alone say: a secret is in use, too, while the environment gives another.
    """
    known = {entry.reference: entry for entry in vault.entries()}
    rows: list[dict[str, Any]] = []
    warnings: list[Warn] = []
    for place in places(settings):
        if place.reference is None:
            continue
        entry = known.get(place.reference)
        rows.append(_row(place.reference, entry, place, now))
        if place.stored and entry is None:
            warnings.append(_again("secret.unrecorded", f"nothing is recorded about {place.reference}", place))
        elif place.stored and entry and entry.binding != place.binding:
            whom = f"{entry.binding.username} at {entry.binding.host}"
            text = f"{place.reference} was given for {whom} and will not be used for server {place.server.name}"
            warnings.append(_again("secret.bound_elsewhere", text, place))
    shown = {row["reference"] for row in rows}
    overridden = {place.reference: place for place in places(recorded)}
    for reference, entry in known.items():
        if str(reference) in shown:
            continue
        rows.append(_row(reference, entry, overridden.get(reference), now))
        if reference not in overridden:
            warnings.append(
                Warn("secret.unused", f"no setting refers to {reference}", f"postroom secrets remove {reference}")
            )
    return Result("secrets list", {"secrets": rows}, warnings)


def _row(reference: Reference, entry: Stored | None, place: Place | None, now: datetime) -> dict[str, Any]:
    stored = reference.scheme in STORED_SCHEMES
    return {
        "path": place.path if place else reference.locator,
        "key": place.key if place else None,
        "reference": str(reference),
        "store": reference.scheme,
        "set_at": entry.set_at if entry else None,
        "age_seconds": (now - datetime.fromisoformat(entry.set_at)).total_seconds() if entry else None,
        "host": entry.binding.host if entry else None,
        "username": entry.binding.username if entry else None,
        "used": place is not None,
        "bound": (entry is not None and entry.binding == place.binding) if stored and place else None,
    }


def _again(code: str, text: str, place: Place) -> Warn:
    return Warn(code, text, place.command)
