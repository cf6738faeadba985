"""Owns questions to the DNS and their answers, as values. Asks nobody."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple


class Question(NamedTuple):
    """The records of one type at one name; for PTR the name is an IP address."""

    name: str
    type: Literal["TXT", "MX", "A", "AAAA", "PTR"]


class Answer(NamedTuple):
    """What the DNS says. `records` are texts: of MX `PREFERENCE HOST`, host names without the final dot.

    `status` is "none" where the name has no such record, "no_name" where it does not exist, and "failed" where nobody
    told, with the reason in `text`.
    """

    status: Literal["found", "none", "no_name", "failed"]
    records: Sequence[str] = ()
    text: str = ""


AskDns = Callable[[Sequence[Question]], Mapping[Question, Answer]]
"""Asks all at once and answers each of them; never raises. All calls of one such function share one deadline."""
