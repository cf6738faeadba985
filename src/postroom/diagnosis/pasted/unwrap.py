"""Owns the undoing of what stands between a person and the words of a server: escapes, encoded words, base64. Pure.

Invariant: text that holds none of it comes out as it went in, and no control character comes out.
"""

import base64
import binascii
import html
import quopri
import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from postroom.domain.characters import decode, shown

FEWEST_WRONG_CHARACTERS = 6
"""Two or three may stand in a European word; a Chinese one of three characters has six of them."""

_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]{0,30}[ -/]{0,4}[@-~]|\x1b(?:\][^\x07\x1b]{0,300}(?:\x07|\x1b\\)|[@-Z\\-_])")
_ESCAPED_OCTETS = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_ENCODED_WORD = re.compile(r"=\?[\w-]{1,40}\?[bq]\?[^?\s]{0,998}\?=", re.IGNORECASE)
_HIGH_LATIN = re.compile("[\xa1-\xff]")
# Quoted-printable (RFC 2045 6.7) that lost its headers: a line that ends with "=", and no "=" before anything else than
# a space, a tab, a line end, a full stop, "=" itself or an octet that is no ASCII: nobody encodes letters and digits.
_SOFT_BREAK = re.compile(r"=\n")
_QUOTED = re.compile(r"=(?:20|09|0A|0D|2E|3D|[89A-F][0-9A-F])")
_BARE_EQUALS = re.compile(r"=(?!20|09|0A|0D|2E|3D|[89A-F][0-9A-F]|\n|$)")
_UTF8_AS_LATIN = re.compile("[\xc2-\xef][\x80-\xbf]")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_CHALLENGE = re.compile(r"(?<!\w)334[ -]([A-Za-z0-9+/]{8,4000}={0,2})")
_BASE64 = re.compile(r"(?<![\w+/=])((?:[A-Za-z0-9+/]{4}){3,1000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)(?![\w+/=])")
_PROSE = re.compile(r"[ :{]")


def unwrap(text: str) -> str:
    """The text as it was meant. What base64 held is added below, for the text around it may matter as well."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if _SOFT_BREAK.search(plain) and _QUOTED.search(plain) and not _BARE_EQUALS.search(plain):
        plain = decode(quopri.decodestring(plain.encode("utf-8", "replace")))
    plain = _ESCAPED_OCTETS.sub(lambda found: decode(bytes.fromhex(found[0].replace("\\x", ""))), plain)
    plain = re.sub(r"\\r\\n|\\n|\\r", "\n", plain).replace("\\t", " ").replace("\\'", "'").replace('\\"', '"')
    plain = _ENCODED_WORD.sub(_word, plain)
    plain = "\n".join(_rightly_decoded(line) for line in plain.split("\n"))
    if "&" in plain and ";" in plain:
        plain = html.unescape(plain)
    told = [_of_base64(found[1]) for found in _CHALLENGE.finditer(plain)]
    told += [_of_base64(found[1]) for found in _BASE64.finditer(_CHALLENGE.sub("", plain))]
    return shown("\n".join([plain, *(one for one in told if one)]))


def _word(found: re.Match[str]) -> str:
    try:
        return str(make_header(decode_header(found[0])))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return found[0]


def _rightly_decoded(line: str) -> str:
    """A line in UTF-8, or of a Chinese server, that somebody took for latin-1."""
    if _UTF8_AS_LATIN.search(line):
        with suppress(UnicodeError):
            return line.encode("latin-1").decode("utf-8")
    if len(_HIGH_LATIN.findall(line)) < FEWEST_WRONG_CHARACTERS:
        return line
    try:
        told = line.encode("latin-1").decode("gbk")
    except UnicodeError:
        return line
    return told if _CHINESE.search(told) else line


def _of_base64(text: str) -> str:
    """What base64 says, where it says something that can be read."""
    try:
        told = base64.b64decode(text, validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    # A word of twelve letters is base64 too, but of nothing that anybody wrote.
    return told if told.isascii() and told.isprintable() and _PROSE.search(told) else ""
