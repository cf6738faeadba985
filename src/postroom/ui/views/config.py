"""What the commands of the group `config` show."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Fields, Line, Next, Table, Verbatim
from postroom.ui.moments import local
from postroom.ui.views.changes import changes


def path(data: Mapping[str, Any]) -> Iterable[Block]:
    """The files in the order in which they are read."""
    yield Fields((("scope", data["scope"]), ("written", data["main"]), ("state", data["state"])))
    yield Table(
        ("files read, the lowest first", "exists"),
        [(row["file"], "yes" if row["exists"] else "no") for row in data["files"]],
    )


def show(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a value."""
    if not data["values"]:
        yield Line("nothing is configured", "dim")
        yield Next("postroom smtp set", "to begin")
        return
    yield Table(("key", "value", "source"), [(row["key"], _text(row["value"]), _source(row)) for row in data["values"]])


def get(data: Mapping[str, Any]) -> Iterable[Block]:
    """The value alone."""
    if data["value"] is not None:
        yield Line(_text(data["value"]))


def validate(data: Mapping[str, Any]) -> Iterable[Block]:
    """That all is well, and what was read."""
    yield Line("the configuration is valid", "good")
    if not data["files"]:
        yield Line("  there is no configuration file yet", "dim")
    for file in (*data["files"], *data["faults"]):
        yield Line(f"  {file}", "dim")


def export(data: Mapping[str, Any]) -> Iterable[Block]:
    """The document."""
    yield Verbatim(data["text"])


def changed(data: Mapping[str, Any]) -> Iterable[Block]:
    """What was changed, or would be."""
    if data["dry_run"]:
        yield Verbatim(data["diff"]) if data["diff"] else Line("unchanged", "dim")
        return
    yield from changes(data, "configuration changed")


def applied(data: Mapping[str, Any]) -> Iterable[Block]:
    """What was changed, or would be. The secrets do not come along."""
    yield from changed(data)
    if data["changed"] and not data["dry_run"]:
        yield Next("postroom status", "says what is still missing here")


def history(data: Mapping[str, Any]) -> Iterable[Block]:
    """A row a version."""
    if not data["copies"]:
        yield Line("there is no earlier version", "dim")
        return
    yield Table(
        ("number", "replaced", "file"),
        [(str(row["number"]), local(row["time"]), row["file"]) for row in data["copies"]],
    )
    yield Next(f"postroom config rollback {data['copies'][0]['number']}", "to undo the latest change")


def rollback(data: Mapping[str, Any]) -> Iterable[Block]:
    """What went back."""
    if not data["dry_run"]:
        yield Line(f"back to version {data['number']}, which was replaced {local(data['time'])}", "dim")
    yield from changed(data)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(_text(item) for item in value)
    return str(value)


def _source(row: Mapping[str, Any]) -> str:
    source = row["source"]
    return f"{source['layer']} {source['where']}".strip()
