"""What `smtp test` shows behind its live steps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from postroom.ui.blocks import Block, Fields, Line, Next, Verbatim
from postroom.ui.views.diagnosis import rows


def smtp_test(data: Mapping[str, Any]) -> Iterable[Block]:
    """The final word of the server, and what became of each recipient."""
    if data["transcript"]:
        yield Verbatim(data["transcript"])
    yield from _refused(data)
    if diagnosis := data["diagnosis"]:
        yield Fields([*rows(diagnosis)])
    receipt, server = data["receipt"], data["server"]
    if receipt:
        queue_id = data["queue_id"] or ""
        queued = f", queue id {queue_id}" if queue_id not in receipt["text"] else ""
        yield Line(f"accepted by {server['host']}: {receipt['code']} {receipt['text']}{queued}", "good")
        yield Line(f"message id {data['message_id']}", "dim")
    else:
        yield Line(f"every step asked for passed; nothing was sent through {server['host']}", "good")
        if untried := _untried(data):
            yield Line(f"not looked at: {', '.join(untried)}", "dim")
        yield Next("postroom smtp test --to ADDRESS", "to see a mail arrive")
    yield from _online(data)


def _untried(data: Mapping[str, Any]) -> Sequence[str]:
    """What the settings ask for beside what was tried."""
    taken = {step["name"] for step in data["steps"] if step["ok"]}
    security, auth = data["server"]["security"], data["server"]["auth"]
    return [
        *(["TLS, for security is none"] if security == "none" else []),
        *(["TLS"] if security != "none" and not taken & {"tls", "starttls"} else []),
        *(["the secret"] if auth == "password" and "secret" not in taken else []),
        *(["the login"] if auth != "none" and "auth" not in taken else []),
    ]


def _refused(data: Mapping[str, Any], fewest: int = 1) -> Iterable[Block]:
    """The recipients that the server refused, with its words, where they are so many."""
    steps = data.get("steps") or ()
    all_rows = next((step["detail"].get("recipients") or () for step in steps if step["name"] == "rcpt"), ())
    refused = [row for row in all_rows if row["class"]]
    for row in refused if len(refused) >= fewest else ():
        said = " ".join(str(row[part]) for part in ("code", "enhanced", "text") if row[part])
        yield Line(f"refused: {row['address']}: {said} ({row['class']})", "bad")


def failed(data: Mapping[str, Any]) -> Iterable[Block]:
    """What a failed test leaves to read: who was refused, where the error tells of one alone, and the dialogue."""
    yield from _refused(data, fewest=2)
    if data.get("transcript"):
        yield Verbatim(data["transcript"])
    elif data.get("transcript_file"):
        yield Line(f"the dialogue is kept in {data['transcript_file']}", "dim")
    yield from _online(data)


def _online(data: Mapping[str, Any]) -> Iterable[Block]:
    """What the DNS tells about the sender's domain."""
    online = data.get("online")
    if not online:
        return
    yield Line(f"Online: {online['domain']}" + ("" if online["exists"] else " does not exist"), "title")
    if online["exists"]:
        pairs = [("SPF", _spf(online["spf"])), ("DKIM", _dkim(online["dkim"])), ("DMARC", _dmarc(online["dmarc"]))]
        yield Fields([*pairs, ("bounces", _bounces(online["mx"])), *_client(online["client"])])
        yield Line(online["alignment"]["explanation"], "dim")


def _spf(spf: Mapping[str, Any]) -> str:
    if len(spf["records"]) != 1:
        return "unknown" if spf["status"] == "failed" else "several records" if spf["records"] else "no record"
    count = "an unknown number of" if spf["look_ups"] is None else spf["look_ups"]
    return f"{spf['records'][0]} ({count} look-ups of at most 10)"


def _dkim(dkim: Mapping[str, Any] | None) -> str:
    if dkim is None:
        return "not looked up: no selector is known (--dkim-selector S)"
    told = {"found": "a key", "none": "no key", "failed": "unknown"}
    return ", ".join(
        f"{key['selector']}: {'a withdrawn key' if key['revoked'] else told[key['status']]}"
        + (" (being tested)" if key["testing"] else "")
        for key in dkim["keys"]
    )


def _dmarc(dmarc: Mapping[str, Any]) -> str:
    if not dmarc["records"]:
        return "unknown" if dmarc["status"] == "failed" else "no policy"
    reports = f"reports to {', '.join(dmarc['rua'])}" if dmarc["rua"] else "no reports"
    return f"{dmarc['policy'] or 'no valid policy'}, {reports}" + (
        f", from {dmarc['at']}" if dmarc["inherited"] else ""
    )


def _bounces(mx: Mapping[str, Any]) -> str:
    if mx["takes_bounces"] is None:
        return "unknown"
    if not mx["takes_bounces"]:
        return "the domain declares that it takes no mail" if mx["null_mx"] else "nobody takes them"
    return "to " + (", ".join(mx["exchangers"]) or "the domain's own address, for it has no MX")


def _client(client: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    if client is None:
        return
    if client["ehlo"]:
        found = client["ehlo_addresses"]
        yield "EHLO name", f"{client['ehlo']}: " + ("unknown" if found is None else ", ".join(found) or "no address")
    if client["address"]:
        back = {True: "leads back", False: "does not lead back", None: "unknown whether it leads back"}
        names = ", ".join(client["ptr"])
        yield (
            "reverse name",
            f"{client['address']}: " + (f"{names} ({back[client['ptr_confirmed']]})" if names else "none"),
        )
    elif client["local_address"]:
        yield "reverse name", f"unknown: {client['local_address']} is private, so the server sees another address"


def report(data: Mapping[str, Any]) -> Iterable[Block]:
    """A report for another program."""
    yield Verbatim(data["text"])
