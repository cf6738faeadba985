"""Owns the reading of one configuration file: from TOML to checked values, with everything that is wrong in it.

It refuses to know other layers, and rules that span several keys. A value never gets into a message.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any, NamedTuple

from postroom.config.problems import Problem, shown
from postroom.domain.kinds import NAME
from postroom.domain.settings import TABLES, Source, Value, key_of, table_of

KeyPath = tuple[str, ...]

_PASSWORD_IN_URL = re.compile(r"://[^\s]*:[^\s]*@")  # a password that nobody encoded may hold a slash
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Document(NamedTuple):
    """One file as it was read. `entries` are its values by path, `tables` the paths of its tables."""

    file: str
    text: str
    entries: Mapping[KeyPath, Value]
    tables: frozenset[KeyPath]
    problems: tuple[Problem, ...]

    def of_another_hand(self) -> "Document":
        """The same for a file that no command writes: there is none that would mend it."""
        mend = f"Change it in {self.file}"
        problems = tuple(
            found if found.hint.startswith(("did you mean", "it belongs", "sed ")) else found._replace(hint=mend)
            for found in self.problems
        )
        return self._replace(problems=problems)


def parse_document(file: str, data: bytes | str) -> Document:
    """Read the content of `file`. Nothing is raised: what is wrong stands in `problems`."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        text = error.object.decode("utf-8", "surrogateescape")  # nothing is lost of it in the history
        return Document(file, text, {}, frozenset(), (Problem(file, (), "is not UTF-8", EDIT_HINT, line),))
    try:
        tree = tomllib.loads(text)
    except ValueError as error:  # also a number with more digits than Python reads
        return Document(file, text, {}, frozenset(), (_syntax(file, text, error),))
    except RecursionError:
        return Document(file, text, {}, frozenset(), (Problem(file, (), "is nested too deeply", EDIT_HINT),))
    entries: dict[KeyPath, Value] = {}
    tables: set[KeyPath] = set()
    problems = tuple(_walk(file, (), tree, entries, tables))
    return Document(file, text, entries, frozenset(tables), problems)


EDIT_HINT = "postroom config edit"


def _syntax(file: str, text: str, error: ValueError) -> Problem:
    if text.startswith("\ufeff"):
        mend = f"sed -i '1s/^\\xef\\xbb\\xbf//' {quote(file)}"
        return Problem(file, (), "begins with a byte order mark, which TOML does not allow", mend, 1)
    message = str(error)
    place = _PLACE.search(message)
    if not place:
        return Problem(file, (), "is not valid TOML", EDIT_HINT)
    line = int(place[1]) if place[1] else text.count("\n") + 1
    # Only the parser's fixed words and single characters: some of its messages repeat keys of the file.
    said = re.sub(r"""(['"]).{2,}\1|\(.*\)""", "...", message[: place.start()])
    return Problem(file, (), f"is not valid TOML: {said[:1].lower()}{said[1:]}", EDIT_HINT, line)


def _walk(
    file: str, path: KeyPath, table: Mapping[str, Any], entries: dict[KeyPath, Value], tables: set[KeyPath]
) -> Iterator[Problem]:
    section = table_of(path)
    keys = {key.name: key for key in section.declared()} if section else {}
    children = _children(path)
    for name, value in table.items():
        here = (*path, name)
        if key := keys.get(name):
            try:
                _refuse_password_in_url(value)
                entries[here] = Value(key.kind.parse(value), Source("file", file))
            except ValueError as error:
                yield Problem(file, here, f"{'.'.join(here)} {error}", mending_hint(here))
        elif name not in children and "*" not in children:
            yield _unknown(file, here, {*keys, *children})
        elif not isinstance(value, dict):
            yield Problem(file, here, f"{shown(here)} must be a table", EDIT_HINT)
        elif "*" in children and not NAME.fullmatch(name):
            yield Problem(file, here, f"{shown(here)}: a name must match {NAME.pattern}", EDIT_HINT)
        else:
            tables.add(here)
            yield from _walk(file, here, value, entries, tables)


def _children(path: KeyPath) -> set[str]:
    """The names of the tables that may stand in the table at `path`; `*` where the user chooses them."""
    depth = len(path)
    return {
        table.path[depth]
        for table in TABLES
        if len(table.path) > depth
        and all(want in ("*", got) for want, got in zip(table.path[:depth], path, strict=True))
    }


def _refuse_password_in_url(value: object) -> None:
    if isinstance(value, str) and _PASSWORD_IN_URL.search(value):
        raise ValueError("must not contain a password: give that as a secret of its own")


def mending_hint(path: KeyPath) -> str:
    """The command that gives the key at `path` a good value, or takes it out; it works while the file is broken."""
    key = key_of(path)
    if key and key.secret and path[:2] == ("smtp", "servers"):
        return f"postroom config unset {'.'.join(path)}, then postroom smtp set {path[2]} {key.option}-stdin"
    return f"postroom config set {'.'.join(path)} {key.kind.word}" if key else EDIT_HINT


def _unknown(file: str, path: KeyPath, known: set[str]) -> Problem:
    name = path[-1]
    below = [child for child in sorted(_children(path[:-1]) - {"*"}) if key_of((*path[:-1], child, name))]
    near = difflib.get_close_matches(name, known, n=1)
    if below:
        hint = f"it belongs one table deeper: {'.'.join((*path[:-1], below[0], name))}"
    elif near:
        hint = f"did you mean {'.'.join((*path[:-1], near[0]))}?"
    else:
        hint = EDIT_HINT
    return Problem(file, path, f"unknown key {shown(path)}", hint)
