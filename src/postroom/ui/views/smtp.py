"""What the commands of the group `smtp` show."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Fields, Line, Next, Table
from postroom.ui.views.changes import changes

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_CONFIDENTIAL = {"no": "none for a person's login", "optional": "where the application has one", "yes": "needed"}


def smtp_list(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a server."""
    if not data["servers"]:
        yield Line("no mail server is configured", "dim")
        yield Next("postroom smtp set", "to set one up")
        return
    rows = [
        (
            server["name"] + (" *" if server["default"] else ""),
            server["host"],
            str(server["port"]),
            server["security"],
            server["auth"],
            server["username"] or "",
            server["from"] or "",
            "" if server["enabled"] else "off",
        )
        for server in data["servers"]
    ]
    yield Table(("name", "host", "port", "security", "auth", "username", "from", ""), rows)
    if not data["enabled"]:
        yield Line("mail is switched off for the whole desk", "warn")


def smtp_show(data: Mapping[str, Any]) -> Iterable[Block]:
    """Each setting with its source."""
    settings = data["server"]["settings"]
    files = {row["source"] for row in settings if row["source"].startswith("file ")}
    # One file, as is usual, is named once: beside every value its path would fill the screen.
    whole = next(iter(files)) if len(files) == 1 else ""
    yield Line(f"server {data['server']['name']}", "title")
    if whole:
        yield Line(whole, "dim")
    rows = [_setting(row) for row in settings]
    yield Table(
        ("setting", "value", "source"),
        [(key, text, "file" if whole and source == whole else source) for key, text, source in rows],
    )


def _setting(row: Mapping[str, Any]) -> tuple[str, str, str]:
    value = row["value"]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if row.get("age_seconds") is not None:
        text += f" (set {age(row['age_seconds'])} ago)"
    return row["key"], text, row["source"]


def age(seconds: float) -> str:
    """A time span in its largest unit."""
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"


def smtp_use(data: Mapping[str, Any]) -> Iterable[Block]:
    """The new default."""
    yield from changes(data, f"{data['default']} is the default server now")


def smtp_rename(data: Mapping[str, Any]) -> Iterable[Block]:
    """Old and new name."""
    yield Line(f"server {data['old']} is called {data['new']} now", "good")
    for change in data["changes"]:
        if not change["key"].startswith("smtp.servers."):
            yield Line(f"  {change['key']} follows")


def smtp_remove(data: Mapping[str, Any]) -> Iterable[Block]:
    """What is gone."""
    yield from changes(data, f"server {data['removed']} removed")
    for reference in data["secrets_removed"]:
        yield Line(f"  secret removed: {reference}; backups may still hold it")
    if data["revoked"]:
        yield Line("the provider has taken the tokens back", "good")


def smtp_switch(data: Mapping[str, Any]) -> Iterable[Block]:
    """What is on or off now."""
    what = f"server {data['server']}" if data["server"] else "all mail"
    yield from changes(data, f"{what} is {'on' if data['enabled'] else 'off'}")


def smtp_providers(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a preset, or all about one."""
    presets = data["providers"]
    if data["asked"] is None:
        rows = [
            (preset["id"], preset["host"], str(preset["port"]), preset["security"], _wants(preset))
            for preset in presets
        ]
        yield Table(("id", "host", "port", "security", "login"), rows)
        yield Next("postroom smtp providers ID", "for ports, limits and notes")
        return
    preset = presets[0]
    if data["mx"] is not None:
        yield Fields([("asked", data["asked"]), ("mail exchangers", ", ".join(data["mx"]))])
    yield Line(preset["title"], "title")
    yield Fields(_facts(preset))
    region = f" --region {preset['region']}" if preset["region"] else ""
    username = "ADDRESS" if preset["username"] == "address" else "NAME"
    if "@" in data["asked"] and preset["username"] == "address":
        username = data["asked"]
    # With a name of its own, so that it never changes the default server that is there already.
    yield Next(
        f"postroom smtp set {preset['id']} --provider {preset['id']}{region} --username {username}", "to set it up"
    )


def _wants(preset: Mapping[str, Any]) -> str:
    ways = {
        "password": preset["secret"] or "password",
        "oauth2": "OAuth 2.0",
        "none": "none",
        "external": "certificate",
    }
    return ", ".join(ways[way] for way in preset["auth"])


def _facts(preset: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [
        ("id", preset["id"]),
        ("domains", ", ".join(preset["domains"])),
        ("server", f"{preset['host']} port {preset['port']} ({preset['security']})"),
        ("also", ", ".join(f"port {port} ({security})" for port, security in preset["alternatives"])),
        ("regions", ", ".join(preset["regions"])),
        ("default region", preset["region"]),
        ("login", _wants(preset)),
        ("username", preset["username"] or preset["username_hint"]),
        ("sender", preset["from_policy"]),
        *_oauth(preset["oauth"]),
        ("rate", preset["rate"]),
        ("connections", str(preset["max_connections"] or "")),
        *(("limit", limit) for limit in preset["limits"]),
        *(("old host", f"{old}: use {new}") for old, new in preset["retired_hosts"].items()),
        *(("note", note) for note in preset["notes"]),
        ("documentation", preset["docs"]),
        ("checked", preset["checked"] + ("" if preset["confirmed"] else " (not confirmed by a second source)")),
    ]
    return [(name, value) for name, value in pairs if value]


def _oauth(offer: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What is to be known before an application is registered; the endpoints stand in the JSON."""
    if offer is None:
        return []
    return [
        ("OAuth flows", ", ".join(offer["flows"])),
        *((f"not {flow}", reason) for flow, reason in offer["refused"].items()),
        ("OAuth scope", offer["scope"]),
        ("", f"{offer['machine_scope']} without a person" if offer["machine_scope"] else ""),
        ("OAuth tenant", offer["tenant"]),
        ("redirect address", _redirect(offer["redirect_uri"])),
        ("client secret", _CONFIDENTIAL[offer["confidential"]]),
        ("unused tokens", f"die after {offer['idle_days']} days" if offer["idle_days"] else ""),
        ("register at", offer["console"]),
    ]


def _redirect(address: str) -> str:
    """The address with its port, which is any of this machine's."""
    host, slash, path = address.removeprefix("http://").partition("/")
    return f"http://{host}:PORT{slash}{path}"
