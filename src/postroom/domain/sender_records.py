"""Owns what a domain publishes about its mail: SPF (RFC 7208), DKIM keys (RFC 6376), DMARC (RFC 7489). Asks nobody."""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from postroom.domain.dns import Answer

MOST_LOOK_UPS = 10
"""RFC 7208 4.6.4: a record that needs more is an error for everybody who checks it."""
MOST_COUNTED = 100
"""Beyond it nobody wants the number, and records that include each other could have us count for ever."""

_TERM = re.compile(r"(?P<sign>[-~?+]?)(?P<name>[a-z0-9]+)(?P<rest>([:/].*)?)", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
_ASKING = ("include", "a", "mx", "ptr", "exists")


class Spf(NamedTuple):
    """One SPF record. `all` is `-all`, `~all`, `?all`, `+all` or nothing; `asks` counts the look-ups of its own terms,
    without those of the records that it includes or is redirected to.
    """

    includes: Sequence[str]
    redirect: str
    all: str
    asks: int
    problems: Sequence[str]


def is_spf(text: str) -> bool:
    """Whether a TXT record is one of SPF, version 1 (RFC 7208 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def read_spf(text: str) -> Spf:
    """The parts of a record. What is wrong with it is told, not raised; terms behind `all` are never looked at."""
    includes: list[str] = []
    problems: list[str] = []
    redirect = ending = ""
    asks = 0
    for word in text.split()[1:]:
        modifier = _MODIFIER.fullmatch(word)
        if modifier:
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"].rstrip(".").lower()
            continue
        if ending:
            problems.append(f"{word} stands behind all and is never looked at")
            continue
        term = _TERM.fullmatch(word)
        name, argument = (term["name"].lower(), term["rest"]) if term else ("", "")
        problem = _problem(name, argument)
        if term is None or problem:
            problems.append(f"{word} {problem or 'is no term of SPF'}")
        elif name == "all":
            ending = (term["sign"] or "+") + "all"
        elif name == "include":
            includes.append(argument[1:].rstrip(".").lower())
        asks += name in _ASKING
    if ending:
        redirect = ""  # RFC 7208 6.1
    return Spf(includes, redirect, ending, asks + bool(redirect), problems)


def _problem(name: str, argument: str) -> str:
    if name in ("ip4", "ip6"):
        try:
            right = ip_network(argument[1:], strict=False).version == int(name[2])
        except ValueError:
            right = False
        return "" if right and argument.startswith(":") else "has no such address"
    if name in ("include", "exists"):
        return "" if argument[:1] == ":" and argument[1:] else "names no domain"
    if name == "all":
        return "must stand alone" if argument else ""
    return "" if name in ("a", "mx", "ptr") else "is no term of SPF"


class SpfTree(NamedTuple):
    """A record with all that it includes. `look_ups` is at most MOST_COUNTED, and None where a part is missing that
    decides; `complete` tells that no part is. `unasked` are the names that have not been asked for yet.
    """

    look_ups: int | None
    complete: bool
    all: str
    includes: Sequence[str]
    problems: Sequence[str]
    unasked: Sequence[str]


AnswerOf = Callable[[str], Answer | None]
"""The TXT records of a name, or None for one that has not been asked for."""


def walk_spf(record: str, answer_of: AnswerOf) -> SpfTree:
    """Count the look-ups of a record, and find what is wrong with it and with the records that it includes."""
    tree = _Tree(answer_of)
    tree.walk(record, ())
    enough = tree.complete or tree.look_ups > MOST_LOOK_UPS
    look_ups = min(tree.look_ups, MOST_COUNTED) if enough else None
    return SpfTree(
        look_ups, tree.complete, _ending(record, answer_of), [*tree.includes], [*tree.problems], [*tree.unasked]
    )


class _Tree:
    """What is gathered on the way through the records; dicts for sets that keep their order."""

    def __init__(self, answer_of: AnswerOf) -> None:
        self._answer_of = answer_of
        self.look_ups = 0
        self.complete = True
        self.includes: dict[str, None] = {}
        self.problems: dict[str, None] = {}
        self.unasked: dict[str, None] = {}

    def walk(self, record: str, way: Sequence[str]) -> None:
        spf = read_spf(record)
        self.look_ups += spf.asks
        self.problems |= {f"{way[-1]}: {text}" if way else text: None for text in spf.problems}
        for name in (*spf.includes, *((spf.redirect,) if spf.redirect else ())):
            if "%" not in name and self.look_ups <= MOST_COUNTED:  # a macro is another name for each mail
                self.includes[name] = None
                self._enter(name, way)

    def _enter(self, name: str, way: Sequence[str]) -> None:
        if name in way:
            self.problems[f"{name} includes itself"] = None
            return
        answer = self._answer_of(name)
        if answer is None or answer.status == "failed":
            self.complete = False
            self.unasked |= {name: None} if answer is None else {}
            return
        records = [each for each in answer.records if is_spf(each)]
        if len(records) == 1:
            self.walk(records[0], (*way, name))
        else:
            self.problems[f"{name} has {'several SPF records' if records else 'no SPF record'}"] = None


def _ending(record: str, answer_of: AnswerOf) -> str:
    """The `all` that counts: the record's own, or that of the record to which it is redirected."""
    seen: set[str] = set()
    while True:
        spf = read_spf(record)
        answer = None if spf.redirect in seen else answer_of(spf.redirect) if spf.redirect else None
        records = [each for each in answer.records if is_spf(each)] if answer else []
        if len(records) != 1:
            return spf.all
        seen.add(spf.redirect)
        record = records[0]


def read_tags(text: str) -> Mapping[str, str]:
    """The `tag=value` list of a DKIM key or a DMARC record (RFC 6376 3.2), tags in lower case; the first one counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        tag, sign, value = part.partition("=")
        if sign:
            found.setdefault(tag.strip().lower(), value.strip())
    return found


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is one of DMARC (RFC 7489 6.3: `v=DMARC1` comes first)."""
    first, sign, value = text.partition(";")[0].partition("=")
    return bool(sign) and first.strip().lower() == "v" and value.strip() == "DMARC1"


def aligned(one: str, other: str, mode: str, known: Sequence[str]) -> bool:
    """Whether a checked domain counts for that of the header From (RFC 7489 3.1): `mode` is `s`, the same one, or `r`,
    one of the same organisation. `known` are names at which that organisation publishes a policy.
    """
    if one == other:
        return True
    return mode != "s" and any(_under(one, name) and _under(other, name) for name in (*known, one, other))


def _under(name: str, above: str) -> bool:
    return name == above or name.endswith("." + above)
