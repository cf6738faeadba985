"""SPF, DKIM and DMARC records as they are read, with the mistakes that people make in them."""

from collections.abc import Mapping

import pytest

from postroom.domain.dns import Answer
from postroom.domain.sender_records import (
    MOST_COUNTED,
    SpfTree,
    aligned,
    is_dmarc,
    is_spf,
    read_spf,
    read_tags,
    walk_spf,
)


def tree(record: str, zone: Mapping[str, str | Answer]) -> SpfTree:
    def answer_of(name: str) -> Answer | None:
        found = zone.get(name)
        return Answer("found", [found]) if isinstance(found, str) else found

    return walk_spf(record, answer_of)


@pytest.mark.parametrize(
    ("text", "spf"),
    [("v=spf1", True), ("V=SPF1 -all", True), ("v=spf10 -all", False), ("spf2.0/pra", False), ("v=spf1-all", False)],
)
def test_what_is_a_record_of_spf(text: str, *, spf: bool) -> None:
    assert is_spf(text) is spf


@pytest.mark.parametrize(
    ("record", "asks", "ending"),
    [
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all", 0, "-all"),
        ("v=spf1 a mx ptr exists:x.example include:a.example ~all", 5, "~all"),
        ("v=spf1 a:b.example/24 mx/24//64 all", 2, "+all"),
        ("v=spf1 +a ?all", 1, "?all"),
        ("v=spf1 redirect=a.example", 1, ""),
        ("v=spf1 -all redirect=a.example exp=why.example", 0, "-all"),
        ("v=spf1", 0, ""),
    ],
)
def test_terms_are_counted_and_the_end_is_read(record: str, asks: int, ending: str) -> None:
    spf = read_spf(record)
    assert (spf.asks, spf.all, spf.problems) == (asks, ending, [])


@pytest.mark.parametrize(
    "word",
    [
        "ip4:192.0.2.300",
        "ip4:2001:db8::1",
        "ip4",
        "ip6:x",
        "include",
        "include:",
        "inculde:a.example",
        "all:x",
        "a.b",
        "-",
    ],
)
def test_a_mistake_is_told_with_the_word(word: str) -> None:
    (problem,) = read_spf(f"v=spf1 {word} -all").problems
    assert problem.startswith(word)


def test_what_stands_behind_all_is_told_and_not_counted() -> None:
    spf = read_spf("v=spf1 -all include:a.example")
    assert (spf.asks, spf.includes) == (0, [])
    assert "behind all" in spf.problems[0]


def test_includes_count_with_all_that_they_include() -> None:
    zone = {"a.example": "v=spf1 include:b.example mx ~all", "b.example": "v=spf1 a a:c.example -all"}
    found = tree("v=spf1 include:a.example include:b.example ?all", zone)
    assert (found.look_ups, found.all, found.complete) == (2 + 2 + 2 + 2, "?all", True)
    assert found.includes == ["a.example", "b.example"]


def test_a_redirect_brings_its_own_end_and_an_include_does_not() -> None:
    zone = {"r.example": "v=spf1 redirect=s.example", "s.example": "v=spf1 mx -all"}
    found = tree("v=spf1 redirect=r.example", zone)
    assert (found.look_ups, found.all) == (3, "-all")
    assert tree("v=spf1 include:s.example", zone).all == ""


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ({"a.example": Answer("no_name")}, "a.example has no SPF record"),
        ({"a.example": Answer("found", ["v=spf1 -all", "v=spf1 a -all"])}, "a.example has several SPF records"),
        ({"a.example": "v=spf1 include:a.example -all"}, "a.example includes itself"),
        ({"a.example": "v=spf1 ip4:x -all"}, "a.example: ip4:x has no such address"),
    ],
)
def test_a_mistake_further_down_is_told(zone: Mapping[str, str | Answer], told: str) -> None:
    assert told in tree("v=spf1 include:a.example -all", zone).problems


def test_a_part_that_nobody_told_leaves_the_number_open() -> None:
    found = tree("v=spf1 include:a.example -all", {"a.example": Answer("failed")})
    assert (found.look_ups, found.complete, found.unasked) == (None, False, [])
    assert tree("v=spf1 include:a.example -all", {}).unasked == ["a.example"]


def test_a_macro_is_counted_and_not_followed() -> None:
    found = tree("v=spf1 include:%{ir}.a.example -all", {})
    assert (found.look_ups, found.unasked) == (1, [])


def test_records_that_include_each_other_do_not_keep_us_for_ever() -> None:
    names = [f"n{number}.example" for number in range(20)]
    everything = "v=spf1 " + " ".join(f"include:{name}" for name in names) + " -all"
    assert tree(everything, dict.fromkeys(names, everything)).look_ups == MOST_COUNTED


def test_tags_are_read_without_their_spaces() -> None:
    tags = read_tags(" V = DMARC1 ; p=Reject;; rua = mailto:a@x.example,mailto:b@x.example; p=none")
    assert tags["p"] == "Reject"
    assert tags["rua"] == "mailto:a@x.example,mailto:b@x.example"


@pytest.mark.parametrize(
    ("text", "dmarc"),
    [
        ("v=DMARC1; p=none", True),
        ("v = DMARC1;p=none", True),
        ("p=none; v=DMARC1", False),
        ("v=dmarc1", False),
        ("x", False),
    ],
)
def test_what_is_a_record_of_dmarc(text: str, *, dmarc: bool) -> None:
    assert is_dmarc(text) is dmarc


@pytest.mark.parametrize(
    ("one", "other", "mode", "fits"),
    [
        ("corp.example", "corp.example", "s", True),
        ("bounce.corp.example", "corp.example", "r", True),
        ("bounce.corp.example", "corp.example", "s", False),
        ("a.corp.example", "b.corp.example", "r", True),
        ("a.corp.example", "other.example", "r", False),
        ("notcorp.example", "corp.example", "r", False),
    ],
)
def test_alignment_is_that_of_the_organisation_or_exact(one: str, other: str, mode: str, *, fits: bool) -> None:
    assert aligned(one, other, mode, ["corp.example"]) is fits
