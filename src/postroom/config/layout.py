"""Owns the cutting of a configuration file into tables and the comments between them, so that a change in one leaves
the others as a person wrote them.

It knows no TOML of its own: what is complete, and what a header means, the real parser says.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from postroom.config.locate import lines_of

KeyPath = tuple[str, ...]

# Strings first, so that a hash mark inside one is no comment (TOML 1.0.0, "String" and "Comment").
_TOKEN = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|(#[^\n]*)', re.DOTALL)


def comments_in(text: str) -> list[str]:
    """Every comment of a TOML text, in order, without the spaces at its end."""
    return [found[1].rstrip() for found in _TOKEN.finditer(text) if found[1]]


def with_comments_of(old: str, new: str) -> str:
    """The text `new` with the comments that it lost against `old`, as lines of their own where the change begins."""
    lost = Counter(comments_in(old)) - Counter(comments_in(new))
    kept = []
    for comment in comments_in(old):
        if lost[comment]:
            lost[comment] -= 1
            kept.append(f"{comment}\n")
    if not kept:
        return new
    old_lines, new_lines = lines_of(old), lines_of(new)
    same = next((at for at, (a, b) in enumerate(zip(old_lines, new_lines, strict=False)) if a != b), None)
    at = min(len(old_lines), len(new_lines)) if same is None else same
    return "".join([*new_lines[:at], *kept, *new_lines[at:]])


class Block:
    """A stretch of the file: a header, the keys under it (`body`), and the blank lines and comments after the last key
    (`gap`), which most often speak of the next table. The first block has no header.
    """

    def __init__(self, text: str) -> None:
        lines = lines_of(text)
        self.header = lines.pop(0) if lines and _is_header(lines[0]) else ""
        self.path = _path_of(self.header)
        end = len(lines)
        while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        if not _parses("".join(lines[:end])):  # the last lines only look like comments: a string ends there
            end = len(lines)
        self.body, self.gap = "".join(lines[:end]), "".join(lines[end:])

    def __str__(self) -> str:
        return self.header + self.body + self.gap

    def holds(self, path: KeyPath) -> bool:
        """Whether the key or table at `path` is written under this header, if need be inline or by dotted keys."""
        rest = path[len(self.path) :]
        return bool(rest) and self.path == path[: len(self.path)] and rest[0] in tomllib.loads(self.body)

    def empty(self) -> None:
        """Take the table out; its comments stay, before those that follow it."""
        comments = "".join(f"{comment}\n" for comment in comments_in(self.header + self.body))
        self.gap = comments + self.gap if comments else self.gap.removeprefix("\n")
        self.header, self.body, self.path = "", "", ()


def split(text: str) -> list[Block]:
    """Cut a valid TOML text before each header. A line that begins with a bracket inside a value is none: what stands
    before it is not complete.
    """
    blocks: list[Block] = []
    chunk = ""
    for line in lines_of(text if text.endswith("\n") else text + "\n"):
        if _is_header(line) and _parses(chunk):
            blocks.append(Block(chunk))
            chunk = ""
        chunk += line
    return [*blocks, Block(chunk)]


def _is_header(line: str) -> bool:
    return line.lstrip().startswith("[")


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def _path_of(header: str) -> KeyPath:
    path: list[str] = []
    node: Any = tomllib.loads(header)
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        path.append(name)
    return tuple(path)


def home_of(blocks: Sequence[Block], path: KeyPath) -> Block | None:
    """The block in which the key at `path` stands or is to stand: one that holds its table inline or by dotted keys,
    else that of its table.
    """
    for block in blocks:
        if block.holds(path):
            return block
    return next((block for block in blocks if block.path == path[:-1] and (block.header or len(path) == 1)), None)


def new_block(blocks: list[Block], path: KeyPath, header: str) -> Block:
    """Add an empty table after its nearest relative; what followed that one follows the new one."""

    def kinship(block: Block) -> int:
        return next((at for at, (a, b) in enumerate(zip(block.path, path, strict=False)) if a != b), len(block.path))

    at = max(range(len(blocks)), key=lambda index: (kinship(blocks[index]), index))
    before, new = blocks[at], Block(header)
    if before.body or before.header:
        last = at == len(blocks) - 1
        new.gap = before.gap if before.gap.startswith(("\n", "\r")) or (last and not before.gap) else "\n" + before.gap
        before.gap = "\n"
    elif before.gap and lines_of(before.gap)[-1].strip():
        before.gap += "\n"
    blocks.insert(at + 1, new)
    return new
