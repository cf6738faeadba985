"""Owns what a server's settings are once the gaps are filled: by its TLS profile, its provider's preset, and the
defaults that follow from other values. It refuses to judge: contradictions are found elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from postroom.domain.address import parse_address
from postroom.domain.preset import LOOPBACK_REDIRECT, Preset
from postroom.domain.settings import DEFAULT, LAYERS, WITHOUT_A_PERSON, OAuth, Server, Source, Tls, Value

NO_PRESET = "custom"  # the word for "no provider that we know"
PORTS = {"tls": 465, "starttls": 587, "none": 25}  # RFC 8314 7.3, RFC 6409 3.1, RFC 5321 4.5.4.2
SECURITIES = {465: "tls", 25: "starttls", 587: "starttls", 2525: "starttls"}  # 2525: where providers evade port blocks
CLEARTEXT_LOOPBACK_PORTS = (25, 1025, 2525)  # what local relays and mail catchers listen on, without certificates
_LOOPBACK = re.compile(r"localhost|([a-z0-9-]+\.)+localhost|127(\.\d{1,3}){3}|::1")  # RFC 6761 6.3, RFC 1122 3.2.1.3


def is_loopback(host: str) -> bool:
    """Whether mail to this host never leaves the machine. Only names that cannot mean anything else count."""
    return _LOOPBACK.fullmatch(host) is not None


def build_server(
    name: str,
    entries: Mapping[str, Value],
    *,
    tls: Mapping[str, Value],
    oauth: Mapping[str, Value],
    profiles: Mapping[str, Tls],
    preset: Preset | None,
) -> Server:
    """The server `name` from what the layers say of it: `entries` by key, and its own `tls` and `oauth` tables.

    Each derived value has a source that names what it was derived from. Without a host anywhere, `host` stays unset.
    """
    values = dict(entries)
    if preset:
        for key, found in _preset_values(preset, entries).items():
            values.setdefault(key, found)
    _fill_port_and_security(values, preset)
    if "auth" not in values:
        values["auth"] = _auth(values, oauth, preset)
    if "from" not in values and (sender := _sender(values)):
        values["from"] = sender
    values.setdefault("from_policy", Value("keep", DEFAULT))
    profile = profiles.get(values["tls_profile"].value) if "tls_profile" in values else None
    application = {**_offered(preset, oauth), **oauth}
    return Server(name, values, tls=Tls({**(profile.values if profile else {}), **tls}), oauth=OAuth(application))


def _offered(preset: Preset | None, oauth: Mapping[str, Value]) -> dict[str, Value]:
    """What the preset says of OAuth 2.0; nothing where the settings name another issuer."""
    if preset is None or preset.oauth is None or "issuer" in oauth:
        return {}
    offer = preset.oauth
    machine = "flow" in oauth and oauth["flow"].value in WITHOUT_A_PERSON
    said = {
        "issuer": offer.issuer,
        "authorization_endpoint": offer.authorization_endpoint,
        "token_endpoint": offer.token_endpoint,
        "device_authorization_endpoint": offer.device_authorization_endpoint,
        "revocation_endpoint": offer.revocation_endpoint,
        "tenant": offer.tenant,
        "scope": (machine and offer.machine_scope) or offer.scope,
        "redirect_uri": offer.redirect_uri if offer.redirect_uri != LOOPBACK_REDIRECT else "",
    }
    return {key: Value(value, Source("preset", preset.id)) for key, value in said.items() if value}


def _preset_values(preset: Preset, entries: Mapping[str, Value]) -> dict[str, Value]:
    """What the preset says, except for port, security and auth, which depend on what is given."""
    region = entries["region"].value if "region" in entries else preset.region
    said: dict[str, Any] = {
        "host": preset.regions.get(region, preset.host),
        "from_policy": preset.from_policy,
        "rate": Server.rate.kind.parse(preset.rate) if preset.rate else None,
        "max_connections": preset.max_connections or None,
        "username": preset.username if preset.username not in ("address", "local") else None,
    }
    return {key: Value(value, Source("preset", preset.id)) for key, value in said.items() if value}


def _fill_port_and_security(values: dict[str, Value], preset: Preset | None) -> None:
    port = values.get("port")
    ways = ((preset.port, preset.security), *preset.alternatives) if preset else ()
    source = Source("preset", preset.id) if preset else DEFAULT
    if "security" not in values:
        values["security"] = _security(port, values, ways, source)
    if port is None:
        values["port"] = _port(values["security"], ways, source)


def _security(
    port: Value | None, values: Mapping[str, Value], ways: Sequence[tuple[int, str]], source: Source
) -> Value:
    if port is None:
        return Value(ways[0][1] if ways else "tls", source)
    for preset_port, security in ways:
        if preset_port == port.value:
            return Value(security, source)
    derived = Source("derived", f"port {port.value}")
    host = values.get("host")
    if host and is_loopback(host.value) and port.value in CLEARTEXT_LOOPBACK_PORTS:
        return Value("none", derived)
    if port.value in SECURITIES:
        return Value(SECURITIES[port.value], derived)
    return Value(ways[0][1] if ways else "tls", source)


def _port(security: Value, ways: Sequence[tuple[int, str]], source: Source) -> Value:
    for preset_port, preset_security in ways:
        if preset_security == security.value:
            return Value(preset_port, source)
    return Value(PORTS[security.value], Source("derived", f"security {security.value}"))


def _auth(values: Mapping[str, Value], oauth: Mapping[str, Value], preset: Preset | None) -> Value:
    password, token = values.get("password"), values.get("access_token")
    if password and not (token and _height(token) > _height(password)):
        return Value("password", Source("derived", "password"))
    if token:
        return Value("oauth2", Source("derived", "access_token"))
    if "client_id" in oauth:
        return Value("oauth2", Source("derived", "client_id"))
    if preset and preset.auth:
        return Value(preset.auth[0], Source("preset", preset.id))
    if "username" in values:
        return Value("password", Source("derived", "username"))
    return Value("none", DEFAULT)


def _height(value: Value) -> int:
    return LAYERS.index(value.source.layer)


def _sender(values: Mapping[str, Value]) -> Value | None:
    if "username" not in values:
        return None
    try:
        return Value(parse_address(values["username"].value), Source("derived", "username"))
    except ValueError:
        return None
