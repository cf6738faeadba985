"""Owns the table `oauth` of a preset: what may stand in it, and what in it contradicts itself.

Refuses to know the rest of a preset, and the settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from postroom.domain.kinds import Boolean, Choice, Integer, Kind, Listing, Text, Url
from postroom.domain.preset import Offer
from postroom.domain.settings import FLOWS, WITHOUT_A_PERSON

TENANT = "{tenant}"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NOTE = Text(longest=1000)
_ENDPOINT = Url("https")

_NEEDED: Mapping[str, Sequence[str]] = {
    "browser": ("authorization_endpoint", "token_endpoint"),
    "paste": ("authorization_endpoint", "token_endpoint"),
    "device": ("device_authorization_endpoint", "token_endpoint"),
    "client-credentials": ("token_endpoint",),
    "service-account": (),  # its key file names the endpoint
}
"""The addresses that a flow asks, where no issuer's metadata tells them."""


class _Texts(Kind[Mapping[str, str]]):
    """Words and a text for each."""

    def parse(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise ValueError("must be a table of texts")  # noqa: TRY004 - one type for all broken rules
        return {name: _NOTE.parse(text) for name, text in value.items()}


_KINDS: Mapping[str, Kind[Any]] = {
    "scope": Text(longest=300),
    "flows": Listing(Choice(*FLOWS)),
    "issuer": _ENDPOINT,
    "authorization_endpoint": _ENDPOINT,
    "token_endpoint": _ENDPOINT,
    "device_authorization_endpoint": _ENDPOINT,
    "revocation_endpoint": _ENDPOINT,
    "machine_scope": Text(longest=300),
    "tenant": Text(longest=80),
    "parameters": _Texts(),
    "redirect_uri": Url("http"),
    "refused": _Texts(),
    "confidential": Choice("no", "optional", "yes"),
    "idle_days": Integer(1, 3650),
    "console": Url("https"),
    "delegates": Boolean(),
}


class OfferKind(Kind[Offer]):
    """What a provider takes of OAuth 2.0."""

    def parse(self, value: object) -> Offer:
        if not isinstance(value, dict) or not {"scope", "flows"} <= value.keys() <= _KINDS.keys():
            raise ValueError("must be a table of scope, flows and: " + ", ".join(_KINDS))
        return Offer(**{key: _said(_KINDS[key], key, found) for key, found in value.items()})


def _said(kind: Kind[Any], key: str, value: object) -> Any:
    try:
        return kind.parse(value)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from error


def contradictions(offer: Offer) -> Iterator[str]:
    """What cannot be true together, each as the end of a sentence about `oauth`."""
    if not offer.flows:
        yield "flows must name at least one flow"
    for flow in offer.flows:
        missing = [name for name in _NEEDED[flow] if not getattr(offer, name)]
        if missing and not offer.issuer:
            yield f"must have {' and '.join(missing)}, or an issuer, for the flow {flow}"
    if unknown := [flow for flow in offer.refused if flow not in FLOWS]:
        yield f"refused names what is no flow: {', '.join(unknown)}"
    if both := [flow for flow in offer.refused if flow in offer.flows]:
        yield f"refused must not name a flow that is taken: {', '.join(both)}"
    if offer.machine_scope and not set(offer.flows) & set(WITHOUT_A_PERSON):
        yield f"machine_scope is only for the flows {' and '.join(WITHOUT_A_PERSON)}"
    yield from _addresses(offer)


def _addresses(offer: Offer) -> Iterator[str]:
    if any(TENANT in value for value in offer if isinstance(value, str)) != bool(offer.tenant):
        yield f"tenant and {TENANT} in an address need each other"
    if urlsplit(offer.redirect_uri).hostname not in _LOOPBACK:
        yield "redirect_uri must be an address of this machine: localhost, 127.0.0.1 or [::1]"
