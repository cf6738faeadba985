"""Owns the verdict on a failure: which cause class it is, whom it concerns, told with what is known. Pure.

It refuses to know sockets, settings and what becomes of the mail.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from postroom.diagnosis.catalogue import advice_for, advice_when, cause
from postroom.diagnosis.entry import REFUSED, Entry, bundled_entries, by_strength
from postroom.diagnosis.facts import known
from postroom.diagnosis.fill import fill
from postroom.diagnosis.mechanism import without_offers, without_tokens
from postroom.diagnosis.proof import proof
from postroom.diagnosis.providers import families_of, hinted, speaking, title_of
from postroom.domain.reply import Cause, Other, Signs

NOTHING_FITS = Entry("policy.rejected")
"""Somebody refused, and nobody knows why."""


class Match(NamedTuple):
    """The entry that decided, and the families of providers that had a say."""

    entry: Entry
    families: frozenset[str]


def classify(signs: Signs, site: Sequence[Entry] = ()) -> Cause:
    """Name the cause class of a failure, with its placeholders filled in. `site` are the site's own entries.

    A server that refuses and hangs up has refused: its last words are the cause.
    """
    signs = settled(signs)
    return _told(signs, decide(signs, [*site, *bundled_entries()]))


def find(signs: Signs, site: Sequence[Entry] = ()) -> Cause | None:
    """The same, but None where nothing tells of a failure at all: no reply, no exception, no word that is known."""
    match = decide(settled(signs), [*site, *bundled_entries()])
    return None if match.entry is NOTHING_FITS and signs.reply is None else _told(signs, match)


def settled(signs: Signs) -> Signs:
    """The signs with a hang-up behind a refusal taken for the refusal that it is."""
    if signs.sign == "closed" and signs.reply is not None and not signs.reply.positive:
        return signs._replace(sign=REFUSED)
    return signs


def decide(signs: Signs, entries: Iterable[Entry]) -> Match:
    """The first entry that fits: by the server's words, then by all that is known, then by step and code alone."""
    strong, weak = by_strength(entries)
    reply = plain(signs.reply.text) if signs.reply else ""
    around = without_tokens(signs.text) if known(signs, "password") else without_offers(signs.text)
    whole = plain(f"{reply} {around}")
    families = families_of(signs.provider, f"{whole} {signs.host}")
    for text in (reply, whole) if reply else (whole,):
        for entry in strong:
            if entry.fits(signs, families, text):
                return Match(entry, families)
    found = next((entry for entry in weak if entry.fits(signs, families, whole)), NOTHING_FITS)
    return Match(found, families)


def plain(text: str) -> str:
    """Text as entries search it: all white space single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def _told(signs: Signs, match: Match) -> Cause:
    entry = match.entry
    found = _scoped(cause(entry.cause), signs)
    for more in (advice_when(entry.cause, signs), advice_for(entry.cause, match.families, signs), entry.advice):
        if more is not None:
            found = found._replace(
                title=more.title or found.title,
                cause=more.cause or found.cause,
                next_steps=more.next_steps or found.next_steps,
                docs=more.docs or found.docs,
                checked=more.checked or ("" if more.next_steps else found.checked),
            )
    if entry.weak and signs.reply is not None:
        found = found._replace(cause=f"{found.cause} {proof(signs)}".strip())
    others = tuple(Other(code, cause(code).tell_apart) for code in entry.also)
    provider = _provider(signs)
    found = found._replace(others=others, provider=provider)
    return fill(found, signs, provider=title_of(provider))


def _provider(signs: Signs) -> str:
    """The family whose words they are: what the hint means, else who gives itself away; "" for nobody."""
    if hint := hinted(signs.provider):
        return hint
    said = f"{signs.reply.text if signs.reply else ''} {signs.text} {signs.host}"
    return next(iter(speaking(said)), "")


def _scoped(found: Cause, signs: Signs) -> Cause:
    """A fault of the sender concerns every mail where the sender is the server's own; a relay's refusal does where no
    login was made.
    """
    family = found.code.partition(".")[0]
    everywhere = (family == "sender" and signs.own_sender) or (
        found.code == "rcpt.relay_denied" and signs.logged_in is False
    )
    return found._replace(scope="server") if everywhere else found
