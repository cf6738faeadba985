"""Owns the reading of what a server offers in its answer to EHLO (RFC 5321 4.1.1.1). Uses none of it."""

from collections.abc import Mapping

from postroom.domain.reply import Reply


def parse_extensions(reply: Reply) -> dict[str, str]:
    """Keyword in upper case to parameters. `AUTH=LOGIN`, an old form, joins the parameters of AUTH; repeated keywords
    are joined as well.
    """
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.strip().partition(" ")
        keyword = keyword.upper()
        if keyword.startswith("AUTH="):
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
        if keyword:
            found[keyword] = " ".join(f"{found.get(keyword, '')} {parameters}".split())
    return found


def mechanisms(extensions: Mapping[str, str]) -> tuple[str, ...]:
    """The SASL mechanisms on offer, upper case, in the server's order."""
    return tuple(dict.fromkeys(extensions.get("AUTH", "").upper().split()))


def size_limit(extensions: Mapping[str, str]) -> int | None:
    """The largest message in octets (RFC 1870), or None when the server names none."""
    first = extensions.get("SIZE", "").partition(" ")[0]
    if not (first.isascii() and first.isdecimal() and len(first) <= 20):
        return None
    return int(first) or None
