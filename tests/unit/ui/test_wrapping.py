"""Lines are broken between words, never inside what is to be copied."""

import pytest

from postroom.ui.wrapping import wrapped


def lines(text: str, width: int = 40) -> list[str]:
    return wrapped(text, width, len)


def test_words_fill_lines_and_spaces_within_a_line_stay() -> None:
    assert lines("one two three", 7) == ["one two", "three"]
    assert lines("  | one  two", 20) == ["  | one  two"]
    assert lines("one\n\ntwo") == ["one", "", "two"]
    assert lines("") == [""]


def test_an_address_is_never_cut() -> None:
    url = "https://learn.example.com/en-us/exchange-online/a/long-way/to-the_page?x=1"
    assert lines(f"See {url}, please", 20) == ["See", f"{url},", "please"]


@pytest.mark.parametrize(
    "command",
    [
        "postroom smtp test --trace",
        "postroom smtp set main --port 587",
        "postroom smtp set --from ADDRESS",
        "postroom config validate",
        "postroom smtp set --auth oauth2 --access-token-command 'CMD ARG'",
        "`Set-CASMailbox user@example.com -X`",
        "(`postroom smtp providers`)",
        "postroom smtp test main",
        "postroom smtp set main --tls-min 1.2 --pin sha256/BASE64=",
    ],
)
@pytest.mark.parametrize("end", ["", ", and on", "; then more", ". More", "), or not", ": so"])
def test_a_command_that_fits_on_a_line_is_not_cut(command: str, end: str) -> None:
    for before in range(60):
        text = "x" * before + " " + command + end
        assert any(command in line for line in lines(text, max(len(command) + 2, 40))), before


def test_a_command_that_fits_on_no_line_is_cut_between_its_words() -> None:
    assert lines("Try postroom smtp set main --port 587 --security starttls", 20) == [
        "Try postroom smtp",
        "set main --port 587",
        "--security starttls",
    ]


def test_no_word_is_lost_and_no_line_is_too_long_without_need() -> None:
    text = "If `postroom smtp test main --trace` fails, see https://example.com/x; else postroom status. " * 5
    for width in range(1, 120):
        found = lines(text, width)
        assert " ".join(found).split() == text.split()
        for line in found:
            assert len(line) <= width or " " not in line


def test_cells_are_counted_as_the_terminal_does() -> None:
    assert wrapped("请使用 授权码", 8, lambda text: sum(2 if ord(char) > 0x2E80 else 1 for char in text)) == [
        "请使用",
        "授权码",
    ]


def test_a_command_that_needs_the_whole_line_has_it_alone() -> None:
    command = "postroom smtp set main --pin sha256/BASE64="
    text = f"Have it confirmed, and pin it: {command}, or not"
    found = wrapped(text, 36, len, widest=44)
    assert f"{command}," in found
    assert max(len(line) for line in found if "--pin" not in line) <= 36
