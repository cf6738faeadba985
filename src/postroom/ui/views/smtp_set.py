"""What `smtp set` shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Verbatim
from postroom.ui.views.changes import changes

_VALUES = {"--access-token-command": " 'CMD'", "--client-id": " ID", "--username": " NAME"}


def smtp_set(data: Mapping[str, Any]) -> Iterable[Block]:
    """The changes, what the provider wants, and what to do next."""
    server = data["server"]
    if data["dry_run"]:
        yield Verbatim(data["diff"]) if data["diff"] else Line("unchanged", "dim")
        return
    yield from changes(data, f"server {server['name']} {'set up' if data['created'] else 'changed'}")
    for advice in server["advice"]:
        yield Line(f"note: {advice}", "dim")
    for option in data["missing"]:
        yield Next(
            f"postroom smtp set {server['name']} {option}{_VALUES.get(option, '')}",
            "a login still needs this" if len(data["missing"]) == 1 else "one way to log in",
        )
    if data["missing"]:
        return
    if data["login"]:
        yield Next(data["login"], "to log in to the provider")
    else:
        yield Next(f"postroom smtp test {server['name']} --to ADDRESS", "to prove that it works")
