"""`smtp set`: its many options come from the settings."""

from typing import Annotated, Any

import typer

from postroom.cli import wizard
from postroom.cli.frame import front_of
from postroom.cli.settings_options import given_secrets, given_values, takes_server_options
from postroom.services.server_values import unset_paths
from postroom.services.smtp_set import Request, smtp_set
from postroom.ui.views import smtp_set as view


@takes_server_options
def set_server(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The server's name; the default server without it.")] = None,
    *,
    unset: Annotated[list[str] | None, typer.Option(help="Remove this setting; repeatable.", metavar="KEY")] = None,
    store: Annotated[
        str | None,
        typer.Option(help="The store for a secret from stdin: keyring, encrypted or plain.", metavar="STORE"),
    ] = None,
    insecure_storage: Annotated[
        bool, typer.Option("--insecure-storage", help="Allow --store plain: the secret in a readable file.")
    ] = False,
    default: Annotated[bool, typer.Option("--default", help="Make it the default server.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Test it first; save only what works.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    **given: Any,
) -> None:
    """Set up a mail server, or change one.

    What is given is merged with what is there; a preset (--provider) fills in what is not given. On a terminal without
    any option a few questions are asked, beginning with an address. A secret never stands on the command line:
    --password-stdin reads it and puts it into a store, the other three forms record where to read it.

    JSON data: changed, changes (a list of key, old, new), server (with advice, a list of texts), created, missing (the
    options of which a login still needs one), login (the command by which a person has to log in, or null), setup (the
    command that says how an application is registered that could, or null), dry_run, diff.

    Examples:
      postroom smtp set main --provider microsoft365 --username noreply@example.com
      pass show mail | postroom smtp set main --host mail.example.com --username alice@example.com --password-stdin
      postroom smtp set --port 587 --unset tls_profile --dry-run
    """
    front = front_of(ctx)
    request = Request(
        name=name,
        values=given_values(given),
        unset=unset_paths(unset or []),
        secrets=given_secrets(front, given),
        store=store,
        insecure=insecure_storage,
        make_default=default,
        dry_run=dry_run,
    )
    if wizard.wanted(front, request):
        request = wizard.ask(front, request)
    else:
        wizard.question_domains(front, request)
    if test and not dry_run:
        wizard.test_first(front, request)
    desk = front.desk
    result = smtp_set(
        desk.settings,
        desk.file.change,
        desk.vault,
        request,
        presets=desk,
        check_tls=desk.check_tls,
        drop_tokens=desk.drop_tokens,
    )
    front.finish(result, view.smtp_set)
