"""Owns output on a terminal: colour, tables, the live step. The one importer of rich."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from postroom.result import Step
from postroom.ui.blocks import Block, Fields, Line, Next, Table, Tone, Verbatim
from postroom.ui.render import still_waiting
from postroom.ui.safe import safe, safe_line
from postroom.ui.steps import step_line

if TYPE_CHECKING:
    from rich.status import Status

_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "title": "bold",
    "hint": "",
}


def _line(text: str, tone: Tone) -> Text:
    # Text is never parsed as markup, so that foreign brackets stay what they are.
    return Text(safe_line(text), style=_STYLES[tone])


class RichOutput:
    """Blocks on a terminal."""

    def __init__(self, *, no_color: bool) -> None:
        color = True if no_color else None
        self._out = Console(file=sys.stdout, highlight=False, no_color=color, soft_wrap=True)
        self._err = Console(file=sys.stderr, highlight=False, no_color=color, soft_wrap=True)
        self._status: Status | None = None

    def block(self, block: Block) -> None:
        self.rest()
        if isinstance(block, Line):
            self._out.print(_line(block.text, block.tone))
        elif isinstance(block, Verbatim):
            self._out.print(Text(safe(block.text.rstrip("\n"))))
        elif isinstance(block, Next):
            command, why = safe_line(block.command), safe_line(block.why)
            self._err.print(Text.assemble(("next: ", "dim"), (command, "cyan"), (f"  {why}", "dim")))
        elif isinstance(block, Fields):
            self._fields(block)
        else:
            self._table(block)

    def _fields(self, block: Fields) -> None:
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, style="dim")
        grid.add_column(overflow="fold")
        for name, value in block.pairs:
            grid.add_row(safe_line(name), Text(safe(value)))
        self._out.print(grid, soft_wrap=False)

    def _table(self, block: Table) -> None:
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for column in block.columns:
            grid.add_column(column, overflow="fold")
        for row in block.rows:
            grid.add_row(*(Text(safe_line(cell)) for cell in row))
        self._out.print(grid, soft_wrap=False)

    def page(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.rest()
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="dim")
        grid.add_column(overflow="fold")
        for name, value in pairs:
            grid.add_row(safe_line(name), Text(safe(value)))
        self._err.print(grid, soft_wrap=False)

    def talk(self, text: str, tone: Tone = "plain") -> None:
        self.rest()
        # A hint holds commands to be copied, which a line break of ours would cut in two.
        self._err.print(_line(text, tone), soft_wrap=tone == "hint")

    def step(self, step: Step) -> None:
        if step.skipped:
            return
        self.rest()
        head, seen = step_line(step)
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, style=_STYLES["good" if step.ok else "bad"])
        grid.add_column(overflow="fold")
        grid.add_row(safe_line(head), Text(safe_line(seen)))
        self._out.print(grid, soft_wrap=False)

    @property
    def redraws(self) -> bool:
        # rich counts FORCE_COLOR as a terminal, which a pipe is not.
        console = self._err
        return sys.stderr.isatty() and console.is_terminal and not console.is_dumb_terminal and not console.no_color

    def waiting(self, step: str, seconds: int) -> None:
        if not self.redraws:
            self.talk(still_waiting(step, seconds))
            return
        told = _line(f"{step} ... {seconds} s", "dim")
        if self._status is None:
            self._status = self._err.status(told)
            self._status.start()
        else:
            self._status.update(told)

    def rest(self) -> None:
        """Take away the line of the running step."""
        if self._status is not None:
            self._status.stop()
            self._status = None
