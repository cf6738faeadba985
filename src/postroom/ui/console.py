"""Owns output on a terminal: colour, tables, the live step. The one importer of rich."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from postroom.result import Step
from postroom.ui.blocks import Block, Fields, Line, Next, Table, Tone, Verbatim
from postroom.ui.render import still_waiting
from postroom.ui.safe import safe, safe_line
from postroom.ui.steps import step_line
from postroom.ui.wrapping import wrapped

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


_GAP = 2
_NARROWEST = 12
"""The cells that a column of text has at least; a terminal that is narrower breaks its lines itself."""


def _line(text: str, tone: Tone) -> Text:
    # Text is never parsed as markup, so that foreign brackets stay what they are.
    return Text(safe_line(text), style=_STYLES[tone])


def _print_rows(console: Console, pairs: Sequence[tuple[str, str]], style: str) -> None:
    """Names and values in two columns. The values are broken by us, for a grid of rich cuts what is too long."""
    names = [safe_line(name) for name, _ in pairs]
    indent = max(map(cell_len, names), default=0) + _GAP
    width = max(console.width - indent, _NARROWEST)
    for name, (_, value) in zip(names, pairs, strict=True):
        for number, line in enumerate(wrapped(safe(value), width, cell_len, widest=console.width)):
            label = "" if number else name
            shown = line.rstrip()
            if not label and cell_len(shown) > width:  # a command that needs the whole line
                console.print(Text(shown))
                continue
            console.print(Text.assemble((label + " " * (indent - cell_len(label)), style), shown))


class RichOutput:
    """Blocks on a terminal."""

    def __init__(self, *, no_color: bool) -> None:
        # Without a colour system there is nothing bold or dim either, which takes the same escapes as colour.
        system: Literal["auto"] | None = None if no_color else "auto"
        self._out = Console(file=sys.stdout, highlight=False, color_system=system, no_color=no_color, soft_wrap=True)
        self._err = Console(file=sys.stderr, highlight=False, color_system=system, no_color=no_color, soft_wrap=True)
        self._status: Status | None = None

    def block(self, block: Block) -> None:
        self.rest()
        if isinstance(block, Line):
            for line in wrapped(safe_line(block.text), self._out.width, cell_len):
                self._out.print(Text(line, style=_STYLES[block.tone]))
        elif isinstance(block, Verbatim):
            self._out.print(Text(safe(block.text.rstrip("\n"))))
        elif isinstance(block, Next):
            command, why = safe_line(block.command), safe_line(block.why)
            self._err.print(Text.assemble(("next: ", "dim"), (command, "cyan"), (f"  {why}", "dim")))
        elif isinstance(block, Fields):
            _print_rows(self._out, block.pairs, "dim")
        else:
            self._table(block)

    def _table(self, block: Table) -> None:
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for column in block.columns:
            grid.add_column(column, overflow="fold")
        for row in block.rows:
            grid.add_row(*(Text(safe_line(cell)) for cell in row))
        self._out.print(grid, soft_wrap=False)

    def page(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.rest()
        _print_rows(self._err, pairs, "dim")

    def talk(self, text: str, tone: Tone = "plain") -> None:
        self.rest()
        # A command of a hint that is longer than a line is left to the terminal: none is cut in two by us.
        widest = sys.maxsize if tone == "hint" else 0
        lines = wrapped(safe_line(text), self._err.width, cell_len, widest=widest)
        for line in lines:
            self._err.print(Text(line, style=_STYLES[tone]))

    def step(self, step: Step) -> None:
        if step.skipped:
            return
        self.rest()
        head, seen = step_line(step)
        _print_rows(self._out, [(head, safe_line(seen))], _STYLES["good" if step.ok else "bad"])

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
