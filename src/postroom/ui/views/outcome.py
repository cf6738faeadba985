"""Owns what the reports of a test share, whatever their form: whose failure it is, what was refused, what to do."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from postroom.errors import Exit, Fault, PostroomError
from postroom.result import Result


class Advice(NamedTuple):
    """What is known about a failure. `kind` is its cause class, or the code of an error that has none."""

    kind: str
    title: str
    cause: str = ""
    next_steps: Sequence[str] = ()
    docs: Sequence[str] = ()


def advice(result: Result, error: PostroomError | None) -> Advice | None:
    """The diagnosis where there is one, else what the error itself says; None when there is nothing to mend."""
    found = result.data.get("diagnosis")
    if found and (error is None or found["class"] == error.code):
        return Advice(found["class"], found["title"], found["cause"], found["next_steps"], found["docs"])
    if error is not None:
        return Advice(error.code, error.message, next_steps=[error.hint] if error.hint else [])
    rows = refused(result)
    return Advice(rows[0]["class"], "The server refused some of the recipients.") if rows else None


def server_failed(error: PostroomError) -> bool:
    """Whether the way to the server or the server failed; False where the test itself could not be made."""
    return isinstance(error, Fault) and not error.code.startswith("config.")


def steps_of(result: Result) -> Sequence[Mapping[str, Any]]:
    """The steps as they ended; none where the test did not begin."""
    return result.data.get("steps") or ()


def refused(result: Result) -> Sequence[Mapping[str, Any]]:
    """The recipients that the server refused, while it took the mail for others."""
    if result.exit != Exit.PARTIAL:
        return ()
    rows = next((step["detail"]["recipients"] for step in steps_of(result) if step["name"] == "rcpt"), ())
    return [row for row in rows if row["class"]]


def refusal(row: Mapping[str, Any]) -> str:
    """One refused recipient with the server's words."""
    return f"{row['address']} refused: {_words(row)}"


def summary(result: Result) -> str:
    """What a test without an error came to."""
    server, receipt = result.data["server"], result.data["receipt"]
    where = f"{server['host']} port {server['port']}"
    if not receipt:
        return f"{where}: every step asked for passed; nothing was sent"
    return f"{where} accepted: {_words(receipt)}"


def _words(reply: Mapping[str, Any]) -> str:
    return " ".join(str(reply[part]) for part in ("code", "enhanced", "text") if reply[part])
