"""Owns what every command holds: the desk, the renderer, the questions to a person. Refuses to know any command."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import typer

from postroom.cli.lazy import COMMANDS, load
from postroom.cli.options import Globals
from postroom.errors import Exit, UsageError
from postroom.result import Result, Step
from postroom.ui.blocks import Block, View
from postroom.ui.render import Output, PlainOutput, Renderer, quietly

if TYPE_CHECKING:
    from postroom.cli.waiting import Waiting
    from postroom.desk import Desk
    from postroom.ui.prompt import Prompt


_LONGEST_LINE = 1 << 16  # far more than any secret has; whatever is longer is refused by the stores


class Front:
    """One call of the program: `finish` ends it with a result."""

    def __init__(self, flags: Globals, *, command: str, form: str = "text") -> None:
        self.flags = flags
        self.command = command
        # That of a report for another program, or text. --json goes before it.
        self.form = "text" if flags.json else form
        self.status: Exit | int = Exit.OK

    @property
    def group_only(self) -> bool:
        """Whether the words name a group and no command of it."""
        words = self.command.split()
        return len(words) == 1 and isinstance(COMMANDS[words[0]][1], dict)

    @cached_property
    def desk(self) -> "Desk":
        """The desk that the global options name."""
        flags = self.flags
        make = load("postroom.desk:Desk")
        desk: Desk = make(config=flags.config, state_dir=flags.state_dir, system=flags.system, user=flags.user)
        if not (flags.json or flags.no_input) and self.prompt.possible:
            desk.ask_secret = self._ask_secret
        if flags.verbose:
            self.talk(f"configuration: {', '.join(map(str, desk.scope.existing())) or 'none'}")
            self.talk(f"state: {desk.scope.state}")
        return desk

    def _ask_secret(self, question: str) -> str:
        self.close()  # what is told of a running step would run over the question
        return self.prompt.secret(question, option="--password-stdin")

    @cached_property
    def prompt(self) -> "Prompt":
        """Questions, where somebody can answer."""
        made: Prompt = load("postroom.ui.prompt:Prompt")(allowed=not (self.flags.no_input or self.flags.json))
        return made

    @cached_property
    def renderer(self) -> Renderer:
        """The one voice of the program."""
        return Renderer(self._output, as_json=self.flags.json, quiet=self.flags.quiet)

    @cached_property
    def _output(self) -> Output:
        colour = not (self.flags.no_color or os.environ.get("NO_COLOR"))
        if not self.flags.json and (sys.stdout.isatty() or (colour and os.environ.get("FORCE_COLOR"))):
            return cast("Output", load("postroom.ui.console:RichOutput")(no_color=not colour))
        return PlainOutput(sys.stdout, sys.stderr)

    def finish(self, result: Result, view: View) -> None:
        """Show the result, and what the desk noticed on the way; its exit status becomes the program's."""
        self.status = result.exit
        if self.form == "text" and "desk" in self.__dict__:
            more = [warning for warning in self.desk.noticed if warning not in result.warnings]
            result = result._replace(warnings=(*result.warnings, *more))
        quietly(lambda: self.renderer.result(result, view))

    def show(self, blocks: Iterable[Block]) -> None:
        """Show something before the end of a call that fails (text only)."""
        if not self.flags.json:
            quietly(lambda: self.renderer.blocks(blocks))

    def step(self, step: Step, *, then: str = "") -> None:
        """Show a step of a session as it ends, and the one that runs `then`, if that takes long (text only)."""
        if not (self.flags.json or self.flags.quiet):
            self._waiting.end()
            quietly(lambda: self._output.step(step))
            if self.flags.verbose and step.detail:
                self.talk(f"      {json.dumps(dict(step.detail), default=str, ensure_ascii=False)}")
            if then:
                self._waiting.begin(then)

    @cached_property
    def _waiting(self) -> "Waiting":
        made: Waiting = load("postroom.cli.waiting:Waiting")(self._output, self.desk.clock.monotonic)
        return made

    def stream(self, value: Mapping[str, Any]) -> None:
        """One JSON object of a stream; the envelope comes last."""
        quietly(lambda: self.renderer.json(value))

    def talk(self, text: str) -> None:
        """A word on the way, to stderr; not with --quiet or --json, nor for Nagios, which may read stderr as well."""
        if not (self.flags.quiet or self.flags.json or self.form == "nagios"):
            self._output.talk(text)

    def tell(self, text: str) -> None:
        """A line to stderr that nobody can do without, whatever the form of the result."""
        self._output.talk(text)

    def read_secret_line(self, option: str) -> str:
        """The first line of stdin; on a terminal it is asked for without echo. Raise UsageError when it is empty."""
        if self.prompt.possible:
            # `--client-secret-stdin` asks for the client secret, `--stdin` for the secret.
            what = option.removeprefix("--").removesuffix("stdin").replace("-", " ").strip() or "secret"
            return self.prompt.secret(f"{what[0].upper()}{what[1:]} (not shown)", option=option)
        if sys.stdin.isatty():
            raise UsageError(
                "usage.no_terminal",
                f"{option}: standard input is a terminal, which would show the secret",
                hint=f"pipe it in, CMD | postroom ... {option}, or leave out --json and --no-input and be asked",
            )
        line = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
        if not line:
            raise UsageError(
                "usage.empty_secret",
                f"{option}: standard input holds no secret",
                hint="pipe it in: CMD | postroom ... " + option,
            )
        return line

    def confirm(self, question: str, *, yes: bool) -> None:
        """Have a destructive act confirmed: on a terminal by a person, elsewhere by --yes."""
        if yes:
            return
        if not self.prompt.possible:
            raise UsageError("usage.not_confirmed", f"not done without a confirmation: {question}", hint="add --yes")
        if not self.prompt.confirm(question, option="--yes"):
            raise UsageError("usage.not_confirmed", "not done; nothing was changed", exit=Exit.NO)

    def close(self) -> None:
        """Let go of what the terminal shows."""
        if "_waiting" in self.__dict__:
            self._waiting.end()
        rest = getattr(self.__dict__.get("_output"), "rest", None)
        if rest:
            rest()


def front_of(ctx: typer.Context) -> Front:
    """The front of this call."""
    return cast("Front", ctx.obj)
