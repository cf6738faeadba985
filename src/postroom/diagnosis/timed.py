"""Owns the search for expressions that nobody has tried before: each is given little time.

The one importer of regex, for the standard library's search cannot be ended.
"""

import re

import regex

SEARCH_SECONDS = 0.1
"""For one search: an honest expression needs a thousandth of it in the longest text that is pasted."""


_MOST_REPEATS = 1000
"""Each repetition is laid out in memory before anything is searched, which no time limit ends."""
_COUNT = re.compile(r"(?<=[{,])\d{4,}(?=[,}])")


class Timed:
    """A regular expression, without regard to case. Once it has run out of time it finds nothing any more.

    Raise ValueError for what is none.
    """

    def __init__(self, pattern: str, *, seconds: float = SEARCH_SECONDS) -> None:
        self._pattern = pattern
        self.ran_out = False
        self._seconds = seconds
        if any(int(count) > _MOST_REPEATS for count in _COUNT.findall(pattern)):
            raise ValueError(f"it repeats something more than {_MOST_REPEATS} times")
        try:
            self._compiled = regex.compile(pattern, regex.IGNORECASE)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise ValueError(str(error) or "it is too large") from error

    def __str__(self) -> str:
        return repr(self._pattern)

    def search(self, text: str, /) -> object:
        """What is found in a text; None where it is not there, or was not found in time."""
        if self.ran_out:
            return None
        try:
            return self._compiled.search(text, timeout=self._seconds)
        except (TimeoutError, MemoryError):
            self.ran_out = True
            return None
