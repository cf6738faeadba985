"""Owns the verdict on the corpus: runs every value through the code on the Python that runs this file.

Prints one JSON object: what was tried and every failure. Knows nothing of pytest, so that any interpreter can run it
with nothing but `postroom` and `idna` on its path. It reads finished bytes as the most forgiving server would, and
does not use Postroom's own reader for that.

A row of the corpus with `wire` or `fit` is a plain value that must get through as it stands there; one with `rule` or
`refused` must be refused in words that hold that text.
"""

import email
import email.header
import email.policy
import json
import platform
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.message import Message as ParsedMessage
from pathlib import Path
from typing import Any

import idna

from postroom.compose.check import verify
from postroom.compose.header import Field
from postroom.compose.message import build
from postroom.domain.address import Address, parse_address, parse_host
from postroom.domain.message import Composed, Identity, Message
from postroom.errors import DataError

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=UTC)
MESSAGE_ID = "<0198254f-7c00-7abc-8def-0123456789ab@example.com>"
OWN = Address("noreply", "example.com")
TO = Address("user", "example.org")
CORPUS = Path(__file__).parent


def load(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((CORPUS / f"{name}.json").read_text("utf-8"))
    return rows


# The most forgiving reader: any of CRLF, LF, CR ends a line.


def header_names(data: bytes) -> list[str]:
    names = []
    for line in re.split(rb"\r\n|\n|\r", data):
        if not line:
            break
        if line[:1] not in (b" ", b"\t"):
            names.append(line.split(b":")[0].decode("latin-1"))
    return names


def smuggled(data: bytes) -> bool:
    return bool(re.search(rb"\x00|\r(?!\n)|(?<!\r)\n", data)) or max(map(len, data.split(b"\r\n"))) > 998


EXPECTED = ["Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version"]
MIME = ["Content-Type", "Content-Transfer-Encoding"]


def compose(**fields: Any) -> Composed:
    given: dict[str, Any] = {
        "subject": "Hi",
        "text": "Hello\n",
        "html": "",
        "name": "Example IT",
        "headers": (),
        "to": TO,
    } | fields
    sender = given.get("sender", OWN)
    identity = Identity(sender, given["name"], given.get("envelope", sender), given.get("reply_to"))
    message = Message("test", [given["to"]], given["subject"], given["text"], given["html"], headers=given["headers"])
    recipients = [given.get("recipient", given["to"])]
    return build(message, identity, now=NOW, message_id=given.get("message_id", MESSAGE_ID), recipients=recipients)


def parsed(data: bytes) -> ParsedMessage:
    return email.message_from_bytes(data)


def shown(value: str) -> str:
    """What the standard library of this Python shows for a raw header value."""
    unfolded = value.replace("\r\n", "").replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(unfolded)))


def judge_parser(rows: list[dict[str, Any]], parse: Callable[[str], object]) -> Iterator[str]:
    for row in rows:
        text = row["text"]
        try:
            verdict, rule = str(parse(text)), None
        except ValueError as error:
            verdict, rule = None, str(error)
        if "wire" in row and verdict != row["wire"]:
            yield f"{text!a:.80}: {verdict or rule!a} instead of {row['wire']!a}"
        if "rule" in row and (rule is None or row["rule"] not in rule or not rule.startswith("must ")):
            yield f"{text!a:.80}: {verdict or rule!a} instead of a refusal with {row['rule']!a}"


def judge_idn(rows: list[dict[str, Any]]) -> Iterator[str]:
    """No accepted name may go to another domain than UTS 46, non-transitional, has for it."""
    yield from judge_parser(rows, parse_host)
    yield from judge_parser(rows, lambda text: parse_address("user@" + text).domain)
    for row in rows:
        if "wire" in row:
            oracle = idna.encode(row["text"], uts46=True, std3_rules=True).decode()
            if oracle != row["wire"]:
                yield f"{row['text']!a}: the corpus says {row['wire']}, UTS 46 says {oracle}"


def judge_text(rows: list[dict[str, Any]], field: str) -> Iterator[str]:
    for row in rows:
        text = row["text"]
        given = (row["name"], text) if field == "headers" else text
        try:
            composed = compose(**{field: [given] if field == "headers" else given})
        except DataError as error:
            if "refused" not in row or row["refused"] not in error.message or error.code == "message.malformed":
                yield f"{text!a:.80}: {error.code} {error.message!a:.120}"
            continue
        if "refused" in row:
            yield f"{text!a:.80}: was not refused"
        elif field == "subject" and shown(parsed(composed.data)["subject"] or "") != text:
            yield f"{text!a:.80}: reads {shown(parsed(composed.data)['subject'])!a:.80}"


def address_from(text: str) -> Address:
    """An Address that nobody has checked."""
    local, _, domain = text.rpartition("@")
    return Address(local, domain)


MATRIX: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda text: {"subject": text},
    "subject beside other letters": lambda text: {"subject": "\u00e9 " + text},
    "From name": lambda text: {"name": text},
    "From name beside other letters": lambda text: {"name": text + " \u00e9"},
    "From address": lambda text: {"sender": address_from(text)},
    "envelope sender": lambda text: {"envelope": address_from(text)},
    "Reply-To": lambda text: {"reply_to": address_from(text)},
    "To": lambda text: {"to": address_from(text)},
    "envelope recipient": lambda text: {"recipient": address_from(text)},
    "header name": lambda text: {"headers": [(text, "value")]},
    "header value": lambda text: {"headers": [("X-Value", text)]},
    "text": lambda text: {"text": text},
    "HTML": lambda text: {"html": text},
    "text and HTML": lambda text: {"text": text, "html": text},
    "Message-ID": lambda text: {"message_id": text},
    "Message-ID, left": lambda text: {"message_id": f"<{text}@example.com>"},
}
ADDRESSES = ("From address", "envelope sender", "Reply-To", "To", "envelope recipient")


def judge_matrix(values: list[str], counts: dict[str, int]) -> Iterator[str]:
    """Every value in every field: refused by name, or bytes with the expected header fields and no other."""
    for field, given in MATRIX.items():
        for value in values:
            counts["combinations"] += 1
            fields = given(value)
            try:
                composed = compose(**fields)
            except DataError as error:
                if error.code == "message.malformed" and not field.startswith("Message-ID"):
                    yield f"{field} {value!a:.80}: only the bytes gave it away: {error.message!a:.120}"
                continue
            counts["built"] += 1
            names = list(EXPECTED)
            if "reply_to" in fields:
                names.insert(3, "Reply-To")
            names += [name for name, _ in fields.get("headers", ())]
            names += MIME[:1] if fields.get("html") else MIME
            if header_names(composed.data) != names:
                yield f"{field} {value!a:.80}: header fields {header_names(composed.data)}"
            if smuggled(composed.data):
                yield f"{field} {value!a:.80}: a line end or a line that a server could misread"
            if field in ADDRESSES and str(parse_address(value)) != value:
                yield f"{field} {value!a:.80}: passed unchecked"
            if field == "To" and re.findall(rb"\r\nTo: (.*)\r\n", composed.data) != [value.encode()]:
                yield f"{field} {value!a:.80}: To shows something else"


LIBRARY: dict[str, Callable[[EmailMessage, str], Field]] = {
    "Subject": lambda mail, text: _put(mail, "Subject", text),
    "X-Value": lambda mail, text: _put(mail, "X-Value", text),
    "a name": lambda mail, text: _put(mail, text, "value"),
}


def _put(mail: EmailMessage, name: str, text: str) -> Field:
    mail[name] = text
    return Field(name, text)


def judge_library(values: list[str], counts: dict[str, int]) -> Iterator[str]:
    """The same values written by this Python's own library: whatever it injects, the reading of the bytes must see."""
    for put in LIBRARY.values():
        for value in values:
            mail = EmailMessage(policy=email.policy.SMTP)
            mail["From"] = "noreply@example.com"
            try:
                field = put(mail, value)
                mail.set_content("Hello\n", cte="7bit")
                data = mail.as_bytes()
            except Exception:  # noqa: BLE001, S112 - what the library refuses in whatever way is no danger
                continue
            counts["library_built"] += 1
            asked = [Field("From", "noreply@example.com"), field]
            names = ["From", field.name, "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
            injected = header_names(data) != names or smuggled(data)
            counts["library_injected"] += injected
            counts["library_bcc"] += "bcc" in map(str.lower, header_names(data)) and field.name.lower() != "bcc"
            # The library puts MIME-Version last; the reader wants it nowhere but where it was asked for.
            data = data.replace(b"MIME-Version: 1.0\r\n", b"", 1)
            try:
                verify(data, asked, ["Hello"])
            except DataError:
                continue
            if injected:
                yield f"{field.name!a:.40} {value!a:.80}: injected by the library and passed by the reader"


def main() -> int:
    names = ("addresses", "hosts", "idn", "names", "subjects", "headers")
    rows = {name: load(name) for name in names}
    values = [*dict.fromkeys(row["text"] for group in rows.values() for row in group)]
    counts = dict.fromkeys(("combinations", "built", "library_built", "library_injected", "library_bcc"), 0)
    failures = {
        "addresses": list(judge_parser(rows["addresses"], parse_address)),
        "hosts": list(judge_parser(rows["hosts"], parse_host)),
        "idn": list(judge_idn(rows["idn"])),
        "names": list(judge_text(rows["names"], "name")),
        "subjects": list(judge_text(rows["subjects"], "subject")),
        "headers": list(judge_text(rows["headers"], "headers")),
        "matrix": list(judge_matrix(values, counts)),
        "library": list(judge_library(values, counts)),
    }
    sizes = {name: len(group) for name, group in rows.items()}
    report = {"python": platform.python_version(), "sizes": sizes, "counts": counts, "failures": failures}
    print(json.dumps(report))
    return int(any(failures.values()))


if __name__ == "__main__":
    sys.exit(main())
