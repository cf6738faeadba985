"""The identity providers of the tests, real and evil, and the mail servers that believe them, do what they say."""

import base64
import hashlib
import http.client
import http.server
import json
import secrets
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.browser import Browser, BrowserError
from tests.support.certificates import Authority, Certificate
from tests.support.evil_provider import (
    ACCESS_TOKEN,
    CALLBACK_FAULTS,
    CODE,
    DEVICE_FAULTS,
    HOSTILE_TEXT,
    KEPT,
    METADATA_FAULTS,
    OTHER_HOST,
    TOKEN_FAULTS,
    CallbackValue,
    EvilProvider,
    Wire,
    oauth_error,
    redirect,
    tokens,
)
from tests.support.mailstack import Mailstack
from tests.support.oauth_mail import OauthMail, RunOauthMail
from tests.support.openid_pages import LostOnPage
from tests.support.openid_provider import (
    ALICE,
    ASSERTION,
    CONFIDENTIAL,
    FIXED,
    MACHINE,
    NATIVE,
    SECRET,
    SERVICE_EMAIL,
    OpenidProvider,
    Options,
    RunOpenidProvider,
)

BOB = "bob@example.test"
SCOPE = "openid offline_access email smtp"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT = "http://127.0.0.1:4711/callback"
VERIFIER = secrets.token_urlsafe(48)


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def signed(claims: dict[str, object], key: bytes, **header: str) -> str:
    private = serialization.load_pem_private_key(key, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT", **header}, claims)]
    signature = private.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, base64url(signature)])


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(claims, dict)
    return claims


def authorization_url(provider: OpenidProvider, *, client: str = NATIVE, redirect: str = REDIRECT, **more: str) -> str:
    challenge = base64url(hashlib.sha256(VERIFIER.encode()).digest())
    query = {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": redirect,
        "scope": SCOPE,
        "state": "xyz",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{provider.issuer}/auth?{urlencode({**query, **more})}"


def tokens_by_consent(
    provider: OpenidProvider, *, login: str = ALICE, client: str = NATIVE, redirect: str = REDIRECT
) -> dict[str, Any]:
    final = provider.consent(authorization_url(provider, client=client, redirect=redirect), login)
    assert final.startswith(f"{redirect}?")
    code = dict(parse_qsl(urlsplit(final).query))["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": VERIFIER}
    basic = (client, SECRET) if client == CONFIDENTIAL else None
    return provider.token(grant if basic else {**grant, "client_id": client}, basic=basic)


def refreshed(provider: OpenidProvider, tokens: dict[str, Any]) -> dict[str, Any]:
    return provider.token(
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": NATIVE}
    )


@pytest.mark.parametrize(
    ("client", "redirect"),
    [
        (NATIVE, "http://127.0.0.1:4711/callback"),
        (NATIVE, "http://localhost:4712/"),
        (NATIVE, "http://[::1]:4713/callback"),
        (CONFIDENTIAL, "http://127.0.0.1:4714/"),
    ],
)
def test_a_person_consents_and_the_code_gives_tokens(
    openid_provider: OpenidProvider, client: str, redirect: str
) -> None:
    tokens = tokens_by_consent(openid_provider, login=BOB, client=client, redirect=redirect)
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == SCOPE
    assert claims_of(tokens["id_token"])["email"] == BOB
    known = openid_provider.introspect(tokens["access_token"])
    assert (known["active"], known["email"], known["client_id"]) == (True, BOB, client)


def test_a_redirect_that_is_registered_with_its_port_is_compared_as_it_stands(
    openid_provider_with: RunOpenidProvider,
) -> None:
    with openid_provider_with(Options(redirect_uri="http://127.0.0.1:8765/mail")) as provider:
        assert "access_token" in tokens_by_consent(provider, client=FIXED, redirect="http://127.0.0.1:8765/mail")
        with pytest.raises(LostOnPage, match="redirect_uri"):
            provider.consent(authorization_url(provider, client=FIXED, redirect="http://127.0.0.1:8766/mail"))


def test_without_a_code_challenge_nobody_comes_in(openid_provider: OpenidProvider) -> None:
    final = openid_provider.consent(authorization_url(openid_provider, code_challenge="", code_challenge_method=""))
    assert parse_qs(urlsplit(final).query)["error"] == ["invalid_request"]


@pytest.mark.parametrize("advertise_iss", [True, False])
def test_iss_comes_with_the_code_where_it_is_advertised(
    advertise_iss: bool, openid_provider_with: RunOpenidProvider
) -> None:
    with openid_provider_with(Options(advertise_iss=advertise_iss)) as provider:
        for final in (provider.consent(authorization_url(provider)), provider.deny(authorization_url(provider))):
            assert parse_qs(urlsplit(final).query).get("iss", []) == ([provider.issuer] if advertise_iss else [])
        metadata = provider.metadata()
        assert ("authorization_response_iss_parameter_supported" in metadata) is advertise_iss


def test_a_person_refuses(openid_provider: OpenidProvider) -> None:
    query = dict(parse_qsl(urlsplit(openid_provider.deny(authorization_url(openid_provider))).query))
    assert (query["error"], query["state"]) == ("access_denied", "xyz")


def test_over_tls_it_is_the_same(openid_provider_with: RunOpenidProvider) -> None:
    with openid_provider_with(Options(tls=True)) as provider:
        assert provider.issuer.startswith("https://")
        assert provider.ca_file
        assert "access_token" in tokens_by_consent(provider)


def test_refresh_tokens_rotate_and_one_used_twice_ends_the_grant(openid_provider: OpenidProvider) -> None:
    first = tokens_by_consent(openid_provider)
    second = refreshed(openid_provider, first)
    assert second["refresh_token"] != first["refresh_token"]
    assert openid_provider.revoked_grants() == 0
    assert refreshed(openid_provider, first)["error"] == "invalid_grant"
    assert openid_provider.revoked_grants() == 1
    assert refreshed(openid_provider, second)["error"] == "invalid_grant"


def test_where_they_do_not_rotate_one_serves_for_long(openid_provider_with: RunOpenidProvider) -> None:
    with openid_provider_with(Options(rotate_refresh_tokens=False)) as provider:
        tokens = tokens_by_consent(provider)
        answers = [refreshed(provider, tokens) for _ in range(3)]
        assert {answer["refresh_token"] for answer in answers} == {tokens["refresh_token"]}


@pytest.mark.parametrize("how", ["access_token", "refresh_token", "account", "restart"])
def test_what_is_revoked_is_of_no_use(how: str, openid_provider: OpenidProvider) -> None:
    tokens = tokens_by_consent(openid_provider)
    match how:
        case "account":
            assert openid_provider.revoke_account(BOB) == 0
            assert openid_provider.revoke_account(ALICE) == 1
        case "restart":
            openid_provider.restart()
        case _:
            openid_provider.revoke(tokens[how])
    assert openid_provider.introspect(tokens["access_token"]) == {"active": False}
    assert refreshed(openid_provider, tokens)["error"] == "invalid_grant"


def test_access_tokens_live_as_long_as_told(openid_provider_with: RunOpenidProvider) -> None:
    with openid_provider_with(Options(access_token_seconds=1)) as provider:
        tokens = tokens_by_consent(provider)
        assert tokens["expires_in"] == 1
        time.sleep(2)
        assert provider.introspect(tokens["access_token"]) == {"active": False}
        provider.change(access_token_seconds=600)
        assert refreshed(provider, tokens)["expires_in"] == 600


def device(provider: OpenidProvider) -> tuple[dict[str, Any], dict[str, str]]:
    """What the device is told, and what it asks for tokens with."""
    told = provider.ask_as_device(NATIVE, SCOPE)
    return told, {"grant_type": DEVICE_CODE, "client_id": NATIVE, "device_code": told["device_code"]}


def test_a_device_is_let_in(openid_provider: OpenidProvider) -> None:
    told, poll = device(openid_provider)
    assert told["interval"] == 1
    assert openid_provider.token(poll)["error"] == "authorization_pending"
    openid_provider.approve_device(told["verification_uri"], told["user_code"], BOB)
    assert openid_provider.introspect(openid_provider.token(poll)["access_token"])["email"] == BOB


def test_a_device_is_let_in_by_the_complete_address(openid_provider: OpenidProvider) -> None:
    told, poll = device(openid_provider)
    openid_provider.approve_device(told["verification_uri_complete"])
    assert "access_token" in openid_provider.token(poll)


def test_a_device_is_refused(openid_provider: OpenidProvider) -> None:
    told, poll = device(openid_provider)
    openid_provider.deny_device(told["verification_uri"], told["user_code"])
    assert openid_provider.token(poll)["error"] == "access_denied"


def test_a_code_of_no_device_is_noticed(openid_provider: OpenidProvider) -> None:
    told, _ = device(openid_provider)
    with pytest.raises(LostOnPage, match="incorrect"):
        openid_provider.approve_device(told["verification_uri"], "ZZZZ-ZZZZ")


@pytest.mark.parametrize("basic", [True, False])
def test_a_machine_has_a_secret(basic: bool, openid_provider: OpenidProvider) -> None:
    grant = {"grant_type": "client_credentials", "scope": "https://outlook.office365.com/.default"}
    if basic:
        tokens = openid_provider.token(grant, basic=(MACHINE, SECRET))
    else:
        tokens = openid_provider.token({**grant, "client_id": MACHINE, "client_secret": SECRET})
    assert openid_provider.introspect(tokens["access_token"])["email"] == ALICE
    assert openid_provider.token(grant, basic=(MACHINE, "wrong"))["error"] == "invalid_client"


def test_a_machine_has_a_key(openid_provider: OpenidProvider) -> None:
    now = int(time.time())
    keys = openid_provider.keys
    certificate = x509.load_pem_x509_certificate(keys.machine_certificate)
    header = {"x5t#S256": base64url(certificate.fingerprint(hashes.SHA256()))}
    claims: dict[str, object] = {
        "iss": ASSERTION,
        "sub": ASSERTION,
        "aud": openid_provider.token_endpoint,
        "jti": secrets.token_hex(),
        "exp": now + 300,
    }

    def answer(key: bytes) -> dict[str, Any]:
        return openid_provider.token(
            {
                "grant_type": "client_credentials",
                "scope": "smtp",
                "client_id": ASSERTION,
                "client_assertion_type": CLIENT_ASSERTION,
                "client_assertion": signed(claims, key, **header),
            }
        )

    assert answer(keys.service)["error"] == "invalid_client"
    assert answer(keys.machine)["scope"] == "smtp"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, ""),
        ({"sub": BOB}, ""),
        ({"scope": "https://mail.google.com/ https://www.googleapis.com/auth/drive"}, "unauthorized_client"),
        ({"iss": "stranger@machines.example.test"}, "invalid_grant"),
        ({"aud": "https://other.example.test/token"}, "invalid_grant"),
        ({"iat": 0, "exp": 60}, "invalid_grant"),
        ({"exp": 10**11}, "invalid_grant"),
    ],
)
def test_a_service_account_speaks_for_a_mailbox(
    changes: dict[str, object], error: str, openid_provider: OpenidProvider
) -> None:
    file = openid_provider.service_account()
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": file["client_email"],
        "sub": ALICE,
        "aud": file["token_uri"],
        "scope": "https://mail.google.com/",
        "iat": now,
        "exp": now + 3600,
        **changes,
    }
    assertion = signed(claims, file["private_key"].encode(), kid=file["private_key_id"])
    tokens = openid_provider.token({"grant_type": JWT_BEARER, "assertion": assertion})
    assert tokens.get("error", "") == error
    if not error:
        assert openid_provider.introspect(tokens["access_token"])["email"] == claims["sub"]
    forged = signed(claims, openid_provider.keys.machine)
    assert openid_provider.token({"grant_type": JWT_BEARER, "assertion": forged})["error"] == "invalid_grant"


def test_a_service_account_without_a_mailbox_is_itself(openid_provider: OpenidProvider) -> None:
    now = int(time.time())
    claims: dict[str, object] = {"iss": SERVICE_EMAIL, "aud": openid_provider.token_endpoint, "scope": "smtp"}
    assertion = signed({**claims, "iat": now, "exp": now + 60}, openid_provider.keys.service)
    tokens = openid_provider.token({"grant_type": JWT_BEARER, "assertion": assertion})
    assert openid_provider.introspect(tokens["access_token"])["email"] == SERVICE_EMAIL


def test_the_log_tells_who_asked_for_what_and_no_secret(openid_provider: OpenidProvider) -> None:
    before = time.time()
    tokens = tokens_by_consent(openid_provider)
    refreshed(openid_provider, tokens)
    refreshed(openid_provider, tokens)
    openid_provider.token({"grant_type": "client_credentials"}, basic=(MACHINE, SECRET))
    log = openid_provider.token_requests()
    assert [(entry.grant_type, entry.client_authentication, entry.status, entry.error) for entry in log] == [
        ("authorization_code", "none", 200, ""),
        ("refresh_token", "none", 200, ""),
        ("refresh_token", "none", 400, "invalid_grant"),
        ("client_credentials", "client_secret_basic", 200, ""),
    ]
    assert [entry.client_id for entry in log] == [NATIVE, NATIVE, NATIVE, MACHINE]
    assert "code_verifier" in log[0].parameters
    assert all(before - 1 < entry.time < time.time() + 1 for entry in log)
    assert not {SECRET, VERIFIER, tokens["refresh_token"]} & set(json.dumps(log).replace('"', " ").split())


def test_options_that_are_read_at_the_start_cannot_be_changed_later(openid_provider: OpenidProvider) -> None:
    for name in ("tls", "no_such_option"):
        with pytest.raises(TypeError, match=name):
            openid_provider.change(**{name: True})


def test_a_slow_token_endpoint(openid_provider: OpenidProvider) -> None:
    openid_provider.change(token_delay_seconds=0.5)
    before = time.monotonic()
    openid_provider.token({"grant_type": "client_credentials"}, basic=(MACHINE, SECRET))
    assert time.monotonic() - before >= 0.5


GREETINGS = {"XOAUTH2": "user={user}", "OAUTHBEARER": "n,a={user},"}
PORTS = ["SUB", "SUBS", "DSUB", "DSUBS"]


def connected(stack: Mailstack, port: str) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(stack.ca_file))
    if port.endswith("SUBS"):
        return smtplib.SMTP_SSL(stack.host, stack.port(port), context=context, timeout=20)
    client = smtplib.SMTP(stack.host, stack.port(port), timeout=20)
    client.starttls(context=context)
    return client


def log_in(client: smtplib.SMTP, token: str, *, mechanism: str = "XOAUTH2", user: str = ALICE) -> tuple[int, bytes]:
    """The last reply, and the challenge that came before it."""
    challenges = []
    lines = iter([f"{GREETINGS[mechanism].format(user=user)}\1auth=Bearer {token}\1\1", "\1"])

    def answer(challenge: bytes | None = None) -> str:
        challenges.append(challenge or b"")
        return next(lines)

    client.ehlo()
    try:
        code = client.auth(mechanism, answer, initial_response_ok=False)[0]
    except smtplib.SMTPAuthenticationError as refused:
        code = refused.smtp_code
    return code, challenges[-1]


@pytest.mark.parametrize("mechanism", GREETINGS)
@pytest.mark.parametrize("port", PORTS)
def test_a_token_by_consent_sends_a_mail_until_it_is_revoked(port: str, mechanism: str, oauth_mail: OauthMail) -> None:
    tokens = tokens_by_consent(oauth_mail.provider)
    subject = f"{mechanism} through {port}"
    with connected(oauth_mail.stack, port) as client:
        assert log_in(client, tokens["access_token"], mechanism=mechanism)[0] == 235
        client.sendmail(ALICE, [BOB], f"From: {ALICE}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nhello\r\n")
    assert oauth_mail.stack.wait_for_mail("bob", subject=subject).message.get_content() == "hello\n"

    oauth_mail.provider.revoke(tokens["refresh_token"])
    with connected(oauth_mail.stack, port) as client:
        code, challenge = log_in(client, tokens["access_token"], mechanism=mechanism)
    assert code == 535
    assert json.loads(challenge)["openid-configuration"] == oauth_mail.provider.configuration_url


@pytest.mark.parametrize("port", ["SUB", "DSUB"])
def test_a_token_opens_no_other_mailbox(port: str, oauth_mail: OauthMail) -> None:
    tokens = tokens_by_consent(oauth_mail.provider, login=BOB)
    with connected(oauth_mail.stack, port) as client:
        assert log_in(client, tokens["access_token"])[0] == 535
        assert log_in(client, tokens["access_token"], user=BOB)[0] == 235


@pytest.mark.parametrize("port", ["SUB", "DSUB"])
def test_the_servers_ask_for_a_scope_where_told(port: str, oauth_mail_with: RunOauthMail) -> None:
    grant = {"grant_type": "client_credentials"}
    with oauth_mail_with(scope="smtp") as (provider, stack), connected(stack, port) as client:
        for scope, code in (("profile", 535), ("smtp", 235)):
            tokens = provider.token({**grant, "scope": scope}, basic=(MACHINE, SECRET))
            assert log_in(client, tokens["access_token"])[0] == code


def test_the_servers_ask_over_tls_too(oauth_mail_with: RunOauthMail) -> None:
    with oauth_mail_with(Options(tls=True)) as (provider, stack), connected(stack, "DSUB") as client:
        assert log_in(client, tokens_by_consent(provider)["access_token"])[0] == 235


def test_with_the_provider_away_postfix_blames_the_client_and_dovecot_itself(oauth_mail_with: RunOauthMail) -> None:
    with oauth_mail_with() as (provider, stack):
        token = tokens_by_consent(provider)["access_token"]
        provider.stop()
        with connected(stack, "SUB") as client:
            assert log_in(client, token)[0] == 535
        with connected(stack, "DSUB") as client:
            assert log_in(client, token)[0] == 454


def test_tokens_of_the_provider_that_dovecot_checks_alone(
    mailstack: Mailstack, openid_provider_with: RunOpenidProvider
) -> None:
    with openid_provider_with(Options(jwt_keys=mailstack.directory / "keys")) as provider:
        token = tokens_by_consent(provider)["access_token"]
    assert claims_of(token)["iss"] == provider.issuer
    with connected(mailstack, "DSUB") as client:
        assert log_in(client, token)[0] == 235


@pytest.mark.needs("msmtp")
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_another_client_sends_with_a_token(mechanism: str, oauth_mail: OauthMail) -> None:
    tokens = tokens_by_consent(oauth_mail.provider)
    stack = oauth_mail.stack
    subject = f"msmtp {mechanism}"
    where = [f"--host={stack.host}", f"--port={stack.port('SUB')}", "--tls=on", f"--tls-trust-file={stack.ca_file}"]
    who = [f"--auth={mechanism}", f"--user={ALICE}", f"--passwordeval=echo {tokens['access_token']}", f"--from={ALICE}"]
    done = subprocess.run(
        ["msmtp", "--file=/dev/null", *where, *who, BOB],
        input=f"From: {ALICE}\nTo: {BOB}\nSubject: {subject}\n\nhello\n",
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    stack.wait_for_mail("bob", subject=subject)


class Got(NamedTuple):
    """What a naive client gets: it follows no redirect, and believes everything."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)


def ask(url: str, form: dict[str, str] | None = None, *, timeout_seconds: float = 10) -> Got:
    place = urlsplit(url)
    assert place.hostname
    client = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout_seconds)
    with closing(client):
        path = f"{place.path}?{place.query}" if place.query else place.path
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        client.request("GET" if form is None else "POST", path, urlencode(form or {}), headers)
        answer = client.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read())


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)


GRANT = {"grant_type": "authorization_code", "code": CODE, "code_verifier": VERIFIER}


def evil_authorization_url(evil: EvilProvider) -> str:
    return f"{evil.issuer}/authorize?{urlencode({'redirect_uri': REDIRECT, 'state': 'xyz', 'client_id': NATIVE})}"


def test_the_evil_provider_is_honest_until_told_otherwise() -> None:
    with EvilProvider() as evil:
        metadata = ask(f"{evil.issuer}/.well-known/openid-configuration").value
        assert metadata == ask(f"{evil.issuer}/.well-known/oauth-authorization-server").value
        assert (metadata["issuer"], metadata["token_endpoint"]) == (evil.issuer, evil.token_endpoint)
        final = ask(evil_authorization_url(evil)).headers["Location"]
        assert query_of(final) == {"code": [CODE], "state": ["xyz"], "iss": [evil.issuer]}
        assert ask(evil.token_endpoint, GRANT).value["access_token"] == ACCESS_TOKEN
        assert [(request.method, request.path) for request in evil.requests[-2:]] == [
            ("GET", "/authorize"),
            ("POST", "/token"),
        ]
        assert evil.to("/token")[0].parameters["code_verifier"] == [VERIFIER]
        assert ask(f"{evil.issuer}/elsewhere").status == 404


def test_metadata_lie_as_told_and_mix_providers_up() -> None:
    with EvilProvider() as victim, EvilProvider() as evil:
        evil.metadata = {"issuer": victim.issuer, "token_endpoint": victim.token_endpoint, "revocation_endpoint": None}
        metadata = ask(f"{evil.issuer}/.well-known/openid-configuration").value
        assert (metadata["issuer"], metadata["token_endpoint"]) == (victim.issuer, victim.token_endpoint)
        assert "revocation_endpoint" not in metadata
        evil.metadata_answer = redirect(victim.issuer)
        assert ask(f"{evil.issuer}/.well-known/openid-configuration").status == 307


@pytest.mark.parametrize("name", METADATA_FAULTS)
def test_metadata_are_wrong_in_the_way_that_they_are_called(name: str) -> None:
    with EvilProvider() as evil:
        honest = ask(f"{evil.issuer}/.well-known/openid-configuration").value
        evil.metadata = METADATA_FAULTS[name]
        metadata = ask(f"{evil.issuer}/.well-known/openid-configuration").value
    for key in honest:
        assert metadata.get(key) == METADATA_FAULTS[name].get(key, honest[key])
    assert metadata != honest


@pytest.mark.parametrize("name", DEVICE_FAULTS)
def test_a_device_is_told_wrong_in_the_way_that_it_is_called(name: str) -> None:
    with EvilProvider() as evil:
        honest = ask(f"{evil.issuer}/device", {}).value
        evil.device = [evil.device_told(**DEVICE_FAULTS[name])]
        told = ask(f"{evil.issuer}/device", {}).value
    for key in honest:
        assert told.get(key) == DEVICE_FAULTS[name].get(key, honest[key])
    assert told != honest


def test_an_id_token_that_nobody_signed() -> None:
    with EvilProvider() as evil:
        token = evil.id_token(NATIVE, email=BOB, exp=None)
        claims = claims_of(token)
        assert (claims["iss"], claims["aud"], claims["email"]) == (evil.issuer, NATIVE, BOB)
        assert "exp" not in claims
        assert token.endswith(".")
        assert ask(f"{evil.issuer}/jwks").value == {"keys": []}


HONEST = {"code": CODE, "state": "xyz"}


@pytest.mark.parametrize("name", CALLBACK_FAULTS)
def test_callbacks_are_wrong_in_the_way_that_they_are_called(name: str) -> None:
    fault: Mapping[str, CallbackValue] = CALLBACK_FAULTS[name]
    with EvilProvider(callback=fault) as evil:
        query = query_of(evil.redirect_of(evil_authorization_url(evil)))
        honest = {**HONEST, "iss": evil.issuer}
        assert query != {key: [value] for key, value in honest.items()}
        for key, value in fault.items():
            wanted = value if isinstance(value, tuple) else () if value is None else (value,)
            assert query.get(key, []) == [honest[key] if one is KEPT else one for one in wanted]
        for key in honest.keys() - fault.keys():
            assert query[key] == [honest[key]]


def token_answer(name: str) -> Got | str:
    """The answer, or the name of what happens to the client."""
    with EvilProvider(token=[TOKEN_FAULTS[name]]) as evil:
        try:
            return ask(evil.token_endpoint, GRANT, timeout_seconds=1.5)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__


SLOW = "one octet a second"  # a naive client waits three minutes for it, since no single read takes long


@pytest.mark.parametrize("name", sorted(TOKEN_FAULTS.keys() - {SLOW}))
def test_no_fault_of_the_token_endpoint_is_an_honest_answer(name: str) -> None:
    answer = token_answer(name)
    if isinstance(answer, str):
        assert name in {"hanging", "no HTTP", "cut short", "gone"}
    else:
        assert answer.body != tokens().body or answer.headers["Content-Type"] != "application/json"


@pytest.mark.parametrize(
    ("name", "what"),
    [("hanging", "TimeoutError"), ("no HTTP", "BadStatusLine"), ("gone", "RemoteDisconnected")],
)
def test_what_is_no_answer_at_all(name: str, what: str) -> None:
    assert token_answer(name) == what


def test_one_octet_a_second_comes_to_an_end_with_the_test() -> None:
    with EvilProvider(token=[TOKEN_FAULTS[SLOW]]) as evil:
        place = urlsplit(evil.issuer)
        with socket.create_connection((place.hostname, place.port), timeout=5) as client:
            client.sendall(b"POST /token HTTP/1.0\r\n\r\n")
            head, _, body = b"".join(iter(lambda: client.recv(1), b"{")).partition(b"\r\n\r\n")
            assert (head[:12], body) == (b"HTTP/1.0 200", b"")
            before = time.monotonic()
            client.recv(1)
            assert 0.5 < time.monotonic() - before < 3
        before = time.monotonic()
    assert time.monotonic() - before < 3


def test_a_redirect_elsewhere_tells_whether_credentials_came_along() -> None:
    with EvilProvider(host=OTHER_HOST) as elsewhere, EvilProvider(token=[redirect(elsewhere.token_endpoint)]) as evil:
        answer = ask(evil.token_endpoint, GRANT)
        assert answer.status == 307
        assert urlsplit(elsewhere.issuer).hostname != urlsplit(evil.issuer).hostname
        assert evil.credentials() == {"code", "code_verifier"}
        assert not elsewhere.credentials()
        ask(answer.headers["Location"], GRANT)
        assert elsewhere.credentials() == {"code", "code_verifier"}


def test_a_device_is_answered_in_the_order_given_and_its_polls_are_timed() -> None:
    order = ["authorization_pending", "slow_down", "access_denied"]
    with EvilProvider(token=[oauth_error(error) for error in order]) as evil:
        told = ask(f"{evil.issuer}/device", {"client_id": NATIVE}).value
        assert {"device_code", "user_code", "verification_uri", "interval"} <= told.keys()
        evil.device = [evil.device_told(interval=None, expires_in=3)]
        assert "interval" not in ask(f"{evil.issuer}/device", {}).value
        errors = []
        for _ in range(4):
            errors.append(ask(evil.token_endpoint, {"device_code": told["device_code"]}).value["error"])
            time.sleep(0.2)
        assert errors == [*order, "access_denied"]
        assert len(evil.polls()) == 3
        assert all(0.2 <= pause < 5 for pause in evil.polls())


def test_the_hostile_text_is_hostile() -> None:
    assert {"<", "\x1b", "\x9b", "\r", "\n", "\0", "\u202e"} <= set(HOSTILE_TEXT)
    with EvilProvider(token=[oauth_error("invalid_grant", HOSTILE_TEXT)]) as evil:
        assert ask(evil.token_endpoint, GRANT).value["error_description"] == HOSTILE_TEXT


def test_the_evil_provider_over_tls_with_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    kinds: dict[Certificate, bool] = {"server": True, "stranger": False}
    for kind, trusted in kinds.items():
        with EvilProvider(certificate=authority.server(kind)) as evil:
            context = ssl.create_default_context(cafile=str(authority.ca_file))
            client = http.client.HTTPSConnection("127.0.0.1", evil.port, context=context, timeout=5)
            with closing(client), nullcontext() if trusted else pytest.raises(ssl.SSLCertVerificationError):
                client.request("GET", "/.well-known/openid-configuration")
                assert client.getresponse().status == 200
            assert len(evil.requests) == int(trusted)


def test_a_fault_of_the_evil_provider_itself_is_told() -> None:
    evil = EvilProvider(token=[Wire("no octets")])  # type: ignore[arg-type] # that is the fault
    with pytest.raises(AssertionError, match="TypeError"), evil, suppress(http.client.RemoteDisconnected):
        ask(evil.token_endpoint, GRANT)


class Landing(NamedTuple):
    """A listener like that of a program that waits for a callback: its port, and the targets that were asked for."""

    port: int
    targets: list[str]


@contextmanager
def landing(page: str) -> Iterator[Landing]:
    targets: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            targets.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    # Chromium opens connections ahead of need and says nothing on them: one thread alone would wait there.
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Landing(server.server_port, targets)
        finally:
            server.shutdown()
            thread.join()


LANDED = "<!DOCTYPE html><title>Landed</title><style>h1{background:#2b6}</style><h1>You are logged in</h1>"


def test_a_browser_consents_and_ends_at_the_listener(
    browser: Browser, openid_provider: OpenidProvider, tmp_path: Path
) -> None:
    with landing(LANDED) as place:
        redirect_uri = f"http://127.0.0.1:{place.port}/callback"
        seen = browser.consent(authorization_url(openid_provider, redirect=redirect_uri), BOB)
        assert seen.url.startswith(f"{redirect_uri}?code=")
        assert (seen.title, seen.text) == ("Landed", "You are logged in")
        assert [urlsplit(target).query for target in place.targets if target.startswith("/callback")] == [
            urlsplit(seen.url).query
        ]
        picture = browser.screenshot(tmp_path / "landed.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(picture[16:20]) == 1000  # the width, in IHDR
    grant = {"grant_type": "authorization_code", "code": query_of(seen.url)["code"][0], "redirect_uri": redirect_uri}
    tokens = openid_provider.token({**grant, "code_verifier": VERIFIER, "client_id": NATIVE})
    assert claims_of(tokens["id_token"])["email"] == BOB


def test_a_browser_ends_at_localhost_too(browser: Browser, openid_provider: OpenidProvider) -> None:
    with landing(LANDED) as place:
        redirect_uri = f"http://localhost:{place.port}/"
        assert browser.deny(authorization_url(openid_provider, redirect=redirect_uri)).title == "Landed"
        assert query_of(place.targets[0])["error"] == ["access_denied"]


def test_a_browser_lets_a_device_in(browser: Browser, openid_provider: OpenidProvider) -> None:
    told, poll = device(openid_provider)
    assert "Success" in browser.consent(told["verification_uri_complete"], BOB).text
    assert openid_provider.introspect(openid_provider.token(poll)["access_token"])["email"] == BOB


def test_a_script_that_a_page_reflects_is_noticed(browser: Browser) -> None:
    with landing("<h1>Sorry: <script>alert(1)</script></h1>") as place:
        with pytest.raises(BrowserError) as caught:
            browser.open(f"http://127.0.0.1:{place.port}/")
        assert caught.value.kind == "unexpected alert open"
        with suppress(BrowserError):  # on a busy machine it is told a second time
            browser.seen()
        assert browser.count("script") == 1


def test_a_browser_reaches_loopback_only(browser: Browser) -> None:
    with landing(LANDED) as place:
        for host in ("postroom.example", "127.0.0.2", "localhost.postroom.example"):
            with pytest.raises(BrowserError, match="ERR_NAME_NOT_RESOLVED"):
                browser.open(f"http://{host}:{place.port}/")
        assert not place.targets
