"""Owns the global options: lifted out of the arguments before a command parses its own. Refuses to know any command."""

from typing import NamedTuple

from postroom.errors import UsageError


class Flag(NamedTuple):
    """One global option, for help, man page and completion. `value` is the placeholder of its value, or empty."""

    option: str
    help: str
    value: str = ""


FLAGS = (
    Flag("--json", "Print exactly one JSON object, on every path."),
    Flag("--config", "Read and write this configuration file alone (POSTROOM_CONFIG).", "FILE"),
    Flag("--state-dir", "Keep history, secrets and transcripts here (POSTROOM_STATE_DIR).", "DIR"),
    Flag("--system", "Work on the system's configuration; the default for root."),
    Flag("--user", "Work on the user's configuration; the default for everybody else."),
    Flag("--no-input", "Never ask; a missing value is an error."),
    Flag("--quiet", "Print only errors and what was asked for."),
    Flag("--verbose", "Say more on the way."),
    Flag("--debug", "Show the traceback of a bug, without local variables."),
    Flag("--no-color", "No colour (also NO_COLOR, TERM=dumb)."),
    Flag("--version", "Print the version."),
)


class Globals(NamedTuple):
    """What the global options say."""

    json: bool = False
    config: str | None = None
    state_dir: str | None = None
    system: bool = False
    user: bool = False
    no_input: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    version: bool = False


_FIELDS = {flag.option: (flag.option[2:].replace("-", "_"), bool(flag.value)) for flag in FLAGS}


def lift(argv: list[str]) -> tuple[Globals, list[str], UsageError | None]:
    """Split the arguments into global options and the rest; nothing behind `--` is touched.

    The error, if any, is returned, not raised, so that the caller knows whether to speak JSON about it.
    """
    found: dict[str, str | bool] = {}
    rest: list[str] = []
    error = None
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
            break
        option, equals, value = word.partition("=")
        if option not in _FIELDS:
            rest.append(word)
            continue
        name, takes_value = _FIELDS[option]
        if not takes_value:
            if equals:
                error = UsageError("usage.bad_option", f"{option} takes no value, not {value!r}")
            found[name] = True
            continue
        given = value if equals else next(words, "")
        if not given or (not equals and given.startswith("--")):
            error = UsageError("usage.missing_value", f"{option} needs a value", hint=f"postroom {option} PATH ...")
        found[name] = given
    if found.get("system") and found.get("user"):
        error = UsageError("usage.conflict", "--system and --user exclude each other")
    return Globals(**found), rest, error  # type: ignore[arg-type]  # names and types are those of FLAGS
