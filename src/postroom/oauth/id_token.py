"""Owns the reading of an ID token, for one thing: whose account it is.

It checks no signature and needs none: the token came from the token endpoint itself (OpenID Connect Core 3.1.3.7, point
6). It refuses to decide anything by it: a token that is not as it must be tells nothing.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from postroom.domain.oauth import Client

_LONGEST = 16 * 1024
_CLAIMS = ("email", "preferred_username", "upn")


def account_in(token: object, client: Client) -> str:
    """The mailbox that an ID token names: the client's own where one of the names is that; "" where it tells none."""
    claims = _claims(token)
    if not _is_for(claims, client):
        return ""
    names = [claims[name] for name in _CLAIMS if isinstance(claims.get(name), str)]
    own = [name for name in names if name.lower() == client.account.lower()]
    return next(iter([*own, *(name for name in names if "@" in name)]), "")


def _is_for(claims: Mapping[str, Any], client: Client) -> bool:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return client.client_id in audiences and (not client.issuer or claims.get("iss") == client.issuer)


def _claims(token: object) -> Mapping[str, Any]:
    """What stands in the token; nothing where it is none, or one that nobody signed."""
    if not isinstance(token, str) or len(token) > _LONGEST or token.count(".") != 2:
        return {}
    header, claims = (_part(part) for part in token.split(".")[:2])
    signed = str(header.get("alg") or "none").lower() != "none"
    return claims if signed else {}


def _part(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
