"""Owns how a step of a session is told in one line. Refuses to know what a failure means."""

from collections.abc import Callable, Mapping
from typing import Any

from postroom.result import Step
from postroom.ui.safe import cut

Detail = Mapping[str, Any]

MOST_CHARACTERS = 240
"""Of a reply in the line of a step; the error tells it whole."""


SEEN: Mapping[str, str] = {
    "refused-by-reply": "the server refused",
    "host-not-found": "the name does not exist",
    "resolver-failed": "the name server gave no answer",
    "connection-refused": "the connection was refused",
    "connection-timeout": "no answer",
    "unreachable": "no way to the address",
    "proxy-failed": "the proxy did not open the way",
    "greeting-timeout": "connected, but no word came",
    "reply-timeout": "no answer in time",
    "closed": "the server hung up",
    "not-smtp": "what came is no SMTP",
    "talk-after-starttls": "somebody spoke before TLS began",
    "tls-plain-peer": "the server answered in clear text",
    "tls-certificate-expired": "the certificate is not valid at this time",
    "tls-certificate-name": "the certificate is for another name",
    "tls-certificate-untrusted": "the certificate is not trusted",
    "tls-pin-mismatch": "the key is not the pinned one",
    "tls-version": "no common TLS version",
    "tls-handshake": "the TLS handshake failed",
    "tls-client-certificate": "the server wants a client certificate",
    "starttls-not-offered": "STARTTLS is not offered",
    "auth-not-offered": "no login is offered",
    "auth-no-common-mechanism": "no way to log in that fits",
    "auth-challenge": "the server's part of the login was wrong",
    "size-exceeded": "the message is larger than the server takes",
    "smtputf8-not-offered": "SMTPUTF8 is not offered",
    "8bitmime-not-offered": "8BITMIME is not offered",
    "cleartext-not-allowed": "clear text is not allowed here",
    "provider-busy": "the provider has no time for it now",
    "not-oauth": "the provider's answer is none of OAuth 2.0",
    "redirected": "the provider leads elsewhere in the place of an answer",
    "issuer-mismatch": "it is another issuer than the configured one",
    "scope-missing": "less was granted than mail needs",
    "wrong-account": "another account has logged in",
}
"""What a session saw when it failed, for people."""


def step_line(step: Step) -> tuple[str, str]:
    """How it ended with its name and time, and what was seen."""
    mark = "ok" if step.ok else "FAIL"
    took = "" if step.duration_ms is None else f"{step.duration_ms:.0f} ms"
    describe = _TOLD.get(step.name, _rest) if step.ok else _failure
    return f"{mark:<4}  {step.name:<8}  {took:>8}", describe(step.detail)


def _failure(detail: Detail) -> str:
    refused = next((row for row in detail.get("recipients") or () if row["class"]), detail)
    sign = detail.get("sign", "")
    return _reply(refused) or detail.get("text") or SEEN.get(sign, sign) or detail.get("code") or ""


def _reply(detail: Detail) -> str:
    if not isinstance(detail.get("code"), int):
        return ""
    said = " ".join(str(detail[part]) for part in ("code", "enhanced", "text") if detail.get(part))
    return cut(" ".join(said.split()), MOST_CHARACTERS)


def _config(detail: Detail) -> str:
    return f"server {detail['server']}"


def _source(detail: Detail) -> str:
    if detail.get("flow") == detail["source"]:
        return f"{detail['kind']} fetched for this call ({detail['flow']})"
    given = detail["source"].startswith("given ")
    return f"{detail['kind']} {'' if given else 'from '}{detail['source']}"


def _resolve(detail: Detail) -> str:
    return ", ".join(detail["addresses"])


def _connect(detail: Detail) -> str:
    return f"{detail['address']} port {detail['port']}"


def _tls(detail: Detail) -> str:
    certificate = detail.get("certificate")
    shown = f"{detail['version']} {detail['cipher']}"
    if not certificate:
        return shown
    names = ", ".join(certificate["names"][:4]) + (", ..." if len(certificate["names"]) > 4 else "")
    return (
        f"{shown}; certificate of {certificate['subject']} by {certificate['issuer']}, "
        f"{certificate['days_left']} days left, for {names}"
    )


def _greeting(detail: Detail) -> str:
    return str(detail["banner"]).splitlines()[0] if detail["banner"] else ""


def _ehlo(detail: Detail) -> str:
    return " ".join(detail["extensions"]) or "no extensions"


def _auth(detail: Detail) -> str:
    return f"{detail['mechanism']} (offered: {', '.join(detail['offered'])})"


def _rcpt(detail: Detail) -> str:
    rows = detail["recipients"]
    taken = sum(1 for row in rows if not row["class"])
    return f"{taken} of {len(rows)} recipients accepted" if len(rows) > 1 else _reply(rows[0]) if rows else ""


def _data(detail: Detail) -> str:
    return f"{detail['bytes']} octets: {_reply(detail)}"


def _rest(detail: Detail) -> str:
    return _reply(detail)


_TOLD: Mapping[str, Callable[[Detail], str]] = {
    "config": _config,
    "secret": _source,
    "token": _source,
    "resolve": _resolve,
    "connect": _connect,
    "tls": _tls,
    "starttls": _tls,
    "greeting": _greeting,
    "ehlo": _ehlo,
    "auth": _auth,
    "rcpt": _rcpt,
    "data": _data,
}
