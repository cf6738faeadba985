"""`demo`."""

from pathlib import Path

import typer

from postroom.cli.frame import front_of
from postroom.desk import Desk
from postroom.services.demo import demo as show_the_way
from postroom.services.smtp_test import Surroundings
from postroom.ui.views import demo as views


def demo(ctx: typer.Context) -> None:
    """Show the whole way of a mail, on this machine alone.

    A mail server for tests starts on a free port. smtp set and smtp test do with it what they would do with yours: the
    certificate is checked, a login is made, a mail is sent, and the mail that arrived is shown. Your own configuration
    is neither read nor changed, nothing leaves this machine, and nothing stays on it.

    JSON data: server, changes (what smtp set wrote), steps (as in smtp test), message_id, receipt, queue_id, mail (as
    in sandbox show).

    Examples:
      postroom demo
      postroom demo --json
    """
    front = front_of(ctx)
    desk = front.desk
    surroundings = Surroundings(desk.hostname, desk.clock.now, desk.sleep, lambda _name, _text: "")
    front.finish(show_the_way(desk.open_sandbox, _throw_away_desk, desk.mailbox.decode, surroundings), views.demo)


def _throw_away_desk(directory: Path) -> Desk:
    made = Desk(config=str(directory / "config.toml"), state_dir=str(directory / "state"))
    made.environ = {}  # a server in the environment would be tested instead
    return made
