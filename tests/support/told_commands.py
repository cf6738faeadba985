"""Owns finding the commands that our own texts tell people to type, and judging whether they can be typed.

Reads the outline of the program; starts nothing.
"""

import ast
import re
import shlex
from collections.abc import Iterator

from postroom.cli.lazy import ALIASES, COMMANDS, prefix
from postroom.cli.options import lift
from postroom.cli.outline import Command, outline

_TOLD = re.compile(r"(?<!another )\bpostroom (?P<words>[a-z](?:(?!\bpostroom )[^\n`|\"])*)")
_OPTION = re.compile(r"(?<!\S)-{1,2}[a-z][a-z-]*")

COMMANDS_BY_NAME = {command.name: command for command in outline().all_commands()}


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string of a module with its line; what an f-string fills in is an `X`."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "X" for part in child.values]
            yield child.lineno, "".join(parts)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.lineno, child.value
        else:
            yield from texts(child)


def wrong_commands(text: str) -> list[str]:
    """The commands in a text of prose that do not exist, or have not the options that are given with them."""
    return [found.group() for found in _TOLD.finditer(text) if not _exists(found["words"])]


def _exists(words: str) -> bool:
    words = words.partition(" -- ")[0]  # what stands behind is another program's
    first = re.match(r"[a-z-]+", words)
    if first is None or (first.group() not in COMMANDS and first.group() not in ALIASES):
        return False
    parts = [re.sub(r"[.,;:)']+$", "", part) for part in words.split()]
    path = prefix(parts)
    name = " ".join(path)
    if name not in COMMANDS_BY_NAME:
        behind = parts[len(path) :]
        return not behind or behind[0] == "X" or behind[0].startswith("--")
    known = _names(COMMANDS_BY_NAME[name])
    end = re.search(r"[.;)](\s|$)", words)
    return all(option in known for option in _OPTION.findall(words[: end.start()] if end else words))


def _names(command: Command) -> set[str]:
    options = (*command.options, *outline().global_options)
    return {name for option in options for name in option.names}


def example_lines(command: Command) -> list[str]:
    """The example lines of a command's help."""
    blocks = [text for text, as_written in command.prose if as_written]
    return [line.strip() for block in blocks for line in block.splitlines()[1:] if line.strip()]


def typed(line: str) -> list[str]:
    """The arguments of `postroom` in a line of shell, without the global options."""
    _, _, rest = line.partition("postroom ")
    command = rest if "'" in rest else re.split(r"[|<>)]", rest, maxsplit=1)[0]
    words = shlex.split(command)
    _, left, error = lift(words)
    assert error is None, (line, error)
    return left
