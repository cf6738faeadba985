"""Secrets as values: nothing prints, stores or compares one by accident."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from postroom.domain.secret import SCHEMES, Reference, Secret

WORD = "correct horse battery staple"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>80}".format, lambda secret: f"{secret!r:.3}", ascii])
def test_a_secret_shows_stars_however_it_is_shown(show: Callable[[Secret], str]) -> None:
    assert WORD not in show(Secret(WORD))
    assert "***" in show(Secret(WORD))


@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy, json.dumps, hash, vars])
def test_a_secret_is_not_written_down(keep: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        keep(Secret(WORD))
    assert WORD not in str(refusal.value)


def test_a_secret_is_revealed_only_when_asked() -> None:
    assert Secret(WORD).reveal() == WORD


def test_secrets_compare_by_their_text_and_with_nothing_else() -> None:
    assert Secret("\u00e9") == Secret("\u00e9")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_reference_reads_as_it_is_written(scheme: str) -> None:
    locator = "SMTP_PASSWORD" if scheme == "env" else "/smtp/main:password"
    text = f"{scheme}:{locator}"
    assert Reference.parse(text) == Reference(scheme, locator)
    assert str(Reference.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "hunter2", "keyring:", ":x", "vault:x", "KEYRING:x", "env:A\nB", "file:rel"),
        *("env:A B", "env:1A", "env:Ä", "command: ", "command:'open", "command:end\\"),
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|takes"):
        Reference.parse(text)
