"""Waits until a mail has arrived in the sandbox, or says what came instead."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from postroom.domain.address import Address, parse_address
from postroom.domain.arrival import Arrival
from postroom.errors import Exit, PostroomError
from postroom.result import Result

COMMAND = "sandbox wait"

POLL_SECONDS = 0.1
"""Short beside the second that a person notices, long beside the millisecond that a look takes."""

_SHOWN_OTHERS = 10
"""More lines than this no longer tell what went wrong."""


class Wanted(NamedTuple):
    """Which mails, and how many. `subject` is searched for in the decoded subject; None takes any."""

    recipient: Address
    subject: re.Pattern[str] | None = None
    at_least: int = 1

    def fits(self, arrival: Arrival) -> bool:
        """Whether this is one of them."""
        recipients = (_comparable(recipient) for recipient in arrival.recipients)
        return _comparable(str(self.recipient)) in recipients and (
            self.subject is None or self.subject.search(arrival.subject) is not None
        )

    def __str__(self) -> str:
        about = f" with a subject like {self.subject.pattern!r}" if self.subject else ""
        return f"for {self.recipient}{about}"


def _comparable(text: str) -> str:
    """The address without case, as people compare it, and with its domain as on the wire."""
    try:
        return str(parse_address(text)).casefold()
    except ValueError:  # a sandbox takes what a strict reader would not
        return text.casefold()


def wait(
    arrivals: Callable[[], Sequence[Arrival]],
    wanted: Wanted,
    *,
    timeout_seconds: float,
    only_new: bool,
    monotonic: Callable[[], float],
    pause: Callable[[float], None],
) -> Result:
    """Return when the mails are there; those that came before count too, unless `only_new`.

    Raise PostroomError `sandbox.not_arrived` (1), which lists what did arrive.
    """
    began = monotonic()
    before = {arrival.number for arrival in arrivals()} if only_new else set()
    while True:
        late = monotonic() - began >= timeout_seconds
        seen = [arrival for arrival in arrivals() if arrival.number not in before]
        found = [arrival for arrival in seen if wanted.fits(arrival)]
        waited_ms = round((monotonic() - began) * 1000)
        if len(found) >= wanted.at_least:
            return Result(COMMAND, {"mails": [arrival.as_data() for arrival in found], "waited_ms": waited_ms})
        if late:
            raise _not_arrived(wanted, found, [arrival for arrival in seen if arrival not in found], waited_ms)
        pause(POLL_SECONDS)


def _not_arrived(wanted: Wanted, found: Sequence[Arrival], others: Sequence[Arrival], waited_ms: int) -> PostroomError:
    came = f"{len(found)} of {wanted.at_least} mails" if wanted.at_least > 1 else "no mail"
    lines = [
        f"{arrival.number}  {', '.join(arrival.recipients)}  {arrival.subject}" for arrival in others[-_SHOWN_OTHERS:]
    ]
    instead = f"; {len(others)} other mails did" if len(others) > 1 else "; one other mail did" if others else ""
    return PostroomError(
        "sandbox.not_arrived",
        f"{came} {wanted} arrived within {waited_ms / 1000:.0f} s{instead}",
        hint="postroom sandbox list"
        if others
        else "nothing else came either: is postroom sandbox serve running, and does the program send to its port?",
        detail="\n".join(lines),
        retry="later",
        exit=Exit.NO,
        data={
            "mails": [arrival.as_data() for arrival in found],
            "others": [arrival.as_data() for arrival in others],
            "waited_ms": waited_ms,
        },
    )
