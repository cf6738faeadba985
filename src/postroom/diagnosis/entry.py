"""Owns the entries that lead from signs to a cause class, as data: how one is read, and whether it fits.

Entries stand in TOML files: ours in `entries/`, a site's own in a directory of its configuration. They are tried in
their order and the first that fits names the class. It refuses to know how a class is told.
"""

import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from postroom.diagnosis.facts import holds
from postroom.diagnosis.step import may_be_login
from postroom.domain.reply import SIGNS, STEPS, Signs

REFUSED = "refused-by-reply"
ANY = "any"
"""Stands for every sign in an entry that its facts alone decide."""

_FILES = Path(__file__).with_name("entries")
_ORDER = (
    *("wire", "oauth", "certain", "microsoft", "google", "consumer"),
    *("login", "envelope", "limits", "content", "rest", "status", "codes"),
)
"""What is certain comes first, then what one provider says in its own words, then what every server may say."""
_WEAK = "codes"


class Advice(NamedTuple):
    """What to do, where it is more than the class itself says. `checked` is the day on which somebody looked."""

    next_steps: Sequence[str] = ()
    docs: Sequence[str] = ()
    title: str = ""
    cause: str = ""
    checked: str = ""


class Entry(NamedTuple):
    """Leads to the class `cause` when everything that is named here fits; an empty condition fits always.

    `sign` is one of domain.reply.SIGNS, or "any". `codes` are beginnings of reply codes ("5", "45", "535").
    `enhanced` are enhanced status codes (RFC 3463), whole ("5.7.139") or without the class digit ("7.8"): what 5.7.8
    says, 4.7.8 says too. `words` are regular expressions, searched without regard to case in text whose white space is
    single spaces; one is enough. `providers` are families of `providers.toml`; one is enough. `facts` are what else
    must be known, by the names of `facts.known`, each a value or a list of which one is enough.

    `also` are classes that fit nearly as well, the likelier first. `weak` entries are asked after all others: they
    know little more than step and code.
    """

    cause: str
    sign: str = REFUSED
    steps: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    enhanced: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    also: tuple[str, ...] = ()
    advice: Advice = Advice()
    weak: bool = False

    def _has_code(self, signs: Signs) -> bool:
        """Whether the reply has one of the codes; where there is none, the words may speak for themselves."""
        return str(signs.reply.code).startswith(self.codes) if signs.reply else bool(self.words)

    def _at(self, signs: Signs, text: str) -> bool:
        """Whether it may have happened at one of the steps. Where nobody knows the step, what only a token endpoint
        says does not fit, nor what is known by step and code alone.
        """
        if not self.steps or signs.step:
            return not self.steps or signs.step in self.steps
        if self.weak or self.steps == ("token",):
            return False
        return self.steps[0] != "auth" or may_be_login(signs, text)

    def fits(self, signs: Signs, families: frozenset[str], text: str) -> bool:
        """Whether it fits: `families` are those of the provider, `text` is where the words are looked for."""
        reply = signs.reply
        return (
            self.sign in (signs.sign, ANY)
            and (not self.providers or not families.isdisjoint(self.providers))
            and (not self.codes or self._has_code(signs))
            and (not self.enhanced or (reply is not None and _has_status(reply.enhanced, self.enhanced)))
            and holds(self.facts, signs)
            and self._at(signs, text)
            and (not self.words or any(finds(pattern, text) for pattern in self.words))
        )


def _has_status(enhanced: str, wanted: Sequence[str]) -> bool:
    return bool(enhanced) and (enhanced in wanted or enhanced.partition(".")[2] in wanted)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def finds(pattern: str, text: str) -> bool:
    """Whether the words of an entry stand in a text."""
    return _compiled(pattern).search(text) is not None


_LISTS = {"step": "steps", "code": "codes", "enhanced": "enhanced", "words": "words", "provider": "providers"}


def read_entries(text: str, *, classes: Container[str] | None = None) -> Iterator[Entry]:
    """The entries of a TOML text. Raise ValueError that names the entry, the key and the rule.

    `classes` are those that an entry may lead to. Without them nothing is looked up and no expression tried, which
    takes most of the time: our own entries are held to the rules by a test.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is no TOML: {error}") from error
    if set(content) - {"entry"} or not isinstance(content.get("entry", []), list):
        raise ValueError("must hold [[entry]] tables and nothing else")
    for number, table in enumerate(content.get("entry", []), start=1):
        try:
            yield _entry(dict(table), classes)
        except (TypeError, ValueError) as error:
            raise ValueError(f"entry {number}: {error}") from error


def _entry(table: dict[str, Any], classes: Container[str] | None) -> Entry:
    fields: dict[str, Any] = {field: _texts(table.pop(key, ()), key) for key, field in _LISTS.items()}
    fields["also"] = _texts(table.pop("also", ()), "also")
    advice = Advice(
        next_steps=_texts(table.pop("next_steps", ()), "next_steps"),
        docs=_texts(table.pop("docs", ()), "docs"),
        title=str(table.pop("title", "")),
        cause=str(table.pop("cause", "")),
        checked=str(table.pop("checked", "")),
    )
    cause, sign, facts = str(table.pop("class", "")), str(table.pop("sign", REFUSED)), table.pop("facts", {})
    if table:
        raise ValueError(f"unknown key {next(iter(table))!r}")
    if not cause:
        raise ValueError("needs a class")
    if not isinstance(facts, dict):
        raise TypeError("facts must be a table")
    entry = Entry(cause, sign, facts=facts, advice=advice, **fields)
    if classes is not None:
        check(entry, classes)
    return entry


def check(entry: Entry, classes: Container[str]) -> None:
    """Raise ValueError for what does not exist."""
    for code in (entry.cause, *entry.also):
        if code not in classes:
            raise ValueError(f"class {code!r} is none of those in postroom-faults(7)")
    if entry.sign not in (*SIGNS, ANY):
        raise ValueError(f"sign {entry.sign!r} must be one of {', '.join((*SIGNS, ANY))}")
    if unknown := set(entry.steps) - set(STEPS):
        raise ValueError(f"step {min(unknown)!r} must be one of {', '.join(STEPS)}")
    for pattern in entry.words:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"words {pattern!r} is no regular expression: {error}") from error


def _texts(value: object, key: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(text, str) for text in values):
        raise TypeError(f"{key} must be a text or a list of texts")
    return tuple(values)


@cache
def bundled_entries() -> Sequence[Entry]:
    """Our own entries, in their order."""
    found: list[Entry] = []
    for name in _ORDER:
        entries = read_entries((_FILES / f"{name}.toml").read_text(encoding="utf-8"))
        found += (entry._replace(weak=name == _WEAK) for entry in entries)
    return tuple(found)


def by_strength(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The entries that know something, and the weak ones, each in their order."""
    strong: list[Entry] = []
    weak: list[Entry] = []
    for entry in entries:
        (weak if entry.weak else strong).append(entry)
    return strong, weak
