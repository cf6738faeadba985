"""`oauth setup`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.frame import Front, front_of
from postroom.domain.address import parse_address
from postroom.errors import Exit, FileError, UsageError
from postroom.files import atomic_write, make_directory
from postroom.services import oauth_setup as service
from postroom.services.oauth_setup import PARTS, PROVIDERS, STYLES, Request
from postroom.ui.views import oauth_setup as views

_FLOWS = "browser|paste|device|client-credentials|service-account"


def setup(
    ctx: typer.Context,
    provider: Annotated[
        str | None, typer.Argument(metavar="|".join(PROVIDERS), help="Where the mailbox is.", show_default=False)
    ] = None,
    *,
    mailbox: Annotated[
        list[str] | None, typer.Option(help="The mailbox that sends; repeat it for several.", metavar="ADDRESS")
    ] = None,
    hosts: Annotated[
        str | None,
        typer.Option(
            "--for", help="One mailbox on one machine, or many hosts; without a terminal one.", metavar="one|many"
        ),
    ] = None,
    flow: Annotated[
        str, typer.Option(help="This way to log in, and not the one that is advised.", metavar=_FLOWS)
    ] = "",
    style: Annotated[
        str,
        typer.Option(
            help="How Exchange is told of an application: rbac, where nothing is said.", metavar="|".join(STYLES)
        ),
    ] = "",
    tenant: Annotated[
        str, typer.Option(help="The organisation at Microsoft: its GUID or a domain.", metavar="TENANT")
    ] = "",
    client_id: Annotated[
        str, typer.Option(help="The application's ID, where it is registered already.", metavar="ID")
    ] = "",
    redirect_uri: Annotated[
        str, typer.Option(help="Register this redirect address instead of the usual one.", metavar="URL")
    ] = "",
    script: Annotated[str, typer.Option(help="Print this script alone.", metavar="|".join(PARTS))] = "",
    write: Annotated[
        str | None, typer.Option(help="Write the scripts into this directory; none is overwritten.", metavar="DIR")
    ] = None,
) -> None:
    """Say what to do at the provider before a login.

    Asks for the provider, the mailbox, and for one machine or many, where somebody can answer; recommends a way to log
    in; and prints the pages and fields of the provider's console, scripts that do the same as far as they can, and the
    commands to type then. Nothing is asked of the provider, and nothing is changed there or here.

    At Microsoft the script entra is for a shell with the Azure CLI, exchange and check are for PowerShell with the
    module ExchangeOnlineManagement; check changes nothing. At Google project or account need gcloud. See
    postroom-oauth-microsoft(7) and postroom-oauth-google(7).

    JSON data: provider, title, for (one, many), flow, style (null but for client-credentials), why, checked (the day on
    which the steps were last compared with what is known), guide, mailboxes, redirect_uri, steps (a list of page and
    do, a list of texts), scripts (a list of name, file, language, what, text), commands (a list of command, why), text
    (the script that --script names, else null), written (the paths of the written scripts).

    Examples:
      postroom oauth setup microsoft365
      postroom oauth setup microsoft365 --mailbox alerts@example.com --for many --tenant example.com --write setup
      postroom oauth setup gmail --mailbox alice@gmail.com
      postroom oauth setup google-workspace --mailbox alerts@example.com --flow service-account --script account
    """
    front = front_of(ctx)
    _check_words(hosts, style)
    request = Request(
        provider=provider or _asked_provider(front),
        mailboxes=mailbox or _asked_mailbox(front),
        many=_many(front, hosts, flow),
        flow=flow,
        style=style,
        tenant=tenant,
        client_id=client_id,
        redirect_uri=redirect_uri,
        part=script,
    )
    result = service.setup(
        request, preset=front.desk.preset, write=partial(_write, Path(write)) if write is not None else None
    )
    front.finish(result, views.oauth_setup)


def _check_words(hosts: str | None, style: str) -> None:
    for option, word, known in (("--for", hosts, ("one", "many")), ("--style", style, STYLES)):
        if word and word not in known:
            raise UsageError("usage.bad_value", f"{option} must be {' or '.join(known)}, not {word!r}")


def _asked_provider(front: Front) -> str:
    if not front.prompt.possible:
        raise UsageError(
            "usage.missing_value",
            "a value is missing: the provider",
            hint=f"postroom oauth setup {' or '.join(PROVIDERS)}",
        )
    titles = {preset.id: preset.title for name in PROVIDERS if (preset := front.desk.preset(name))}
    return front.prompt.choose("Where is the mailbox?", tuple(titles.items()), option="PROVIDER", default=PROVIDERS[0])


def _asked_mailbox(front: Front) -> list[str]:
    if not front.prompt.possible:
        return []
    return [str(front.prompt.ask("Mailbox that sends", option="--mailbox", check=parse_address))]


def _many(front: Front, hosts: str | None, flow: str) -> bool:
    """Asked only where it decides something: a flow that is given has decided it."""
    if hosts or flow or not front.prompt.possible:
        return hosts == "many"
    choices = (
        ("one", "one mailbox on one machine, and somebody can log in once"),
        ("many", "many hosts, or nobody there who could log in"),
    )
    return front.prompt.choose("What is it for?", choices, option="--for", default="one") == "many"


def _write(directory: Path, name: str, text: str) -> str:
    path = directory / name
    if path.exists() or path.is_symlink():
        raise FileError(
            "file.cannot_write",
            f"{path} is there already",
            hint="name another directory, or move it away",
            exit=Exit.CANNOT_CREATE,
        )
    make_directory(directory, mode=0o755)
    atomic_write(path, text.encode(), mode=0o755 if name.endswith(".sh") else 0o644)
    return str(path)
