"""Owns who is speaking: which providers and programs a failure comes from, told from a hint, a host name or the text.

It judges nothing. A family stands for all that answer in the same words: Gmail and Google Workspace are one.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_suffix(".toml")


class Family(NamedTuple):
    """`title` is for people. `known_as` are preset ids and words that mean it; `says` are regular expressions of
    what only it says; `hosts` are the domains of its servers.
    """

    title: str = ""
    known_as: Sequence[str] = ()
    says: Sequence[str] = ()
    hosts: Sequence[str] = ()


@cache
def families() -> Mapping[str, Family]:
    """Every family by its name."""
    return {name: Family(**fields) for name, fields in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()}


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    found = {}
    for name, family in families().items():
        hosts = [rf"(?<![\w-]){re.escape(host)}(?![\w-]|\.\w)" for host in family.hosts]
        if parts := [*family.says, *hosts]:
            found[name] = re.compile("|".join(parts), re.IGNORECASE)
    return found


def hinted(word: str) -> str | None:
    """The family that a word, a preset's id for instance, means; None for a word that nobody knows."""
    plain = word.lower().strip().replace("_", "-").replace(" ", "-")
    for name, family in families().items():
        if plain == name or plain in family.known_as:
            return name
    return None


def title_of(word: str) -> str:
    """How a provider is called to people; "" for a word that nobody knows."""
    name = hinted(word) if word else None
    return families()[name].title if name else ""


def speaking(text: str) -> Sequence[str]:
    """The families that the text itself gives away, in the order of the file."""
    return [name for name, pattern in _patterns().items() if pattern.search(text)]


def families_of(hint: str, text: str) -> frozenset[str]:
    """All of them: what the hint means and what the text gives away."""
    found = set(speaking(text))
    if hint:
        found.add(hinted(hint) or hint.lower())
    return frozenset(found)


def providers_at(host: str) -> Sequence[str]:
    """The families whose servers a host name is one of."""
    plain = host.lower().rstrip(".")
    return [
        name
        for name, family in families().items()
        if any(plain == known or plain.endswith("." + known) for known in family.hosts)
    ]
