"""`sandbox serve`, `run`, `wait`, `list`, `show`, `clear`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from postroom.cli.frame import front_of
from postroom.domain.kinds import Duration
from postroom.errors import UsageError
from postroom.services import sandbox_mails, sandbox_run, sandbox_serve, sandbox_wait
from postroom.services.recipients import read_recipients
from postroom.ui.views import sandbox as views

DEFAULT_PORT = 1025
"""Where the preset `sandbox` points, and where other mail catchers listen."""


def serve(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option(help="The port on localhost; 0 takes a free one.", min=0, max=65535, metavar="N")
    ] = DEFAULT_PORT,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Write where it listens into this file, once it does.", metavar="FILE", show_default=False),
    ] = None,
) -> None:
    """Run the sandbox server until it is stopped.

    It listens on this machine alone, offers STARTTLS with a certificate of its own and takes every login and every
    mail. It delivers nothing: mails are kept in the state directory as a Maildir. SIGINT (Ctrl-C) or SIGTERM ends it.

    The ready file has lines KEY=VALUE that a shell reads with `.`: SMTP_HOST, SMTP_PORT, POSTROOM_SMTP_CA_FILE and the
    other variables that sandbox run sets as well.

    JSON: one object a line, each with event ("listening", then "mail" for each mail), and the envelope last. JSON data:
    host, port, ca_file, directory, received (how many mails), stopped_by (the signal's name).

    Exit status: 0 stopped by a signal, 75 the port is taken.

    Examples:
      postroom sandbox serve
      postroom sandbox serve --port 0 --ready-file sandbox.env
    """
    front = front_of(ctx)
    desk = front.desk

    def tell(event: Mapping[str, Any]) -> None:
        if front.flags.json:
            front.stream(event)
        else:
            front.talk(views.event_line(event))

    result = sandbox_serve.serve(
        desk.open_sandbox,
        desk.sandbox_directory,
        port=port,
        stop_signals=desk.stop_signals,
        ready=lambda server: server.write_ready_file(ready_file) if ready_file else None,
        tell=tell,
    )
    front.finish(result, views.served)


def run(
    ctx: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD [ARG]...", help="The command, behind two dashes.")],
    expect: Annotated[
        int, typer.Option(help="Fail when fewer mails than this arrived.", min=0, metavar="N", show_default=False)
    ] = 0,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the mails in this directory.", metavar="DIR", show_default=False)
    ] = None,
) -> None:
    """Run a command with a sandbox server at its side.

    The server takes a free port and ends with the command. The command's environment has SMTP_HOST and SMTP_PORT, for
    Postroom POSTROOM_SMTP_HOST, _PORT, _SECURITY, _CA_FILE, _AUTH, _FROM and _TO, and nothing of another mail server.
    The server takes every login, with and without TLS. Within the command, postroom sandbox wait, list and show look at
    this server's mails.

    JSON data: command, exit, received, mails, directory (with --keep). With --json the command's output goes to stderr.

    Exit status: the command's own; 128 and the signal's number when a signal ended it; 126 it cannot be run, 127 it was
    not found; 1 fewer mails than --expect.

    Examples:
      postroom sandbox run -- ./my-app-tests
      postroom sandbox run --expect 1 -- sh -c './signup alice@example.com'
    """
    front = front_of(ctx)
    desk = front.desk
    result = sandbox_run.run(
        desk.open_sandbox,
        lambda variables: desk.run_child(command, variables, stdout_to_stderr=front.flags.json),
        command,
        expect=expect,
        keep=keep.absolute() if keep else None,
        tell=front.talk,
    )
    front.finish(result, views.ran)


def wait(
    ctx: typer.Context,
    *,
    to: Annotated[str, typer.Option(help="The recipient, as in the envelope.", metavar="ADDRESS", show_default=False)],
    subject: Annotated[
        str | None,
        typer.Option(
            help="A regular expression that the subject must match somewhere.", metavar="RE", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option(help="Wait for so many mails.", min=1, metavar="N")] = 1,
    timeout: Annotated[str, typer.Option(help="Give up after this time.", metavar="DURATION")] = "30s",
    new: Annotated[bool, typer.Option("--new", help="Count only mails that arrive from now on.")] = False,
) -> None:
    """Wait until a mail has arrived in the sandbox.

    A mail that was there before counts, unless --new is given. When nothing fits in time, it is said what came instead.

    JSON data: mails (those that fit), waited_ms; after a failure also others.

    Exit status: 0 it arrived, 1 it did not.

    Examples:
      postroom sandbox wait --to alice@example.com
      postroom sandbox wait --to alice@example.com --subject '^Welcome' --count 2 --timeout 2m
    """
    front = front_of(ctx)
    desk = front.desk
    result = sandbox_wait.wait(
        desk.mailbox.arrivals,
        sandbox_wait.Wanted(read_recipients([to])[0], _pattern(subject), count),
        timeout_seconds=_seconds(timeout),
        only_new=new,
        monotonic=desk.clock.monotonic,
        pause=desk.sleep,
    )
    front.finish(result, views.waited)


def list_mails(ctx: typer.Context) -> None:
    """List the mails in the sandbox.

    JSON data: mails (oldest first, each with number, received_at, mail_from, recipients, subject, message_id, tls,
    username, size_bytes, path).

    Examples:
      postroom sandbox list
    """
    front = front_of(ctx)
    front.finish(sandbox_mails.list_mails(front.desk.mailbox.arrivals), views.listed)


def show(
    ctx: typer.Context,
    number: Annotated[int | None, typer.Argument(help="The mail's number; the newest without it.", min=1)] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Show the mail as it came.")] = False,
) -> None:
    """Show a mail of the sandbox.

    JSON data: what sandbox list has of it, headers (a list of name and value, decoded), text, html, attachments (a list
    of filename, type, size_bytes); with --raw also raw. The file named by path has the octets.

    Exit status: 66 there is no such mail.

    Examples:
      postroom sandbox show
      postroom sandbox show 3 --raw
    """
    front = front_of(ctx)
    box = front.desk.mailbox
    result = sandbox_mails.show_mail(box.arrivals, box.read, box.decode, number=number, raw=raw)
    front.finish(result, views.shown)


def clear(ctx: typer.Context, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove all mails from the sandbox.

    JSON data: changed, changes, removed (how many).

    Examples:
      postroom sandbox clear --yes
    """
    front = front_of(ctx)
    box = front.desk.mailbox
    if count := len(box.arrivals()):
        front.confirm(f"remove {count} {'mail' if count == 1 else 'mails'} from the sandbox?", yes=yes)
    front.finish(sandbox_mails.clear_mails(box.clear), views.cleared)


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise UsageError(
            "usage.bad_value",
            f"--subject {text!r} is no regular expression: {error}",
            hint="put a backslash before each of . * + ? ( ) [ ] that means itself",
        ) from error


def _seconds(text: str) -> int:
    try:
        return Duration(0, 86400).read(text)
    except ValueError as error:
        raise UsageError("usage.bad_value", f"--timeout {text!r} {error}", hint="for instance --timeout 90s") from error
