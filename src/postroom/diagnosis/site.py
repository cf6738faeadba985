"""Owns the reading of a site's own entries: each is held to the rules, and whatever breaks one is told.

What is wrong with an entry keeps no other one out. It refuses to know files.
"""

import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from postroom.diagnosis.entry import ANY, Entry, Searchable, entry_of
from postroom.diagnosis.facts import FACTS, Kind
from postroom.diagnosis.fill import PLACEHOLDERS, unknown_placeholders
from postroom.diagnosis.providers import families, hinted
from postroom.domain.reply import SIGNS, STEPS

CONDITIONS = ("sign", "step", "code", "enhanced", "words", "provider", "facts")
"""The keys of which an entry needs one: without any it would fit every refusal."""

_CODE = re.compile(r"[2-5][0-9]{0,2}")
_ENHANCED = re.compile(r"([245]\.)?[0-9]{1,3}\.[0-9]{1,3}")
_LONGEST_SHOWN = 120


class Names(NamedTuple):
    """What an entry may name: cause classes, and, beside the families, mail providers."""

    classes: Container[str]
    providers: Container[str] = ()


class Terms(NamedTuple):
    """The words that an entry may use, for the manual: `facts` with what their value may be and what they mean."""

    signs: Sequence[str]
    steps: Sequence[str]
    families: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str, str]]
    placeholders: Sequence[tuple[str, str]]


def terms() -> Terms:
    """All of them."""
    return Terms(
        (*SIGNS, ANY),
        STEPS,
        [(name, family.title) for name, family in families().items()],
        [(name, _told(fact.kind), fact.meaning) for name, fact in FACTS.items()],
        [(name, placeholder.meaning) for name, placeholder in PLACEHOLDERS.items()],
    )


class Wrong(NamedTuple):
    """A broken rule: of which entry, from 1, or 0 for the text as a whole; at which key; and what must be."""

    number: int
    key: str
    rule: str

    def __str__(self) -> str:
        return f"entry {self.number}: {self.rule}" if self.number else self.rule


class SiteEntries(NamedTuple):
    """The entries that break no rule, by their number from 1, and what is wrong with the others."""

    entries: Mapping[int, Entry]
    wrong: Sequence[Wrong]


def site_entries(data: bytes, names: Names, expression: Callable[[str], Searchable]) -> SiteEntries:
    """The entries of a TOML file. `expression` makes a pattern of words searchable, or raises ValueError."""
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        return SiteEntries({}, [Wrong(0, "", "is not UTF-8")])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return SiteEntries({}, [Wrong(0, "", f"is no TOML: {error}")])
    tables = content.get("entry", [])
    if set(content) - {"entry"} or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        return SiteEntries({}, [Wrong(0, "", "must hold [[entry]] tables and nothing else")])
    entries: dict[int, Entry] = {}
    wrong: list[Wrong] = []
    reader = _Reader(names, expression)
    for number, table in enumerate(tables, start=1):
        values, found = reader.read(table)
        wrong += (Wrong(number, key, rule) for key, rule in found)
        if not found:
            entries[number] = entry_of(values)
    return SiteEntries(entries, wrong)


class _Reader:
    """Reads the tables of entries: each key by its rule. A rule raises ValueError that tells key, value and rule, one
    argument for each that is broken.
    """

    def __init__(self, names: Names, expression: Callable[[str], Searchable]) -> None:
        self._names = names
        self._expression = expression
        self._rules: Mapping[str, Callable[[str, Any], Any]] = {
            "class": self._class,
            "sign": _sign,
            "step": _each(_step),
            "code": _each(_code),
            "enhanced": _each(_enhanced),
            "words": _each(self._words),
            "provider": _each(self._provider),
            "facts": _facts,
            "title": _sentence,
            "cause": _sentence,
            "next_steps": _each(_sentence),
            "docs": _each(_text),
            "checked": _day,
            "also": _each(self._class),
        }

    def read(self, table: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The values of an entry as they are meant, and by key what is wrong with it."""
        values: dict[str, Any] = {}
        wrong: list[tuple[str, str]] = []
        for key, value in table.items():
            rule = self._rules.get(key)
            if rule is None:
                wrong.append((key, f"unknown key {_shown(key)}; there are {', '.join(self._rules)}"))
                continue
            try:
                values[key] = rule(key, value)
            except ValueError as error:
                wrong += ((key, str(rule)) for rule in error.args)
        wrong += _lacking(table)
        return values, wrong

    def _class(self, key: str, value: Any) -> str:
        code = _text(key, value)
        if code not in self._names.classes:
            what = key if key == "class" else f"{key}: class"
            raise ValueError(f"{what} {_shown(code)} is none of those in postroom-faults(7)")
        return code

    def _words(self, key: str, value: str) -> Searchable:
        pattern = _text(key, value)
        try:
            return self._expression(pattern)
        except ValueError as error:
            raise ValueError(f"{key} {_shown(value)} is no regular expression: {error}") from error

    def _provider(self, key: str, value: str) -> str:
        word = hinted(value) or value.lower()
        if hinted(value) is None and word not in self._names.providers:
            raise ValueError(f"{key} {_shown(value)} is neither a preset nor a family of those in postroom-faults(7)")
        return word


def _lacking(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "class" not in table:
        yield "class", "needs a class"
    elif not any(key in table for key in CONDITIONS):
        yield "", f"would fit every refusal: it needs at least one of {', '.join(CONDITIONS)}"


def _each(rule: Callable[[str, Any], Any]) -> Callable[[str, Any], list[Any]]:
    """The rule for a text or a list of texts; none of them may be missing."""

    def read(key: str, value: Any) -> list[Any]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            raise ValueError(f"{key} {_shown(value)} must be a text or a list of texts, and none of them empty")
        values: list[Any] = []
        wrong: list[str] = []
        for text in texts:
            try:
                values.append(rule(key, text))
            except ValueError as error:
                wrong += map(str, error.args)
        if wrong:
            raise ValueError(*wrong)
        return values

    return read


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} {_shown(value)} must be a text, and not an empty one")
    return value


def _sentence(key: str, value: Any) -> str:
    text = _text(key, value)
    if unknown := unknown_placeholders(text):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{key} {_shown(text)} has the unknown placeholder {{{unknown[0]}}}; there are {known}")
    return text


def _sign(key: str, value: Any) -> str:
    return _one_of(key, value, (*SIGNS, ANY))


def _step(key: str, value: Any) -> str:
    return _one_of(key, value, STEPS)


def _one_of(key: str, value: Any, words: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{key} {_shown(value)} must be one of {', '.join(words)}")
    return value


def _code(key: str, value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError(f'{key} {_shown(value)} must be the beginning of a reply code, such as "4", "45" or "451"')
    return value


def _enhanced(key: str, value: str) -> str:
    if not _ENHANCED.fullmatch(value):
        raise ValueError(
            f'{key} {_shown(value)} must be an enhanced status code, such as "5.7.1", or "7.1" for any class'
        )
    return value


def _facts(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{key} {_shown(value)} must be a table, and not an empty one")
    if wrong := [*_wrong_facts(key, value)]:
        raise ValueError(*wrong)
    return value


def _wrong_facts(key: str, facts: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in facts.items():
        if name not in FACTS:
            yield f"{key} {_shown(name)} is none of those that can be known: {', '.join(FACTS)}"
            continue
        for one in wanted if isinstance(wanted, list) and wanted else [wanted]:
            if not _is_of(FACTS[name].kind, one):
                yield f"{key}.{name} {_shown(one)} must be {_told(FACTS[name].kind)}"


def _is_of(kind: Kind, value: Any) -> bool:
    return type(value) is kind if isinstance(kind, type) else value in kind


def _told(kind: Kind) -> str:
    if isinstance(kind, type):
        return "true or false" if kind is bool else "a number"
    return f"one of {', '.join(kind)}"


def _day(key: str, value: Any) -> str:
    if type(value) is date:
        return value.isoformat()
    try:
        return date.fromisoformat(_text(key, value)).isoformat()
    except ValueError as error:
        raise ValueError(f"{key} {_shown(value)} must be a day, such as 2026-11-20") from error


def _shown(value: Any) -> str:
    """A value as it is told: as TOML has it where Python writes it otherwise, and not without end."""
    if isinstance(value, bool | date | datetime):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."
