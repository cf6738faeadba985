"""How what a look around found is told: one sentence for each thing that helps a person. Refuses to judge it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SPEAKS = {
    "smtp": "the port speaks SMTP in clear text",
    "tls": "the port speaks TLS from the first byte",
    "http": "a web server speaks at the port",
    "imap": "an IMAP server speaks at the port",
    "pop3": "a POP3 server speaks at the port",
    "ssh": "an SSH server speaks at the port",
    "nothing": "the port takes connections and stays silent, with TLS and without",
    "closes": "the port takes connections and closes them at once",
    "other": "what the port says is neither TLS nor SMTP",
}
_ANSWERS = {
    "smtp": "answers (starttls)",
    "tls": "answers (tls)",
    "open": "takes no encrypted mail",
    "refused": "refuses",
    "timeout": "does not answer",
    "unreachable": "cannot be reached",
}


def told(evidence: Mapping[str, Any]) -> Iterable[str]:
    """The sentences, without full stops."""
    if evidence.get("port_speaks") in _SPEAKS:
        yield _SPEAKS[evidence["port_speaks"]]
    yield from _ports(evidence.get("other_ports") or ())
    yield from _certificate(evidence)
    if "auth_after_tls" in evidence:
        offered = ", ".join(evidence["auth_after_tls"])
        yield f"behind STARTTLS the server offers {offered}" if offered else "behind STARTTLS there is no login either"
    yield from _clock(evidence.get("clock") or {})
    for row in evidence.get("address_families") or ():
        if not row["route"]:
            yield f"this machine has no route for {row['family'].replace('ip', 'IP')} ({', '.join(row['addresses'])})"
    if evidence.get("intercepted_why") == "masked":
        yield "the greeting or the offers of the server are masked, as a firewall that inspects mail does it"
    elif evidence.get("intercepted"):
        names = evidence.get("compared_names") or {}
        seen = ", ".join(str(name) for name in _flat(names))
        yield "another server than the configured one answers" + (f": {seen}" if seen else "")


def _ports(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if not rows:
        return
    answers = {row["answer"] for row in rows}
    if len(answers) == 1 and len(rows) > 1:
        numbers = ", ".join(str(row["port"]) for row in rows)
        yield f"the other ports, {numbers}: each {_ANSWERS.get(*answers, *answers)}"
    else:
        yield "; ".join(f"port {row['port']} {_ANSWERS.get(row['answer'], row['answer'])}" for row in rows)


def _certificate(evidence: Mapping[str, Any]) -> Iterable[str]:
    certificate = evidence.get("certificate") or {}
    if not certificate or not evidence.get("certificate_problem"):
        return
    names = ", ".join(certificate.get("names") or ()) or certificate.get("subject", "")
    begins, ends = (str(certificate.get(key, ""))[:10] for key in ("not_before", "not_after"))
    yield f"the certificate is for {names}, by {certificate.get('issuer', 'nobody')}, valid from {begins} to {ends}"
    if len(evidence.get("chain") or ()) == 1 and evidence["certificate_problem"] != "self_signed":
        yield "the server sends this certificate alone, and none of its issuer"


def _clock(clock: Mapping[str, Any]) -> Iterable[str]:
    if clock.get("likely_cause"):
        yield f"this machine's clock says {clock['local']}, the server's {clock['server']}"


def _flat(names: Mapping[str, Any]) -> Iterable[Any]:
    for value in names.values():
        yield from value if isinstance(value, list | tuple) else [value] if value else []
