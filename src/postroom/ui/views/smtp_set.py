"""What `smtp set` shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Verbatim
from postroom.ui.views.changes import changes

_VALUES = {"--access-token-command": " 'CMD'", "--username": " NAME"}


def smtp_set(data: Mapping[str, Any]) -> Iterable[Block]:
    """The changes, what the provider wants, and what to do next."""
    server = data["server"]
    if data["dry_run"]:
        yield Verbatim(data["diff"]) if data["diff"] else Line("unchanged", "dim")
        return
    yield from changes(data, f"server {server['name']} {'set up' if data['created'] else 'changed'}")
    for advice in server["advice"]:
        yield Line(f"note: {advice}", "dim")
    unregistered = "--client-id" in data["missing"]
    if unregistered:
        if data["setup"]:
            yield Next(data["setup"], "says how to register an application at the provider")
        if data["login"]:
            yield Next(data["login"], "to log in with it")
    for option in data["missing"]:
        if option != "--client-id":
            yield Next(
                f"postroom smtp set {server['name']} {option}{_VALUES.get(option, '')}",
                "another way to log in" if unregistered else "a login still needs this",
            )
    if data["missing"]:
        return
    if data["login"]:
        yield Next(data["login"], "to log in to the provider")
    else:
        yield Next(f"postroom smtp test {server['name']} --to ADDRESS", "to prove that it works")
