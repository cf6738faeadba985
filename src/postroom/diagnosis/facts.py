"""Owns the facts that entries ask for beside step, reply and words: by name, from signs and their evidence. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from postroom.domain.reply import Signs

IMPLICIT_TLS_PORTS = frozenset((465, 994, 2465, 8465))
"""465 (RFC 8314) and the ports that providers put beside it where 465 is blocked; 994 is NetEase's."""

TOKEN_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")

_SECURITY = {"smtp": "starttls", "tls": "tls"}
"""What a port wants of those who send through it, by what it speaks."""


def answering_ports(signs: Signs) -> Sequence[tuple[int, str]]:
    """The other ports of the host that take mail, each with the security that it wants."""
    rows = signs.evidence.get("other_ports") or ()
    return [(row["port"], _SECURITY[row["answer"]]) for row in rows if row["answer"] in _SECURITY]


def _no_ipv6_route(signs: Signs) -> bool:
    return any(row["family"] == "ipv6" and not row["route"] for row in signs.evidence.get("address_families") or ())


_DERIVED: Mapping[str, Callable[[Signs], bool]] = {
    "token": lambda signs: str(signs.evidence.get("mechanism", "")).upper() in TOKEN_MECHANISMS,
    "password": lambda signs: bool(signs.evidence.get("mechanism")) and not _DERIVED["token"](signs),
    "implicit_port": lambda signs: signs.port in IMPLICIT_TLS_PORTS and signs.security != "tls",
    "nothing_answers": lambda signs: bool(signs.evidence.get("other_ports")) and not answering_ports(signs),
    "answers_elsewhere": lambda signs: bool(answering_ports(signs)),
    "login_after_tls": lambda signs: bool(signs.evidence.get("auth_after_tls")),
    "clock_is_wrong": lambda signs: bool((signs.evidence.get("clock") or {}).get("likely_cause")),
    "no_ipv6_route": _no_ipv6_route,
}
_OF_SIGNS = ("step", "sign", "port", "logged_in", "encrypted", "own_sender", "security")


def known(signs: Signs, name: str) -> Any:
    """A fact by its name: one of the derived, a field of the signs, or what the evidence has under it."""
    if name in _DERIVED:
        return _DERIVED[name](signs)
    return getattr(signs, name) if name in _OF_SIGNS else signs.evidence.get(name)


def holds(facts: Mapping[str, Any], signs: Signs) -> bool:
    """Whether every fact is as it is wanted: a value, or one of a list."""
    return all(_is(known(signs, name), wanted) for name, wanted in facts.items())


def _is(fact: Any, wanted: Any) -> bool:
    return fact in wanted if isinstance(wanted, list) else bool(fact == wanted)
