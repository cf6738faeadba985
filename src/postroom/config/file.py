"""Owns the configuration file on the disk: one change at a time, checked as it will be read, whole or not at all.

It refuses to know why something is changed, and how a text keeps its comments.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from postroom.config.changes import changes_between, hidden_paths, unified_diff
from postroom.config.document import EDIT_HINT, Document, parse_document
from postroom.config.edit import Draft, Tree, toml_text
from postroom.config.history import Copy, History
from postroom.config.layout import KeyPath
from postroom.config.load import Presets, read_layers, settle
from postroom.config.paths import Scope
from postroom.config.problems import invalid
from postroom.domain.settings import Settings, key_of
from postroom.errors import ConfigError, Exit, FileError
from postroom.files import atomic_write, locked, make_directory
from postroom.result import Warn

LOCK_SECONDS = 30  # a change takes milliseconds; a hundred of them in a row still fit


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


class Edited(NamedTuple):
    """The text that a change makes of the file, and the keys to which it gives a value, even the one they had."""

    text: str
    wanted: Sequence[KeyPath]


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

    def change(self, mutate: Callable[[Draft], object], *, dry_run: bool = False) -> Outcome:
        """Read the file, let `mutate` change it, check the whole configuration as it would read, and only then write.

        A configuration that was invalid may stay so when the change takes problems away and adds none. Raise
        ConfigError, LockError (75) when another change does not end, FileError (73) when the file cannot be written.
        """

        def edited(documents: Sequence[Document]) -> Edited:
            draft = Draft(self._main(documents).text, lambda path: self._elsewhere(documents, path))
            mutate(draft)
            return Edited(draft.text, draft.wanted)

        return self._replace(edited, dry_run=dry_run, typed=False)

    def replace(self, text: str, *, over: str | None = None, dry_run: bool = False) -> Outcome:
        """Put a whole text in the file's place, as `change` does. `over` is the text that it was made from: where the
        file holds another by now, raise ConfigError `config.changed_meanwhile` (75).
        """

        def edited(documents: Sequence[Document]) -> Edited:
            if over not in (None, self._main(documents).text):
                raise self._changed_meanwhile()
            return Edited(text, ())

        return self._replace(edited, dry_run=dry_run, typed=True)

    def merge(self, name: str, data: bytes, *, prune: bool, dry_run: bool) -> Outcome:
        """Set every key of a document; with `prune`, remove the servers and profiles that it does not name.

        `name` is what the document is called where something is wrong in it.
        """
        document = parse_document(name, data)
        if document.problems:
            # What mends this file does not mend that one.
            problems = [found._replace(hint=found.hint.replace(EDIT_HINT, "")) for found in document.problems]
            raise invalid(problems, {name: document.text})
        named = {path for path in document.tables if len(path) == 3}

        given = Draft(document.text, _nowhere)

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

    def make_directory(self) -> None:
        """Make the directory of the file, where it is missing: open to all for the system's, else private."""
        make_directory(self.scope.main.parent, mode=0o755 if self.scope.name == "system" else 0o700)

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

    def _replace(self, edited: Callable[[Sequence[Document]], Edited], *, dry_run: bool, typed: bool) -> Outcome:
        """`typed` says that a person has the new text before their eyes, so that its lines mean something to them."""
        if dry_run:
            return self._judge(edited, typed=typed)[0]
        try:
            return self._replace_locked(edited, typed=typed)
        except FileError:
            outcome = self._judge(edited, typed=typed)[0]
            if outcome.changed:
                raise
            return outcome  # nothing to write: no matter that nothing can be written

    def _replace_locked(self, edited: Callable[[Sequence[Document]], Edited], *, typed: bool) -> Outcome:
        self.make_directory()
        with locked(self.scope.main, LOCK_SECONDS):
            outcome, old, new = self._judge(edited, typed=typed)
            if outcome.changed:
                self._write(old, new)
        return outcome

    def _judge(self, edited: Callable[[Sequence[Document]], Edited], *, typed: bool) -> tuple[Outcome, Document, str]:
        documents, _ = read_layers(self.scope, root=self._root)
        old = self._main(documents)
        new, wanted = edited(documents)
        after, warnings = read_layers(self.scope, root=self._root, main=new)
        read = self._read(after)
        if isinstance(read, ConfigError) and new != old.text:
            before = self._read(documents)
            left = _kinds(read)
            if not isinstance(before, ConfigError):
                raise read if typed else _refused(read, old.file)
            if not left < _kinds(before):
                raise read
            warnings = [*warnings, Warn("config.still_invalid", f"still wrong: {read.message}", read.hint)]
        elif new != old.text and self._environ:
            self._judge_alone(documents, after, typed=typed)
        changes = changes_between(_tree(old.text), _tree(new))
        diff = unified_diff(str(self.scope.main), _masked(old.text), _masked(new))
        warnings = [*warnings, *_overridden(changes, wanted, read, self.scope)]
        if isinstance(read, Settings):
            warnings += read.warnings
        return Outcome(changes, diff, warnings, read, new != old.text), old, new

    def _judge_alone(self, before: Sequence[Document], after: Sequence[Document], *, typed: bool) -> None:
        """Refuse what is valid in this environment only: the next run may have another."""
        alone = self._read(after, {})
        if isinstance(alone, ConfigError) and isinstance(self._read(before, {}), Settings):
            raise alone if typed else _refused(alone, str(self.scope.main))

    def _read(self, documents: Sequence[Document], environ: Mapping[str, str] | None = None) -> Settings | ConfigError:
        try:
            return settle(documents, self._environ if environ is None else environ, {}, presets=self._presets)
        except ConfigError as error:
            return error

    def _write(self, old: Document, new: str) -> None:
        main = self.scope.main
        if main.exists():
            if self.text() != old.text:  # an editor, which takes no lock
                raise self._changed_meanwhile()
            self._history.keep(main.name, _without_secrets(old.text).encode("utf-8", "surrogateescape"))
        atomic_write(main, new.encode("utf-8", "surrogateescape"), mode=0o644 if self.scope.name == "system" else 0o600)

    def _changed_meanwhile(self) -> ConfigError:
        return ConfigError(
            "config.changed_meanwhile",
            f"{self.scope.main} was changed by somebody else in the meantime",
            hint="Run the command again.",
            retry="now",
            exit=Exit.TRY_AGAIN,
        )

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


def _refused(error: ConfigError, main: str) -> ConfigError:
    """What is said of a change that would break a valid configuration: nothing is broken, so there is no line to name
    and nothing to mend.
    """
    problems = [{**problem, "line": None} for problem in error.data.get("problems", [])]
    if not problems:
        return error
    messages = [
        problem["message"] if problem["file"] == main else f"{problem['file']}: {problem['message']}"
        for problem in problems
    ]
    elsewhere = next((problem["file"] for problem in problems if problem["file"] not in (main, "environment")), None)
    together = "postroom smtp set takes several values at once, and so does postroom config edit"
    return ConfigError(
        error.code,
        f"nothing was changed: {messages[0]}",
        hint=f"Change {elsewhere} first." if elsewhere else together,
        detail="\n".join(messages[1:]),
        data={"problems": problems},
    )


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
    except (ConfigError, UnicodeEncodeError, RecursionError):
        masked = "(not shown: it cannot be read)\n"
    return masked


def _without_secrets(text: str) -> str:
    """The text as it may be kept: a secret that stood in the wrong place does not outlive its removal."""
    wrong = [path for path in hidden_paths(_tree(text)) if (key := key_of(path)) and key.secret]
    if not wrong:
        return text
    draft = Draft(text, _nowhere)
    for path in wrong:
        draft.set(path, "***")
    return draft.text


def _nowhere(path: KeyPath) -> None:  # noqa: ARG001 - the answer that no other file defines it
    return None


def _overridden(
    changes: Sequence[Mapping[str, Any]], wanted: Sequence[KeyPath], read: Settings | ConfigError, scope: Scope
) -> Sequence[Warn]:
    """A warning for each key that was given a value and that another layer overrides."""
    if isinstance(read, ConfigError):
        return ()
    sections = dict(read.sections())
    warnings = []
    written = [tuple(change["key"].split(".")) for change in changes if change["new"] not in (None, "unset")]
    for path in dict.fromkeys((*written, *wanted)):
        section = sections.get(path[:-1])
        source = section.source(path[-1]) if section else None
        if source and (source.layer == "environment" or (source.layer == "file" and source.where != str(scope.main))):
            warnings.append(
                Warn(
                    "config.overridden",
                    f"{'.'.join(path)} is overridden by {source.where}",
                    f"unset {source.where}" if source.layer == "environment" else f"Change it there: {source.where}",
                )
            )
    return warnings
