"""Owns the last look at a message's bytes before they leave: they must say what was asked for, and nothing else.

Refuses to trust whoever built the bytes: it reads them with its own strict reader (RFC 5322 2.2, RFC 2045, RFC 2047)
and compares. Invariant: bytes that pass hold exactly the header fields that were asked for, each of which reads as the
text or the mailboxes that were asked for, and no line end that a server could take for the end of the message.
"""

import binascii
import re
from collections.abc import Iterator, Sequence

from postroom.compose.header import ENCODED_WORD, LONGEST_LINE_BYTES, Field
from postroom.domain.characters import CONTROLS, name_of
from postroom.errors import DataError

_FIELD_NAME = frozenset(map(chr, range(ord("!"), ord("~") + 1))) - {":"}
"""RFC 5322 3.6.8."""
_PLAIN = bytes([*b"\t\r\n", *range(ord(" "), ord("~") + 1)])
_MAILBOX = re.compile(r'("(?:[^"\\]|\\.)*" |[^"<>,@;:()\\\[\]]+ |)(?:<([^<>",\s]+)>|([^<>",\s]+))')
"""A quoted name, a name of atoms or encoded words, or none; then an address, in angle brackets after a name."""
_ALTERNATIVE = ('multipart/alternative; boundary="', '"')
_PARTS = ("plain", "html")
_TYPES = {kind: [f'text/{kind}; charset="{charset}"' for charset in ("utf-8", "us-ascii")] for kind in _PARTS}
_ENCODINGS = ("7bit", "quoted-printable")


def verify(data: bytes, fields: Sequence[Field], texts: Sequence[str], *, utf8: bool = False) -> None:
    """Raise DataError `message.malformed` unless `data` is one message with exactly these fields, in this order.

    After `fields` the MIME fields of the body may follow and nothing else. `texts` is the plain text, and the HTML
    where there is one; line ends of any kind are equal. `utf8`: header fields may hold UTF-8, for an SMTPUTF8 message.
    The body is lines of printable ASCII, each at most 998 octets.
    """
    _verify_line_ends(data)
    if not data.endswith(b"\r\n"):
        raise _malformed("the last line", "has no line end")
    found_fields, body = _split(data, utf8=utf8)
    expected = [field.name for field in fields]
    names = [name for name, _ in found_fields]
    if names[: len(expected)] != expected:
        raise _malformed("the header", f"has the fields {', '.join(names)} instead of {', '.join(expected)}")
    for field, (name, value) in zip(fields, found_fields, strict=False):
        if _reading(field, value) != _asked(field):
            raise _malformed(f"the field {name}", "does not read as the text that was asked for")
    _verify_body(found_fields[len(fields) :], body, texts)


def _verify_line_ends(data: bytes) -> None:
    """A bare CR or LF ends a line for one server and not for the next, which is how one mail becomes two."""
    if not any(octet in data.replace(b"\r\n", b"") for octet in (b"\0", b"\r", b"\n")):
        return
    for number, line in enumerate(data.split(b"\r\n"), 1):
        for octet in (b"\0", b"\r", b"\n"):
            if octet in line:
                raise _malformed(f"line {number}", f"contains {_octet(octet)} that is no part of a line end")


def _split(data: bytes, *, utf8: bool) -> tuple[list[tuple[str, str]], bytes]:
    """The header fields, unfolded, and the body."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        raise _malformed("the header", "has no end")
    fields: list[tuple[str, str]] = []
    for line in head.split(b"\r\n"):
        where = f"the field {fields[-1][0]}" if fields else "the header"
        if len(line) > LONGEST_LINE_BYTES:
            raise _malformed(where, f"has a line of {len(line)} octets; {LONGEST_LINE_BYTES} are allowed")
        text = _header_text(line, where, utf8=utf8)
        if text.startswith(" "):
            if not fields or not text.strip(" "):
                raise _malformed(where, "has a continuation line that continues nothing")
            fields[-1] = (fields[-1][0], fields[-1][1] + text)
            continue
        name, colon, value = text.partition(":")
        if not colon or not name or not _FIELD_NAME.issuperset(name):
            raise _malformed(where, "is followed by a line that is no header field")
        fields.append((name, value))
    return [(name, value.removeprefix(" ")) for name, value in fields], body


def _header_text(line: bytes, where: str, *, utf8: bool) -> str:
    try:
        text = line.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError as error:
        raise _malformed(where, f"contains the octet 0x{line[error.start]:02X}") from error
    if found := CONTROLS.search(text):
        raise _malformed(where, f"contains {name_of(found.group())}")
    return text


def _asked(field: Field) -> str | list[tuple[str, str]]:
    if isinstance(field.value, str):
        return field.value
    return [(mailbox.name, str(mailbox.address)) for mailbox in field.value]


def _reading(field: Field, value: str) -> str | list[tuple[str, str]] | None:
    """What a mail program shows for the value, or None where that is not certain."""
    try:
        return _decode(value) if isinstance(field.value, str) else list(_mailboxes(value))
    except ValueError:
        return None


def _decode(text: str) -> str:
    """The text with its encoded words decoded and the space between two of them dropped (RFC 2047 6.2)."""
    decoded: list[str] = []
    pending = b""
    end = 0
    for word in ENCODED_WORD.finditer(text):
        between = text[end : word.start()]
        if between.strip(" ") or not end:
            decoded += [pending.decode(), between]
            pending = b""
        charset, encoding, content = word.groups()
        if charset.lower() != "utf-8":
            raise ValueError(charset)
        if encoding in "bB":
            pending += binascii.a2b_base64(content.encode("ascii"))
        else:
            pending += binascii.a2b_qp(content.encode("ascii"), header=True)
        end = word.end()
    return "".join([*decoded, pending.decode(), text[end:]])


def _mailboxes(value: str) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        found = _MAILBOX.match(value, position)
        if not found:
            raise ValueError(value)
        name, angle, bare = found.groups()
        if bool(name) == bool(bare):
            raise ValueError(value)
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-2]) + " "
        yield _decode(name.removesuffix(" ")), angle or bare
        position = found.end()
        if position == len(value):
            return
        if value[position : position + 2] != ", ":
            raise ValueError(value)
        position += 2


def _verify_body(fields: Sequence[tuple[str, str]], body: bytes, texts: Sequence[str]) -> None:
    if foreign := body.translate(None, _PLAIN):
        raise _malformed("the body", f"contains {_octet(foreign[:1])}")
    if any(len(line) > LONGEST_LINE_BYTES for line in body.split(b"\r\n")):
        raise _malformed("the body", f"has a line of more than {LONGEST_LINE_BYTES} octets")
    if len(texts) == 1:
        _verify_text(fields, body, _PARTS[0], texts[0])
        return
    names = [name for name, _ in fields]
    before, after = _ALTERNATIVE
    if names != ["Content-Type"] or not (fields[0][1].startswith(before) and fields[0][1].endswith(after)):
        raise _foreign_mime("message", fields)
    boundary = fields[0][1].removeprefix(before).removesuffix(after)
    preamble, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii"))
    closing = parts.pop() if parts else b""
    if preamble or closing != b"--\r\n" or len(parts) != len(texts):
        raise _malformed("the body", f"does not have its {len(texts)} parts")
    for kind, part, text in zip(_PARTS, parts, texts, strict=True):
        part_fields, part_body = _split(part.removeprefix(b"\r\n"), utf8=False)
        _verify_text(part_fields, part_body, kind, text)


def _verify_text(fields: Sequence[tuple[str, str]], body: bytes, kind: str, text: str) -> None:
    names = [name for name, _ in fields]
    values = [value for _, value in fields]
    if names != ["Content-Type", "Content-Transfer-Encoding"] or values[0] not in _TYPES[kind]:
        raise _foreign_mime(f"{kind} text", fields)
    if values[1] not in _ENCODINGS:
        raise _foreign_mime(f"{kind} text", fields)
    octets = binascii.a2b_qp(body) if values[1] == "quoted-printable" else body
    if octets != _octets(text):
        raise _malformed(f"the {kind} text", "does not read as it was given")


def _octets(text: str) -> bytes:
    """The text as a body has it: UTF-8, every line ended by CRLF, the last one too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    return "\r\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _foreign_mime(where: str, fields: Sequence[tuple[str, str]]) -> DataError:
    found = ", ".join(f"{name}: {value}" for name, value in fields)
    return _malformed(f"the {where}", f"has MIME fields that are not ours ({found or 'none'})")


def _octet(octet: bytes) -> str:
    return name_of(octet.decode("latin-1"))


def _malformed(where: str, what: str) -> DataError:
    return DataError(
        "message.malformed",
        f"The message would not say what was asked for: {where} {what}.",
        hint="Nothing was sent. Send the same mail with a plain subject and plain names.",
    )
