"""Owns what reaches stdout and stderr: text or the JSON envelope. stdout is data, stderr is talk.

Every string is made safe here, so that nobody else has to think of it. Refuses to know commands and services.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TextIO

from postroom.errors import Exit, PostroomError
from postroom.result import Result, Step, Warn
from postroom.ui.blocks import Block, Fields, Line, Next, Table, Tone, Verbatim, View
from postroom.ui.safe import safe, safe_line
from postroom.ui.steps import step_line
from postroom.ui.views.diagnosis import rows

ENVELOPE_VERSION = 1
MOST_DETAIL_LINES = 10
"""Of what a server or program said, where the text of the error tells it; JSON and the dialogue have it whole."""


class Output(Protocol):
    """A way to show blocks: plain text, or a terminal."""

    def block(self, block: Block) -> None: ...

    def talk(self, text: str, tone: Tone = "plain") -> None:
        """One line to stderr."""

    def page(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and values to stderr; a pair without a name goes on with the one above."""

    def step(self, step: Step) -> None:
        """A step of a session, as it ends."""

    @property
    def redraws(self) -> bool:
        """Whether what `waiting` shows is drawn anew each time, instead of one more line."""

    def waiting(self, step: str, seconds: int) -> None:
        """A step that still runs, and for how long."""


class PlainOutput:
    """Text for pipes and for terminals without colour."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        self._stdout, self._stderr = stdout, stderr

    def block(self, block: Block) -> None:
        if isinstance(block, Next):
            self.talk(f"next: {block.command}" + (f"  ({block.why})" if block.why else ""))
        elif isinstance(block, Verbatim):
            # A file or a program gets the bytes; a person's terminal never does.
            text = safe(block.text) if self._stdout.isatty() else block.text
            self._stdout.write(text if text.endswith("\n") else text + "\n")
        else:
            for line in _lines(block):
                self._stdout.write(line + "\n")

    def talk(self, text: str, tone: Tone = "plain") -> None:  # noqa: ARG002 - plain text has no tone
        with suppress(OSError):  # talk that nobody can hear is no failure of the work
            self._stderr.write(safe_line(text) + "\n")

    def page(self, pairs: Sequence[tuple[str, str]]) -> None:
        for line in _labelled(pairs):
            self.talk(line)

    def step(self, step: Step) -> None:
        if not step.skipped:
            self._stdout.write(safe_line("  ".join(step_line(step)).rstrip()) + "\n")
            self._stdout.flush()

    @property
    def redraws(self) -> bool:
        return False

    def waiting(self, step: str, seconds: int) -> None:
        self.talk(still_waiting(step, seconds))


def still_waiting(step: str, seconds: int) -> str:
    """The line of a step that still runs."""
    return f"still waiting: {step}, {seconds} s"


def _lines(block: Line | Table | Fields) -> Iterable[str]:
    if isinstance(block, Line):
        return [safe_line(block.text)]
    if isinstance(block, Table):
        return ["\t".join(safe_line(cell) for cell in row) for row in block.rows]
    return [safe_line(line) for line in _labelled(block.pairs)]


def _labelled(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Each value behind its name, on a line that tells all by itself; one without a name has that of the one above."""
    last = ""
    for name, value in pairs:
        last = name or last
        yield f"{last}: {value}"


def envelope(
    command: str,
    data: Mapping[str, Any],
    *,
    status: Exit | int,
    warnings: Sequence[Warn] = (),
    error: PostroomError | None = None,
) -> dict[str, Any]:
    """The one JSON object of a call. Its keys are a contract."""
    return {
        "version": ENVELOPE_VERSION,
        "command": command,
        "ok": error is None and int(status) in (Exit.OK, Exit.WARNING),
        "exit": int(status),
        "data": dict(data),
        "warnings": [warning._asdict() for warning in warnings],
        "error": None
        if error is None
        else {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "detail": error.detail,
            "retry": error.retry,
        },
    }


class Renderer:
    """Speaks results and errors, in text or in JSON."""

    def __init__(
        self, output: Output, *, as_json: bool = False, quiet: bool = False, stdout: TextIO | None = None
    ) -> None:
        self.output = output
        self.as_json = as_json
        self.quiet = quiet
        self._stdout = stdout or sys.stdout

    def result(self, result: Result, view: View) -> None:
        """Show what a service did."""
        if self.as_json:
            self.json(envelope(result.command, result.data, status=result.exit, warnings=result.warnings))
            return
        for warning in result.warnings:
            self.warning(warning)
        self.blocks(view(result.data))

    def blocks(self, blocks: Iterable[Block]) -> None:
        """Show blocks; with --quiet without the word on what comes next."""
        for block in blocks:
            if not (self.quiet and isinstance(block, Next)):
                self.output.block(block)

    def error(self, error: PostroomError, command: str) -> None:
        """Show what went wrong, and what to do next."""
        if self.as_json:
            self.json(envelope(command, error.data, status=error.exit, warnings=error.warnings, error=error))
            return
        for warning in error.warnings:
            self.warning(warning)
        self.output.talk(f"error: {error.message}", "bad")
        lines = [line for line in error.detail.split("\n") if line]
        for line in lines[:MOST_DETAIL_LINES]:
            self.output.talk(f"  | {line}", "dim")
        if more := len(lines[MOST_DETAIL_LINES:]):
            self.output.talk(f"  | ({more} more lines)", "dim")
        if diagnosis := error.data.get("diagnosis"):
            self.output.page(list(rows(diagnosis, error.data.get("evidence"))))
        else:
            self._hint(error.hint)

    def warning(self, warning: Warn) -> None:
        """Show something to mend."""
        self.output.talk(f"warning: {warning.message}", "warn")
        self._hint(warning.hint)

    def _hint(self, text: str) -> None:
        """What to do, a line for each part: a command stands on its own."""
        for line in text.split("\n"):
            if line:
                self.output.talk(f"hint: {line}", "hint")

    def json(self, value: Mapping[str, Any]) -> None:
        """One JSON object on a line of its own; ASCII, so that no terminal obeys what is in it."""
        self._stdout.write(json.dumps(value, default=str) + "\n")
        self._stdout.flush()


def quietly(write: Callable[[], None]) -> None:
    """Write; when nobody reads any more, go on without output instead of failing."""
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
