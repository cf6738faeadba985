"""Owns how the demo looks: four headings, 80 columns, and what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.result import Step
from postroom.ui.blocks import Block, Line, Next
from postroom.ui.safe import cut
from postroom.ui.steps import step_line
from postroom.ui.views.sandbox import session

_SHOWN = ("from", "to", "subject", "date")

_WIDTH = 77
"""80 columns without the indent; the whole line is smtp test's business."""


def demo(data: Mapping[str, Any]) -> Iterator[Block]:
    server, mail = data["server"], data["mail"]
    yield Line("The whole way of a mail, on this machine alone", "title")
    yield Line("")
    yield Line("1. A mail server for tests starts", "title")
    yield Line(f"   {server['host']} port {server['port']}, with a certificate of its own")
    yield Line("")
    yield Line("2. It is set up", "title")
    yield Line(f"   postroom smtp set demo --host {server['host']} --port {server['port']} --security starttls \\")
    yield Line("     --username demo@example.test --password-file FILE --ca-file FILE")
    yield Line("")
    yield Line("3. It is tested", "title")
    yield Line("   postroom smtp test demo you@example.test")
    for step in data["steps"]:
        if step["ok"] is not None:
            yield Line("   " + cut("  ".join(step_line(Step(**step))), _WIDTH), "good")
    yield Line("")
    yield Line("4. The mail is there", "title")
    for header in mail["headers"]:
        if header["name"].lower() in _SHOWN:
            yield Line(f"   {header['name'] + ':':<9} {header['value']}")
    yield Line(f"   {'Session:':<9} {session(mail)}")
    yield Line("")
    for line in mail["text"].rstrip("\n").splitlines():
        yield Line(f"  | {line}".rstrip(), "dim")
    yield Line("")
    yield Line("The server is stopped, and everything is removed.")
    yield Next("postroom smtp providers", "is your mail provider among them?")
    yield Next("postroom smtp set", "set up a server of your own")
