"""Entries as data: what may stand in one, and what each condition asks."""

import pytest

from postroom.diagnosis.classify import classify
from postroom.diagnosis.entry import Entry, read_entries
from postroom.domain.reply import Reply, Signs

REFUSAL = Signs("rcpt", "refused-by-reply", Reply(550, "5.7.1", ["The moon is", "in the wrong place"]))


def one(text: str) -> Entry:
    (entry,) = read_entries("[[entry]]\n" + text)
    return entry


def fits(text: str, signs: Signs = REFUSAL, families: frozenset[str] = frozenset()) -> bool:
    words = " ".join((signs.reply.text if signs.reply else signs.text).split())
    return one('class = "policy.rejected"\n' + text).fits(signs, families, words)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", True),
        ('step = "rcpt"', True),
        ('step = ["mail", "rcpt"]', True),
        ('step = "data"', False),
        ('code = "55"', True),
        ('code = ["421", "550"]', True),
        ('code = "4"', False),
        ('enhanced = "5.7.1"', True),
        ('enhanced = "7.1"', True),
        ('enhanced = "4.7.1"', False),
        ("words = 'MOON is in'", True),
        ("words = ['sun', '\\bplace$']", True),
        ("words = 'sun'", False),
        ('sign = "closed"', False),
        ('sign = "any"', True),
        ('provider = "google"', False),
        ("facts = { step = 'rcpt' }", True),
        ("facts = { token = false }", True),
        ("facts = { moon = 'full' }", False),
        ("facts = { logged_in = true }", False),
    ],
)
def test_every_condition_must_hold(condition: str, expected: bool) -> None:
    assert fits(condition) is expected


def test_a_family_of_providers_is_enough() -> None:
    assert fits('provider = ["google", "yahoo"]', families=frozenset({"yahoo"}))


def test_an_unknown_step_speaks_against_no_entry_but_a_token_endpoints() -> None:
    unknown = REFUSAL._replace(step="")
    assert fits('step = "data"', unknown)
    assert not fits('step = "token"', unknown)


def test_evidence_is_a_fact() -> None:
    found = REFUSAL._replace(evidence={"port_speaks": "tls", "other_ports": [{"port": 465, "answer": "tls"}]})
    assert fits("facts = { port_speaks = 'tls', answers_elsewhere = true }", found)
    assert not fits("facts = { port_speaks = 'smtp' }", found)


def test_a_sites_own_entry_comes_first_and_tells_in_its_own_words() -> None:
    text = """
[[entry]]
class = "policy.rate_limited_short"
words = 'the moon'
title = "The relay in the cellar sleeps"
cause = "It sleeps when the moon is up."
next_steps = ["Wake it", "Wait for the morning"]
docs = ["https://wiki.example.com/cellar"]
"""
    cause = classify(REFUSAL, list(read_entries(text)))
    assert (cause.code, cause.retry, cause.exit) == ("policy.rate_limited_short", "later", 75)
    assert (cause.title, cause.cause) == ("The relay in the cellar sleeps", "It sleeps when the moon is up.")
    assert tuple(cause.next_steps) == ("Wake it", "Wait for the morning")
    assert tuple(cause.docs) == ("https://wiki.example.com/cellar",)
    assert classify(REFUSAL).code != "policy.rate_limited_short"
