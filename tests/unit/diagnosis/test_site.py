"""A site's own entries: every rule that one breaks is told, and none of them hides a failure."""

import re
import time
from collections.abc import Sequence

import pytest

from postroom.diagnosis.catalogue import causes
from postroom.diagnosis.classify import classify
from postroom.diagnosis.facts import FACTS
from postroom.diagnosis.fill import PLACEHOLDERS
from postroom.diagnosis.site import Names, SiteEntries, site_entries
from postroom.diagnosis.timed import Timed
from postroom.domain.reply import Reply, Signs

NAMES = Names(causes(), {"our-relay"})
REFUSAL = Signs("rcpt", "refused-by-reply", Reply(451, "", ["relay sleeps " + 60 * "a" + "!"]))


def read(text: str) -> SiteEntries:
    return site_entries(text.encode(), NAMES, Timed)


def wrong(text: str) -> Sequence[str]:
    return [str(found) for found in read(text).wrong]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "is no TOML"),
        ("x = " + 5000 * "[", "is no TOML"),
        ("[entry]", "must hold [[entry]] tables and nothing else"),
        ("[[other]]", "must hold [[entry]] tables and nothing else"),
        ("entry = [1]", "must hold [[entry]] tables and nothing else"),
        ("[[entry]]\nwords = 'x'", "entry 1: needs a class"),
        ("[[entry]]\nclass = 'c.d'\nstep = 'rcpt'", "entry 1: class 'c.d' is none of those in postroom-faults(7)"),
    ],
)
def test_what_is_wrong_with_a_text_is_told(text: str, told: str) -> None:
    assert wrong(text)[0].startswith(told)


def test_what_is_not_utf_8_is_told() -> None:
    assert [str(found) for found in site_entries(b"\xff", NAMES, Timed).wrong] == ["is not UTF-8"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("colour = 'red'", "unknown key 'colour'; there are class, sign, step,"),
        ("also = ['a.b']", "also: class 'a.b' is none of those in postroom-faults(7)"),
        ("sign = 'moon'", "sign 'moon' must be one of refused-by-reply, host-not-found,"),
        ("sign = ['any']", "sign ['any'] must be one of refused-by-reply,"),
        ("step = 'moon'", "step 'moon' must be one of config, secret,"),
        ("step = []", "step [] must be a text or a list of texts, and none of them empty"),
        ("code = ['abc', '9']", "code 'abc' must be the beginning of a reply code, such as"),
        ("code = '9'", "code '9' must be the beginning of a reply code, such as"),
        ("code = '4510'", "code '4510' must be the beginning of a reply code, such as"),
        ("code = 451", "code 451 must be a text or a list of texts"),
        ("enhanced = ['hello']", "enhanced 'hello' must be an enhanced status code, such as"),
        ("enhanced = '3.7.1'", "enhanced '3.7.1' must be an enhanced status code, such as"),
        ("words = '('", "words '(' is no regular expression: "),
        (f"words = '{9999 * '('}'", "words '((("),
        (
            "words = 'a{2,1001}'",
            "words 'a{2,1001}' is no regular expression: it repeats something more than 1000 times",
        ),
        ("words = 3", "words 3 must be a text or a list of texts"),
        ("words = []", "words [] must be a text or a list of texts, and none of them empty"),
        ("words = ['']", "words [''] must be a text or a list of texts, and none of them empty"),
        ("words = ['  ']", "words '  ' must be a text, and not an empty one"),
        ("provider = ['nobody']", "provider 'nobody' is neither a preset nor a family of those in postroom-faults(7)"),
        ("facts = 3", "facts 3 must be a table, and not an empty one"),
        ("facts = {}", "facts {} must be a table, and not an empty one"),
        ("facts = { nope = true }", "facts 'nope' is none of those that can be known: step, sign, port,"),
        ("facts = { logged_in = 'maybe' }", "facts.logged_in 'maybe' must be true or false"),
        ("facts = { logged_in = [true, 1] }", "facts.logged_in 1 must be true or false"),
        ("facts = { port = true }", "facts.port true must be a number"),
        ("facts = { port = [] }", "facts.port [] must be a number"),
        ("facts = { port_speaks = 'ftp' }", "facts.port_speaks 'ftp' must be one of smtp, tls, http,"),
        ("title = ['x']", "title ['x'] must be a text, and not an empty one"),
        ("title = 'x {nope}'", "title 'x {nope}' has the unknown placeholder {nope}; there are {host}, {port},"),
        ("cause = 12", "cause 12 must be a text, and not an empty one"),
        ("cause = ' '", "cause ' ' must be a text, and not an empty one"),
        ("next_steps = ['a', 'b {nope}']", "next_steps 'b {nope}' has the unknown placeholder {nope};"),
        ("next_steps = [1]", "next_steps [1] must be a text or a list of texts"),
        ("docs = [['x']]", "docs [['x']] must be a text or a list of texts"),
        ("checked = '2026-13-01'", "checked '2026-13-01' must be a day, such as"),
        ("checked = 2026", "checked 2026 must be a day, such as"),
        ("checked = 2026-11-20T10:00:00", "checked 2026-11-20 10:00:00 must be a day, such as"),
    ],
)
def test_a_rule_that_an_entry_breaks_is_told_with_entry_key_and_value(line: str, told: str) -> None:
    good = "[[entry]]\nclass = 'policy.rejected'\nfacts = { step = 'rcpt' }\n"
    bad = "[[entry]]\nclass = 'policy.rejected'\n" + ("" if line.startswith("step") else "step = 'rcpt'\n") + line
    found = read(good + bad)
    assert {one.number for one in found.wrong} == {2}
    assert found.wrong[0].key == line.partition(" ")[0]
    assert str(found.wrong[0]).startswith(f"entry 2: {told}")
    assert len(str(found.wrong[0])) < 800
    assert list(found.entries) == [1]


def test_every_broken_rule_of_an_entry_is_told() -> None:
    assert len(wrong("[[entry]]\nclass = 'a.b'\nsign = 'moon'\ntitle = 1\ncause = 2\n")) == 4
    facts = 'facts = { port = "x", color = "red" }\nnext_steps = ["{a}", "fine", "{b}"]\n'
    told = [str(one) for one in wrong(f"[[entry]]\nclass = 'policy.rejected'\n{facts}")]
    assert [" ".join(one.split()[2:4]) for one in told] == [
        "facts.port 'x'",
        "facts 'color'",
        "next_steps '{a}'",
        "next_steps '{b}'",
    ]


@pytest.mark.parametrize("more", ["", "title = 'x'", "also = 'server.temporary'"])
def test_an_entry_without_a_condition_is_refused(more: str) -> None:
    (told,) = wrong(f"[[entry]]\nclass = 'policy.rejected'\n{more}")
    assert told == (
        "entry 1: would fit every refusal: it needs at least one of sign, step, code, enhanced, words, provider, facts"
    )


@pytest.mark.parametrize(
    "line",
    [
        "sign = 'any'",
        "step = ['mail', 'rcpt']",
        "code = ['4', '45', '451']",
        "enhanced = ['5.7.1', '7.139']",
        "words = 'x{2,3} {x} { host }'",
        "provider = ['google', 'gmail', 'Gmail', 'our-relay']",
        "facts = { logged_in = true, port = [25, 0], port_speaks = ['imap', 'pop3'] }",
        "sign = 'any'\nchecked = 2026-11-20",
        "sign = 'any'\nchecked = '2026-11-20'",
        "sign = 'any'\ntitle = '{host} { nope } {}'",
    ],
)
def test_what_is_right_is_taken(line: str) -> None:
    found = read(f"[[entry]]\nclass = 'policy.rejected'\n{line}")
    assert not found.wrong
    assert list(found.entries) == [1]


def test_a_provider_may_be_called_by_any_of_its_names() -> None:
    found = read("[[entry]]\nclass = 'server.temporary'\nprovider = 'gmail'\ntitle = 'Ours'").entries[1]
    assert classify(REFUSAL._replace(provider="google-workspace"), [found]).title == "Ours"
    assert classify(REFUSAL._replace(provider="fastmail"), [found]).title != "Ours"


def test_every_fact_and_placeholder_has_a_meaning() -> None:
    meanings = [fact.meaning for fact in FACTS.values()] + [one.meaning for one in PLACEHOLDERS.values()]
    assert [told for told in meanings if not re.fullmatch(r"[a-z].*[^.]", told)] == []


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_every_placeholder_is_filled(placeholder: str) -> None:
    found = read(f"[[entry]]\nclass = 'server.temporary'\nsign = 'any'\ntitle = 'x {{{placeholder}}}'").entries[1]
    assert "{" not in classify(REFUSAL, [found]).title


def test_an_unknown_placeholder_that_got_in_stays_as_it_is() -> None:
    found = read("[[entry]]\nclass = 'server.temporary'\nsign = 'any'").entries[1]
    advice = found.advice._replace(title="x {nope}", next_steps=("y {nope}",))
    cause = classify(REFUSAL, [found._replace(advice=advice)])
    assert (cause.title, tuple(cause.next_steps)) == ("x {nope}", ("y {nope}",))


def test_an_expression_that_runs_out_of_time_does_not_fit_and_is_not_tried_again() -> None:
    evil = Timed("relay sleeps (a|aa)+$", seconds=0.05)
    begun = time.monotonic()
    assert evil.search(REFUSAL.reply.text if REFUSAL.reply else "") is None
    assert evil.ran_out
    assert time.monotonic() - begun < 5
    assert evil.search("relay sleeps a") is None


def test_an_honest_expression_is_found_in_time() -> None:
    honest = Timed(r"\brelay\s+SLEEPS\b.*a!$")
    assert honest.search(REFUSAL.reply.text if REFUSAL.reply else "")
    assert honest.search("no") is None
    assert not honest.ran_out
