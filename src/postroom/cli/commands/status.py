"""`status`."""

import typer

from postroom.cli.frame import front_of
from postroom.cli.logins import logins_of
from postroom.services.oauth_status import kept
from postroom.services.status import status as desk_status
from postroom.ui.views import status as views


def status(ctx: typer.Context) -> None:
    """Say whether this desk is ready to send, and what is missing.

    Nothing is sent and nobody is asked: it tells what is configured, how the last tests ended, and what will end a
    login with OAuth 2.0. A test is stale once a setting of its server has changed.

    JSON data: ready, missing (the first command to run, or null), mail_enabled, default, operator, servers (each with
    state: untested, stale, broken or tested; last_test; needs).

    Exit status: 0 ready, 4 a login is needed, 78 nothing usable is configured.

    Examples:
      postroom status
      postroom status --json
    """
    front = front_of(ctx)
    desk = front.desk
    front.finish(
        desk_status(
            desk.settings,
            last_tests=desk.tests.last(),
            fingerprint=desk.tests.fingerprint,
            bound_to=desk.vault.bound_to,
            login=lambda server: kept(server, logins_of(desk)),
        ),
        views.status,
    )
