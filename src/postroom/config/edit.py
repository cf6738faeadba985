"""Owns the text of the configuration file while it is changed: values come and go, a person's comments stay.

Invariant: what an edited text says is exactly the tree of values with the change made to it; a text of which that is
not true is never given out. It refuses to know which keys there are, and where the file lies.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import tomli_w
import tomlkit

from postroom.config.layout import Block, KeyPath, comments_in, home_of, new_block, split, with_comments_of
from postroom.errors import ConfigError

Tree = dict[str, Any]


def toml_text(tree: Mapping[str, Any]) -> str:
    """A new TOML document."""
    return tomli_w.dumps(tree)


class Draft:
    """A configuration file that is being changed. Values are what TOML knows: strings, numbers, booleans, lists.

    `elsewhere` names the other file that defines a path, or returns None. Raise ConfigError `config.invalid` when
    `text` is no TOML.
    """

    def __init__(self, text: str, elsewhere: Callable[[KeyPath], str | None]) -> None:
        try:
            self.tree: Tree = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                "config.invalid", "the file is not valid TOML, so it cannot be changed", hint="postroom config edit"
            ) from error
        self._elsewhere = elsewhere
        self._windows_lines = "\r\n" in text and text.count("\r\n") == text.count("\n")
        text = text.replace("\r\n", "\n") if self._windows_lines else text
        self._blocks = split(text) if text.strip() else None
        self.wanted: list[KeyPath] = []  # the keys that were given a value, even the one they had

    def get(self, path: KeyPath) -> Any:
        """The value or table at a path of the file itself, None where there is none."""
        node: Any = self.tree
        for name in path:
            if not isinstance(node, dict) or name not in node:
                return None
            node = node[name]
        return node

    def names(self, path: KeyPath) -> list[str]:
        """The names of the tables in the table at `path`, in the order of the file."""
        table = self.get(path)
        return [name for name, value in table.items() if isinstance(value, dict)] if isinstance(table, dict) else []

    def set(self, path: KeyPath, value: Any) -> None:
        """Give a key a value; its tables are made where they are missing."""
        self.wanted.append(path)
        found = self.get(path)
        if found == value and type(found) is type(value):
            return
        node = self.tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                raise _not_editable()
        node[path[-1]] = value
        if self._blocks is not None:
            home = home_of(self._blocks, path) or new_block(self._blocks, path[:-1], f"[{_dotted(path[:-1])}]\n")
            _edit(home, lambda document: _put(document, path[len(home.path) :], value))

    def unset(self, path: KeyPath) -> bool:
        """Take a key or a whole table out; False when the file does not have it.

        Raise ConfigError `config.defined_elsewhere` for a table that another file defines too, and for a key that only
        another file defines.
        """
        found = self.get(path)
        if (found is None or isinstance(found, dict)) and (file := self._elsewhere(path)):
            raise _defined_elsewhere(path, file)
        if found is None:
            return False
        del self.get(path[:-1])[path[-1]]
        for block in self._blocks or ():
            if block.header and block.path[: len(path)] == path:
                block.empty()
            elif block.holds(path):
                _edit(block, partial(_drop, rest=path[len(block.path) :]))
        return True

    def rename(self, path: KeyPath, name: str) -> None:
        """Give the table at `path` another name, in its place.

        Raise ConfigError: `config.missing`, `config.exists`, `config.defined_elsewhere`.
        """
        new = (*path[:-1], name)
        if file := self._elsewhere(path):
            raise _defined_elsewhere(path, file)
        if self.get(path) is None:
            raise ConfigError("config.missing", f"there is no {'.'.join(path)}", hint="postroom config show")
        if self.get(new) is not None or self._elsewhere(new):
            raise ConfigError("config.exists", f"there is a {'.'.join(new)} already", hint="postroom config show")
        parent = self.get(path[:-1])
        kept = {name if key == path[-1] else key: value for key, value in parent.items()}
        parent.clear()
        parent.update(kept)
        for block in self._blocks or ():
            if block.header and block.path[: len(path)] == path:
                block.path = (*new, *block.path[len(path) :])
                comment = "".join(f" {found}" for found in comments_in(block.header))
                block.header = f"[{_dotted(block.path)}]{comment}\n"
            elif block.holds(path):
                _edit(block, partial(_rename_key, rest=path[len(block.path) :], name=name))

    @property
    def text(self) -> str:
        """The file as it stands now. Raise ConfigError `config.not_editable` for a layout that resists."""
        if self._blocks is None:
            return toml_text(_without_empty(self.tree))
        text = "".join(str(block) for block in self._blocks)
        try:
            right = _without_empty(tomllib.loads(text)) == _without_empty(self.tree)
        except (ValueError, RecursionError):
            right = False
        if not right:
            raise _not_editable()
        return text.replace("\n", "\r\n") if self._windows_lines else text


def _defined_elsewhere(path: KeyPath, file: str) -> ConfigError:
    return ConfigError(
        "config.defined_elsewhere",
        f"{'.'.join(path)} is defined in {file}, which is not the file that this command writes",
        hint=f"Change it in {file}",
    )


def _not_editable() -> ConfigError:
    return ConfigError(
        "config.not_editable",
        "the layout of the file does not allow this change without losing something",
        hint="postroom config edit",
    )


def _without_empty(tree: Tree) -> Tree:
    """The same values without tables that hold none: a text may lose those without losing anything."""
    pruned = {name: _without_empty(value) if isinstance(value, dict) else value for name, value in tree.items()}
    return {name: value for name, value in pruned.items() if value != {}}


def _edit(block: Block, change: Callable[[Any], None]) -> None:
    """Change the keys under a header; a comment that would go with them becomes a line of its own."""
    try:
        document = tomlkit.parse(block.body)
    except (ValueError, RecursionError) as error:  # it takes less than the parser that reads the configuration
        raise _not_editable() from error
    change(document)
    block.body = with_comments_of(block.body, document.as_string())


def _put(node: Any, rest: KeyPath, value: Any) -> None:
    for name in rest[:-1]:
        if name not in node:
            node[name] = tomlkit.inline_table()
        node = node[name]
    node[rest[-1]] = value


def _drop(node: Any, rest: KeyPath) -> None:
    for name in rest[:-1]:
        if name not in node:
            return
        node = node[name]
    if rest[-1] in node:
        del node[rest[-1]]


def _rename_key(node: Any, rest: KeyPath, name: str) -> None:
    for part in rest[:-1]:
        node = node[part]
    node[name] = node.pop(rest[-1])


def _dotted(path: KeyPath) -> str:
    return tomlkit.key(list(path)).as_string()
