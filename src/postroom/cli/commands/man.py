"""`man`."""

import os
import sys
from typing import Annotated

import typer

from postroom.cli.frame import front_of
from postroom.cli.manual import pages
from postroom.cli.manual.roff import Page
from postroom.cli.typeset import plain, show
from postroom.desk import Desk
from postroom.errors import UsageError
from postroom.result import Result
from postroom.ui.views import manual as views


def man(
    ctx: typer.Context,
    page: Annotated[
        str | None, typer.Argument(metavar="[PAGE]", help="The page; postroom(1) without it.", show_default=False)
    ] = None,
) -> None:
    """Show a manual page.

    The pages are postroom(1), one for each group such as postroom-smtp(1) and for each other command such as
    postroom-explain(1), postroom.toml(5) on the configuration, the guides postroom-oauth-google(7),
    postroom-oauth-microsoft(7) and postroom-oauth-tokens(7), and postroom-faults(7) on causes, codes and exit
    statuses. Short names do: smtp, explain, toml, faults, oauth-google. On a terminal man(1) shows the page; elsewhere
    it is printed as plain text, or as roff where neither man nor mandoc is installed.

    JSON data: page, section, form ("text" or "roff"), text.

    Examples:
      postroom man
      postroom man smtp
      postroom man postroom.toml
    """
    front = front_of(ctx)
    # Building the desk takes the secrets out of the environment; its configuration is not read.
    found = _find(front.desk, page or "postroom")
    if not front.flags.json and sys.stdout.isatty() and show(found.file_name, found.text, os.environ):
        return
    text = plain(found.file_name, found.text, os.environ)
    form = "roff" if text is None else "text"
    data = {"page": found.name, "section": found.section, "form": form, "text": text or found.text}
    front.finish(Result("man", data), views.text)


def _find(desk: Desk, wanted: str) -> Page:
    """The page of that name, with or without `postroom-` and its section. Raise UsageError."""
    known = pages(desk)
    for page in known:
        short = page.name.removeprefix("postroom").lstrip("-.")
        for name in filter(None, (page.name, short)):
            if wanted in (name, f"{name}.{page.section}", f"{name}({page.section})"):
                return page
    names = ", ".join(page.name for page in known)
    raise UsageError("usage.unknown_page", f"there is no page {wanted!r}; the pages are {names}", hint="postroom man")
