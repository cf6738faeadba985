"""What the commands of the group `oauth` show, but for `setup`."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Table
from postroom.ui.moments import local
from postroom.ui.views.changes import changes
from postroom.ui.views.manual import text

__all__ = ["login", "logout", "refresh", "status", "text"]

_ALONE = ("client-credentials", "service-account")  # where no account logs in


def login(data: Mapping[str, Any]) -> Iterable[Block]:
    """Whose tokens there are now, how long they last, what to do next."""
    yield from changes(data, f"logged in as {data['account']}" if data["account"] else "logged in")
    if data["account"] is None and data["flow"] not in _ALONE:
        yield Line(f"the provider did not tell which account; the server sends as {data['username']}", "dim")
    yield Line(f"scopes: {' '.join(data['scopes'])}", "dim")
    if data["store"]:
        yield Line(f"tokens: {data['store']}", "dim")
    if data["test"] is None:
        yield Next(f"postroom smtp test {data['server']}", "to prove that mail goes out")


def status(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a login, then why one is not good."""
    rows = [
        (
            row["server"],
            row["flow"] or "",
            row["account"] or row["username"] or "",
            row["state"] if row["proved"] or not data["asked"] else f"{row['state']}, not proved",
            local(row["access_token_expires_at"], seconds=False, unknown=""),
            local(row["refresh_token_ends_at"], seconds=False, unknown="")
            or ("no end known" if row["refresh_token"] else ""),
        )
        for row in data["servers"]
    ]
    if rows:
        yield Table(("server", "flow", "account", "state", "access token until", "login until"), rows)
    for row in data["servers"]:
        if row["client_secret_expires"]:
            yield Line(f"{row['server']}: its client secret ends on {row['client_secret_expires']}", "dim")
        if row["refresh_token_rule"]:
            yield Line(f"{row['server']}: login until: {row['refresh_token_rule']}", "dim")


def refresh(data: Mapping[str, Any]) -> Iterable[Block]:
    """Which tokens are new, and who was warned."""
    for row in data["servers"]:
        if row["renewed"]:
            until = local(row["access_token_expires_at"], seconds=False)
            yield Line(f"{row['server']}: renewed, good until {until}", "good")
    if not data["servers"]:
        yield Line("no server logs in with OAuth 2.0", "dim")
    if data["told"]:
        yield Line(f"{data['told']['operator']} was warned, through {data['told']['through']}")


def logout(data: Mapping[str, Any]) -> Iterable[Block]:
    """What is gone, and where."""
    if not data["removed"]:
        yield from changes(data, f"server {data['server']} keeps no tokens")
        return
    yield from changes(data, f"removed from {data['removed']}")
    if data["revoked"]:
        yield Line("the provider has taken them back", "good")
