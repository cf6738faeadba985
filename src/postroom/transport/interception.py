"""Owns the comparison of the names that a server shows with those that it should have. It opens no connection.

Invariant: a server is called an intercepted one only where no honest setup explains what was seen. A name that merely
differs is no proof: mail hosts of a firm that lets many domains in have names of their own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.domain.preset import Preset
from postroom.domain.reply import Signs
from postroom.transport.banner import is_masked, name_in

_MISFITS = ("tls-certificate-name", "tls-certificate-untrusted", "tls-pin-mismatch")

_SECOND_LEVELS = frozenset(("ac", "co", "com", "edu", "gov", "go", "gob", "gouv", "ne", "net", "or", "org"))
"""Under a country's domain these are registries, not organisations: example.co.uk has three labels of its own."""


def interception_evidence(signs: Signs, preset: Preset | None) -> dict[str, Any]:
    """`compared_names` (host, preset, banner, certificate), each where it is known; `intercepted` and
    `intercepted_why` (`masked` or `certificate`) where another machine than the configured one has answered for it.
    """
    evidence = signs.evidence
    banner = str(evidence.get("banner") or "")
    shown = _shown(evidence.get("certificate") or {})
    compared: dict[str, Any] = {"host": signs.host}
    if preset is not None:
        compared["preset"] = preset.host
    if named := name_in(banner):
        compared["banner"] = named
    if shown:
        compared["certificate"] = shown
    found: dict[str, Any] = {"compared_names": compared} if named or shown else {}
    if is_masked(banner, evidence.get("extensions") or ()):
        return {**found, "intercepted": True, "intercepted_why": "masked"}
    if signs.sign in _MISFITS and shown and preset is not None and _foreign(signs.host, shown, preset):
        return {**found, "intercepted": True, "intercepted_why": "certificate"}
    return found


def _shown(certificate: Mapping[str, Any]) -> list[str]:
    names = [str(name) for name in certificate.get("names") or ()]
    return names or [str(name) for name in (certificate.get("subject"),) if name]


def _foreign(host: str, shown: Iterable[str], preset: Preset) -> bool:
    """Whether the host is the provider's and the certificate is of nobody that it could be."""
    own = {organisation(name) for name in (preset.host, *preset.regions.values())}
    if organisation(host) not in own:
        return False
    own |= {organisation(name) for name in (*preset.domains, *preset.mx)}
    return own.isdisjoint(organisation(name) for name in shown)


def organisation(name: str) -> str:
    """The part of a host's name under which one organisation names its hosts, as far as that shows without a list of
    all registries.
    """
    labels = name.lower().rstrip(".").split(".")
    country = len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if country else labels[-2:])
