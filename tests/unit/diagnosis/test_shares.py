"""The share of known failures that is named rightly, and the share that still is when what is memory is taken away."""

import pytest

from tests.unit.diagnosis import shares
from tests.unit.diagnosis.shares import Failure

RIGHT = 0.97
LEFT_OUT = 0.90
"""The goals; what is measured lies above them."""


@pytest.fixture(scope="module")
def failures() -> list[Failure]:
    return shares.load("faults.jsonl")


@pytest.fixture(scope="module")
def elsewhere() -> list[Failure]:
    return shares.load("faults_elsewhere.jsonl")


def test_known_failures_are_named_rightly(failures: list[Failure]) -> None:
    found = shares.whole(failures)
    assert len(failures) == 381
    assert found.right >= RIGHT, shares.table(failures, found, found)


def test_they_are_named_rightly_without_what_was_written_for_one_alone(
    failures: list[Failure], elsewhere: list[Failure]
) -> None:
    found = shares.left_out(failures, elsewhere)
    assert found.right >= LEFT_OUT, shares.table(failures, shares.whole(failures), found)


def test_so_are_failures_from_elsewhere(elsewhere: list[Failure]) -> None:
    assert len(elsewhere) > 1000
    assert shares.whole(elsewhere).right >= LEFT_OUT


def test_they_are_named_without_any_hint_too() -> None:
    assert shares.whole(shares.load("faults.jsonl", with_hints=False)).right >= LEFT_OUT
    assert shares.whole(shares.load("faults_elsewhere.jsonl", with_hints=False)).right >= LEFT_OUT


def test_the_table_has_every_class_and_the_worst_first(failures: list[Failure]) -> None:
    some = failures[:60]
    wrong = [(some[0], "policy.rejected")]
    told = shares.table(some, shares.Shares(59 / 60, wrong), shares.Shares(59 / 60, wrong)).splitlines()
    assert told[1].startswith(some[0].cause)
    assert told[-1].startswith("all")
    assert len(told) == len({failure.cause for failure in some}) + 2


def test_what_fits_one_failure_alone_is_taken_away(failures: list[Failure]) -> None:
    """A word that nobody else says is memory, and one that another says as well is not."""
    one = next(failure for failure in failures if "Account not subscribed to SES" in failure.text)
    assert shares.left_out([one], []).wrong == [(one, "auth.bad_credentials")]
    other = one._replace(text="535 another account that is not subscribed")
    assert shares.left_out([one], [other]).wrong == []
