"""Owns the verdict on a failure: which cause class it is, whom it concerns, told with what is known. Pure.

It refuses to know sockets, settings and what becomes of the mail.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from postroom.diagnosis.catalogue import advice_for, cause
from postroom.diagnosis.entry import REFUSED, Entry, bundled_entries, by_strength
from postroom.diagnosis.fill import fill
from postroom.diagnosis.providers import families, families_of, hinted, speaking
from postroom.domain.reply import Cause, Other, Signs

UNKNOWN = "policy.rejected"
"""The class of words that prove nothing: somebody refused, and nobody knows why."""


class Match(NamedTuple):
    """The entry that decided."""

    entry: Entry
    families: frozenset[str]


def classify(signs: Signs, site: Sequence[Entry] = ()) -> Cause:
    """Name the cause class of a failure, with its placeholders filled in. `site` are the site's own entries.

    A server that refuses and hangs up has refused: its last words are the cause.
    """
    signs = settled(signs)
    found = decide(signs, [*site, *bundled_entries()])
    return _told(signs, found)


def settled(signs: Signs) -> Signs:
    """The signs with a hang-up behind a refusal taken for the refusal that it is."""
    if signs.sign == "closed" and signs.reply is not None and not signs.reply.positive:
        return signs._replace(sign=REFUSED)
    return signs


def decide(signs: Signs, entries: Iterable[Entry]) -> Match:
    """The first entry that fits: by the server's words, then by all that is known, then by step and code alone."""
    strong, weak = by_strength(entries)
    reply = _plain(signs.reply.text) if signs.reply else ""
    whole = _plain(f"{reply} {signs.text}")
    speakers = families_of(signs.provider, f"{whole} {signs.host}")
    for text in (reply, whole) if reply else (whole,):
        for entry in strong:
            if entry.fits(signs, speakers, text):
                return Match(entry, speakers)
    for entry in weak:
        if entry.fits(signs, speakers, whole):
            return Match(entry, speakers)
    return Match(Entry(UNKNOWN), speakers)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _told(signs: Signs, match: Match) -> Cause:
    entry = match.entry
    found = _scoped(cause(entry.cause), signs)
    others = tuple(Other(code, cause(code).tell_apart) for code in entry.also)
    advice = advice_for(entry.cause, match.families)
    for more in (advice, entry.advice):
        if more is not None:
            found = found._replace(
                title=more.title or found.title,
                cause=more.cause or found.cause,
                next_steps=more.next_steps or found.next_steps,
                docs=more.docs or found.docs,
                checked=more.checked or found.checked,
            )
    provider = signs.provider if signs.provider and not signs.provider.startswith("client:") else ""
    return fill(found._replace(others=others, provider=provider or _speaker(signs)), signs)


def _speaker(signs: Signs) -> str:
    said = f"{signs.reply.text if signs.reply else ''} {signs.text} {signs.host}"
    return next(iter(speaking(said)), "")


def title_of(provider: str) -> str:
    """How a provider is called to people; "" for one that nobody knows."""
    name = hinted(provider) if provider else None
    return families()[name].title if name else ""


def _scoped(found: Cause, signs: Signs) -> Cause:
    """A fault of the sender concerns every mail where the sender is the server's own; a relay's refusal does where no
    login was made.
    """
    family = found.code.partition(".")[0]
    everywhere = (family == "sender" and signs.own_sender) or (
        found.code == "rcpt.relay_denied" and signs.logged_in is False
    )
    return found._replace(scope="server") if everywhere else found

