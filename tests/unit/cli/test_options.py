"""Global options are accepted anywhere before `--`, and only there."""

import pytest

from postroom.cli.lazy import prefix
from postroom.cli.options import Globals, lift


@pytest.mark.parametrize(
    ("line", "flags", "rest"),
    [
        ("--json smtp list", Globals(json=True), "smtp list"),
        ("smtp --json list --quiet", Globals(json=True, quiet=True), "smtp list"),
        ("smtp list --config /a b", Globals(config="/a"), "smtp list b"),
        ("smtp list --config=/a", Globals(config="/a"), "smtp list"),
        ("sandbox run --json -- app --json --config x", Globals(json=True), "sandbox run -- app --json --config x"),
        ("smtp set --username u --user", Globals(user=True), "smtp set --username u"),
        (
            "--no-input --no-color --debug --verbose",
            Globals(no_input=True, no_color=True, debug=True, verbose=True),
            "",
        ),
        ("smtp test -", Globals(), "smtp test -"),
    ],
)
def test_global_options_are_lifted_out(line: str, flags: Globals, rest: str) -> None:
    assert lift(line.split()) == (flags, rest.split(), None)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--config", "usage.missing_value"),
        ("--config --json smtp", "usage.missing_value"),
        ("--json=yes", "usage.bad_option"),
        ("--system --user", "usage.conflict"),
    ],
)
def test_a_wrong_global_option_is_told(line: str, code: str) -> None:
    _, _, error = lift(line.split())
    assert error is not None
    assert error.code == code


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("smtp set main", ["smtp", "set"]),
        ("smtp --unset x", ["smtp"]),
        ("smtp rm main", ["smtp", "remove"]),
        ("secret list", ["secrets", "list"]),
        ("smtp sett", ["smtp"]),
        ("nothing", []),
        ("status extra", ["status"]),
        ("", []),
    ],
)
def test_the_longest_known_prefix_names_the_command(line: str, words: list[str]) -> None:
    assert prefix(line.split()) == words
