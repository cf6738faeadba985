"""`explain`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.ends import Ends, read_ends
from postroom.cli.frame import Front, front_of
from postroom.domain.characters import decode, shown
from postroom.errors import Exit, FileError, UsageError
from postroom.services.explain import explain as explain_text
from postroom.ui.views import diagnosis as views


def explain(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT|-]", help="The text; - or nothing reads standard input.")
    ] = None,
    *,
    file: Annotated[
        str | None, typer.Option(help="Read the text from this file; - is standard input.", metavar="FILE")
    ] = None,
    step: Annotated[
        str, typer.Option(help="Where it happened, as a hint: connect, tls, auth, rcpt, data ...", metavar="STEP")
    ] = "",
    provider: Annotated[
        str, typer.Option(help="Who answered, as a hint: gmail, microsoft365, postfix ...", metavar="NAME")
    ] = "",
) -> None:
    """Explain a failure from its text: the cause, and what to do.

    The text is a server's reply, an exception of a program, a line of a log, a bounce, or a longer piece with one of
    them inside. In a log, whose lines begin with time stamps, the last failure is judged, and what one program says
    within a second is one entry; in any other text the first failure is. No server is asked. When two causes fit, the
    likelier comes first, and what would tell them apart is told. Any word will do for --step and --provider; one that
    means nothing is let be. Put -- before a text that begins with "-".

    A site's own entries, in files faults/*.toml beside the configuration, are tried before ours; postroom-faults(7)
    describes them.

    JSON data: class, title, cause, retry, scope, exit (the status that a failed command has for this class),
    next_steps, docs, checked (the day on which a provider's advice was last seen to be right), provider, others (each
    with class and tell_apart), step, reply (code, enhanced, text; null where the text holds none), judged (the reply
    or the line that was judged, null where nothing was), more_failures (how many other entries of the log tell of one).

    Exit status: 0, or 1 when nothing in the text tells of a failure; class is then null.

    Examples:
      postroom explain '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.'
      journalctl -u myapp -n 50 | postroom explain --provider gmail
      postroom explain --file bounce.eml --json
    """
    front = front_of(ctx)
    read = _read(front, words or [], file)
    result = explain_text(
        read.text,
        left_out_octets=read.left_out,
        step=shown(step),
        provider=shown(provider),
        diagnose=front.desk.diagnose,
    )
    front.finish(result, views.explained)


def _read(front: Front, words: list[str], file: str | None) -> Ends:
    if file is not None and words:
        raise UsageError("usage.conflict", "a text and --file exclude each other", hint="leave one of them out")
    if file == "":
        raise UsageError(
            "usage.bad_value", "--file must name a file, not ''", hint="postroom explain --file FILE; - is stdin"
        )
    if file not in (None, "-"):
        return _of_file(str(file))
    if words and words != ["-"]:
        return Ends(decode(os.fsencode(" ".join(words))))
    if sys.stdin.isatty():
        if front.flags.no_input:
            raise UsageError("usage.missing_value", "there is no text", hint="postroom explain TEXT, or --file FILE")
        front.talk("Paste the text, then press Enter and Ctrl-D.")
    return read_ends(sys.stdin.buffer)


def _of_file(file: str) -> Ends:
    hint = "name a file that is there, or pipe the text in: CMD | postroom explain"
    try:
        with Path(file).open("rb") as opened:
            return read_ends(opened)
    except FileNotFoundError as error:
        raise FileError("file.missing", f"there is no file {file}", hint=hint, exit=Exit.NO_INPUT) from error
    except (OSError, ValueError) as error:  # a ValueError tells of a NUL in the name
        raise FileError(
            "file.unreadable",
            f"cannot read {file}: {getattr(error, 'strerror', None) or error}",
            hint=hint,
            exit=Exit.NO_INPUT,
        ) from error
