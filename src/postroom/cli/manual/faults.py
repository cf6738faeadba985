"""Owns postroom-faults(7): every exit status, cause class and code of our own. Refuses to know commands."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from postroom.cli.manual.codes import OWN_CODES, WARNINGS
from postroom.cli.manual.roff import Page, bold
from postroom.domain.reply import Cause
from postroom.errors import Exit

_DESCRIPTION = (
    (
        "When mail does not go out, Postroom names the cause class: why, what to do next, whether trying again "
        "helps. A script reads the exit status. With `--json` the class or the code stands in error.code, and "
        "the server's own words stand in error.detail. A code is never renamed."
    ),
)

_OWN_ENTRIES = (
    (
        "What leads from a reply or an exception to its cause class is a list of entries. A site adds its own in "
        "files `faults/*.toml` beside the configuration file, in name order; they are tried before the others, in "
        "tests, in `postroom explain` and wherever a mail fails. `postroom config validate` checks them."
    ),
    (
        "What breaks a rule, and a file that cannot be read, has no say; a warning tells of it, and the failure is "
        "told as well as it can be without. As root, a file that others could have written or swapped has none either; "
        "a symbolic link is followed where only root can have made it and what it leads to."
    ),
    (
        "Each table [[entry]] has a class of this page. It fits when everything that it names fits, and it has to name "
        "something. Of several values one is enough."
    ),
)

_CONDITIONS = (
    (
        "sign",
        "What was seen, one of the signs below; refused-by-reply where none is named, and any stands for all of them.",
    ),
    ("step", "Where it happened, of the steps below. Where nobody knows the step, the rest decides."),
    ("code", 'Beginnings of the reply code, such as "4", "45" or "451".'),
    ("enhanced", 'Enhanced status codes, whole, such as "5.7.1", or without the first digit, such as "7.1".'),
    (
        "words",
        (
            "Regular expressions, searched without regard to case in what was said; any white space is one space. One "
            "that takes longer than a tenth of a second counts as not found, and a warning tells of it."
        ),
    ),
    ("provider", "Who answered: one of the families below, another name of one, or the id of a preset."),
    (
        "facts",
        "A table of what else must be known, of the facts below. A value may also be a list of which one is enough.",
    ),
)

_SAID = (
    ("title, cause, next_steps, docs", "Told in the place of the class's own, with placeholders for what is known."),
    ("checked", "The day on which somebody last saw that this is right."),
    ("also", "Classes that fit nearly as well, the likelier first."),
)

_EXAMPLE = """\
# /etc/postroom/faults/relay.toml
[[entry]]
class = "policy.rate_limited_short"
step = "rcpt"
code = "451"
words = ['relay sleeps']
title = "The relay in the cellar is being backed up"
next_steps = ["Wait until six in the morning, or call 4711"]
docs = ["https://wiki.example.com/relay"]
"""

_FAMILIES = {
    "dns": "Names",
    "connect": "The way to the server",
    "greeting": "The greeting",
    "tls": "TLS",
    "auth": "The login",
    "oauth": "OAuth 2.0",
    "sender": "The sender",
    "address": "Addresses",
    "message": "The message",
    "policy": "Policy of the server",
    "server": "The server itself",
    "config": "Our own rules",
}


class ProviderAdvice(Protocol):
    """What the users of a provider do about a cause."""

    @property
    def next_steps(self) -> Sequence[str]: ...
    @property
    def checked(self) -> str: ...


class Terms(Protocol):
    """The words of entries: names, with what is to be said of each."""

    @property
    def signs(self) -> Sequence[str]: ...
    @property
    def steps(self) -> Sequence[str]: ...
    @property
    def families(self) -> Sequence[tuple[str, str]]: ...
    @property
    def facts(self) -> Sequence[tuple[str, str, str]]: ...
    @property
    def placeholders(self) -> Sequence[tuple[str, str]]: ...


def faults_page(
    causes: Mapping[str, Cause], advice: Mapping[str, Sequence[tuple[str, ProviderAdvice]]], terms: Terms
) -> Page:
    """postroom-faults(7). `advice` has for a class the providers whose users do something else, by name; `terms` are
    the words of a site's own entries.
    """
    page = Page("postroom-faults", 7, "causes of failed mail, codes and exit statuses of postroom")
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.paragraph("Words in capitals stand for what the message at hand names, such as HOST.")
    page.heading("EXIT STATUS")
    for status in Exit:
        page.tagged(bold(str(status.value)), status.meaning)
    page.heading("CAUSE CLASSES")
    page.paragraph(
        "Retry never: trying again does not help until something is changed; later and now: it may help then. "
        "The scope is whom the cause concerns: the server, and with it every mail; one message; or one "
        "recipient."
    )
    family = ""
    for code, cause in causes.items():
        title = _FAMILIES.get(code.partition(".")[0], family)
        if title != family:
            page.subheading(title)
            family = title
        page.tagged(bold(code), _sentence(cause.title), _sentence(cause.cause))
        page.below(
            *(f"{number}) {_sentence(_commands(step))}" for number, step in enumerate(cause.next_steps, start=1)),
            *(_told(who, at_provider) for who, at_provider in advice.get(code, ())),
            _sentence(cause.tell_apart),
            f"Exit status {cause.exit}, retry {cause.retry}, scope {cause.scope}.",
        )
    _entries(page, terms)
    page.heading("CODES OF THE PROGRAM ITSELF")
    page.paragraph("What is wrong before a server is asked, or has nothing to do with one.")
    for code, (statuses, text) in OWN_CODES.items():
        page.tagged(bold(code), text, f"Exit status {' or '.join(map(str, statuses))}.")
    page.heading("CODES OF WARNINGS")
    page.paragraph("A warning does not stop the work. With `--json` it stands in warnings.")
    for code, text in WARNINGS.items():
        page.tagged(bold(code), text)
    page.see_also(("postroom", 1), ("postroom-smtp", 1), ("postroom.toml", 5))
    return page


def _entries(page: Page, terms: Terms) -> None:
    page.heading("ENTRIES OF A SITE'S OWN")
    for text in _OWN_ENTRIES:
        page.paragraph(text)
    for key, text in (*_CONDITIONS, *_SAID):
        page.tagged(bold(key), text)
    page.example(_EXAMPLE)
    page.subheading("Signs")
    page.paragraph(", ".join(terms.signs) + ".")
    page.subheading("Steps")
    page.paragraph(", ".join(terms.steps) + ".")
    page.subheading("Families")
    page.paragraph(", ".join(f"{name} ({title})" for name, title in terms.families) + ".")
    page.subheading("Facts")
    for name, values, meaning in terms.facts:
        page.tagged(bold(name), _sentence(meaning[0].upper() + meaning[1:]), f"It is {values}.")
    page.subheading("Placeholders")
    page.paragraph("They stand in braces in title, cause and next_steps.")
    for name, meaning in terms.placeholders:
        page.tagged(bold(f"{{{name}}}"), _sentence(meaning[0].upper() + meaning[1:]))


def _told(who: str, advice: ProviderAdvice) -> str:
    steps = " ".join(_sentence(_commands(step)) for step in advice.next_steps)
    return f"{who}: {steps}" + (f" (Checked on {advice.checked}.)" if advice.checked else "")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _commands(text: str) -> str:
    """Mark a command that stands in a sentence as literal text, as far as it is one beyond doubt."""
    return re.sub(r"(?<!`)\bpostroom (?:smtp|tls|config) [a-z]+(?: (?:\{server\}|--[a-z-]+))*", r"`\g<0>`", text)
