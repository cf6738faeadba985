"""Owns how the sandbox's results look as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.ui.blocks import Block, Fields, Line, Next, Table, Verbatim
from postroom.ui.moments import local

_HEADERS = ("from", "to", "cc", "reply-to", "subject", "date")
"""What a person looks at first."""

Data = Mapping[str, Any]


def event_line(event: Data) -> str:
    """One event of `sandbox serve`."""
    if event["event"] == "listening":
        return (
            f"listening on {event['host']} port {event['port']}, STARTTLS, any login; Ctrl-C stops it\n"
            f"certificate authority: {event['ca_file']}"
        )
    return f"mail {event['number']}: {_sender(event)} -> {', '.join(event['recipients'])}: {event['subject']}"


def served(data: Data) -> Iterator[Block]:
    yield Line(f"stopped by {data['stopped_by']}; {_mails(data['received'])} arrived")


def ran(data: Data) -> Iterator[Block]:
    # stdout is the command's own; what there is to say was said on stderr.
    yield from (Next(f"ls {data['directory']}/Maildir/new", "the mails"),) if data["directory"] else ()


def waited(data: Data) -> Iterator[Block]:
    yield _table(data)


def listed(data: Data) -> Iterator[Block]:
    if data["mails"]:
        yield _table(data)
    else:
        yield Next("postroom sandbox serve", "no mail has arrived yet")


def shown(data: Data) -> Iterator[Block]:
    if "raw" in data:
        yield Verbatim(data["raw"].replace("\r\n", "\n"))
        return
    yield Fields(
        [
            ("number", str(data["number"])),
            ("received", local(data["received_at"])),
            ("envelope", f"{_sender(data)} -> {', '.join(data['recipients'])}"),
            ("session", session(data)),
            *((header["name"], header["value"]) for header in data["headers"] if header["name"].lower() in _HEADERS),
            *(
                ("attachment", f"{part['filename'] or '(no name)'}, {part['type']}, {part['size_bytes']} bytes")
                for part in data["attachments"]
            ),
        ]
    )
    yield Line("")
    for line in (data["text"].rstrip("\n") or data["html"].rstrip("\n") or "(no text)").split("\n"):
        yield Line(line.expandtabs())


def cleared(data: Data) -> Iterator[Block]:
    yield Line(f"{_mails(data['removed'])} removed" if data["changed"] else "unchanged: there were no mails")


def session(mail: Data) -> str:
    """How the mail came: encrypted or not, and who logged in."""
    return f"{mail['tls'] or 'not encrypted'}, {'login as ' + mail['username'] if mail['username'] else 'no login'}"


def _table(data: Data) -> Table:
    return Table(
        ("NO", "RECEIVED", "TO", "SUBJECT"),
        [
            (str(mail["number"]), local(mail["received_at"]), ", ".join(mail["recipients"]), mail["subject"])
            for mail in data["mails"]
        ],
    )


def _mails(count: int) -> str:
    return f"{count} {'mail' if count == 1 else 'mails'}"


def _sender(mail: Data) -> str:
    return mail["mail_from"] or "<>"
