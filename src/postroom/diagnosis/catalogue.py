"""Owns the cause classes: what each is called, how it is told, and what it means for a mail. It judges nothing.

The texts stand in `catalogue.toml`, what one provider's users must do instead in `advice.toml`; both are read only when
something went wrong.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from postroom.diagnosis.entry import Advice
from postroom.domain.reply import Cause

_FILE = Path(__file__).with_suffix(".toml")
_ADVICE = _FILE.with_name("advice.toml")


class ProviderAdvice(NamedTuple):
    """What the users of some providers do about a class. `providers` are families of `providers.toml`."""

    cause: str
    providers: Sequence[str]
    advice: Advice


@cache
def causes() -> Mapping[str, Cause]:
    """Every cause class by its code, in the order of the catalogue; the texts still have their placeholders."""
    catalogue = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        f"{family}.{name}": Cause(code=f"{family}.{name}", **fields)
        for family, members in catalogue.items()
        for name, fields in members.items()
    }


def cause(code: str) -> Cause:
    """The class of that code. Raise KeyError when there is none."""
    return causes()[code]


@cache
def provider_advice() -> Sequence[ProviderAdvice]:
    """All advice for single providers."""
    tables = tomllib.loads(_ADVICE.read_text(encoding="utf-8"))["advice"]
    return tuple(
        ProviderAdvice(
            table["class"],
            tuple(table["provider"]),
            Advice(
                next_steps=tuple(table["next_steps"]),
                docs=tuple(table.get("docs", ())),
                checked=str(table.get("checked", "")),
            ),
        )
        for table in tables
    )


def advice_for(code: str, families: frozenset[str]) -> Advice | None:
    """What the users of these providers do about the class, where that is more than everybody does."""
    return next(
        (row.advice for row in provider_advice() if row.cause == code and not families.isdisjoint(row.providers)), None
    )
