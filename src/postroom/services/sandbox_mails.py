"""Lists, shows and clears the mails that the sandbox has kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from postroom.domain.arrival import Arrival
from postroom.errors import Exit, PostroomError
from postroom.result import Result, changes_data

Arrivals = Callable[[], Sequence[Arrival]]


def list_mails(arrivals: Arrivals) -> Result:
    """Every mail, oldest first."""
    return Result("sandbox list", {"mails": [arrival.as_data() for arrival in arrivals()]})


def show_mail(
    arrivals: Arrivals,
    read: Callable[[int], bytes],
    decode: Callable[[bytes], Mapping[str, Any]],
    *,
    number: int | None,
    raw: bool,
) -> Result:
    """One mail, decoded, and with `raw` as it came; without a number the newest.

    Raise PostroomError `sandbox.no_such_mail` (66).
    """
    known = list(arrivals())
    found = next((arrival for arrival in reversed(known) if number in (None, arrival.number)), None)
    if found is None:
        raise _no_such_mail(number)
    try:
        data = read(found.number)
    except KeyError as error:
        raise _no_such_mail(found.number) from error
    shown = {**found.as_data(), **decode(data)}
    if raw:
        shown["raw"] = data.decode("utf-8", "replace")
    return Result("sandbox show", shown)


def clear_mails(clear: Callable[[], int]) -> Result:
    """Remove every mail."""
    removed = clear()
    changes = [{"key": "mails", "old": removed, "new": 0}] if removed else []
    return Result("sandbox clear", {**changes_data(changes), "removed": removed})


def _no_such_mail(number: int | None) -> PostroomError:
    if number is None:
        return PostroomError(
            "sandbox.no_such_mail",
            "there is no mail in the sandbox",
            hint="start one with postroom sandbox serve, and send to it",
            exit=Exit.NO_INPUT,
        )
    return PostroomError(
        "sandbox.no_such_mail",
        f"there is no mail {number} in the sandbox",
        hint="postroom sandbox list",
        exit=Exit.NO_INPUT,
    )
