"""A Secret gives itself away to nobody but who asks for it by name."""

import copy
import json
import pickle
import traceback

import pytest

from postroom.domain.secret import Secret
from postroom.errors import SecretError

SENTINEL = "s3ntinel-value"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r:>40}".format,
        lambda secret: f"{secret:10}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - logging formats like this
        lambda secret: repr([secret, {"password": secret}]),
        lambda secret: repr(vars(SecretError("code", "message", data={"secret": secret}))),
    ],
)
def test_no_way_of_printing_shows_it(show: object) -> None:
    assert callable(show)
    assert SENTINEL not in show(Secret(SENTINEL))


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars, hash])
def test_it_cannot_be_written_out_copied_or_fingerprinted(copier: object) -> None:
    assert callable(copier)
    with pytest.raises(TypeError) as refused:
        copier(Secret(SENTINEL))
    assert SENTINEL not in str(refused.value)


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError) as failed:  # noqa: PT011 - it is our own
        fail(Secret(SENTINEL))
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    text = "".join(shown.format())
    assert "***" in text
    assert f"'{SENTINEL}'" not in text


def test_it_compares_by_value_and_only_with_secrets() -> None:
    assert Secret(SENTINEL) == Secret(SENTINEL)
    assert Secret(SENTINEL) != Secret("other")
    assert Secret(SENTINEL) != SENTINEL
    assert Secret("\udce4") == Secret("\udce4")
    assert not Secret("")
    assert Secret(SENTINEL).reveal() == SENTINEL
