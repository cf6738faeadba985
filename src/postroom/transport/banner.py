"""Owns the reading of a greeting (RFC 5321 4.2, 4.3.1): the name and the date in it, and whether something between has
blotted it out. Judges nothing.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DATE = re.compile(
    r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} (?:[+-]\d{4}|GMT|UTC?)\b"
)
_HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9-]{2,63}")

_STARS = 8
"""Cisco's firewalls ("fixup smtp", PIX and ASA) leave stars in the place of all letters but a few."""
_CROSSED_OUT = re.compile(r"X{4,}[A-Z]{0,2}")
"""The same firewalls' mark over an extension that they do not let through: XXXXXXXA stands for STARTTLS."""


def name_in(banner: str) -> str:
    """The host that the server says it is, in lower case; "" where the first word is no name."""
    first = banner.partition(" ")[0]
    return first.lower() if _HOST.fullmatch(first) else ""


def date_in(banner: str) -> datetime | None:
    """The server's time, where it tells one: Exim, Sendmail and Exchange do, in the form of RFC 5322."""
    found = _DATE.search(banner)
    if found is None:
        return None
    try:
        moment = parsedate_to_datetime(found.group())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def is_masked(banner: str, extensions: Iterable[str]) -> bool:
    """Whether a machine between has made the server's words unreadable."""
    first = banner.partition("\n")[0]
    stars = first.count("*")
    starred = stars >= _STARS and stars * 2 > len(first.replace(" ", ""))
    return starred or any(_CROSSED_OUT.fullmatch(keyword) for keyword in extensions)
