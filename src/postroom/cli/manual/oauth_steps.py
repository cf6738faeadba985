"""Owns what the guides on OAuth 2.0 have in common: the steps of `oauth setup`, and how troubles are told.

Refuses to know providers.
"""

from collections.abc import Iterable
from typing import NamedTuple

from postroom.cli.manual.roff import Page, bold, italic
from postroom.services.oauth_setup import example
from postroom.ui.views.oauth_setup import broken

FAULTS = (
    "Each is told as it looks, with the cause class that Postroom gives it; see postroom-faults(7). "
    "`postroom explain TEXT` reads any other."
)


class Trouble(NamedTuple):
    """Something that goes wrong: how it looks, its cause class (empty where there is none), and what to do."""

    looks: str
    cause: str
    cure: str


def way(page: Page, name: str) -> None:
    """One way, step by step, as `oauth setup` tells it."""
    told = example(name)
    page.subheading(told["title"])
    page.paragraph(told["why"])
    for number, step in enumerate(told["steps"], start=1):
        page.tagged(bold(f"{number}. ") + italic(step["page"]), *step["do"][:1])
        page.below(*step["do"][1:])
    page.paragraph(
        "The scripts are printed by " + f"`postroom oauth setup {told['provider']} --mailbox ADDRESS"
        f"{' --flow ' + told['flow'] if told['flow'] != 'browser' else ''}"
        f"{' --style ' + told['style'] if told['style'] else ''}`: "
        + "; ".join(f"{script['name']} {script['what']}" for script in told["scripts"])
        + f". Checked on {told['checked']}."
    )


def troubles(page: Page, rows: Iterable[Trouble]) -> None:
    """Each with its class and its cure."""
    for row in rows:
        page.tagged(bold(row.looks), row.cure)
        if row.cause:
            page.below(f"Class `{row.cause}`.")


def commands(name: str, *, mailbox: str, flow: str = "") -> str:
    """What is typed at the end of a way, a line each."""
    told = example(name, mailbox=mailbox, flow=flow)
    return "\n".join(line for row in told["commands"] for line in broken(row["command"]))
