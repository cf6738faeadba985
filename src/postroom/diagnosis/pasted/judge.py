"""Owns which failure of a pasted text is judged: the last of a log, the first of anything else. Pure.

It refuses to know how a text is read and which cause class it is.
"""

import re
from collections.abc import Sequence

from postroom.diagnosis.classify import find
from postroom.diagnosis.entry import Entry
from postroom.diagnosis.pasted.log import LONGEST_PIECE_CHARACTERS, log_entries, may_fail, pieces
from postroom.diagnosis.pasted.mime import message_text
from postroom.diagnosis.pasted.reading import judged_words, read
from postroom.diagnosis.pasted.topic import is_binary, is_of_mail, tells_of_success, without_other_programs
from postroom.diagnosis.providers import speaking
from postroom.domain.reply import Finding, Signs

MOST_CHARACTERS = 500_000
"""What is looked at closely of one text, which takes a few seconds. What cannot tell of a failure does not count."""
_MOST_PIECES = MOST_CHARACTERS // LONGEST_PIECE_CHARACTERS - 1
_LOOK_CHARACTERS = 300
"""What a look costs, however short the text is."""

# What differs between two entries of a log that say the same.
_VARIES = re.compile(r"(?<=\[)\d{1,9}(?=\])|\d{4,}|\d\d:\d\d(?::\d\d)?|\b[0-9A-Fa-f]{8,40}\b")


class _Look:
    """Looks at pieces of one text with the same hints, and not at more than MOST_CHARACTERS."""

    def __init__(self, step: str, provider: str, site: Sequence[Entry]) -> None:
        self._hints = {"step": step, "provider": provider}
        self._site = site
        self._left = MOST_CHARACTERS
        self.left_out = False

    def __call__(self, text: str, *, hinted: bool) -> Finding | None:
        """The failure that a piece tells of; `hinted` tells that the hints are about this very piece."""
        if self._left <= 0:
            self.left_out = True
            return None
        self._left -= len(text) + _LOOK_CHARACTERS
        text = without_other_programs(text)
        signs = read(text, **self._hints)
        about_mail = hinted and bool(signs.step or signs.provider)
        cause = find(signs, self._site) if about_mail or _proves_something(signs) else None
        return Finding(signs, cause, judged_words(signs)) if cause else None


def diagnose(text: str, *, step: str = "", provider: str = "", site: Sequence[Entry] = ()) -> Finding:
    """What a text tells of a failure. `step` and `provider` are hints; `site` are the site's own entries."""
    look = _Look(step, provider, site)
    found = None
    text = "" if is_binary(text) else message_text(text)
    if not tells_of_success(text):
        entries = log_entries(text)
        found = _latest(entries, look) if entries else _first(pieces(text), look)
    if found is None:
        found = Finding(read("", step=step, provider=provider), None)
    return found._replace(left_out=look.left_out)


def _first(parts: Sequence[str], look: _Look) -> Finding | None:
    """The first failure of a text that is no log. Of one that is too long the beginning and the end are looked at."""
    too_many = len(parts) > _MOST_PIECES
    half = _MOST_PIECES // 2
    for number, part in enumerate([*parts[:half], *parts[-half:]] if too_many else parts):
        look.left_out = too_many and number >= half
        if found := look(part, hinted=True):
            return found
    return None


def _latest(entries: Sequence[str], look: _Look) -> Finding | None:
    """The last failure of a log, and how many others it tells of. What is said many times is looked at once."""
    found: Finding | None = None
    fails: dict[str, bool] = {}
    more = 0
    for entry in filter(may_fail, reversed(entries)):
        shape = _VARIES.sub("0", entry)
        if shape not in fails:
            finding = look(entry, hinted=False)
            fails[shape] = finding is not None
            if found is None:
                found = finding
                continue
        more += fails[shape]
    return found._replace(more=more) if found else None


def _proves_something(signs: Signs) -> bool:
    """Whether more than words speaks of a failed mail: a reply, what a failed connection looks like, a word of mail."""
    if signs.sign != "refused-by-reply" or signs.step:
        return True
    if signs.reply is not None and (signs.reply.code >= 100 or signs.text.startswith(signs.reply.enhanced)):
        return True
    return is_of_mail(signs.text) or bool(speaking(signs.text))
