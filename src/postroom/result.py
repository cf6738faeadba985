"""Owns what services return and the renderer speaks. Refuses to know how either looks on a screen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from postroom.errors import Exit


class Warn(NamedTuple):
    """Something to mend that did not stop the work. `code` is dotted and stable, like an error's."""

    code: str
    message: str
    hint: str = ""


class Step(NamedTuple):
    """One step of a session, as it ended.

    `ok` is None and `skipped` true for a step that was not reached or does not apply. `detail` is JSON-ready.
    """

    name: str
    ok: bool | None
    skipped: bool = False
    duration_ms: float | None = None
    detail: Mapping[str, Any] = {}

    def as_data(self) -> dict[str, Any]:
        """The step as it stands in the JSON of `smtp test`."""
        return {
            "name": self.name,
            "ok": self.ok,
            "skipped": self.skipped,
            "duration_ms": self.duration_ms,
            "detail": dict(self.detail),
        }


Watch = Callable[[Step], None]


class Result(NamedTuple):
    """What one use case did. `data` is JSON-ready and the whole truth: text is a view of it.

    `exit` is a plain number only where it is another program's status (`sandbox run`).

    A changing use case puts `changed` (bool) and `changes` (list of `{key, old, new}`) into `data`.
    """

    command: str
    data: Mapping[str, Any]
    warnings: Sequence[Warn] = ()
    exit: Exit | int = Exit.OK


def changes_data(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The two keys that every changing command has in its `data`."""
    return {"changed": bool(changes), "changes": [dict(change) for change in changes]}
