"""Owns the parting of a long text: the entries of a log, and the pieces of what is no log. Pure.

It refuses to know what a failure is, but for the few letters without which nothing tells of one.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

LONGEST_PIECE_CHARACTERS = 32_000
_OVERLAP_CHARACTERS = 400
_BEFORE, _BEHIND = 6, 20
"""How many lines around one that may tell of a failure belong to it, in a text that is long."""

_MOMENT_SECONDS = 1
"""A failure is told within a second: a dialogue, a traceback, what the program says of it."""

_STAMP = re.compile(
    r"(?:<\d{1,3}>\d? ?|[\w.-]{1,60} {1,9}\| )?"  # the priority of syslog; the service of docker compose
    r"(?:(?:(?:level|lvl|severity)=\"?\w{1,12}\"? )?(?:ts|t|time|timestamp|datetime|date|at)=[\"']?)?"  # logfmt
    r"(?:[\[(]?(?:\w{3},? )?(?:"
    r"(?P<day>\d{4}[-/.]\d\d[-/.]\d\d|\d{1,2}[-/ .][A-Z][a-z]{2}[-/ .]\d{4}|[A-Z][a-z]{2} [ \d]?\d(?: \d{4})?)"
    r"[T :,_]{1,2})?"
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?![\w])"
    r"|[\[(]?(?P<epoch>1\d{9})(?:[.,]?\d{1,9})?[\]):\"']{0,2} "
    r"|@4000(?P<tai>[0-9a-f]{12})"
    r"|(?P<object>\{[\"'].{0,60000}\}\s{0,4}$))"
)
# Which process said it, in the words of syslog and the journal: a host, a program, its number.
_SOURCE = re.compile(r"\S{0,20} ?[\w.-]{1,253} ([\w./@-]{1,60}\[\d{1,9}\]): ")

_TROUBLE = re.compile(r"(?<!\d)[45][0-5]\d(?!\d)|\b[45]\.\d|[^\x00-\x7f]|=\"?\\?$|[A-Za-z0-9+/]{40}|\*{8}|X{7}")
_TROUBLE_STEMS = (  # noqa: SIM905 - a list of ninety literals takes ninety lines
    "fail|err|refus|reject|denied|denial| not|n't|cannot|invalid|unknown| no |too |timed|timeout|expir|"
    "exceed|limit|lock|suspen|disabl|requir|must|need|lost|close|reset|eof|unable|unreach|unavail|unsupp|"
    "unexp|unauth|untrust|unsafe|unver|unrout|unimpl|unrec|unencr|exception|wrong|mismatch|please|bad|"
    "over|spam|quota|missing|illegal|incorrect|abort|disconn|warning|never|only|more than|less |status=|"
    "dsn|greylist|graylist|try|again|proxy|empty|jwt|hang|hung|defer|bounc|broken|detect|blacklist|risk|throttl|econn|"
    "enotf|alert|certificate|ssl|tls|smtp|mail|command:|mechanism"
).split("|")


class _Begun(NamedTuple):
    """Where and when an entry began."""

    source: str
    day: str
    second: int
    number: int


def log_entries(text: str) -> Sequence[str]:
    """The entries of a log in their order; none where the text is no log, with less than two lines that begin with a
    time stamp or hold a JSON object.

    Lines without a stamp belong to the one above. What one program says within a second belongs together.
    """
    lines = text.split("\n")
    stamps = [_STAMP.match(line) for line in lines]
    if sum(stamp is not None for stamp in stamps) < 2:
        return ()
    entries: list[list[str]] = [[]]
    begun: dict[str, _Begun] = {}
    current = 0
    for line, stamp in zip(lines, stamps, strict=True):
        if stamp is not None:
            new = _begins(line, stamp, len(entries))
            before = begun.get(new.source)
            if before and before.day == new.day and 0 <= new.second - before.second <= _MOMENT_SECONDS:
                current = before.number
            else:
                current = new.number
                begun[new.source] = new
                entries.append([])
        entries[current].append(line)
    return ["\n".join(entry) for entry in entries if entry]


def _begins(line: str, stamp: re.Match[str], number: int) -> _Begun:
    if stamp["hour"]:
        second = int(stamp["hour"]) * 3600 + int(stamp["minute"]) * 60 + int(stamp["second"] or 0)
    elif stamp["epoch"]:
        second = int(stamp["epoch"])
    elif stamp["tai"]:
        second = int(stamp["tai"], 16)
    else:  # an object is an entry of its own
        return _Begun("{}", str(number), 0, number)
    source = _SOURCE.match(line, stamp.end())
    return _Begun(source[1] if source else "", stamp["day"] or "", second, number)


def up_to_next_stamp(text: str) -> str:
    """The text without what stands from the next line on that begins with a time stamp."""
    first, *others = text.split("\n")
    return "\n".join([first, *takewhile(lambda line: _STAMP.match(line) is None, others)])


def may_fail(text: str) -> bool:
    """Whether a text can tell of a failure at all; much quicker than looking whether it does."""
    lower = text.lower()
    return any(stem in lower for stem in _TROUBLE_STEMS) or _TROUBLE.search(text) is not None


def pieces(text: str) -> Sequence[str]:
    """A text that is no log, in pieces that can be looked at; of a long one only the lines around possible failures."""
    if len(text) <= LONGEST_PIECE_CHARACTERS:
        return [text]
    return list(_cut(_condensed(text)))


def _condensed(text: str) -> str:
    lines = text.split("\n")
    kept = bytearray(len(lines))
    for number, line in enumerate(lines):
        if may_fail(line):
            first = max(0, number - _BEFORE)
            kept[first : number + _BEHIND + 1] = b"\1" * (min(len(lines), number + _BEHIND + 1) - first)
    return "\n".join(line for line, keep in zip(lines, kept, strict=True) if keep)


def _cut(text: str) -> Iterator[str]:
    """Pieces that overlap a little; each ends with a line where there are lines."""
    start = 0
    while start < len(text):
        end = min(len(text), start + LONGEST_PIECE_CHARACTERS)
        if end < len(text):
            end = text.rfind("\n", start + LONGEST_PIECE_CHARACTERS // 2, end) + 1 or end
        yield text[start:end]
        start = end - _OVERLAP_CHARACTERS if end < len(text) else end
