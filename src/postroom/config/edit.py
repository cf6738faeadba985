"""Owns the changes of the configuration file: values come and go, a person's comments stay, and nothing is written that
could not be read back. It refuses to know why something is changed.

Invariant: what an edited text says is exactly the tree of values with the change made to it; a text of which that is
not true is never given out.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import tomli_w
import tomlkit

from postroom.config.changes import changes_between, hidden_paths, unified_diff
from postroom.config.document import Document, parse_document
from postroom.config.history import Copy, History
from postroom.config.layout import Block, KeyPath, comments_in, home_of, new_block, split, with_comments_of
from postroom.config.load import Presets, read_layers, settle
from postroom.config.paths import Scope
from postroom.config.problems import invalid
from postroom.domain.settings import Settings, key_of
from postroom.errors import ConfigError, Exit
from postroom.files import atomic_write, locked, make_directory
from postroom.result import Warn

LOCK_SECONDS = 30  # a change takes milliseconds; a hundred of them in a row still fit

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
        self._blocks = split(text) if text.strip() else None

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
        except ValueError:
            right = False
        if not right:
            raise _not_editable()
        return text


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
    document = tomlkit.parse(block.body)
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


class Outcome(NamedTuple):
    """What a change did, or would do. `read` is the configuration as it reads afterwards, or what is still wrong."""

    changes: Sequence[Mapping[str, Any]]
    diff: str
    warnings: Sequence[Warn]
    read: Settings | ConfigError
    changed: bool

    @property
    def settings(self) -> Settings:
        """The configuration as it reads afterwards. Raise ConfigError where it was invalid before and still is."""
        if isinstance(self.read, ConfigError):
            raise self.read
        return self.read


class ConfigFile:
    """The file of the scope that is written. One change at a time, across processes."""

    def __init__(
        self, scope: Scope, history: History, *, environ: Mapping[str, str], presets: Presets, root: bool
    ) -> None:
        self.scope = scope
        self._history = history
        self._environ = environ
        self._presets = presets
        self._root = root

    def change(self, mutate: Callable[[Draft], None], *, dry_run: bool = False) -> Outcome:
        """Read the file, let `mutate` change it, check the whole configuration as it would read, and only then write.

        A configuration that was invalid may stay so when the change takes problems away and adds none. Raise
        ConfigError, LockError (75) when another change does not end, FileError (73) when the file cannot be written.
        """

        def edited(documents: Sequence[Document]) -> str:
            draft = Draft(self._main(documents).text, lambda path: self._elsewhere(documents, path))
            mutate(draft)
            return draft.text

        return self._replace(edited, dry_run=dry_run)

    def replace(self, text: str, *, dry_run: bool = False) -> Outcome:
        """Put a whole text in the file's place, as `change` does."""
        return self._replace(lambda documents: text, dry_run=dry_run)  # noqa: ARG005 - the old content does not matter

    def merge(self, name: str, text: str, *, prune: bool, dry_run: bool) -> Outcome:
        """Set every key of a document; with `prune`, remove the servers and profiles that it does not name.

        `name` is what the document is called where something is wrong in it.
        """
        document = parse_document(name, text)
        if document.problems:
            raise invalid(document.problems, {name: text})
        named = {path for path in document.tables if len(path) == 3}

        given = Draft(text, _nowhere)

        def mutate(draft: Draft) -> None:
            for path in document.entries:
                draft.set(path, given.get(path))
            for kind in (("smtp", "servers"), ("tls", "profiles")) if prune else ():
                for table in draft.names(kind):
                    if (*kind, table) not in named:
                        draft.unset((*kind, table))

        return self.change(mutate, dry_run=dry_run)

    def rollback(self, number: int | None, *, dry_run: bool = False) -> tuple[Copy, Outcome]:
        """Put a copy of the history in the file's place: the latest, or the one of that number."""
        copy, data = self._history.read(self.scope.main.name, number)
        return copy, self.replace(data.decode("utf-8", "surrogateescape"), dry_run=dry_run)

    def copies(self) -> Sequence[Copy]:
        """The file as it was before each of the latest changes, oldest first."""
        return self._history.copies(self.scope.main.name)

    def text(self) -> str:
        """What the file holds now; empty where there is none."""
        return self._main(read_layers(self.scope, root=self._root)[0]).text

    def export(self) -> str:
        """What all files of the scope say together, as a new document; secrets as references."""
        documents, _ = read_layers(self.scope, root=self._root)
        settle(documents, {}, {}, presets=self._presets)
        tree: Tree = {}
        for path, value in {path: value for document in documents for path, value in document.entries.items()}.items():
            node = tree
            for name in path[:-1]:
                node = node.setdefault(name, {})
            key = key_of(path)
            node[path[-1]] = key.kind.toml(value.value) if key else value.value
        return toml_text(tree)

    def _replace(self, edited: Callable[[Sequence[Document]], str], *, dry_run: bool) -> Outcome:
        if dry_run:
            return self._judge(edited)[0]
        make_directory(self.scope.main.parent, mode=0o755 if self.scope.name == "system" else 0o700)
        with locked(self.scope.main, LOCK_SECONDS):
            outcome, old, new = self._judge(edited)
            if outcome.changed:
                self._write(old, new)
        return outcome

    def _judge(self, edited: Callable[[Sequence[Document]], str]) -> tuple[Outcome, Document, str]:
        documents, _ = read_layers(self.scope, root=self._root)
        old = self._main(documents)
        new = edited(documents)
        after, warnings = read_layers(self.scope, root=self._root, main=new)
        read = self._read(after)
        if isinstance(read, ConfigError) and new != old.text:
            before = self._read(documents)
            left = _kinds(read)
            if not isinstance(before, ConfigError) or not left < _kinds(before):
                raise read
            warnings = [*warnings, Warn("config.still_invalid", f"still wrong: {read.message}", read.hint)]
        changes = changes_between(_tree(old.text), _tree(new))
        diff = unified_diff(str(self.scope.main), _masked(old.text), _masked(new))
        warnings = [*warnings, *_overridden(changes, read, self.scope)]
        if isinstance(read, Settings):
            warnings += read.warnings
        return Outcome(changes, diff, warnings, read, new != old.text), old, new

    def _read(self, documents: Sequence[Document]) -> Settings | ConfigError:
        try:
            return settle(documents, self._environ, {}, presets=self._presets)
        except ConfigError as error:
            return error

    def _write(self, old: Document, new: str) -> None:
        main = self.scope.main
        if main.exists():
            if self.text() != old.text:  # an editor, which takes no lock
                raise ConfigError(
                    "config.changed_meanwhile",
                    f"{main} was changed by somebody else in this moment",
                    hint="Run the command again.",
                    retry="now",
                    exit=Exit.TRY_AGAIN,
                )
            self._history.keep(main.name, old.text.encode("utf-8", "surrogateescape"))
        atomic_write(main, new.encode("utf-8", "surrogateescape"), mode=0o644 if self.scope.name == "system" else 0o600)

    def _main(self, documents: Sequence[Document]) -> Document:
        name = str(self.scope.main)
        return next((found for found in documents if found.file == name), Document(name, "", {}, frozenset(), ()))

    def _elsewhere(self, documents: Sequence[Document], path: KeyPath) -> str | None:
        for document in documents:
            if document.file != str(self.scope.main) and any(
                found[: len(path)] == path for found in (*document.entries, *document.tables)
            ):
                return document.file
        return None


def _kinds(error: ConfigError) -> set[tuple[str, str, str]]:
    return {(found["file"], found["key"], found["message"]) for found in error.data.get("problems", [])}


def _tree(text: str) -> Tree:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _masked(text: str) -> str:
    """The text as it may be shown: without the values that may be secrets in the wrong place."""
    if not text.strip():
        return text
    try:
        text.encode()  # what is not UTF-8 was read into characters that cannot be written
        draft = Draft(text, _nowhere)
        for path in hidden_paths(draft.tree):
            draft.set(path, "***")
        masked = draft.text
    except (ConfigError, UnicodeEncodeError):
        masked = "(not shown: it cannot be read)\n"
    return masked


def _nowhere(path: KeyPath) -> None:  # noqa: ARG001 - the answer that no other file defines it
    return None


def _overridden(changes: Sequence[Mapping[str, Any]], read: Settings | ConfigError, scope: Scope) -> Sequence[Warn]:
    """A warning for each key that was written and that another layer overrides."""
    if isinstance(read, ConfigError):
        return ()
    sections = dict(read.sections())
    warnings = []
    for change in changes:
        *table, name = change["key"].split(".")
        section = sections.get(tuple(table))
        source = section.source(name) if section and change["new"] not in (None, "unset") else None
        if source and (source.layer == "environment" or (source.layer == "file" and source.where != str(scope.main))):
            warnings.append(
                Warn(
                    "config.overridden",
                    f"{change['key']} is overridden by {source.where}",
                    f"Change it there: {source.where}",
                )
            )
    return warnings
