"""Owns the one try/except of the command line: every failure becomes words, an envelope and an exit status here."""

import errno
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import typer

from postroom import __version__
from postroom.cli import tree
from postroom.cli.forms import asked_form, show_failure
from postroom.cli.frame import Front
from postroom.cli.lazy import load, prefix
from postroom.cli.options import lift
from postroom.cli.stopping import stopped
from postroom.errors import Exit, PostroomError, Signalled, Stopped, UsageError
from postroom.result import Result
from postroom.ui.blocks import Line, Verbatim
from postroom.ui.render import quietly
from postroom.ui.safe import safe


def _on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    raise Signalled(number)


def _listen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and a script's `&` mean it
            signal.signal(number, _on_signal)


def run(argv: list[str]) -> int:
    """Run one command; return its exit status. Whatever happens, no traceback reaches the user."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what the terminal cannot show is still told
        return _run(argv)
    except Exception as error:  # noqa: BLE001 - speaking itself failed: say so in the plainest way
        _last_word(_bug(error, debug="--debug" in argv))
        return int(Exit.SOFTWARE)


def _run(argv: list[str]) -> int:
    _listen()
    flags, rest, flag_error = lift(argv)
    command = " ".join(prefix(rest))
    front = Front(flags, command=command, form=asked_form(command, rest))
    try:
        if flag_error:
            raise flag_error
        _dispatch(front, rest)
    except PostroomError as error:
        return _fail(front, error)
    except typer.TyperException as error:
        return _fail(front, _usage(error, front.command))
    except typer.Abort:
        return _fail(front, Stopped("stopped.cancelled", "cancelled; nothing was changed"))
    except (Signalled, KeyboardInterrupt) as stop:
        return _fail(front, stopped(stop))
    except (BrokenPipeError, SystemExit):
        # Nobody reads any more; Typer says so by leaving.
        quietly(lambda: None)
    except OSError as error:
        return _fail(front, _file_error(error))
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug becomes one line and a report
        return _fail(front, _bug(error, debug=flags.debug))
    finally:
        front.close()
    return int(front.status)


def _dispatch(front: Front, rest: list[str]) -> None:
    if front.flags.version:
        front.finish(Result("", {"version": __version__}), lambda data: [Line(f"postroom {data['version']}")])
        return
    asked = not rest or _help_asked(rest)
    if front.flags.json and asked:
        front.finish(Result(front.command, {"text": _help_text(rest)}), lambda data: [Verbatim(data["text"])])
        return
    if not rest:
        rest = ["--help"]
    elif not asked and front.group_only and not any(word for word in rest[1:] if not word.startswith("-")):
        raise UsageError(
            "usage.missing_command",
            f"postroom {front.command} needs a command",
            hint=f"postroom {front.command} --help lists them",
        )
    tree.root().main(rest, prog_name="postroom", standalone_mode=False, obj=front)


def _help_asked(words: list[str]) -> bool:
    before = words[: words.index("--")] if "--" in words else words
    return "--help" in before or "-h" in before


def _help_text(words: list[str]) -> str:
    """The help of the command that the words name."""
    context = tree.root().make_context("postroom", [], resilient_parsing=True)
    found: object = context.command
    for word in prefix(words):
        if isinstance(found, tree.Group):
            found = found.get_command(context, word)
            if found is not None:
                context = type(context)(found, info_name=word, parent=context)
    return context.get_help()


def _usage(error: typer.TyperException, command: str) -> UsageError:
    """Typer's own usage errors, in our form."""
    option = str(getattr(error, "option_name", None) or "").split("=")[0]
    near = getattr(error, "possibilities", None)
    parameter = getattr(error, "param", None)
    hint = f"did you mean {near[0]}?" if near else f"postroom {command} --help".replace("  ", " ")
    if type(error).__name__ == "NoSuchOption":
        message = f"postroom {command} has no option {option}".replace("  ", " ")
        if command == "explain" and not near:
            hint = 'put -- before a text that begins with "-": postroom explain -- TEXT'
    elif type(error).__name__ == "MissingParameter" and parameter is not None:
        argument = parameter.param_type_name == "argument"
        missing = tree.placeholder(parameter) if argument else parameter.opts[0]
        message = f"postroom {command} needs {missing}"
    elif type(error).__name__ == "BadOptionUsage" and "requires an argument" in error.format_message():
        message = f"{option} needs a value"
    else:
        message = error.format_message().rstrip(".")
    if option in SECRET_OPTIONS:
        message = f"no option takes a secret as its value: {option} does not exist"
        hint = f"the secret now stands in your shell's history: change it, then use {option}-stdin"
    return UsageError("usage.bad_option", message, hint=hint)


SECRET_OPTIONS = ("--password", "--client-secret", "--access-token", "--proxy-password", "--secret", "--token")


def _file_error(error: OSError) -> PostroomError:
    if error.errno == errno.EBADF:
        return PostroomError("file.failed", "standard output is closed", exit=Exit.IO)
    what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    return PostroomError("file.failed", what, exit=Exit.IO, retry="later")


def _bug(error: Exception, *, debug: bool) -> PostroomError:
    bug: PostroomError = load("postroom.cli.report:bug")(error, debug=debug)
    return bug


def _fail(front: Front, error: PostroomError) -> int:
    if error.exit in (Exit.INTERRUPTED, Exit.TERMINATED):
        # A second signal ends the program at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    front.status = error.exit
    if "desk" in front.__dict__ and "settings" in front.desk.__dict__ and "postroom " in error.hint:
        told = load("postroom.cli.hints:as_it_stands")
        error.hint = told(error.hint, front.desk.settings, front.desk.environment_variables)
    try:
        quietly(sys.stdout.flush)
        if front.form == "text":
            quietly(lambda: front.renderer.error(error, front.command))
        else:
            show_failure(front, error)
    except OSError:  # nothing can be written, to a full disk for instance; the status still tells
        _last_word(error)
    return int(front.status)


def _last_word(error: PostroomError) -> None:
    with suppress(OSError):
        sys.stderr.write(f"error: {safe(error.message)}\n")
