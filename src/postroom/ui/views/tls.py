"""What the commands of the group `tls` show."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Table
from postroom.ui.views.changes import changes


def tls_list(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a profile."""
    if not data["profiles"]:
        yield Line("there is no TLS profile", "dim")
        yield Next("postroom tls set NAME --ca-file FILE", "to make one")
        return
    rows = [
        (row["name"], row["minimum"], row["ca_file"] or "system", row["pin"] or "", ", ".join(row["used_by"]))
        for row in data["profiles"]
    ]
    yield Table(("name", "minimum", "authorities", "pin", "used by"), rows)


def tls_show(data: Mapping[str, Any]) -> Iterable[Block]:
    """Each setting with its source."""
    profile = data["profile"]
    yield Line(f"TLS profile {profile['name']}", "title")
    yield Table(
        ("setting", "value", "source"),
        [
            (
                row["key"],
                str(row["value"]).lower() if isinstance(row["value"], bool) else str(row["value"]),
                row["source"],
            )
            for row in profile["settings"]
        ],
    )
    yield Line("used by " + (", ".join(profile["used_by"]) or "no server"), "dim")


def tls_set(data: Mapping[str, Any]) -> Iterable[Block]:
    """The changes."""
    yield from changes(data, f"TLS profile {data['profile']} set")
    yield Next(f"postroom smtp set NAME --tls-profile {data['profile']}", "to use it")


def tls_remove(data: Mapping[str, Any]) -> Iterable[Block]:
    """What is gone."""
    yield from changes(data, f"TLS profile {data['removed']} removed")
