"""`secrets list`, `set`, `remove`, `move`, `stores`."""

from typing import Annotated

import typer

from postroom.cli.frame import front_of
from postroom.domain.secret import Secret
from postroom.services import secrets_list, secrets_move, secrets_remove, secrets_set, secrets_stores
from postroom.ui.views import secrets as views

Place = Annotated[
    str, typer.Argument(metavar="SECRET", help="Like main.password, or smtp/main/password.", show_default=False)
]
Insecure = Annotated[bool, typer.Option("--insecure-storage", help="Allow the plain store, which is plain text.")]


def list_secrets(ctx: typer.Context) -> None:
    """List the secrets: where each is and how old.

    JSON data: secrets (a list of path, key, reference, store, set_at, age_seconds, host, username, used, bound).

    Examples:
      postroom secrets list
    """
    front = front_of(ctx)
    desk = front.desk
    front.finish(
        secrets_list.list_secrets(desk.settings, desk.recorded, desk.vault, now=desk.clock.now()), views.secrets_list
    )


def set_secret(
    ctx: typer.Context,
    secret: Place,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the secret from standard input.")] = False,
    store: Annotated[
        str | None, typer.Option(help="keyring, encrypted or plain; else where it is now.", metavar="STORE")
    ] = None,
    insecure_storage: Insecure = False,
) -> None:
    """Store a secret, or replace one.

    On a terminal it is asked for without echo; elsewhere --stdin reads it. It is used only for the host and the
    username that the server has now.

    JSON data: changed, changes, path, reference, server.

    Examples:
      postroom secrets set main.password
      pass show mail | postroom secrets set smtp/main/password --stdin --store encrypted
    """
    front = front_of(ctx)

    def ask(question: str) -> Secret:
        return Secret(front.read_secret_line("--stdin") if stdin else front.prompt.secret(question, option="--stdin"))

    desk = front.desk
    result = secrets_set.set_secret(
        desk.settings, desk.file.change, desk.vault, secret, store=store, insecure=insecure_storage, ask=ask
    )
    front.finish(result, views.secrets_set)


def remove(
    ctx: typer.Context, secret: Place, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a stored secret.

    It goes from its store, from the ledger and from the configuration. One that no setting refers to is named by its
    reference, as `postroom secrets list` shows it.

    JSON data: changed, changes, removed (a list of references).

    Examples:
      postroom secrets remove main.password
      postroom secrets remove keyring:smtp/old/password --yes
    """
    front = front_of(ctx)
    desk = front.desk
    result = secrets_remove.remove(
        desk.recorded,
        desk.file.change,
        desk.vault,
        secret,
        confirm=lambda question: front.confirm(question, yes=yes),
        hold=desk.oauth.tokens.held,
    )
    front.finish(result, views.secrets_remove)


def move(
    ctx: typer.Context,
    secret: Place,
    store: Annotated[str, typer.Option(help="keyring, encrypted or plain.", metavar="STORE")],
    insecure_storage: Insecure = False,
) -> None:
    """Move a secret to another store.

    It is written there and read back, the configuration is changed, and then it is removed where it was. A secret that
    Postroom only reads, from a file or a command, stays there as well.

    JSON data: changed, changes, path, old, reference.

    Examples:
      postroom secrets move main.password --store encrypted
    """
    front = front_of(ctx)
    desk = front.desk
    result = secrets_move.move(
        desk.settings,
        desk.file.change,
        desk.vault,
        secret,
        store=store,
        insecure=insecure_storage,
        hold=desk.oauth.tokens.held,
    )
    front.finish(result, views.secrets_move)


def stores(ctx: typer.Context) -> None:
    """Say which secret stores work here.

    JSON data: stores (a list of store, writable, default, state, reason, hint).

    Examples:
      postroom secrets stores
    """
    front = front_of(ctx)
    front.finish(secrets_stores.stores(front.desk.vault), views.secrets_stores)
