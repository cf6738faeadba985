"""What `smtp test` shows behind its live steps."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Verbatim


def smtp_test(data: Mapping[str, Any]) -> Iterable[Block]:
    """The final word of the server, and what became of each recipient."""
    if data["transcript"]:
        yield Verbatim(data["transcript"])
    rows = next((step["detail"].get("recipients") or [] for step in data["steps"] if step["name"] == "rcpt"), [])
    for row in rows:
        if row["class"]:
            yield Line(
                f"refused: {row['address']}: {row['code']} {row['enhanced']} {row['text']} ({row['class']})", "bad"
            )
    receipt, server = data["receipt"], data["server"]
    if receipt:
        queue_id = data["queue_id"] or ""
        queued = f", queue id {queue_id}" if queue_id not in receipt["text"] else ""
        yield Line(f"accepted by {server['host']}: {receipt['code']} {receipt['text']}{queued}", "good")
        yield Line(f"message id {data['message_id']}", "dim")
    else:
        yield Line(f"every step asked for passed; nothing was sent through {server['host']}", "good")
        yield Next("postroom smtp test --to ADDRESS", "to see a mail arrive")


def failed(data: Mapping[str, Any]) -> Iterable[Block]:
    """What a failed test leaves to read: the dialogue, or where it is kept."""
    if data.get("transcript"):
        yield Verbatim(data["transcript"])
    elif data.get("transcript_file"):
        yield Line(f"the dialogue is kept in {data['transcript_file']}", "dim")


def report(data: Mapping[str, Any]) -> Iterable[Block]:
    """A report for another program."""
    yield Verbatim(data["text"])
