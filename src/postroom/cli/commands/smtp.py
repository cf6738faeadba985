"""`smtp list`, `show`, `use`, `rename`, `remove`, `enable`, `disable`, `providers`."""

from typing import Annotated

import typer

from postroom.cli.frame import front_of
from postroom.services import smtp_servers
from postroom.services.providers import Online
from postroom.services.providers import providers as find_providers
from postroom.services.servers import written_server
from postroom.ui.views import smtp as views

Name = Annotated[str, typer.Argument(help="The server's name.")]
OptionalName = Annotated[str | None, typer.Argument(help="The server's name; the default server without it.")]


def list_servers(ctx: typer.Context) -> None:
    """List the mail servers.

    JSON data: servers (a list of name, title, provider, host, port, security, auth, username, from, enabled, default),
    enabled (whether mail goes out at all).

    Examples:
      postroom smtp list
    """
    front = front_of(ctx)
    front.finish(smtp_servers.list_servers(front.desk.settings), views.smtp_list)


def show(ctx: typer.Context, name: OptionalName = None) -> None:
    """Show a server's settings, each with its source.

    Of a secret only the place and the age are shown; no store is opened for it.

    JSON data: server, with settings (a list of key, value, source; of a secret also age_seconds).

    Examples:
      postroom smtp show
      postroom smtp show main --json
    """
    front = front_of(ctx)
    result = smtp_servers.show(front.desk.settings, name, secret_age_seconds=front.desk.secret_age_seconds)
    front.finish(result, views.smtp_show)


def use(ctx: typer.Context, name: Name) -> None:
    """Make a server the default.

    JSON data: changed, changes, default.

    Examples:
      postroom smtp use main
    """
    front = front_of(ctx)
    front.finish(smtp_servers.use(front.desk.settings, front.desk.file.change, name), views.smtp_use)


def rename(ctx: typer.Context, old: Name, new: Annotated[str, typer.Argument(help="The server's new name.")]) -> None:
    """Rename a server.

    Everything that names it, and its stored secrets, move along.

    JSON data: changed, changes, old, new.

    Examples:
      postroom smtp rename default relay
    """
    front = front_of(ctx)
    desk = front.desk
    result = smtp_servers.rename(desk.settings, desk.file.change, desk.vault, old, new, hold=desk.oauth.tokens.held)
    front.finish(result, views.smtp_rename)


def remove(
    ctx: typer.Context, name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a server and its stored secrets.

    Where it logs in with OAuth 2.0 the provider is asked to take the tokens back.

    JSON data: changed, changes, removed, secrets_removed (a list of references), revoked (true, false, or null where
    there were no tokens to take back).

    Examples:
      postroom smtp remove old-relay --yes
    """
    front = front_of(ctx)
    written_server(front.desk.settings, name)
    front.confirm(f"remove server {name} and its stored secrets?", yes=yes)
    desk = front.desk
    result = smtp_servers.remove(
        desk.settings, desk.file.change, name, remove_secret=desk.vault.remove, tokens=desk.oauth.tokens
    )
    front.finish(result, views.smtp_remove)


def enable(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The server's name; all mail without it.")] = None,
) -> None:
    """Let mail go out: through one server, or at all.

    JSON data: changed, changes, server, enabled.

    Examples:
      postroom smtp enable
      postroom smtp enable main
    """
    front = front_of(ctx)
    front.finish(smtp_servers.switch(front.desk.settings, front.desk.file.change, name, on=True), views.smtp_switch)


def disable(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The server's name; all mail without it.")] = None,
) -> None:
    """Stop mail: through one server, or altogether.

    The settings stay as they are.

    JSON data: changed, changes, server, enabled.

    Examples:
      postroom smtp disable
      postroom smtp disable main
    """
    front = front_of(ctx)
    front.finish(smtp_servers.switch(front.desk.settings, front.desk.file.change, name, on=False), views.smtp_switch)


def providers(
    ctx: typer.Context,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[ID|ADDRESS]", help="A preset's id, or a mail address.", show_default=False)
    ] = None,
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Look up the mail exchangers of a domain that no preset lists.")
    ] = False,
) -> None:
    """List the presets of mail providers, or show one.

    With an address, the preset of its domain. Nothing is looked up on the network unless --online is given: then the
    DNS is asked for the mail exchangers (MX) of a domain that no preset lists, for 5 seconds at most, and the preferred
    one tells the provider. Name servers learn the domain, not the rest of the address. Who takes a domain's
    mail usually sends it as well, but need not: ask who runs it. --online needs the extra dns. Presets of your
    own are TOML files in the directory presets beside the configuration file.

    JSON data: providers (a list of id, title, host, port, security, alternatives, auth, username, secret, regions,
    from_policy, rate, max_connections, limits, notes, docs, checked, sources, confirmed, aliases, domains, mx,
    retirement, retired_hosts, spf_include, dkim_selectors, oauth), asked, mx (the exchangers that were looked up, the
    preferred first; null where nothing was looked up). oauth is null, or has scope, machine_scope (for a login without
    a person), flows (those that the provider takes for mail, the advised one first), refused (why another flow is not
    to be had), issuer and the endpoints, tenant, parameters, redirect_uri, confidential (no, optional, yes: whether the
    application has a client secret), idle_days, console and delegates (whether one account may log in to send for
    another mailbox).

    Examples:
      postroom smtp providers
      postroom smtp providers gmail
      postroom smtp providers alice@outlook.com --json
      postroom smtp providers alice@example.com --online
    """
    front = front_of(ctx)
    desk = front.desk
    result = find_providers(
        wanted,
        load=desk.preset,
        for_address=desk.preset_for,
        everything=desk.presets,
        online=Online(desk.mail_exchangers, desk.preset_for_exchanger) if online else None,
    )
    front.finish(result, views.smtp_providers)
