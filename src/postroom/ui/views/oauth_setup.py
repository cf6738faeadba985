"""What `oauth setup` shows."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from postroom.ui.blocks import Block, Fields, Line, Next, Verbatim

_WIDTH = 78
"""80 columns, with room for the backslash."""


def oauth_setup(data: Mapping[str, Any]) -> Iterator[Block]:
    """The console, the scripts, the commands. A script that was asked for by its name stands alone."""
    if data["text"] is not None:
        yield Verbatim(data["text"])
        return
    yield Line(data["title"], "title")
    yield Fields([("why", data["why"]), ("flow", data["flow"]), ("checked", data["checked"])])
    yield Line("")
    yield Line("At the provider", "title")
    yield Fields(list(_steps(data)))
    yield Line("")
    yield from _written(data) if data["written"] else _scripts(data)
    yield Line("Then here", "title")
    for row in data["commands"]:
        for line in textwrap.wrap(row["why"], _WIDTH, initial_indent="# ", subsequent_indent="# "):
            yield Line(line, "dim")
        for line in broken(row["command"]):
            yield Line(line)
    yield Next(f"postroom man {data['guide'].partition('(')[0]}", "for what goes wrong, and its cure")


def _steps(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(data["steps"], start=1):
        yield f"{number}.", step["page"]
        for text in step["do"]:
            yield "", f"- {text}"


def _scripts(data: Mapping[str, Any]) -> Iterator[Block]:
    for script in data["scripts"]:
        yield Line(f"Or by script: {script['file']}", "title")
        yield Fields([("what", f"It {script['what']}.")])
        yield Line("")
        yield Verbatim(script["text"])
        yield Line("")


def _written(data: Mapping[str, Any]) -> Iterator[Block]:
    yield Line("Or by script", "title")
    for script, path in zip(data["scripts"], data["written"], strict=True):
        yield Fields([("written", path), ("", f"It {script['what']}.")])
    yield Line("")


def broken(command: str) -> list[str]:
    """A command on as many lines as it needs, each but the last ending in a backslash: it can be copied as it is."""
    lines = [""]
    for word in command.replace(" --", "\n--").replace(" | ", " |\n").split("\n"):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) <= _WIDTH or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(f"  {word}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]
