"""Which form of the report the words ask for, before anything has parsed them."""

import pytest

from postroom.cli.forms import asked_form


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("smtp test --format nagios", "nagios"),
        ("smtp test --format=nagios --what", "nagios"),
        ("--format github smtp test", "github"),
        ("smtp test --format github --format junit", "junit"),
        ("smtp test --format", "text"),
        ("smtp test --format nagois", "text"),
        ("smtp test --format text", "text"),
        ("smtp test", "text"),
        ("smtp test -- --format nagios", "text"),
    ],
)
def test_the_form_is_known_before_the_words_are_parsed(line: str, form: str) -> None:
    assert asked_form("smtp test", line.split()) == form
    assert asked_form("smtp list", line.split()) == "text"
