"""Owns what is told of a server's certificate, and what is wrong with one that was not accepted.

It refuses to know sockets and SMTP, and to read X.509: who can is handed in.
"""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

from postroom.clock import rfc3339


class Certificate(NamedTuple):
    """What people want to know of a certificate. `pin` is as in the settings.

    `subject_der` and `issuer_der` are the whole names, to be compared; `ca_issuers` are the URLs at which the
    certificate says that its issuer's lies (RFC 5280 4.2.2.1). Both are empty where the standard library has read it.
    """

    subject: str
    issuer: str
    names: Sequence[str]
    not_before: datetime
    not_after: datetime
    days_left: int
    pin: str = ""
    subject_der: bytes = b""
    issuer_der: bytes = b""
    ca_issuers: Sequence[str] = ()

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        data = {
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_before": rfc3339(self.not_before),
            "not_after": rfc3339(self.not_after),
            "days_left": self.days_left,
        }
        return {**data, "pin": self.pin} if self.pin else data

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer."""
        return bool(self.subject_der) and self.subject_der == self.issuer_der


ReadCertificate = Callable[[bytes, datetime], Certificate]
"""Reads DER at a moment; raises ValueError. The composition root hands it in, for it is slow to load."""

_MOST_CERTIFICATES = 10
"""A chain has three, seldom five; whoever sends more wants us busy."""

# OpenSSL's X509_V_ERR_* (x509_vfy.h), which Python does not name.
_PROBLEMS = {
    2: "unknown_ca",  # the issuer of an authority is missing
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_ca",  # a chain up to a root that is not trusted here
    20: "unknown_ca",  # the issuer of the certificate is missing
    21: "unknown_ca",
    62: "name",
    64: "name",
}
_ISSUER_MISSING = (2, 20, 21)

_SUBORDINATE = re.compile(r"\b(intermediate|issuing|sub(ordinate)?[ -]?ca)\b", re.IGNORECASE)
_ROOT = re.compile(r"\broot\b", re.IGNORECASE)


def sent_certificates(message: bytes, version: object) -> list[bytes]:
    """The DER of each certificate in a Certificate message, the server's own first; what is cut off is left out."""
    # RFC 8446 4.4.2 begins the list with a context, which a server leaves empty, and ends each certificate with
    # extensions; RFC 5246 7.4.2 has neither.
    modern = version == ssl.TLSVersion.TLSv1_3
    at = 4 + (1 + message[4] if modern and len(message) > 4 else 0) + 3
    found: list[bytes] = []
    while at + 3 <= len(message) and len(found) < _MOST_CERTIFICATES:
        end = at + 3 + int.from_bytes(message[at : at + 3], "big")
        if end > len(message):
            break
        found.append(message[at + 3 : end])
        at = end + (2 + int.from_bytes(message[end : end + 2], "big") if modern else 0)
    return found


def chain_evidence(sent: Sequence[bytes], verify_code: int, read: ReadCertificate, now: datetime) -> dict[str, Any]:
    """What a chain that was not accepted tells: the server's certificate, those beside it, and which check failed.

    Keys, each where it is known: `certificate`; `chain` (subject, issuer, not_before, not_after); `certificate_problem`
    (`expired`, `not_yet_valid`, `name`, `self_signed`, `unknown_ca`, `missing_intermediate`); `certificate_at_fault`,
    the subject whose dates are wrong; `issuer_sent`; `issuer_urls`, where the missing one lies. None is fetched.
    """
    chain: list[Certificate] = []
    for der in sent:
        try:
            chain.append(read(der, now))
        except ValueError:
            break
    problem = _PROBLEMS.get(verify_code, "")
    if not chain:
        return {"certificate_problem": problem} if problem else {}
    evidence: dict[str, Any] = {
        "certificate": chain[0].as_data(),
        "chain": [
            {
                "subject": one.subject,
                "issuer": one.issuer,
                "not_before": rfc3339(one.not_before),
                "not_after": rfc3339(one.not_after),
            }
            for one in chain
        ],
    }
    if problem in ("expired", "not_yet_valid"):
        wrong = (one for one in chain if (one.not_after < now if problem == "expired" else one.not_before > now))
        evidence["certificate_at_fault"] = next((one.subject for one in wrong), "")
    if verify_code in _ISSUER_MISSING:
        problem, more = _missing(chain)
        evidence |= more
    return {**evidence, "certificate_problem": problem} if problem else evidence


def _missing(chain: Sequence[Certificate]) -> tuple[str, Mapping[str, Any]]:
    """Whether the server keeps an intermediate authority back, or is signed by an authority that is not known here.

    A server of a private authority rightly sends its certificate alone, for nobody needs a root that he trusts. So an
    issuer that is absent is taken for an intermediate only where something says that it is one.
    """
    last = chain[0]
    for _ in chain:
        above = next((one for one in chain if one.subject_der == last.issuer_der), None)
        if above is None or above is last:
            break
        last = above
    if last.self_signed:
        return ("self_signed" if last is chain[0] else "unknown_ca"), {"issuer_sent": True}
    urls = [url for url in last.ca_issuers if url.startswith(("http://", "https://"))]
    evidence: dict[str, Any] = {"issuer_sent": last is not chain[0]}
    if last is not chain[0]:
        return "unknown_ca", evidence
    strays = len(chain) > 1  # others were sent, but not the one that signed
    subordinate = bool(urls or strays) and not _ROOT.search(last.issuer)
    if subordinate or _SUBORDINATE.search(last.issuer):
        return "missing_intermediate", {**evidence, "issuer_urls": urls} if urls else evidence
    return "unknown_ca", evidence


def accepted(peer: Mapping[str, Any], now: datetime) -> Certificate:
    """What `getpeercert()` says of a certificate that was verified."""
    not_after = _moment(str(peer["notAfter"]))
    return Certificate(
        subject=_common_name(peer.get("subject", ())),
        issuer=_common_name(peer.get("issuer", ())),
        names=tuple(
            value if kind == "DNS" else _address(value)
            for kind, value in peer.get("subjectAltName", ())
            if kind in ("DNS", "IP Address")
        ),
        not_before=_moment(str(peer["notBefore"])),
        not_after=not_after,
        days_left=(not_after - now).days,
    )


def _address(text: str) -> str:
    """An IP address in its short form: OpenSSL writes out every group of an IPv6 address."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return text


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _common_name(name: Sequence[Sequence[tuple[str, str]]]) -> str:
    pairs = [pair for part in name for pair in part]
    common = [value for key, value in pairs if key == "commonName"]
    return common[-1] if common else ",".join(f"{key}={value}" for key, value in pairs)
