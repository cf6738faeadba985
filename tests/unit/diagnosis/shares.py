"""Owns the measure of the diagnosis: which share of known failures it names rightly, and how much of that is memory.

`python -m tests.unit.diagnosis.shares` prints both shares by class, worst first.

Two collections of real failures, each a step, a provider, the text as somebody pasted it, and the class that a careful
administrator gave it: `faults.jsonl`, which the catalogue is measured by, and `faults_elsewhere.jsonl`, the replies and
messages, cut to themselves, of further ones that are on public record or in the documentation of programs and
providers, some of them from memory.

Leave one out: a failure is classified once more by a catalogue without what was written for it alone. The smallest
thing that can be written for one failure is one regular expression of an entry, so it is these that are taken away, not
whole entries: of the entry that decides about the failure, every expression that finds nothing in any other failure of
that class, here or elsewhere, which the entry's other conditions let through; an entry whose conditions alone decide is
taken away whole when no other failure of its class fits them. `alone=True` looks for others in `faults.jsonl` only: so
everything that is in the world more than once but in that collection once counts as memory.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from postroom.diagnosis.classify import Match, decide, plain, settled
from postroom.diagnosis.entry import Entry, bundled_entries, finds
from postroom.diagnosis.pasted.reading import read
from postroom.domain.reply import Signs

_CORPUS = Path(__file__).parents[2] / "corpus"


class Failure(NamedTuple):
    """One row, read, with the verdict on it. `words` is where an entry's words are looked for at last."""

    cause: str
    step: str
    provider: str
    text: str
    signs: Signs
    match: Match
    words: str


class Shares(NamedTuple):
    """What share of the failures is named rightly, and the failures that are not, with what was named instead."""

    right: float
    wrong: Sequence[tuple[Failure, str]]


def load(name: str, *, with_hints: bool = True) -> list[Failure]:
    """The failures of one collection; without hints only the text is read, as when somebody pastes it and no more."""
    rows = map(json.loads, (_CORPUS / name).read_text("utf-8").splitlines())
    hints = ("step", "provider") if with_hints else ()
    return [_judged(row["class"], row["text"], **{hint: row[hint] or "" for hint in hints}) for row in rows]


def _judged(cause: str, text: str, step: str = "", provider: str = "") -> Failure:
    signs = settled(read(text, step=step, provider=provider))
    words = plain(f"{signs.reply.text if signs.reply else ''} {signs.text}")
    return Failure(cause, step, provider, text, signs, decide(signs, bundled_entries()), words)


def whole(failures: Sequence[Failure]) -> Shares:
    """By the catalogue as it is."""
    return _shares(failures, [failure.match.entry.cause for failure in failures])


def left_out(failures: Sequence[Failure], elsewhere: Sequence[Failure], *, alone: bool = False) -> Shares:
    """By a catalogue without what was written for each failure alone."""
    others = [*failures] if alone else [*failures, *elsewhere]
    return _shares(failures, [_without(failure, others) for failure in failures])


def _without(failure: Failure, others: Sequence[Failure]) -> str:
    entry = failure.match.entry
    like = [other for other in others if other.text != failure.text and _like(other, entry)]
    kept: list[Entry] = []
    for one in bundled_entries():
        if one is not entry or (like and not entry.words):
            kept.append(one)
        elif like:
            words = tuple(
                pattern
                for pattern in entry.words
                if not finds(pattern, failure.words) or any(finds(pattern, other.words) for other in like)
            )
            kept += [one._replace(words=words)] if words else []
    return decide(failure.signs, kept).entry.cause


def _like(other: Failure, entry: Entry) -> bool:
    return other.cause == entry.cause and entry.fits(other.signs, other.match.families, other.words)


def _shares(failures: Sequence[Failure], named: Sequence[str]) -> Shares:
    wrong = [(failure, name) for failure, name in zip(failures, named, strict=True) if failure.cause != name]
    return Shares(1 - len(wrong) / len(failures), wrong)


def table(failures: Sequence[Failure], by_whole: Shares, by_left_out: Shares) -> str:
    """Both shares by class, worst first."""
    total = Counter(failure.cause for failure in failures)
    missed = [Counter(failure.cause for failure, _ in shares.wrong) for shares in (by_whole, by_left_out)]
    lines = [f"{'class':34} {'known':>5} {'right':>6} {'left out':>9}"]
    for cause in sorted(total, key=lambda code: (-missed[1][code] / total[code], -missed[0][code], code)):
        right = [(total[cause] - count[cause]) / total[cause] for count in missed]
        lines.append(f"{cause:34} {total[cause]:5} {right[0]:6.0%} {right[1]:9.0%}")
    lines.append(f"{'all':34} {len(failures):5} {by_whole.right:6.1%} {by_left_out.right:9.1%}")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    failures, elsewhere = load("faults.jsonl"), load("faults_elsewhere.jsonl")
    print(table(failures, whole(failures), left_out(failures, elsewhere)))
    print(f"left out with no look elsewhere: {left_out(failures, elsewhere, alone=True).right:.1%}")
    print(f"elsewhere, {len(elsewhere)} failures: {whole(elsewhere).right:.1%}")
    bare = load("faults.jsonl", with_hints=False), load("faults_elsewhere.jsonl", with_hints=False)
    print("without hints of step and provider: {:.1%}, elsewhere {:.1%}".format(*(whole(one).right for one in bare)))
    for failure, named in whole(failures).wrong:
        print(f"{failure.cause}, named {named}: {' '.join(failure.text.split())[:160]}")


if __name__ == "__main__":
    main()
