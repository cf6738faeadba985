"""Owns the cause classes: what each is called, how it is told, and what it means for a mail. It judges no failure.

The texts stand in `catalogue.toml`, what one provider's users must do instead in `advice.toml` and, for tokens that
Postroom itself gets, `advice_own_tokens.toml`; all are read only when something went wrong.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from postroom.diagnosis.entry import Advice
from postroom.diagnosis.facts import holds
from postroom.domain.reply import Cause, Signs

_FILE = Path(__file__).with_suffix(".toml")
_ADVICE = (_FILE.with_name("advice_own_tokens.toml"), _FILE.with_name("advice.toml"))
"""In the order of asking: what is for some failures only stands before what is for all."""


class ProviderAdvice(NamedTuple):
    """What the users of some providers do about a class. `providers` are families of `providers.toml`; `facts` are as
    those of an entry.
    """

    cause: str
    providers: Sequence[str]
    advice: Advice
    facts: Mapping[str, Any] = {}


class When(NamedTuple):
    """How a class is told where more is known. `facts` are as those of an entry."""

    cause: str
    facts: Mapping[str, Any]
    advice: Advice


@cache
def _catalogue() -> Mapping[str, Mapping[str, Any]]:
    catalogue = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {f"{family}.{name}": fields for family, members in catalogue.items() for name, fields in members.items()}


@cache
def causes() -> Mapping[str, Cause]:
    """Every cause class by its code, in the order of the catalogue; the texts still have their placeholders."""
    return {
        code: Cause(code=code, **{name: value for name, value in fields.items() if name != "when"})
        for code, fields in _catalogue().items()
    }


@cache
def whens() -> Sequence[When]:
    """What classes say where more is known, in the order of the catalogue."""
    return tuple(
        When(code, table.pop("facts"), Advice(**table))
        for code, fields in _catalogue().items()
        for table in map(dict, fields.get("when", ()))
    )


def advice_when(code: str, signs: Signs) -> Advice | None:
    """What the class says in the light of what is known of this failure."""
    return next((row.advice for row in whens() if row.cause == code and holds(row.facts, signs)), None)


def cause(code: str) -> Cause:
    """The class of that code. Raise KeyError when there is none."""
    return causes()[code]


@cache
def provider_advice() -> Sequence[ProviderAdvice]:
    """All advice for single providers."""
    tables = [table for file in _ADVICE for table in tomllib.loads(file.read_text(encoding="utf-8"))["advice"]]
    return tuple(
        ProviderAdvice(
            table["class"],
            tuple(table["provider"]),
            Advice(
                next_steps=tuple(table["next_steps"]),
                docs=tuple(table.get("docs", ())),
                checked=str(table.get("checked", "")),
            ),
            table.get("facts", {}),
        )
        for table in tables
    )


def advice_for(code: str, families: frozenset[str], signs: Signs) -> Advice | None:
    """What the users of these providers do about such a failure, where that is more than everybody does."""
    rows = (row for row in provider_advice() if row.cause == code and not families.isdisjoint(row.providers))
    return next((row.advice for row in rows if holds(row.facts, signs)), None)
