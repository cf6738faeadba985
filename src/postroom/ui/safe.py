"""Owns the safe printing of foreign strings: no control character reaches a terminal (CWE-150)."""

import re

_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without TAB and LF, DEL, C1
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # separators and everything that turns text around
    "\ud800-\udfff\ufffe\uffff]"  # lone surrogates cannot be encoded; the last two XML does not take either
    r"|(?<=##)\["  # ##[ starts a command of GitHub's and Azure's runners, wherever in a line it stands
)


def _show(found: re.Match[str]) -> str:
    number = ord(found.group())
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def safe(text: str) -> str:
    """Make control characters visible, each by its number; TAB and LF stay."""
    return _DANGEROUS.sub(_show, text)


def safe_line(text: str) -> str:
    """The same, for one line: TAB and LF become visible too."""
    return safe(text).replace("\n", "\\n").replace("\t", "\\t")


def cut(text: str, most_characters: int) -> str:
    """The text with its end left out, and that said, where it is longer."""
    return text if len(text) <= most_characters else text[: most_characters - 3] + "..."
