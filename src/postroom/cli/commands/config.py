"""`config path`, `show`, `get`, `set`, `unset`, `edit`, `validate`, `export`, `apply`, `history`, `rollback`."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from postroom.cli.editor import edit_text
from postroom.cli.frame import Front, front_of
from postroom.errors import ConfigError, Exit, FileError, UsageError
from postroom.files import LIMIT_BYTES
from postroom.services import config_change, config_read
from postroom.ui.views import config as views

KeyName = Annotated[str, typer.Argument(metavar="KEY", help="A dotted key, such as smtp.servers.main.port.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; show the difference.")]


def path(ctx: typer.Context) -> None:
    """Say which files are read and written.

    JSON data: scope (system, user or file), main (the file that is written), state (the directory of the state), files
    (a list of file, exists, written; lowest first).

    Examples:
      postroom config path
    """
    front = front_of(ctx)
    front.finish(config_read.path(front.desk.scope), views.path)


def show(ctx: typer.Context) -> None:
    """Show every effective value with its source.

    A source is a file, an environment variable, a provider's preset, the value that it was derived from, or the
    default. Of a secret only the place is shown.

    JSON data: values (a list of key, value, source; source has layer and where).

    Examples:
      postroom config show
    """
    front = front_of(ctx)
    front.finish(config_read.show(front.desk.settings), views.show)


def get(ctx: typer.Context, key: KeyName) -> None:
    """Print one effective value.

    Where there is none, nothing is printed and the exit status is 1.

    JSON data: key, value (null where there is none), source (layer and where).

    Examples:
      postroom config get smtp.servers.main.port
    """
    front = front_of(ctx)
    front.finish(config_read.get(front.desk.settings, key), views.get)


def set_value(
    ctx: typer.Context,
    key: KeyName,
    value: Annotated[str, typer.Argument(help="The value; several are separated by commas.")],
    dry_run: DryRun = False,
) -> None:
    """Set one value.

    Nothing is written unless the whole configuration is valid with it. No secret is a value: give a reference such as
    env:NAME, or use smtp set with --password-stdin.

    JSON data: changed, changes, dry_run, diff (null without --dry-run).

    Examples:
      postroom config set smtp.servers.main.timeout 90s
      postroom config set desk.operator it@example.com
    """
    front = front_of(ctx)
    front.finish(config_change.set_value(front.desk.file, key, value, dry_run=dry_run), views.changed)


def unset(ctx: typer.Context, key: KeyName, dry_run: DryRun = False) -> None:
    """Remove one value.

    A comment beside it stays, as a line of its own.

    JSON data: changed, changes, dry_run, diff (null without --dry-run).

    Examples:
      postroom config unset smtp.servers.main.timeout
    """
    front = front_of(ctx)
    front.finish(config_change.unset(front.desk.file, key, dry_run=dry_run), views.changed)


def edit(ctx: typer.Context) -> None:
    """Open the configuration in an editor and check it.

    The editor is $VISUAL or $EDITOR. It gets a copy; the file is replaced only by a valid text. On a terminal an
    invalid one can be opened again.

    JSON data: changed, changes, dry_run, diff.

    Examples:
      postroom config edit
      EDITOR=nano postroom config edit
    """
    front = front_of(ctx)
    desk = front.desk
    main = desk.scope.main
    if not (front.prompt.possible or desk.environ.get("VISUAL") or desk.environ.get("EDITOR")):
        raise UsageError(
            "usage.no_terminal", "there is no terminal for an editor", hint="postroom config set, or config apply FILE"
        )
    desk.file.make_directory()
    result = config_change.edit(
        desk.file,
        lambda text: edit_text(text, name=main.name, directory=main.parent, environ=desk.environ),
        lambda error: _again(front, error),
    )
    front.finish(result, views.changed)


def _again(front: Front, error: ConfigError) -> bool:
    if not front.prompt.possible:
        return False
    front.talk(f"error: {error.message}")
    for line in error.detail.splitlines():
        front.talk(f"  | {line}")
    return front.prompt.confirm("open it again?", option="--no-input", default=True)


def validate(ctx: typer.Context) -> None:
    """Check all configuration files.

    The site's own entries for faults are checked as well. Every problem is told with its file, line and key; the exit
    status is then 78.

    JSON data: valid, problems (a list of file, line, key, message, hint), files, faults (the files of entries for
    faults), servers (their names).

    Examples:
      postroom config validate
    """
    front = front_of(ctx)
    desk = front.desk
    checked = config_read.validate(lambda: desk.settings, desk.scope, read_faults=desk.site_faults.check)
    front.finish(checked, views.validate)


def export(ctx: typer.Context) -> None:
    """Print the configuration without secrets.

    What all files of the scope say together, as one TOML document. Of secrets it holds where they are kept; presets,
    defaults and the environment are not in it.

    JSON data: text.

    Examples:
      postroom config export > postroom.toml
    """
    front = front_of(ctx)
    front.finish(config_read.export(front.desk.file.export), views.export)


def apply(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A TOML file in the form of the configuration; - is stdin.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if something would change.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove servers and TLS profiles that FILE does not name.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Merge a configuration file into this one.

    Applying the same file again changes nothing. Secrets and logins do not come along; those that are missing here are
    told.

    JSON data: changed, changes, dry_run, diff (null without --check or --dry-run).

    Examples:
      postroom config apply postroom.toml
      postroom config apply - --check < postroom.toml
    """
    front = front_of(ctx)
    name, data = ("stdin", _within_limit("stdin", sys.stdin.buffer)) if file == "-" else (file, _read(file))
    result = config_change.apply(
        front.desk.file,
        name,
        data,
        bound_to=lambda reference: front.desk.vault.bound_to(reference),  # noqa: PLW0108 - made when it is needed
        prune=prune,
        check=check,
        dry_run=dry_run,
    )
    front.finish(result, views.applied)


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return _within_limit(file, stream)
    except FileNotFoundError as error:
        raise FileError("file.missing", f"there is no file {file}", exit=Exit.NO_INPUT) from error
    except OSError as error:
        raise FileError("file.unreadable", f"{file} cannot be read: {error.strerror}") from error


def _within_limit(name: str, stream: BinaryIO) -> bytes:
    data = stream.read(LIMIT_BYTES + 1)
    if len(data) > LIMIT_BYTES:
        raise FileError("file.too_large", f"{name} has more than {LIMIT_BYTES} bytes")
    return data


def history(ctx: typer.Context) -> None:
    """List the earlier versions.

    JSON data: copies (a list of number, time, file; the latest first).

    Examples:
      postroom config history
    """
    front = front_of(ctx)
    front.finish(config_change.history(front.desk.file), views.history)


def rollback(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="A number of config history; without it the latest.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Go back to an earlier version.

    The version that is left goes into the history, so this can be undone. Secrets are not touched.

    JSON data: changed, changes, dry_run, diff (null without --dry-run), number, time.

    Examples:
      postroom config rollback
      postroom config rollback 12 --dry-run
    """
    front = front_of(ctx)
    front.finish(config_change.rollback(front.desk.file, number, dry_run=dry_run), views.rollback)
