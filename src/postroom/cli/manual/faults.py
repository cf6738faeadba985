"""Owns postroom-faults(7): every exit status, cause class and code of our own. Refuses to know commands."""

import re
from collections.abc import Mapping

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


def faults_page(causes: Mapping[str, Cause]) -> Page:
    """postroom-faults(7)."""
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
        page.tagged(
            bold(code),
            _sentence(cause.title),
            _sentence(cause.cause),
            *(
                ("Next: " if not number else "Or: ") + _sentence(_commands(step))
                for number, step in enumerate(cause.next_steps)
            ),
            f"Exit status {cause.exit}, retry {cause.retry}, scope {cause.scope}.",
        )
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


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _commands(text: str) -> str:
    """Mark a command that stands in a sentence as literal text, as far as it is one beyond doubt."""
    return re.sub(r"(?<!`)\bpostroom (?:smtp|tls|config) [a-z]+(?: (?:\{server\}|--[a-z-]+))*", r"`\g<0>`", text)
