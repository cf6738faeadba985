"""Owns the metadata of an authorization server: where they lie and what is taken of them (RFC 8414, OpenID Connect
Discovery). It refuses to fetch them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from postroom.domain.oauth import ENDPOINTS, Client, is_safe
from postroom.domain.settings import WITHOUT_A_PERSON
from postroom.oauth.question import REFUSED, Question

SECRET_WAYS = ("client_secret_basic", "client_secret_post")
"""RFC 6749 2.3.1, in the order of trying."""
_LASTING = "offline_access"
"""The scope that gives a refresh token; it wants the consent to be asked for each time (OpenID Connect Core 11)."""
_WITHOUT_A_BROWSER = (*WITHOUT_A_PERSON, "device")


def addresses(issuer: str) -> Sequence[str]:
    """Where the metadata may lie, in the order of asking: RFC 8414 3.1, then OpenID Connect Discovery 4.1.

    The one puts its name before the issuer's path, the other behind it.
    """
    scheme, place, path, _, _ = urlsplit(issuer)
    path = path.rstrip("/")
    return (
        urlunsplit((scheme, place, f"/.well-known/oauth-authorization-server{path}", "", "")),
        urlunsplit((scheme, place, f"{path}/.well-known/openid-configuration", "", "")),
    )


def told(question: Question, client: Client, metadata: Mapping[str, Any]) -> Client:
    """The client with the endpoints that it has not yet. Raise GrantError for metadata that cannot be trusted."""
    issuer = metadata.get("issuer")
    if issuer != client.issuer:
        named = "is missing" if issuer is None else f"is {str(issuer)[:300]}"
        evidence: dict[str, Any] = {} if issuer is None else {"issuer": str(issuer)[:300]}
        raise question.failed("issuer-mismatch", f"issuer {named}, not {client.issuer}", **evidence)
    found = {name: metadata[name] for name in ENDPOINTS if metadata.get(name) and not getattr(client, name)}
    for name, address in found.items():
        if not _is_as_safe(address, client.issuer):
            raise question.failed("not-oauth", f"{name} is no https address", address=str(address)[:300])
    _check_challenge(question, client, metadata.get("code_challenge_methods_supported"))
    expected = metadata.get("authorization_response_iss_parameter_supported") is True
    scopes = client.scopes or _usual_scopes(client, metadata.get("scopes_supported"))
    return client._replace(
        **found,
        iss_expected=client.iss_expected or expected,
        scopes=scopes,
        secret_ways=_secret_ways(metadata.get("token_endpoint_auth_methods_supported")),
        parameters=client.parameters or ({"prompt": "consent"} if _LASTING in scopes else {}),
    )


def _secret_ways(supported: object) -> tuple[str, ...]:
    """How a client secret is taken, of the ways that we know. Many leave it out and take either, whatever the RFC says
    of that.
    """
    return tuple(way for way in SECRET_WAYS if isinstance(supported, list) and way in supported)


def _usual_scopes(client: Client, supported: object) -> tuple[str, ...]:
    """Where nobody names scopes: whose account it is, and a login that lasts, as far as the issuer offers them."""
    if client.flow in WITHOUT_A_PERSON or not isinstance(supported, list):
        return ()
    return tuple(scope for scope in ("openid", "email", _LASTING) if scope in supported)


def _is_as_safe(address: object, issuer: str) -> bool:
    """Clear text is for an issuer on this machine, whose other addresses are then here as well."""
    secure = str(address).startswith("https:")
    return is_safe(address) and (secure or issuer.startswith("http:"))


def _check_challenge(question: Question, client: Client, methods: object) -> None:
    if client.flow not in _WITHOUT_A_BROWSER and isinstance(methods, list) and "S256" not in methods:
        raise question.failed(
            REFUSED,
            "code_challenge_methods_supported does not name S256",
            definite=True,
            code_challenge_methods=[str(method)[:50] for method in methods[:10]],
        )
