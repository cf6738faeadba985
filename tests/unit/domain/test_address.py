"""Addresses and host names. The tables of values stand in tests/corpus; here are the laws that hold for all of them."""

import string
from collections.abc import Callable
from typing import TypeVar

import idna
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postroom.domain.address import Address, near_miss, parse_address, parse_host

T = TypeVar("T")

KNOWN = ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "icloud.com", "gmx.de", "me.com")

address_like = st.builds(
    "{}@{}".format,
    st.text(string.ascii_letters + string.digits + '.-_+%!"<>(), \n\0\u00e9\u0301\u202e@', max_size=70),
    st.text(string.ascii_letters + string.digits + ".-_[]:\u00df\u24d4\u00ad\u0301\u3002\n", max_size=70),
)
host_like = st.text(string.hexdigits + "xnmo.-_[]:%/@\u00df\u24d4\u3002\u0130\u03a3 \n", max_size=80)


def read(parse: Callable[[str], T], text: str) -> T | None:
    """What it reads, or None for a refusal, which must say the rule."""
    rule = "must "
    try:
        return parse(text)
    except ValueError as error:
        rule = str(error)
    assert rule.startswith("must ")
    return None


def test_an_address_keeps_its_local_part_and_gets_the_domain_of_the_wire() -> None:
    assert parse_address("Ops.Team+x@Stra\u00dfe.DE") == Address("Ops.Team+x", "xn--strae-oqa.de")


@pytest.mark.parametrize(("text", "utf8"), [("user@example.com", False), ("user@\u4f8b\u3048.jp", False)])
def test_an_international_domain_alone_needs_no_smtputf8(text: str, utf8: bool) -> None:
    assert parse_address(text).utf8 is utf8


def test_a_local_part_outside_ascii_needs_smtputf8() -> None:
    assert parse_address("\u7528\u6237@example.com").utf8


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(st.one_of(st.text(), address_like))
@example("v@x> NOTIFY=NEVER ORCPT=x")
@example("\u0392\u038c\u039b\u039f\u03a3@\u0392\u038c\u039b\u039f\u03a3.example")
def test_an_address_is_what_was_typed_or_is_refused_with_a_rule(text: str) -> None:
    address = read(parse_address, text)
    if address is None:
        return
    local, _, domain = text.partition("@")
    assert address.local == local
    if domain.isascii():
        assert address.domain.lower() == domain.lower() or domain.startswith("[")
    assert parse_address(str(address)) == address
    assert not set(str(address)) & set('<>,;()" \r\n\0\\%!')


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(st.one_of(st.text(), host_like))
@example("xn--a")
@example("1.2.3.4.")
def test_a_host_is_one_word_for_a_command_line_or_is_refused_with_a_rule(text: str) -> None:
    host = read(parse_host, text)
    if host is None:
        return
    assert set(host) <= set(string.ascii_lowercase + string.digits + ".-:")
    assert not host.startswith("-")
    assert parse_host(host) == host


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(st.text(min_size=1, max_size=12))
@example("stra\u00dfe")
@example("\u24d4x")
@example("\u0130x")
def test_no_accepted_name_goes_to_another_domain_than_uts46_has_for_it(label: str) -> None:
    host = read(parse_host, f"x.{label}.example")
    if host and not label.isascii():
        assert host == idna.encode(f"x.{label}.example", uts46=True, std3_rules=True).decode()


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("smtp.example.com:587", "give the port 587 by itself"),
        ("https://smtp.example.com", "without a scheme"),
        ("[2001:db8::1]", "without brackets"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("smtp.example.com.", "must not end with a dot"),
    ],
)
def test_a_refused_host_says_what_to_write_instead(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match="must ") as refusal:
        parse_host(text)
    assert instead in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmai.com", "gmail.com"),
        ("gmial.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmailcom", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("hotmial.com", "hotmail.com"),
        ("gmail.com", None),
        ("gmx.ed", None),  # too short to tell a slip from a domain
        ("ne.com", None),
        ("example.com", None),
        ("gmali.co", None),  # two slips
        ("", None),
    ],
)
def test_one_slip_from_a_well_known_domain_is_noticed(typed: str, meant: str | None) -> None:
    assert near_miss(typed, KNOWN) == meant


def test_a_known_domain_is_no_slip_of_its_neighbour() -> None:
    assert near_miss("ymail.com", ["gmail.com", "ymail.com"]) is None
