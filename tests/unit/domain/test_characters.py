"""Characters that have no place in a line, and their names."""

import pytest

from postroom.domain.characters import decode, name_of, refuse_controls, shown


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("%", "'%'"),
        ("\n", "U+000A (a line feed)"),
        ("\0", "U+0000 (a NUL)"),
        (" ", "U+0020 (a space)"),
        ("\x07", "U+0007 (a control character)"),
        ("\x9b", "U+009B (a control character)"),
        ("\u202e", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("\ud800", "U+D800 (half a character, which has no UTF-8 form)"),
        ("\U0001f600", "U+1F600 (GRINNING FACE)"),
    ],
)
def test_a_character_is_named_without_being_shown_raw(character: str, name: str) -> None:
    assert name_of(character) == name


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\x7f", "\x80", "\x9f", "\u2028", "\u202a", "\u2069", "\udfff"])
def test_what_ends_hides_or_turns_a_line_is_refused_by_its_code_point(character: str) -> None:
    with pytest.raises(ValueError, match=rf"must not contain U\+{ord(character):04X}"):
        refuse_controls(f"a{character}b")


@pytest.mark.parametrize("character", [" ", "~", "\xa0", "\u200e", "\u200f", "\u061c", "\u200d", "\U0001f600"])
def test_marks_that_right_to_left_names_and_emoji_need_pass(character: str) -> None:
    refuse_controls(f"a{character}b")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe".encode("utf-8-sig"), "Größe"),
        (b"\xfe\xff" + "535 no".encode("utf-16-be"), "535 no"),
        ("Größe\n".encode() + b"\xfc\n" + "535 用户名或密码错误".encode(), "Größe\nü\n535 用户名或密码错误"),
        ("535 用户名".encode("gbk") + "\r\nGröße".encode(), "535 用户名\r\nGröße"),
        ("Zeitüberschreitung der Größe".encode("latin-1"), "Zeitüberschreitung der Größe"),
    ],
)
def test_every_line_is_decoded_as_it_is_written(octets: bytes, text: str) -> None:
    assert decode(octets) == text


def test_what_has_no_place_in_a_line_is_shown_by_a_mark() -> None:
    assert shown("a\x1b\x9b\u202e\udcff\n\tb") == "a\ufffd\ufffd\ufffd\ufffd\n\tb"
