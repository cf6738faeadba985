"""Owns which characters have no place in a line of text, and how one is named. Refuses to strip or replace any."""

import re
import unicodedata

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, DEL, C1, the line and paragraph separators, the bidirectional overrides and isolates, and lone surrogates.

They end lines, hide text or turn it round, or have no UTF-8 form. The plain direction marks U+200E, U+200F and U+061C
stay allowed: right-to-left names need them and they cannot reorder what follows.
"""

_WORDS = {
    "\x00": "a NUL",
    "\t": "a tab",
    "\n": "a line feed",
    "\r": "a carriage return",
    "\x1b": "an escape character",
    " ": "a space",
}


def name_of(character: str) -> str:
    """One character as a person can read and search for it: `'%'`, `U+000A (a line feed)`, `U+202E (RIGHT-TO-...)`."""
    if "!" <= character <= "~":
        return f"'{character}'"
    if "\ud800" <= character <= "\udfff":
        word = "half a character, which has no UTF-8 form"
    else:
        word = _WORDS.get(character, "") or unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({word})"


def refuse_controls(text: str) -> None:
    """Raise ValueError with the rule if the text holds one of CONTROLS."""
    if found := CONTROLS.search(text):
        raise ValueError(f"must not contain {name_of(found.group())}")


def decode(text: bytes) -> str:
    """Text of a server: UTF-8, else GBK (QQ's and other Chinese servers' replies), else latin-1, which never fails."""
    for encoding in ("utf-8", "gbk"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")
