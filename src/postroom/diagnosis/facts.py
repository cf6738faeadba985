"""Owns the facts that entries ask for beside step, reply and words: by name, from signs and their evidence. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from postroom.domain.oauth import PROOFS
from postroom.domain.reply import SIGNS, STEPS, Signs
from postroom.domain.settings import FLOWS

IMPLICIT_TLS_PORTS = frozenset((465, 994, 2465, 8465))
"""465 (RFC 8314) and the ports that providers put beside it where 465 is blocked; 994 is NetEase's."""

TOKEN_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")

GRANT_TYPES = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
)

_SECURITY = {"smtp": "starttls", "tls": "tls"}
"""What a port wants of those who send through it, by what it speaks."""


def answering_ports(signs: Signs) -> Sequence[tuple[int, str]]:
    """The other ports of the host that take mail, each with the security that it wants."""
    rows = signs.evidence.get("other_ports") or ()
    return [(row["port"], _SECURITY[row["answer"]]) for row in rows if row["answer"] in _SECURITY]


def _no_ipv6_route(signs: Signs) -> bool:
    return any(row["family"] == "ipv6" and not row["route"] for row in signs.evidence.get("address_families") or ())


def _clock_is_wrong(signs: Signs) -> bool:
    return bool((signs.evidence.get("clock") or {}).get("likely_cause"))


def _host_in_certificate(signs: Signs) -> bool:
    names = (signs.evidence.get("certificate") or {}).get("names") or ()
    wildcard = "*." + signs.host.partition(".")[2]
    asked = signs.evidence.get("expected_name")
    return bool(asked) and asked != signs.host and any(name.lower() in (signs.host, wildcard) for name in names)


def _other_account(signs: Signs) -> bool:
    account, mailbox = (str(signs.evidence.get(name) or "").lower() for name in ("account", "mailbox"))
    return bool(account and mailbox and account != mailbox)


def _mechanism(signs: Signs) -> str:
    return str(signs.evidence.get("mechanism") or "").upper()


Kind = type[bool] | type[int] | Sequence[str]


class Fact(NamedTuple):
    """What can be known. `kind` is what its value may be: bool, int, or one of these words. `derive` makes it of the
    signs; without it the evidence has it under its name.
    """

    meaning: str
    kind: Kind = bool
    derive: Callable[[Signs], Any] | None = None


FACTS: Mapping[str, Fact] = {
    "step": Fact(
        "where it happened; unlike the key step it does not fit where that is unknown", STEPS, lambda s: s.step
    ),
    "sign": Fact("what was seen", SIGNS, lambda s: s.sign),
    "port": Fact("the port of the server, 0 where it is unknown", int, lambda s: s.port),
    "security": Fact("what is configured for the port", ("tls", "starttls", "none"), lambda s: s.security),
    "encrypted": Fact("whether the connection was encrypted by then", bool, lambda s: s.encrypted),
    "logged_in": Fact("whether the login had been made by then", bool, lambda s: s.logged_in),
    "own_sender": Fact("whether the sender is the server's own From", bool, lambda s: s.own_sender),
    "token": Fact("whether the login was by an OAuth token", bool, lambda s: _mechanism(s) in TOKEN_MECHANISMS),
    "password": Fact(
        "whether the login was by a password", bool, lambda s: _mechanism(s) not in ("", *TOKEN_MECHANISMS)
    ),
    "kind": Fact("what the login was to be made with", ("password", "token", "external")),
    "own_tokens": Fact("whether the access token is one that Postroom itself gets from the provider"),
    "flow": Fact("the way in which Postroom got its tokens, or was to get them", FLOWS),
    "grant_type": Fact("what Postroom asked the token endpoint to take for a token", GRANT_TYPES),
    "proof": Fact("what the application proves itself with to the provider", PROOFS),
    "address_given": Fact(
        "whether a person set the provider's address that was asked, and no preset",
        bool,
        lambda s: bool(s.evidence.get("address_set_as")),
    ),
    "other_account": Fact(
        "whether the access token is known to be another account's than the mailbox's", bool, _other_account
    ),
    "implicit_port": Fact(
        "whether the port wants TLS from the first byte, and something else is configured",
        bool,
        lambda s: s.port in IMPLICIT_TLS_PORTS and s.security != "tls",
    ),
    "port_speaks": Fact(
        "what speaks at the port",
        ("smtp", "tls", "http", "imap", "pop3", "ssh", "nothing", "closes", "other"),
    ),
    "answers_elsewhere": Fact(
        "whether another port of the host takes encrypted mail", bool, lambda s: bool(answering_ports(s))
    ),
    "nothing_answers": Fact(
        "whether other ports of the host were tried and none takes encrypted mail",
        bool,
        lambda s: bool(s.evidence.get("other_ports")) and not answering_ports(s),
    ),
    "starttls_offered": Fact("whether the server offers STARTTLS"),
    "login_after_tls": Fact(
        "whether a login is offered behind STARTTLS", bool, lambda s: bool(s.evidence.get("auth_after_tls"))
    ),
    "tls_minimum": Fact("the lowest version of TLS that is configured", ("1.2", "1.3")),
    "certificate_problem": Fact(
        "what is wrong with the certificate",
        ("expired", "not_yet_valid", "name", "self_signed", "unknown_ca", "missing_intermediate"),
    ),
    "host_in_certificate": Fact(
        "whether the certificate is for the host, and another name was asked for", bool, _host_in_certificate
    ),
    "clock_is_wrong": Fact(
        "whether this machine's clock differs from the server's by so much that it is the likely cause",
        bool,
        _clock_is_wrong,
    ),
    "no_ipv6_route": Fact(
        "whether the host has IPv6 addresses and this machine has no route to them", bool, _no_ipv6_route
    ),
    "intercepted": Fact("whether another machine than the configured one answers"),
    "intercepted_why": Fact("what betrays that machine: masked offers, or its certificate", ("masked", "certificate")),
}
"""What entries may ask for beside step, reply and words, by name."""


def known(signs: Signs, name: str) -> Any:
    """A fact by its name: made of the signs, or what the evidence has under it."""
    fact = FACTS.get(name)
    return fact.derive(signs) if fact and fact.derive else signs.evidence.get(name)


def holds(facts: Mapping[str, Any], signs: Signs) -> bool:
    """Whether every fact is as it is wanted: a value, or one of a list."""
    return all(_is(known(signs, name), wanted) for name, wanted in facts.items())


def _is(fact: Any, wanted: Any) -> bool:
    return fact in wanted if isinstance(wanted, list) else bool(fact == wanted)
