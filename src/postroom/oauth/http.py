"""Owns the asking: each grant as Authlib forms it, over requests. Keeps the promise `Grants`.

It refuses to know what answers mean, where secrets are kept, and what becomes of tokens.
"""

import base64
import hashlib
import secrets
import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import JWTBearerGrant, private_key_jwt_sign
from joserfc.jwk import ECKey, import_key

from postroom.clock import Clock
from postroom.domain.oauth import (
    Assertion,
    Certificate,
    Client,
    DeviceCode,
    Granted,
    GrantError,
    Proof,
    ServiceAccount,
    is_safe,
)
from postroom.domain.secret import Secret
from postroom.errors import ConfigError
from postroom.oauth import answer, discovery
from postroom.oauth.answer import Answer
from postroom.oauth.discovery import SECRET_WAYS
from postroom.oauth.proof import kind_of
from postroom.oauth.question import Question
from postroom.oauth.wire import LIMIT_SECONDS, Wire, authorities

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 600  # RFC 7523 3: short; it is signed anew for each question
_ACCOUNT_SECONDS = 3600  # the longest that Google takes, and what its own libraries ask for
_FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_ANSWERED_OTHERWISE = ("not-oauth", "refused-by-reply", "redirected")
_DEAD_ALREADY = ("invalid_token", "invalid_grant")

T = TypeVar("T")
Ask = Callable[["_Session", Mapping[str, str]], requests.Response]


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib ships no types
    def parse_response_token(self, resp: requests.Response) -> requests.Response:
        """The answer as it came: what it means is judged in a place of its own."""
        return resp


class HttpGrants:
    """Asks providers over HTTP. Raise ConfigError `oauth.no_endpoint` where the client has none for the question."""

    def __init__(self, clock: Clock, version: str, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._clock = clock
        self._agent = f"postroom/{version}"
        self._limit_seconds = limit_seconds

    def discover(self, client: Client) -> Client:
        """See Grants. The OpenID address is asked where the other has nothing of use."""
        if not client.issuer:
            return client
        first, second = (Question(client, address) for address in discovery.addresses(client.issuer))
        try:
            return self._metadata(first, client)
        except GrantError as error:
            if error.signs.sign not in _ANSWERED_OTHERWISE or "status" not in error.signs.evidence:
                raise
        return self._metadata(second, client)

    def _metadata(self, question: Question, client: Client) -> Client:
        with self._dressed(requests.Session(), question) as session:
            # Without an auth of ours the library takes one from ~/.netrc.
            response = session.get(question.endpoint, headers={"Accept": "application/json"}, auth=_as_it_is)
            metadata = answer.metadata(question, self._answer(response))
        return discovery.told(question, client, metadata)

    def authorization_request(self, client: Client, *, redirect_uri: str, state: str, verifier: Secret) -> str:
        """See Grants."""
        endpoint = _endpoint(client, "authorization_endpoint")
        if not is_safe(endpoint):
            raise Question(client, endpoint).failed("cleartext-not-allowed", "the address is not https", definite=True)
        session = _Session(
            client.client_id, redirect_uri=redirect_uri, scope=list(client.scopes) or None, code_challenge_method="S256"
        )
        # Whose login it is to be (OpenID Connect Core 3.1.2.1); who does not know the word ignores it (RFC 6749 3.1).
        hint = {"login_hint": client.account} if "@" in client.account else {}
        address, _ = session.create_authorization_url(
            endpoint, state=state, code_verifier=verifier.reveal(), **{**hint, **client.parameters}
        )
        return str(address)

    def by_code(self, client: Client, proof: Proof, code: Secret, *, redirect_uri: str, verifier: Secret) -> Granted:
        """See Grants."""
        form = {"code": code.reveal(), "redirect_uri": redirect_uri, "code_verifier": verifier.reveal()}
        return self._tokens(client, proof, "authorization_code", form, (code, verifier), once=True)

    def device_code(self, client: Client, proof: Proof) -> DeviceCode:
        """See Grants."""
        question = Question(client, _endpoint(client, "device_authorization_endpoint"), _secrets(proof))

        def ask(session: _Session, identity: Mapping[str, str]) -> requests.Response:
            form = {**_scoped(client), **identity}
            auth = session.client_auth(session.token_endpoint_auth_method)
            return _response(session.post(question.endpoint, data=form, headers=_FORM, auth=auth))

        return self._asked(question, proof, ask, answer.device_code)

    def by_device(self, client: Client, proof: Proof, code: DeviceCode) -> Granted:
        """See Grants."""
        form = {"device_code": code.device_code.reveal()}
        return self._tokens(client, proof, DEVICE_GRANT, form, (code.device_code,))

    def by_itself(self, client: Client, proof: Proof) -> Granted:
        """See Grants."""
        if not isinstance(proof, ServiceAccount):
            return self._tokens(client, proof, "client_credentials", _scoped(client))
        client = client._replace(token_endpoint=client.token_endpoint or proof.token_endpoint)
        assertion = Secret(self._about_mailbox(client, proof))
        form = {"assertion": assertion.reveal()}
        return self._tokens(client, proof, JWTBearerGrant.GRANT_TYPE, form, (assertion,))

    def by_refresh(self, client: Client, proof: Proof, refresh_token: Secret) -> Granted:
        """See Grants. Microsoft wants the scope again; who was granted less than was asked has to leave it out."""
        form = {"refresh_token": refresh_token.reveal()}
        try:
            return self._tokens(client, proof, "refresh_token", {**form, **_scoped(client)}, (refresh_token,))
        except GrantError as error:
            if error.error != "invalid_scope" or not client.scopes:
                raise
        return self._tokens(client, proof, "refresh_token", form, (refresh_token,))

    def revoke(self, client: Client, proof: Proof, token: Secret) -> bool:
        """See Grants. A token that is dead already counts as taken back."""
        if not client.revocation_endpoint:
            return False
        question = Question(client, client.revocation_endpoint, (token, *_secrets(proof)))

        def ask(session: _Session, identity: Mapping[str, str]) -> requests.Response:
            kind, body = "refresh_token", urlencode(identity)
            return _response(session.revoke_token(question.endpoint, token.reveal(), token_type_hint=kind, body=body))

        try:
            return self._asked(question, proof, ask, _taken_back)
        except GrantError as error:
            if error.error not in (*_DEAD_ALREADY, "unsupported_token_type"):
                raise
            return error.error in _DEAD_ALREADY

    def _tokens(
        self,
        client: Client,
        proof: Proof,
        grant: str,
        form: Mapping[str, str],
        carried: tuple[Secret, ...] = (),
        *,
        once: bool = False,
    ) -> Granted:
        """`once` is for what must not be shown twice."""
        question = Question(client, _endpoint(client, "token_endpoint"), (*carried, *_secrets(proof)), grant)

        def ask(session: _Session, identity: Mapping[str, str]) -> requests.Response:
            auth = None if client.client_id else _as_it_is
            return _response(session.fetch_token(question.endpoint, grant_type=grant, auth=auth, **form, **identity))

        return self._asked(question, proof, ask, answer.granted, once=once)

    def _asked(
        self,
        question: Question,
        proof: Proof,
        ask: Ask,
        read: Callable[[Question, Answer], T],
        *,
        once: bool = False,
    ) -> T:
        """What came of a question, in the way in which the provider wants the secret.

        Where its metadata leave that open, the other way is tried after `invalid_client`: who says that has looked at
        the application and at nothing else yet (RFC 6749 4.1.3), so that even a code is as good as new. Some say
        `invalid_request` of a way that they do not know; but that may be about what is for `once`.
        """
        ways = question.client.secret_ways or SECRET_WAYS if isinstance(proof, Secret) else ("none",)
        wrong = ("invalid_client",) if once else ("invalid_client", "invalid_request")
        refusals = []
        for way in ways:
            try:
                return self._once(question, proof, way, ask, read)
            except GrantError as error:
                if error.error not in wrong:
                    raise
                refusals.append(error)
        raise next((error for error in refusals if error.error == "invalid_client"), refusals[0])

    def _once(self, question: Question, proof: Proof, way: str, ask: Ask, read: Callable[[Question, Answer], T]) -> T:
        name, secret = question.client.client_id, proof.reveal() if isinstance(proof, Secret) else None
        if way == "client_secret_basic" and secret is not None:
            name, secret = quote_plus(name), quote_plus(secret)  # RFC 6749 2.3.1; Authlib leaves that out
        identity = self._identity(question.client, proof)
        asked = question._replace(secrets=(*question.secrets, Secret(identity.get("client_assertion", ""))))
        session = _Session(name, secret, token_endpoint_auth_method=way, revocation_endpoint_auth_method=way)
        with self._dressed(session, asked):
            found = self._answer(ask(session, identity))
        return read(asked, found)

    def _dressed(self, session: requests.Session, question: Question) -> requests.Session:
        wire = Wire(question, self._limit_seconds)
        for scheme in ("https://", "http://"):
            session.mount(scheme, wire)
        session.headers.update({"User-Agent": self._agent, "Accept-Encoding": "identity", "Connection": "close"})
        session.verify = authorities()
        return session

    def _answer(self, response: requests.Response) -> Answer:
        return Answer(response.status_code, response.headers, response.content, self._clock.now())

    def _identity(self, client: Client, proof: Proof) -> Mapping[str, str]:
        """How an application without a secret proves itself (RFC 7523 2.2)."""
        if isinstance(proof, Certificate):
            return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._about_itself(client, proof)}
        if isinstance(proof, Assertion):
            return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": proof.text.reveal()}
        return {}

    def _about_itself(self, client: Client, proof: Certificate) -> str:
        key, algorithm = _signing(proof.key)
        der = ssl.PEM_cert_to_DER_cert(proof.pem.decode())
        # Microsoft finds the key by these two (RFC 7515 4.1.7, 4.1.8), and by nothing else.
        header = {
            "typ": "JWT",
            "x5t": _base64url(hashlib.sha1(der, usedforsecurity=False).digest()),
            "x5t#S256": _base64url(hashlib.sha256(der).digest()),
        }
        now = int(self._clock.now().timestamp())
        return _text(
            private_key_jwt_sign(
                key,
                client.client_id,
                client.token_endpoint,
                alg=algorithm,
                header=header,
                issued_at=now,
                expires_in=_ASSERTION_SECONDS,
                claims={"nbf": now, "jti": secrets.token_urlsafe(24)},
            )
        )

    def _about_mailbox(self, client: Client, proof: ServiceAccount) -> str:
        key, algorithm = _signing(proof.key)
        return _text(
            JWTBearerGrant.sign(
                key,
                proof.email,
                client.token_endpoint,
                subject=client.account,
                issued_at=int(self._clock.now().timestamp()),
                expires_in=_ACCOUNT_SECONDS,
                claims={**_scoped(client), "jti": secrets.token_urlsafe(24)},
                header={"typ": "JWT", "kid": proof.key_id},
                alg=algorithm,
            )
        )


def _signing(pem: Secret) -> tuple[Any, str]:
    """The key, and the algorithm (RFC 7518 3.1) that goes with it."""
    key = import_key(pem.reveal(), kind_of(pem))
    if isinstance(key, ECKey):
        return key, {"P-256": "ES256", "P-384": "ES384"}.get(key.curve_name, "ES512")
    return key, "RS256"


def _endpoint(client: Client, name: str) -> str:
    found = getattr(client, name)
    if not found:
        raise ConfigError(
            "oauth.no_endpoint",
            f"server {client.server}: the provider's {name.replace('_', ' ')} is not known",
            hint=f"postroom smtp set {client.server} --{name.replace('_', '-')} URL, or another flow",
        )
    return str(found)


def _scoped(client: Client) -> Mapping[str, str]:
    return {"scope": " ".join(client.scopes)} if client.scopes else {}


def _secrets(proof: Proof) -> tuple[Secret, ...]:
    if isinstance(proof, Secret):
        return (proof,)
    return (proof.text,) if isinstance(proof, Assertion) else ()


def _taken_back(question: Question, found: Answer) -> bool:
    if not 200 <= found.status < 300:  # RFC 7009 2.2: the body of a success means nothing
        answer.document(question, found)
    return True


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _text(found: Any) -> str:
    return str(found)


def _response(found: Any) -> requests.Response:
    """What Authlib gives back, which has no types."""
    return found  # type: ignore[no-any-return]  # it is what parse_response_token returned, or the library's own
