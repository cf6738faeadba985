"""Owns which characters have no place in a line of text, and how one is named. What is replaced stays visible."""

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


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_CHINESE_WORD = re.compile(rb"[\x81-\xfe]{4}")
"""Two characters of GBK; as many accented letters of latin-1 stand in a row in no word."""


def name_of(character: str) -> str:
    """One character as a person can read and search for it: `'%'`, `U+000A (a line feed)`, `U+202E (RIGHT-TO-...)`."""
    if "!" <= character <= "~":
        return f"'{character}'"
    if "\ud800" <= character <= "\udfff":
        word = "half a character, which has no UTF-8 form"
    else:
        word = _WORDS.get(character, "") or unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({word})"


def shown(text: str) -> str:
    """Text with no CONTROLS but line feeds and tabs: each of the others becomes U+FFFD."""
    return CONTROLS.sub(lambda found: found[0] if found[0] in "\n\t" else "\ufffd", text)


def refuse_controls(text: str) -> None:
    """Raise ValueError with the rule if the text holds one of CONTROLS."""
    if found := CONTROLS.search(text):
        raise ValueError(f"must not contain {name_of(found.group())}")


def decode(text: bytes) -> str:
    """Text of servers and programs: UTF-8 and UTF-16 by the mark at its beginning, else each line as it is written."""
    for mark, encoding in _MARKS:
        if text.startswith(mark):
            return text.decode(encoding, "replace")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(map(_decoded_line, text.splitlines(keepends=True)))


def _decoded_line(line: bytes) -> str:
    """UTF-8, else GBK (QQ's and other Chinese servers' replies), else latin-1, which never fails."""
    for encoding in ("utf-8", "gbk") if _CHINESE_WORD.search(line) else ("utf-8",):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")
