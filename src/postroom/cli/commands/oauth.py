"""`oauth status`, `refresh`, `token`, `logout`."""

from typing import Annotated

import typer

from postroom.cli.frame import front_of
from postroom.cli.logins import logins_of
from postroom.errors import UsageError
from postroom.services.oauth_logout import oauth_logout
from postroom.services.oauth_refresh import Post, oauth_refresh
from postroom.services.oauth_status import oauth_status
from postroom.services.oauth_token import oauth_token
from postroom.ui.views import oauth as views

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The server's name.", show_default=False)]


def status(
    ctx: typer.Context,
    name: Name = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider; tell what is kept.")] = False,
) -> None:
    """Say whether the logins are good, and until when.

    Each is proved: the provider is asked to renew the access token. With --offline only what is kept is told. Without a
    name every server is told whose tokens Postroom fetches.

    The end of the login (of the refresh token) is an estimate where the provider does not tell it: Microsoft's die
    after 90 days without use, Google's after 7 days while the application is in testing.

    JSON data: asked, servers (a list of server, provider, flow, username, account, client_id, state, proved, scopes,
    store, granted_at, refreshed_at, access_token_expires_at, refresh_token, refresh_token_ends_at, refresh_token_rule,
    client_secret_expires, certificate_ends, last_error (at, class, message), next_step). The state is usable,
    renewable, login needed, paused, or unknown where the store cannot be read; it is proved where the provider has just
    given a token.

    Exit status: 0 every login is good, 4 a person has to log in, 75 a provider could not be asked, 78 a store cannot be
    read.

    Examples:
      postroom oauth status
      postroom oauth status main --offline --json
    """
    front = front_of(ctx)
    front.finish(oauth_status(front.desk.settings, logins_of(front.desk), name, ask=not offline), views.status)


def refresh(
    ctx: typer.Context,
    name: Name = None,
    every: Annotated[bool, typer.Option("--all", help="Every server; warn the operator of what will end.")] = False,
) -> None:
    """Renew access tokens, and warn before a login ends.

    Without a name it does so for the default server. Sending renews tokens by itself; this is for a timer, which keeps
    a login alive that is seldom used. With --all the operator (desk.operator) gets one mail, through any server that
    still works, when a login has ended, and 14, 7 and 1 days before a refresh token, a client secret or a certificate
    ends. A provider that is out of reach is told only when it has been so for a day and no access token lives.

    JSON data: servers (as postroom oauth status has them, each with renewed), told (null, false where the mail could
    not be sent, else operator, through, at).

    Exit status: 0 all renewed, 3 some, else that of the first failure: 4 a person has to log in, 75 try again.

    Examples:
      postroom oauth refresh main
      postroom oauth refresh --all
    """
    front = front_of(ctx)
    if name and every:
        raise UsageError("usage.conflict", f"--all and the name {name} exclude each other")
    desk = front.desk
    post = Post(desk.mailer, desk.hostname, desk.oauth.notices) if every else None
    front.finish(oauth_refresh(desk.settings, logins_of(front.desk), name, post), views.refresh)


def token(ctx: typer.Context, name: Name = None) -> None:
    """Print a valid access token for another program.

    It is renewed where it must be, and good for some minutes at least. It is a secret: give it to a program by a pipe,
    never on a command line. postroom-oauth-tokens(7) has the settings of mutt, msmtp, git send-email and isync.

    JSON data: server, username, expires_at, text.

    Exit status: 0, or 4 when a person has to log in.

    Examples:
      postroom oauth token main
    """
    front = front_of(ctx)
    front.finish(oauth_token(front.desk.settings, front.desk.oauth.tokens, name), views.text)


def logout(
    ctx: typer.Context,
    name: Name = None,
    no_revoke: Annotated[bool, typer.Option("--no-revoke", help="Do not ask the provider to take them back.")] = False,
) -> None:
    """Throw the tokens of a server away.

    They go from their store and from the configuration and, where the provider can, are taken back there. The server
    and its application stay.

    JSON data: changed, changes, server, removed (where they were, or null where none were), revoked (true, false, or
    null where it was not tried).

    Examples:
      postroom oauth logout main
    """
    front = front_of(ctx)
    desk = front.desk
    front.finish(
        oauth_logout(desk.settings, desk.file.change, desk.oauth.tokens, name, revoke=not no_revoke), views.logout
    )
