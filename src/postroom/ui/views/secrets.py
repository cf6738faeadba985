"""What the commands of the group `secrets` show."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Table
from postroom.ui.views.changes import changes
from postroom.ui.views.smtp import age


def secrets_list(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a secret; never what it is."""
    if not data["secrets"]:
        yield Line("no secret is set", "dim")
        yield Next("postroom status", "says whether a server needs one")
        return
    rows = [
        (
            row["path"],
            # Our stores keep a secret under its own name; saying it twice would only make the line too long.
            row["store"] if row["reference"] == f"{row['store']}:{row['path']}" else row["reference"],
            "" if row["age_seconds"] is None else f"{age(row['age_seconds'])} ago",
            row["username"] or "",
            row["host"] or "",
            "" if row["used"] else "unused",
        )
        for row in data["secrets"]
    ]
    yield Table(("secret", "kept in", "set", "username", "host", ""), rows)


def secrets_set(data: Mapping[str, Any]) -> Iterable[Block]:
    """Where it is now."""
    yield from changes(data, f"stored in {data['reference']}")
    if data["changed"]:
        yield Next(f"postroom smtp test {data['server']}", "to prove that it works")


def secrets_move(data: Mapping[str, Any]) -> Iterable[Block]:
    """From where to where."""
    yield from changes(data, f"{data['path']} moved")


def secrets_remove(data: Mapping[str, Any]) -> Iterable[Block]:
    """What is gone."""
    yield from changes(data, "removed")


def secrets_stores(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a store, then what helps where something does."""
    rows = [
        (
            row["store"] + (" *" if row["default"] else ""),
            row["state"],
            "read and written" if row["writable"] else "read",
            row["reason"],
        )
        for row in data["stores"]
    ]
    yield Table(("store", "state", "use", "remarks"), rows)
    for row in data["stores"]:
        if row["default"] and row["state"] != "usable":
            hint = row["hint"] or "secrets can be kept in an encrypted file: --store encrypted"
            yield Line(f"{row['store']}: {hint}", "warn")
