"""Owns the entries that lead from signs to a cause class, as data: what stands in one, and whether it fits.

Entries stand in TOML files: ours in `entries/`, a site's own in a directory of its configuration. They are tried in
their order and the first that fits names the class. It refuses to know how a class is told, and what breaks a rule.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from postroom.diagnosis.facts import holds
from postroom.diagnosis.step import may_be_login
from postroom.domain.reply import Signs

REFUSED = "refused-by-reply"
ANY = "any"
"""Stands for every sign in an entry that its facts alone decide."""

_FILES = Path(__file__).with_name("entries")
_ORDER = (
    *("token", "wire", "oauth", "certain", "microsoft", "google", "consumer"),
    *("languages", "login", "envelope", "limits", "content", "rest", "status", "codes"),
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


class Searchable(Protocol):
    """An expression that is ready to be searched for."""

    def search(self, text: str, /) -> object:
        """What is found; None for nothing."""


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
    words: tuple[str | Searchable, ...] = ()
    providers: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    also: tuple[str, ...] = ()
    advice: Advice = Advice()
    weak: bool = False

    def _has_code(self, signs: Signs) -> bool:
        """Whether the reply has one of the codes. Where there is no reply, words may speak for themselves, if they ask
        for no more than its first digit.
        """
        if signs.reply is None:
            return bool(self.words) and all(len(code) == 1 for code in self.codes)
        return str(signs.reply.code).startswith(self.codes)

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


def finds(pattern: str | Searchable, text: str) -> bool:
    """Whether the words of an entry stand in a text."""
    expression = _compiled(pattern) if isinstance(pattern, str) else pattern
    return expression.search(text) is not None


def read_entries(text: str) -> Iterator[Entry]:
    """The entries of a TOML text of ours. Nothing is looked up and no expression tried, which takes most of the time:
    they are held to the rules of `site` by a test.
    """
    return map(entry_of, tomllib.loads(text)["entry"])


def entry_of(table: Mapping[str, Any]) -> Entry:
    """The entry of a table that keeps the rules."""
    return Entry(
        table["class"],
        table.get("sign", REFUSED),
        steps=_several(table, "step"),
        codes=_several(table, "code"),
        enhanced=_several(table, "enhanced"),
        words=_several(table, "words"),
        providers=_several(table, "provider"),
        facts=table.get("facts", {}),
        also=_several(table, "also"),
        advice=Advice(
            next_steps=_several(table, "next_steps"),
            docs=_several(table, "docs"),
            title=table.get("title", ""),
            cause=table.get("cause", ""),
            checked=str(table.get("checked", "")),
        ),
    )


def _several(table: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    value = table.get(key, ())
    return (value,) if isinstance(value, str) else tuple(value)


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
