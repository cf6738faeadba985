"""`tls list`, `show`, `set`, `remove`."""

from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.frame import front_of
from postroom.services import tls_profiles
from postroom.ui.views import tls as views

Profile = Annotated[str, typer.Argument(help="The profile's name.")]


def list_profiles(ctx: typer.Context) -> None:
    """List the TLS profiles.

    JSON data: profiles (a list of name, minimum, ca_file, client_cert, client_key, pin, strict, used_by).

    Examples:
      postroom tls list
    """
    front = front_of(ctx)
    front.finish(tls_profiles.list_profiles(front.desk.settings), views.tls_list)


def show(ctx: typer.Context, profile: Profile) -> None:
    """Show a TLS profile.

    JSON data: profile, with name, settings (a list of key, value, source) and used_by.

    Examples:
      postroom tls show internal
    """
    front = front_of(ctx)
    front.finish(tls_profiles.show(front.desk.settings, profile), views.tls_show)


def set_profile(
    ctx: typer.Context,
    profile: Profile,
    *,
    min_: Annotated[str | None, typer.Option("--min", help="The lowest TLS version.", metavar="1.2|1.3")] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Trust the authorities in this PEM file alone.", metavar="FILE")
    ] = None,
    client_cert: Annotated[Path | None, typer.Option(help="The client certificate (PEM).", metavar="FILE")] = None,
    client_key: Annotated[Path | None, typer.Option(help="The client certificate's key (PEM).", metavar="FILE")] = None,
    pin: Annotated[str | None, typer.Option(help="The one public key to accept: sha256/BASE64.", metavar="PIN")] = None,
    strict: Annotated[
        bool | None, typer.Option("--strict/--no-strict", help="Whether RFC 5280 holds to the letter.")
    ] = None,
    unset: Annotated[list[str] | None, typer.Option(help="Remove this setting; repeatable.", metavar="KEY")] = None,
) -> None:
    """Make a TLS profile, or change one.

    A server uses a profile by its setting tls_profile; the server's own TLS settings win over it.

    JSON data: changed, changes, profile.

    Examples:
      postroom tls set internal --ca-file /etc/ssl/internal-ca.pem --min 1.3
      postroom smtp set main --tls-profile internal
    """
    front = front_of(ctx)
    files = {"ca_file": ca_file, "client_cert": client_cert, "client_key": client_key}
    given = {name: str(path.absolute()) for name, path in files.items() if path is not None}
    given |= {name: text for name, text in (("minimum", min_), ("pin", pin)) if text is not None}
    if strict is not None:
        given["strict"] = str(strict).lower()
    desk = front.desk
    result = tls_profiles.set_profile(desk.file.change, profile, given, tuple(unset or ()), check_tls=desk.check_tls)
    front.finish(result, views.tls_set)


def remove(
    ctx: typer.Context, profile: Profile, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a TLS profile.

    A profile that a server uses stays.

    JSON data: changed, changes, removed.

    Examples:
      postroom tls remove internal --yes
    """
    front = front_of(ctx)
    front.confirm(f"remove the TLS profile {profile}?", yes=yes)
    front.finish(tls_profiles.remove(front.desk.settings, front.desk.file.change, profile), views.tls_remove)
