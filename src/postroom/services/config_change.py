"""Changes the configuration file: one key, a whole document merged in, a text from an editor, an earlier version."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from postroom.clock import rfc3339
from postroom.domain.ports import Change, Draft, Outcome
from postroom.domain.secret import Binding, Reference
from postroom.domain.settings import Key
from postroom.errors import ConfigError, Exit, FileError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.config_keys import read_key
from postroom.services.secrets_places import TOKENS, places

KeyPath = tuple[str, ...]


class Copy(Protocol):
    """The file as it was up to a moment."""

    @property
    def number(self) -> int: ...
    @property
    def moment(self) -> datetime: ...
    @property
    def path(self) -> Path: ...


class File(Protocol):
    """The configuration file that is written."""

    def text(self) -> str: ...
    @property
    def change(self) -> Change: ...
    def replace(self, text: str, *, over: str | None = None, dry_run: bool = False) -> Outcome: ...
    def merge(self, name: str, data: bytes, *, prune: bool, dry_run: bool) -> Outcome: ...
    def copies(self) -> Sequence[Copy]: ...
    def rollback(self, number: int | None, *, dry_run: bool = False) -> tuple[Copy, Outcome]: ...


def set_value(file: File, text: str, value: str, *, dry_run: bool) -> Result:
    """Give one key a value, as typed. Raise UsageError for a key or a value that is none."""
    path, key = read_key(text)
    try:
        parsed = key.kind.read(value)
    except ValueError as error:
        raise _bad_value(text, key, value, error) from error
    outcome = file.change(lambda draft: draft.set(path, key.kind.toml(parsed)), dry_run=dry_run)
    unread = [Warn("config.not_read_yet", f"{text} is recorded, but no command of this release reads it")]
    return _result("config set", outcome, dry_run, [*outcome.warnings, *(unread if key.reserved else ())])


def _bad_value(text: str, key: Key[Any], value: str, error: ValueError) -> UsageError:
    if not key.secret:
        shown = f"{text}:" if "://" in value else f"{text}: {value!r}"  # a URL may hold a password
        return UsageError("usage.bad_value", f"{shown} {error}", hint=f"allowed: {key.kind.rule}")
    server = text.split(".")[2]
    return UsageError(
        "usage.secret_as_value",
        f"{text} {error}",
        hint=f"If that was the secret, it now stands in your shell's history: change it, then\n"
        f"postroom smtp set {server} {key.option}-stdin",
    )


def unset(file: File, text: str, *, dry_run: bool) -> Result:
    """Take one key out of the file."""
    path, _ = read_key(text)

    def mutate(draft: Draft) -> None:
        draft.unset(path)

    outcome = file.change(mutate, dry_run=dry_run)
    return _result("config unset", outcome, dry_run, outcome.warnings)


def apply(
    file: File,
    name: str,
    data: bytes,
    *,
    bound_to: Callable[[Reference], Binding | None],
    prune: bool,
    check: bool,
    dry_run: bool,
) -> Result:
    """Merge a document into the file. With `check` nothing is written, and the exit status is 1 if it would be.

    `bound_to` tells whom a stored secret is for, without opening its store: those that did not come along are told.

    Raise FileError `file.missing` (66) for one without a word in it: whatever should have written it failed.
    """
    if not data.strip():
        raise FileError("file.missing", f"{name} is empty; nothing was changed", exit=Exit.NO_INPUT)
    outcome = file.merge(name, data, prune=prune, dry_run=check or dry_run)
    warnings = [*outcome.warnings, *_left_behind(outcome, bound_to)]
    result = _result("config apply", outcome, check or dry_run, warnings)
    return result._replace(exit=Exit.NO) if check and outcome.changed else result


def _left_behind(outcome: Outcome, bound_to: Callable[[Reference], Binding | None]) -> Iterator[Warn]:
    """A warning for each stored secret that the settings now refer to, and that is not here."""
    changed = {change["key"] for change in outcome.changes}
    for place in places(outcome.settings) if changed else ():
        if place.key in changed and place.stored is not None and bound_to(place.stored) is None:
            what = "the login" if place.field == TOKENS else "the secret"
            yield Warn("secret.left_behind", f"{place.key}: {what} did not come along", place.command)


def edit(file: File, open_editor: Callable[[str], str], again: Callable[[ConfigError], bool]) -> Result:
    """Have a person change the text of the file; nothing is written before it is valid.

    `open_editor` takes a text and returns it as it was left; `again` is asked whether to open it once more when it is
    not valid. Raise ConfigError when that is declined.
    """
    before = text = file.text()
    while True:
        text = open_editor(text)
        try:
            outcome = file.replace(text, over=before)
        except ConfigError as error:
            if error.exit == Exit.TRY_AGAIN or not again(error):
                raise
        else:
            return _result("config edit", outcome, False, outcome.warnings)


def history(file: File) -> Result:
    """The earlier versions, the latest first."""
    copies = [
        {"number": copy.number, "time": rfc3339(copy.moment), "file": str(copy.path)}
        for copy in reversed(file.copies())
    ]
    return Result("config history", {"copies": copies})


def rollback(file: File, number: int | None, *, dry_run: bool) -> Result:
    """Go back to an earlier version, whole: what came after it is gone from the file, but not from the history."""
    copy, outcome = file.rollback(number, dry_run=dry_run)
    result = _result("config rollback", outcome, dry_run, outcome.warnings)
    return result._replace(data={**result.data, "number": copy.number, "time": rfc3339(copy.moment)})


def _result(command: str, outcome: Outcome, dry_run: bool, warnings: Sequence[Warn]) -> Result:
    data = {
        **changes_data(outcome.changes),
        "changed": outcome.changed,  # comments and spaces are changes, too
        "dry_run": dry_run,
        "diff": outcome.diff if dry_run else None,
    }
    return Result(command, data, warnings)
