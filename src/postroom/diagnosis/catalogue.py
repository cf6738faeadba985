"""Owns the cause classes: what each is called, how it is told, and what it means for a mail. It judges nothing.

The texts stand in `catalogue.toml`, which is read only when something went wrong.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from postroom.domain.reply import Cause

_FILE = Path(__file__).with_suffix(".toml")


@cache
def causes() -> Mapping[str, Cause]:
    """Every cause class by its code, in the order of the catalogue; the texts still have their placeholders."""
    families = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        f"{family}.{name}": Cause(code=f"{family}.{name}", **fields)
        for family, members in families.items()
        for name, fields in members.items()
    }


def cause(code: str) -> Cause:
    """The class of that code. Raise KeyError when there is none."""
    return causes()[code]
