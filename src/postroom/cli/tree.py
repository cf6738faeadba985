"""Owns the command tree that Typer walks: groups that list their commands without importing them."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from postroom.cli.lazy import ALIASES, COMMANDS, load
from postroom.cli.options import FLAGS
from postroom.errors import UsageError

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter
    from typer._click.formatting import HelpFormatter

HELP = {"help_option_names": ["-h", "--help"]}
EPILOG = "Global options such as --json, --config and --no-input are accepted anywhere: see postroom --help."


def paragraphs(text: str) -> list[tuple[str, bool]]:
    """Split help text into paragraphs, each with whether it stands as written (it has indented lines)."""
    parts = [part for part in text.strip("\n").split("\n\n") if part.strip()]
    return [(part, any(line.startswith(" ") for line in part.splitlines())) for part in parts]


def placeholder(argument: "Parameter") -> str:
    """How a positional argument is shown: `NAME`, `[NAME]` where it may be left out, `NAME...` for several."""
    shown = argument.metavar or str(argument.name).upper() + ("..." if argument.nargs == -1 else "")
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


class Leaf(TyperCommand):
    """A command. Indented lines in its help, the examples, keep their form."""

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Arguments as in the man pages; Typer's braces would look like a choice."""
        arguments = (parameter for parameter in self.params if parameter.param_type_name == "argument")
        return ["[OPTIONS]", *(placeholder(argument) for argument in arguments)]

    def format_help_text(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        for text, as_written in paragraphs(self.help or ""):
            formatter.write_paragraph()
            with formatter.indentation():
                if as_written:
                    for line in text.splitlines():
                        formatter.write(" " * formatter.current_indent + line + "\n")
                else:
                    formatter.write_text(text)


def command(name: str, function: Callable[..., None], *, epilog: str = EPILOG) -> "Command":
    """Make Typer's command of a function; its docstring is the help, its signature the options."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(name, cls=Leaf, epilog=epilog, context_settings=HELP)(function)
    made = typer.main.get_command(app)
    for parameter in made.params:
        if isinstance(parameter, TyperArgument) and parameter.metavar is None:
            parameter.metavar = str(parameter.name).upper()
    further = getattr(function, "further_options", None)
    if further is not None:
        first, last = further()
        arguments = [parameter for parameter in made.params if isinstance(parameter, TyperArgument)]
        own = [parameter for parameter in made.params if parameter not in arguments]
        made.params = [*arguments, *first, *own, *last]
    return made


class Group(TyperGroup):
    """A group of the table in `lazy`. Only the command that runs is imported."""

    def __init__(self, name: str, summary: str, table: dict[str, Any], *, path: str) -> None:
        super().__init__(name=name, help=summary, rich_markup_mode=None, context_settings=HELP)
        self.table = table
        self.path = path

    def list_commands(self, ctx: "Context") -> list[str]:
        return list(self.table)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        name = cmd_name if cmd_name in self.table else ALIASES.get(cmd_name, "")
        if name not in self.table:
            return None
        first, second = self.table[name]
        if isinstance(second, dict):
            return Group(name, first, second, path=f"{self.path} {name}")
        return command(name, load(first))

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        found = self.get_command(ctx, args[0])
        if found is None and not args[0].startswith("-"):
            near = get_close_matches(args[0], [*self.table, *ALIASES], n=2, cutoff=0.7)
            meant = " or ".join(f"{self.path} {word}" for word in near)
            raise UsageError(
                "usage.unknown_command",
                f"{self.path} has no command {args[0]!r}",
                hint=f"did you mean {meant}?" if near else f"{self.path} --help lists the commands",
            )
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        if self.path == "postroom":
            rows = [(f"{flag.option} {flag.value}".strip(), flag.help) for flag in FLAGS]
            with formatter.section("Global options, accepted anywhere"):
                formatter.write_dl([*rows, ("-h, --help", "Show this help, or the help of a command.")])
        else:
            super().format_options(ctx, formatter)
            return
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        rows = [(name, first if isinstance(second, dict) else second) for name, (first, second) in self.table.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def root() -> Group:
    """The program itself."""
    return Group("postroom", "The mail desk of a system that you run yourself.", COMMANDS, path="postroom")
