"""Says of a test what works today and will not tomorrow, or not for others. It asks nobody and reads no clock."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

from postroom.domain.address import Address
from postroom.domain.derive import is_loopback
from postroom.domain.preset import Preset, Retirement
from postroom.domain.settings import Server
from postroom.result import Step, Warn
from postroom.services.server_advice import Providers, foreign_from, outdated_host

CERTIFICATE_DAYS = 21
"""Fewer days left than this are worth a warning: a month's certificate is renewed with 30 days to go."""
RETIREMENT_DAYS = 365
"""How long before the end of a way to log in it is worth a warning: another one has to be asked for and tried first."""
SANDBOX_BANNER = "Postroom sandbox"
"""In the greeting of our own sandbox, which delivers nothing to anybody."""

# Names that no name server of the internet has: RFC 6761 6.3, RFC 6762 3 and appendix G, and what machines call
# themselves when nobody named them.
_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")


class Seen(NamedTuple):
    """What a test saw. `accepted` are the recipients for whom the server took a mail; `steps` those that ended."""

    server: Server
    providers: Providers
    accepted: Sequence[Address]
    steps: Mapping[str, Step]
    now: datetime


def foresee(seen: Seen) -> list[Warn]:
    """Everything that is worth a warning, however the test ended."""
    server, providers = seen.server, seen.providers
    return [
        *outdated_host(server, providers),
        *foreign_from(server, providers),
        *_retirement(server, providers.server, seen.now.date()),
        *_plain_secret(server),
        *_certificate(server, seen.steps),
        *_tls_version(server, seen.steps),
        *_ehlo_name(server, seen.steps),
        *_own_domain(server, seen.accepted, seen.steps),
    ]


def _retirement(server: Server, preset: Preset | None, today: date) -> Iterator[Warn]:
    ends = preset.retirement if preset else None
    if preset is None or ends is None or server.auth != ends.what:
        return
    if (date.fromisoformat(ends.on) - today).days > RETIREMENT_DAYS:
        return
    way = {"password": "a password", "oauth2": "OAuth 2.0", "external": "a certificate"}.get(ends.what, "no login")
    yield Warn(
        "provider.login_retires",
        f"server {server.name} logs in with {way}, which {preset.title} {_end(ends, today)}: {ends.note} "
        f"(as checked on {preset.checked})",
        f"postroom oauth login {server.name}" if "oauth2" in preset.auth and ends.what != "oauth2" else "",
    )


def _end(ends: Retirement, today: date) -> str:
    if date.fromisoformat(ends.on) < today:
        return f"has refused since {ends.on}" if ends.final else f"was to switch off by default after {ends.on}"
    return f"will {'refuse' if ends.final else 'switch off by default'} after {ends.on}"


def _plain_secret(server: Server) -> Iterator[Warn]:
    reference = {"password": server.password, "oauth2": server.access_token}.get(server.auth)
    if reference is not None and reference.scheme == "plain":
        field = "access_token" if server.auth == "oauth2" else "password"
        yield Warn(
            "secret.stored_plain",
            f"the {field.replace('_', ' ')} of server {server.name} is stored in clear text",
            f"postroom secrets move {server.name}.{field} --store encrypted",
        )


def _certificate(server: Server, steps: Mapping[str, Step]) -> Iterator[Warn]:
    certificate = _detail(steps, "certificate") or {}
    days = certificate.get("days_left")
    if days is None or days >= CERTIFICATE_DAYS:
        return
    pin = "; with a new key the pin changes as well" if server.tls.pin else ""
    yield Warn(
        "tls.cert_expires_soon",
        f"the certificate of {server.host} expires in {days} {'day' if days == 1 else 'days'}"
        + (f", on {certificate['not_after'][:10]}" if certificate.get("not_after") else ""),
        f"Renewing it is the task of whoever runs {server.host}: with an ACME client (certbot renew) or at the "
        f"authority, and then the mail server must load it. Nothing is to be done here{pin}.",
    )


def _tls_version(server: Server, steps: Mapping[str, Step]) -> Iterator[Warn]:
    if _detail(steps, "version") == "TLSv1.2":
        yield Warn("tls.version_old", f"{server.host} does not offer TLS 1.3; TLS 1.2, as spoken now, is still safe")


def _detail(steps: Mapping[str, Step], key: str) -> Any:
    return next((steps[name].detail[key] for name in ("tls", "starttls") if key in _of(steps, name)), None)


def _of(steps: Mapping[str, Step], name: str) -> Mapping[str, Any]:
    return steps[name].detail if name in steps else {}


def _ehlo_name(server: Server, steps: Mapping[str, Step]) -> Iterator[Warn]:
    name = str(_of(steps, "ehlo").get("name") or "")
    fault = fault_of_name(name) if name and not on_this_machine(server, steps) else ""
    if fault:
        yield Warn(
            "ehlo.name_doubtful",
            f"this machine calls itself {name} in EHLO: {fault}, which some servers refuse",
            f"postroom smtp set {server.name} --helo FULL.NAME",
        )


def fault_of_name(name: str) -> str:
    """Why a server may refuse a name in EHLO (RFC 5321 4.1.4, 2.3.5), or nothing."""
    labels = name.lower().rstrip(".").split(".")
    if name.startswith("["):
        return "an address in the place of a name"
    if labels[-1] in _PRIVATE_NAMES or labels[-2:] == ["home", "arpa"]:
        return "a name that exists on this machine or network alone"
    if len(labels) == 1:
        return "a bare name without its domain"
    if "_" in name:
        return "a name with an underscore, which no host name has"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "no host name"
    return ""


def on_this_machine(server: Server, steps: Mapping[str, Step]) -> bool:
    """Whether the server that was reached runs on this machine."""
    if server.proxy is not None:  # the far end's loopback is not ours
        return False
    address = str(_of(steps, "connect").get("address") or "")
    try:
        found = ip_address(address.partition("%")[0].removeprefix("::ffff:"))
    except ValueError:
        return is_loopback(server.host)
    return found.is_loopback


def _own_domain(server: Server, accepted: Sequence[Address], steps: Mapping[str, Step]) -> Iterator[Warn]:
    own = server.from_
    if own is None or not accepted or SANDBOX_BANNER in str(_of(steps, "greeting").get("banner")):
        return
    if all(recipient.domain == own.domain for recipient in accepted):
        only = "its own address" if all(recipient == own for recipient in accepted) else f"its own domain, {own.domain}"
        yield Warn(
            "test.own_domain_only",
            f"the test went from {own} to {only} alone: it does not prove that mail to others goes out",
            f"postroom smtp test {server.name} --to ADDRESS, with an address elsewhere",
        )
