"""`explain`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.frame import Front, front_of
from postroom.domain.characters import decode
from postroom.errors import Exit, FileError, UsageError
from postroom.services.explain import explain as explain_text
from postroom.ui.views import diagnosis as views

LONGEST_OCTETS = 4_000_000
"""More than any log of one failure; what stands behind is not read."""


def explain(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT|-]", help="The text; - or nothing reads standard input.")
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Read the text from this file.", metavar="FILE")] = None,
    step: Annotated[
        str, typer.Option(help="Where it happened, as a hint: connect, tls, auth, rcpt, data ...", metavar="STEP")
    ] = "",
    provider: Annotated[
        str, typer.Option(help="Who answered, as a hint: gmail, microsoft365, postfix ...", metavar="NAME")
    ] = "",
) -> None:
    """Explain a failure from its text: the cause, and what to do.

    The text is a server's reply, an exception of a program, a line of a log, a bounce, or a longer piece with one of
    them inside. No server is asked. When two causes fit, the likelier comes first, and what would tell them apart is
    told. Any word will do for --step and --provider; one that means nothing is let be.

    A site's own entries, in files faults/*.toml beside the configuration, are tried before ours; postroom-faults(7)
    describes them.

    JSON data: class, title, cause, retry, scope, exit (the status that a failed command has for this class),
    next_steps, docs, checked (the day on which a provider's advice was last seen to be right), provider, others (each
    with class and tell_apart), step, reply (code, enhanced, text; null where the text holds none).

    Exit status: 0, or 1 when nothing in the text tells of a failure; class is then null.

    Examples:
      postroom explain '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.'
      journalctl -u myapp -n 50 | postroom explain --provider gmail
      postroom explain --file bounce.eml --json
    """
    front = front_of(ctx)
    text = _text(front, words or [], file)
    front.finish(explain_text(text, step=step, provider=provider, diagnose=front.desk.diagnose), views.explained)


def _text(front: Front, words: list[str], file: Path | None) -> str:
    if file is not None:
        if words:
            raise UsageError("usage.conflict", "a text and --file exclude each other", hint="leave one of them out")
        try:
            with file.open("rb") as opened:
                return decode(opened.read(LONGEST_OCTETS))
        except OSError as error:
            raise FileError(
                "file.unreadable",
                f"cannot read {file}: {error.strerror}",
                hint="name a file that is there, or pipe the text in: CMD | postroom explain",
                exit=Exit.NO_INPUT,
            ) from error
    if words and words != ["-"]:
        return " ".join(words)
    if sys.stdin.isatty():
        if front.flags.no_input:
            raise UsageError("usage.missing_value", "there is no text", hint="postroom explain TEXT, or --file FILE")
        front.talk("Paste the text, then press Enter and Ctrl-D.")
    return decode(sys.stdin.buffer.read(LONGEST_OCTETS))
