"""Owns the outline of the command line: every group, command, option and argument as plain values.

The manual and the completions are written from it. It imports every command, so nothing that a user waits for reads it
but `man` and `completion`. Refuses to know roff and shells.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from postroom.cli import tree
from postroom.cli.lazy import COMMANDS, load
from postroom.cli.options import FLAGS
from postroom.cli.settings_options import SERVER_OPTIONS, SERVER_SECRETS
from postroom.cli.values import NOTHING, Values, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click.core import Parameter


class Option(NamedTuple):
    """One option. `names` are its ways to be written; `value` is the placeholder of its value, or empty.

    `of_server` tells that it is derived from a server's settings, so that several commands have it.
    """

    names: tuple[str, ...]
    value: str
    help: str
    repeatable: bool = False
    values: Values = NOTHING
    of_server: bool = False
    required: bool = False


class Argument(NamedTuple):
    """One positional argument. `placeholder` is how the synopsis shows it."""

    placeholder: str
    help: str
    repeatable: bool
    values: Values


class Command(NamedTuple):
    """One command. `path` is its words; `prose` are the paragraphs of its help after the summary, each with whether it
    stands as written.
    """

    path: tuple[str, ...]
    summary: str
    prose: tuple[tuple[str, bool], ...]
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]

    @property
    def name(self) -> str:
        """Its words, as they are typed behind `postroom`."""
        return " ".join(self.path)


class Group(NamedTuple):
    """A group of commands."""

    name: str
    summary: str
    commands: tuple[Command, ...]


class Outline(NamedTuple):
    """The whole program: its groups, the commands that stand alone, and the options that are accepted anywhere."""

    summary: str
    groups: tuple[Group, ...]
    commands: tuple[Command, ...]
    global_options: tuple[Option, ...]

    def all_commands(self) -> "Iterator[Command]":
        """Every command, those of groups first."""
        for group in self.groups:
            yield from group.commands
        yield from self.commands


HELP = Option(("-h", "--help"), "", "Show help.")


@cache
def outline() -> Outline:
    """The outline of the program as it is."""
    groups, alone = [], []
    for name, (first, second) in COMMANDS.items():
        if isinstance(second, dict):
            group = tuple(_command((name, leaf), place) for leaf, (place, _) in second.items())
            groups.append(Group(name, first, group))
        else:
            alone.append(_command((name,), first))
    flags = (Option((flag.option,), flag.value, flag.help, values=values_of("", "", flag.value)) for flag in FLAGS)
    return Outline(tree.root().help or "", tuple(groups), tuple(alone), (*flags, HELP))


_OF_SERVER = {key.option for _, key in SERVER_OPTIONS} | {
    f"--{secret.stem}-{form}" for secret in SERVER_SECRETS for form in ("stdin", "file", "command", "env")
}


def _command(path: tuple[str, ...], place: str) -> Command:
    made = tree.command(path[-1], load(place))
    (summary, _), *prose = tree.paragraphs(made.help or "")
    arguments, options = [], []
    for parameter in made.params:
        if getattr(parameter, "hidden", False) or "--help" in parameter.opts:
            continue
        if parameter.param_type_name == "argument":
            arguments.append(_argument(" ".join(path), parameter))
        else:
            options.append(_option(" ".join(path), parameter))
    return Command(path, " ".join(summary.split()), tuple(prose), tuple(arguments), tuple(options))


def _argument(command: str, found: "Parameter") -> Argument:
    name = str(found.name)
    placeholder = tree.placeholder(found)
    return Argument(placeholder, _help(found), found.nargs == -1, values_of(command, name, placeholder))


def _option(command: str, found: "Parameter") -> Option:
    flag = bool(getattr(found, "is_flag", False))
    value = "" if flag else found.metavar or found.type.name.upper()
    name = next(word for word in found.opts if word.startswith("--"))
    return Option(
        (*found.opts, *found.secondary_opts),
        value,
        _help(found),
        repeatable=bool(getattr(found, "multiple", False)),
        values=values_of(command, name, value),
        of_server=name in _OF_SERVER and command.startswith("smtp "),
        required=bool(found.required),
    )


def _help(found: "Parameter") -> str:
    text = str(getattr(found, "help", None) or "")
    default: Any = found.default
    told = default != "" and isinstance(default, str | int) and not isinstance(default, bool)
    if getattr(found, "show_default", False) and told:
        text += f" Default: {default}."
    return text
