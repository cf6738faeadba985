"""No control character of a foreign string reaches a terminal, whatever carries it there."""

import pytest

from postroom.ui.safe import safe, safe_line

HOSTILE = [
    "\x1b]8;;http://evil.test\x07click\x1b]8;;\x07",  # a live link (OSC 8)
    "\x1b]52;c;ZXZpbA==\x07",  # the clipboard (OSC 52)
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1bP+q544e\x1b\\",  # DCS
    "\x9b31m",  # CSI in eight bits
    "\x90payload\x9c",
    "\x1b[21t",  # asks for the window's title
    "a\rb",  # overwrites the line
    "a\x08b",
    "\x7f",
    "\u202egnp.exe",  # turned around
    "\u2066x\u2069",
    "\u2028",
    "\ud800",
    "\ufffe\uffff",  # XML takes them in no form
    "\x00",
    *(chr(code) for code in range(0x20) if chr(code) not in "\t\n"),
    *(chr(code) for code in range(0x7F, 0xA0)),
]
DANGEROUS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_control_characters_become_visible(text: str) -> None:
    shown = safe(f"before {text} after")
    assert not set(shown) & (DANGEROUS - {"\t", "\n"})
    assert not any(0xD800 <= ord(char) < 0xE000 for char in shown)
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "\\" in shown


def test_no_text_starts_a_command_of_a_runner_that_reads_the_log() -> None:
    assert safe("550 ##[stop-commands]x ###[a] #[b]") == "550 ##\\x5bstop-commands]x ###\\x5ba] #[b]"


def test_a_line_stays_one_line() -> None:
    assert safe_line("250-first\n250 second\tend") == "250-first\\n250 second\\tend"


def test_text_in_any_language_passes() -> None:
    text = "Grüße, Ἀθῆναι, 東京, مرحبا, 🙂"
    assert safe(text) == text
