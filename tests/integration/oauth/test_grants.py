"""Every way to a token, asked of a real OpenID provider; and what an evil one, or the way there, does to the asking."""

import base64
import gzip
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from postroom.clock import Clock
from postroom.domain.oauth import Assertion, Certificate, Client, GrantError, Proof, ServiceAccount
from postroom.domain.secret import Secret
from postroom.errors import ConfigError
from postroom.oauth.http import HttpGrants
from postroom.oauth.wire import LIMIT_BYTES
from tests.support.certificates import Authority
from tests.support.certificates import Certificate as CertificateKind
from tests.support.evil_provider import (
    ANSWER_FAULTS,
    DEVICE_FAULTS,
    METADATA_FAULTS,
    OTHER_HOST,
    TOKEN_FAULTS,
    Drip,
    EvilProvider,
    Hang,
    Reply,
    json_reply,
    oauth_error,
    redirect,
    tokens,
)
from tests.support.openid_provider import (
    ALICE,
    ASSERTION,
    CONFIDENTIAL,
    MACHINE,
    NATIVE,
    SECRET,
    OpenidProvider,
    Options,
    RunOpenidProvider,
)

REDIRECT = "http://127.0.0.1:4711/callback"
VERIFIER = Secret("sentinel-verifier-0123456789-0123456789-0123456789")
CODE = Secret("sentinel-code")
REFRESH = Secret("sentinel-refresh-token")
CLIENT_SECRET = Secret("sentinel-Ü+secret")
SENTINEL = "sentinel"
PERSON = ("openid", "email", "offline_access", "smtp")


@pytest.fixture
def grants() -> HttpGrants:
    return HttpGrants(Clock(), "0.1")


def client_at(provider: OpenidProvider, client_id: str = NATIVE, flow: str = "browser") -> Client:
    scopes = PERSON if flow in ("browser", "device") else ("smtp",)
    return Client("main", "", flow, client_id, ALICE, scopes, issuer=provider.issuer)


def consented(grants: HttpGrants, provider: OpenidProvider, client: Client) -> Secret:
    """The code that a person's consent gives."""
    address = grants.authorization_request(client, redirect_uri=REDIRECT, state="s", verifier=VERIFIER)
    return Secret(parse_qs(urlsplit(provider.consent(address)).query)["code"][0])


@pytest.mark.parametrize(("client_id", "proof"), [(NATIVE, None), (CONFIDENTIAL, Secret(SECRET))])
def test_a_code_becomes_tokens_that_are_renewed_and_taken_back(
    grants: HttpGrants, openid_provider: OpenidProvider, client_id: str, proof: Proof
) -> None:
    client = grants.discover(client_at(openid_provider, client_id)._replace(parameters={"prompt": "consent"}))
    assert client.iss_expected
    code = consented(grants, openid_provider, client)
    first = grants.by_code(client, proof, code, redirect_uri=REDIRECT, verifier=VERIFIER)
    assert (first.account, first.expires_in, set(first.scopes)) == (ALICE, 3600, set(PERSON))
    assert openid_provider.introspect(first.access_token.reveal())["active"]
    assert first.refresh_token is not None
    second = grants.by_refresh(client, proof, first.refresh_token)
    assert second.refresh_token not in (None, first.refresh_token)
    assert second.refresh_token is not None
    assert grants.revoke(client, proof, second.refresh_token)
    assert not openid_provider.introspect(second.access_token.reveal())["active"]
    with pytest.raises(GrantError) as refused:
        grants.by_refresh(client, proof, second.refresh_token)
    assert (refused.value.error, refused.value.definite) == ("invalid_grant", True)


def test_who_was_granted_less_than_was_asked_renews_all_the_same(
    grants: HttpGrants, openid_provider: OpenidProvider
) -> None:
    # Without prompt=consent offline_access is not granted.
    client = grants.discover(client_at(openid_provider))._replace(parameters={})
    code = consented(grants, openid_provider, client)
    first = grants.by_code(client, None, code, redirect_uri=REDIRECT, verifier=VERIFIER)
    assert "offline_access" not in first.scopes
    assert first.refresh_token is not None
    assert grants.by_refresh(client, None, first.refresh_token).scopes == first.scopes


def test_the_authorization_request_has_the_challenge_and_never_the_verifier(
    grants: HttpGrants, openid_provider: OpenidProvider
) -> None:
    client = grants.discover(client_at(openid_provider))._replace(parameters={"access_type": "offline"})
    address = grants.authorization_request(client, redirect_uri=REDIRECT, state="the state", verifier=VERIFIER)
    query = parse_qs(urlsplit(address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert (query["state"], query["access_type"], query["scope"]) == (["the state"], ["offline"], [" ".join(PERSON)])
    assert SENTINEL not in address
    code = consented(grants, openid_provider, client)
    with pytest.raises(GrantError) as refused:
        grants.by_code(client, None, code, redirect_uri=REDIRECT, verifier=Secret("x" * 50))
    assert refused.value.error == "invalid_grant"


def test_a_person_consents_on_another_device(grants: HttpGrants, openid_provider: OpenidProvider) -> None:
    client = grants.discover(client_at(openid_provider, flow="device"))
    code = grants.device_code(client, None)
    assert (code.interval, code.expires_in) == (1, 120)
    with pytest.raises(GrantError) as pending:
        grants.by_device(client, None, code)
    assert (pending.value.error, pending.value.definite) == ("authorization_pending", False)
    openid_provider.approve_device(code.verification_uri, code.user_code)
    assert grants.by_device(client, None, code).account == ALICE


def test_a_device_that_is_refused_hears_of_it(grants: HttpGrants, openid_provider: OpenidProvider) -> None:
    client = grants.discover(client_at(openid_provider, flow="device"))
    code = grants.device_code(client, None)
    openid_provider.deny_device(code.verification_uri, code.user_code)
    with pytest.raises(GrantError) as refused:
        grants.by_device(client, None, code)
    assert (refused.value.error, refused.value.definite) == ("access_denied", True)


def test_an_application_gets_a_token_for_itself(grants: HttpGrants, openid_provider: OpenidProvider) -> None:
    client = grants.discover(client_at(openid_provider, MACHINE, "client-credentials"))
    granted = grants.by_itself(client, Secret(SECRET))
    assert (granted.refresh_token, granted.scopes, granted.account) == (None, ("smtp",), "")
    with pytest.raises(GrantError) as refused:
        grants.by_itself(client, CLIENT_SECRET)
    assert (refused.value.error, refused.value.definite) == ("invalid_client", True)
    ways = [request.client_authentication for request in openid_provider.token_requests()]
    assert ways == ["client_secret_basic", "client_secret_basic", "client_secret_post"]


def test_a_certificate_stands_for_a_secret(grants: HttpGrants, openid_provider: OpenidProvider) -> None:
    client = grants.discover(client_at(openid_provider, ASSERTION, "client-credentials"))
    keys = openid_provider.keys
    proof = Certificate(keys.machine_certificate, Secret(keys.machine.decode()))
    assert grants.by_itself(client, proof).scopes == ("smtp",)
    strangers = Certificate(keys.machine_certificate, Secret(keys.service.decode()))
    with pytest.raises(GrantError) as refused:
        grants.by_itself(client, strangers)
    assert refused.value.error == "invalid_client"


def test_a_ready_assertion_is_handed_on(grants: HttpGrants) -> None:
    with EvilProvider() as provider:
        client = evil_client(provider)._replace(flow="client-credentials")
        grants.by_itself(client, Assertion(Secret("header.claims.signature")))
        form = provider.to("/token")[0].parameters
    assert form["client_assertion"] == ["header.claims.signature"]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert form["client_id"] == ["ID"]


def test_a_service_account_asks_for_a_mailbox(grants: HttpGrants, openid_provider: OpenidProvider) -> None:
    file = openid_provider.service_account()
    proof = ServiceAccount(
        str(file["client_email"]), str(file["private_key_id"]), Secret(str(file["private_key"])), str(file["token_uri"])
    )
    client = Client("main", "", "service-account", "", ALICE, ("smtp",))
    granted = grants.by_itself(client, proof)
    assert openid_provider.introspect(granted.access_token.reveal())["email"] == ALICE


def test_a_provider_over_tls_is_believed_by_its_authority(
    grants: HttpGrants, openid_provider_with: RunOpenidProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with openid_provider_with(Options(tls=True)) as provider:
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(variable, raising=False)
        with pytest.raises(GrantError) as refused:
            grants.discover(client_at(provider))
        assert (refused.value.signs.sign, refused.value.definite) == ("tls-certificate-untrusted", False)
        for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            with monkeypatch.context() as patch:
                patch.setenv(variable, str(provider.ca_file))
                assert grants.discover(client_at(provider)).token_endpoint == provider.token_endpoint


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        ("expired", "tls-certificate-expired"),
        ("future", "tls-certificate-expired"),
        ("wronghost", "tls-certificate-name"),
        ("selfsigned", "tls-certificate-untrusted"),
        ("stranger", "tls-certificate-untrusted"),
    ],
)
def test_a_bad_certificate_gets_no_secret(
    grants: HttpGrants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: CertificateKind, sign: str
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
    with EvilProvider(certificate=authority.server(kind)) as provider:
        with pytest.raises(GrantError) as refused:
            grants.by_refresh(evil_client(provider), CLIENT_SECRET, REFRESH)
        assert not provider.requests
    assert (refused.value.signs.sign, refused.value.definite) == (sign, False)


# The evil provider.


def evil_client(provider: EvilProvider) -> Client:
    return Client(
        "main",
        "",
        "browser",
        "ID",
        ALICE,
        ("smtp",),
        authorization_endpoint=f"{provider.issuer}/authorize",
        token_endpoint=provider.token_endpoint,
        device_authorization_endpoint=f"{provider.issuer}/device",
        revocation_endpoint=f"{provider.issuer}/revoke",
    )


PASSING = "provider-busy"
NONSENSE = "not-oauth"
DEFINITE = "refused-by-reply"
VERDICTS = {
    "500": PASSING,
    "503": PASSING,
    "429": PASSING,
    "broken JSON": NONSENSE,
    "not an object": NONSENSE,
    "deep JSON": NONSENSE,
    "no UTF-8": NONSENSE,
    "wrong content type": NONSENSE,
    "empty": NONSENSE,
    "nothing, said well": NONSENSE,
    "300 KiB": NONSENSE,
    "no HTTP": "closed",
    "cut short": "closed",
    "gone": "closed",
    "hanging": "reply-timeout",
    "one octet a second": "reply-timeout",
    "not Bearer": NONSENSE,
    "no token_type": NONSENSE,
    "no access_token": NONSENSE,
    "access_token is empty": NONSENSE,
    "access_token is a number": NONSENSE,
    "access_token ends the line": NONSENSE,
    "access_token ends the field": NONSENSE,
    "invalid_grant": DEFINITE,
    "invalid_client": DEFINITE,
    "interaction_required": DEFINITE,
    "hostile description": DEFINITE,
    "hostile error": DEFINITE,
}
LIVES = {
    "less scope": 3600,
    "no expires_in": None,
    "expires_in below zero": None,
    "expires_in absurd": None,
    "expires_in is text": 3600,
    "expires_in is no number": None,
}


def test_every_fault_has_its_verdict() -> None:
    assert TOKEN_FAULTS.keys() == {*VERDICTS, *LIVES}


@pytest.mark.parametrize("fault", VERDICTS)
def test_an_answer_that_is_none_gives_no_token_and_no_secret_away(fault: str) -> None:
    grants = HttpGrants(Clock(), "0.1", limit_seconds=1.0)
    with EvilProvider(token=[TOKEN_FAULTS[fault]]) as provider:
        began = time.monotonic()
        with pytest.raises(GrantError) as refused:
            grants.by_refresh(evil_client(provider), CLIENT_SECRET, REFRESH)
        assert time.monotonic() - began < 3
    error = refused.value
    assert (error.signs.sign, error.definite) == (VERDICTS[fault], VERDICTS[fault] == DEFINITE)
    assert (error.signs.step, error.signs.server, error.signs.host) == ("token", "main", "127.0.0.1")
    assert error.signs.evidence["endpoint"] == provider.token_endpoint
    assert error.retry_after == (7 if fault in ("503", "429") else None)


@pytest.mark.parametrize("fault", LIVES)
def test_what_an_answer_leaves_open_is_left_open(grants: HttpGrants, fault: str) -> None:
    with EvilProvider(token=[TOKEN_FAULTS[fault]]) as provider:
        granted = grants.by_refresh(evil_client(provider), None, REFRESH)
    assert granted.expires_in == LIVES[fault]
    assert granted.scopes == (("openid",) if fault == "less scope" else ("smtp",))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_nothing_elsewhere(grants: HttpGrants, status: int) -> None:
    with EvilProvider(host=OTHER_HOST) as elsewhere, EvilProvider() as provider:
        provider.token = [redirect(f"{elsewhere.token_endpoint}?secret=sentinel-said-back", status=status)]
        with pytest.raises(GrantError) as refused:
            grants.by_code(evil_client(provider), CLIENT_SECRET, CODE, redirect_uri=REDIRECT, verifier=VERIFIER)
        assert not elsewhere.requests
    assert (refused.value.signs.sign, refused.value.definite) == ("redirected", True)
    assert SENTINEL not in repr(refused.value.signs)


def said_back() -> Iterator[tuple[str, Reply]]:
    everything = " ".join(secret.reveal() for secret in (CODE, VERIFIER, REFRESH, CLIENT_SECRET))
    yield "in the description", oauth_error("invalid_grant", everything)
    yield "as the error", oauth_error(REFRESH.reveal(), "no")
    yield "encoded", oauth_error("invalid_grant", "sentinel-%C3%9C%2Bsecret")
    yield "in an object", json_reply({"error": {"code": 400, "message": everything, "status": "X"}}, status=400)
    yield "without OAuth", Reply(everything.encode(), 500, "text/plain")


@pytest.mark.parametrize(("place", "answer"), [pytest.param(*row, id=row[0]) for row in said_back()])
def test_secrets_that_are_said_back_stand_in_no_failure(grants: HttpGrants, place: str, answer: Reply) -> None:
    with EvilProvider(token=[answer]) as provider:
        client = evil_client(provider)
        with pytest.raises(GrantError) as renewing:
            grants.by_refresh(client, CLIENT_SECRET, REFRESH)
        with pytest.raises(GrantError) as redeeming:
            grants.by_code(client, CLIENT_SECRET, CODE, redirect_uri=REDIRECT, verifier=VERIFIER)
    for error, sent in ((renewing.value, (REFRESH,)), (redeeming.value, (CODE, VERIFIER))):
        known = f"{error} {error!r} {error.signs} {error.error} {error.__cause__!r} {error.__context__!r}"
        forms = [form for one in (*sent, CLIENT_SECRET) for form in (one.reveal(), quote(one.reveal(), safe=""))]
        assert not [form for form in forms if form in known]


def test_a_secret_is_given_in_the_way_that_the_provider_takes(grants: HttpGrants) -> None:
    with EvilProvider(token=[oauth_error("invalid_client", status=401), tokens()]) as provider:
        grants.by_refresh(evil_client(provider), CLIENT_SECRET, REFRESH)
        first, second = provider.to("/token")
    assert first.credentials == ("Authorization", "refresh_token")
    pair = base64.b64decode(first.headers["authorization"].removeprefix("Basic "))
    assert pair == b"ID:sentinel-%C3%9C%2Bsecret"  # RFC 6749 2.3.1: encoded as in a form
    assert second.credentials == ("client_secret", "refresh_token")
    assert second.parameters["client_secret"] == [CLIENT_SECRET.reveal()]


METADATA_VERDICTS = {
    **dict.fromkeys([name for name in METADATA_FAULTS if name.startswith("issuer")], "issuer-mismatch"),
    **dict.fromkeys([name for name in METADATA_FAULTS if " endpoint is " in name or " in the clear" in name], NONSENSE),
    "token endpoint without a scheme": NONSENSE,
    "token endpoint with a line end": NONSENSE,
}


def browser_client(provider: EvilProvider) -> Client:
    return Client("main", "", "browser", "ID", ALICE, ("smtp",), issuer=provider.issuer)


@pytest.mark.parametrize("fault", METADATA_VERDICTS)
def test_metadata_that_cannot_be_trusted_are_refused(grants: HttpGrants, fault: str) -> None:
    with EvilProvider(metadata=METADATA_FAULTS[fault]) as provider, pytest.raises(GrantError) as refused:
        grants.discover(browser_client(provider))
    assert refused.value.signs.sign == METADATA_VERDICTS[fault]


def consent_and_code(grants: HttpGrants, client: Client) -> None:
    grants.authorization_request(client, redirect_uri=REDIRECT, state="s", verifier=VERIFIER)
    grants.by_code(client, None, CODE, redirect_uri=REDIRECT, verifier=VERIFIER)


@pytest.mark.parametrize("fault", sorted(METADATA_FAULTS.keys() - METADATA_VERDICTS))
def test_what_metadata_leave_out_cannot_be_asked(grants: HttpGrants, fault: str) -> None:
    with EvilProvider(metadata=METADATA_FAULTS[fault]) as provider:
        client = grants.discover(browser_client(provider))
    with pytest.raises(ConfigError) as refused:
        consent_and_code(grants, client)
    assert refused.value.code == "oauth.no_endpoint"


@pytest.mark.parametrize(
    ("methods", "fits"), [(["plain"], False), ([], False), (["plain", "S256"], True), (None, True)]
)
def test_a_provider_without_s256_is_none_for_a_browser(grants: HttpGrants, methods: object, fits: bool) -> None:
    with EvilProvider(metadata={"code_challenge_methods_supported": methods}) as provider:
        client = browser_client(provider)
        assert grants.discover(client._replace(flow="client-credentials")).token_endpoint
        if fits:
            assert grants.discover(client).token_endpoint
        else:
            with pytest.raises(GrantError, match="refused-by-reply"):
                grants.discover(client)


@pytest.mark.parametrize("fault", ANSWER_FAULTS)
def test_no_address_of_a_provider_may_answer_nonsense(fault: str) -> None:
    grants = HttpGrants(Clock(), "0.1", limit_seconds=0.7)
    answer = ANSWER_FAULTS[fault]
    with EvilProvider(metadata_answer=answer, device=[answer]) as provider:
        for ask in (
            lambda: grants.discover(browser_client(provider)),
            lambda: grants.device_code(evil_client(provider), None),
        ):
            with pytest.raises(GrantError) as refused:
                ask()
            assert (refused.value.signs.sign, refused.value.definite) == (VERDICTS[fault], False)


def test_both_places_of_metadata_are_asked(grants: HttpGrants) -> None:
    with EvilProvider(metadata_answer=json_reply({"error": "not found"}, status=404)) as provider:
        with pytest.raises(GrantError) as refused:
            grants.discover(browser_client(provider))
        paths = [request.path for request in provider.requests]
    assert paths == ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
    assert not refused.value.definite, "what stands in metadata says nothing about a token"


def test_metadata_never_change_what_is_set(grants: HttpGrants) -> None:
    own = "https://provider.example.test/token"
    with EvilProvider() as provider:
        client = Client("main", "", "browser", "ID", ALICE, (), issuer=provider.issuer, token_endpoint=own)
        found = grants.discover(client)
    assert (found.token_endpoint, found.revocation_endpoint) == (own, f"{provider.issuer}/revoke")


def test_without_an_issuer_nobody_is_asked(grants: HttpGrants) -> None:
    client = Client("main", "", "browser", "ID", ALICE, ())
    assert grants.discover(client) == client


def test_nothing_goes_out_in_clear_text(grants: HttpGrants) -> None:
    client = Client("main", "", "browser", "ID", ALICE, (), token_endpoint="http://provider.example.test/token")
    with pytest.raises(GrantError) as refused:
        grants.by_refresh(client, CLIENT_SECRET, REFRESH)
    assert (refused.value.signs.sign, refused.value.definite) == ("cleartext-not-allowed", True)


def test_a_proxy_is_not_asked_for_what_stays_on_this_machine(
    grants: HttpGrants, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EvilProvider() as proxy, EvilProvider() as provider:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.issuer)
        grants.by_refresh(evil_client(provider), CLIENT_SECRET, REFRESH)
        assert not proxy.requests


def test_a_proxy_of_the_environment_is_taken_and_named_when_it_fails(
    grants: HttpGrants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:sentinel-password@127.0.0.1:9")
    for name in ("https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    client = Client("main", "", "browser", "ID", ALICE, (), token_endpoint="https://provider.example.test/token")
    with pytest.raises(GrantError) as refused:
        grants.by_refresh(client, CLIENT_SECRET, REFRESH)
    assert (refused.value.signs.sign, refused.value.definite) == ("proxy-failed", False)
    assert SENTINEL not in repr(refused.value.signs)


def test_a_netrc_gives_nothing_away(grants: HttpGrants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login alice password sentinel\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with EvilProvider() as provider:
        client = grants.discover(Client("main", "", "browser", "ID", ALICE, ("smtp",), issuer=provider.issuer))
        grants.by_refresh(client, None, REFRESH)
        grants.revoke(client, None, REFRESH)
        assert provider.credentials() == {"refresh_token", "token"}


def test_the_program_says_who_it_is(grants: HttpGrants) -> None:
    with EvilProvider() as provider:
        grants.by_refresh(evil_client(provider), None, REFRESH)
        assert provider.requests[0].headers["user-agent"] == "postroom/0.1"


@pytest.mark.parametrize(("answer", "gone"), [(Reply(b""), True), (oauth_error("invalid_token"), True)])
def test_a_token_is_taken_back(grants: HttpGrants, answer: Reply, gone: bool) -> None:
    with EvilProvider(revocation=answer) as provider:
        assert grants.revoke(evil_client(provider), None, REFRESH) is gone


def test_a_provider_without_revocation_says_so(grants: HttpGrants) -> None:
    with EvilProvider(revocation=oauth_error("unsupported_token_type")) as provider:
        assert not grants.revoke(evil_client(provider), None, REFRESH)
        assert not grants.revoke(evil_client(provider)._replace(revocation_endpoint=""), None, REFRESH)


def test_a_question_without_an_address_is_one_for_the_settings(grants: HttpGrants) -> None:
    client = Client("main", "", "device", "ID", ALICE, ())
    with pytest.raises(ConfigError, match="device authorization endpoint") as refused:
        grants.device_code(client, None)
    assert refused.value.code == "oauth.no_endpoint"
    assert "--device-authorization-endpoint URL" in refused.value.hint


USUAL = {"no expires_in", "no interval"} | {
    name for name in DEVICE_FAULTS if name.startswith(("expires_in", "interval"))
}


@pytest.mark.parametrize("fault", sorted(DEVICE_FAULTS.keys() - USUAL))
def test_a_code_that_cannot_be_shown_is_refused(grants: HttpGrants, fault: str) -> None:
    with EvilProvider() as provider:
        provider.device = [provider.device_told(**DEVICE_FAULTS[fault])]
        with pytest.raises(GrantError) as refused:
            grants.device_code(evil_client(provider), None)
    assert refused.value.signs.sign == "not-oauth"


@pytest.mark.parametrize("fault", sorted(USUAL))
def test_times_that_make_no_sense_are_the_usual_ones(grants: HttpGrants, fault: str) -> None:
    with EvilProvider() as provider:
        provider.device = [provider.device_told(**DEVICE_FAULTS[fault])]
        code = grants.device_code(evil_client(provider), None)
    assert (code.expires_in, code.interval) == ((900, 1) if "expires_in" in fault else (60, 5))


@pytest.mark.parametrize(("header", "account"), [({"alg": "none"}, ""), ({"alg": "RS256"}, "eve@example.test")])
def test_an_id_token_that_claims_to_be_unsigned_tells_nothing(
    grants: HttpGrants, header: dict[str, object], account: str
) -> None:
    with EvilProvider() as provider:
        provider.token = [tokens(id_token=provider.id_token("ID", header=header, email="eve@example.test"))]
        assert grants.by_refresh(evil_client(provider), None, REFRESH).account == account


def test_a_small_answer_that_unfolds_is_cut(grants: HttpGrants) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    with EvilProvider(token=[Reply(bomb, headers=(("Content-Encoding", "gzip"),))]) as provider:
        with pytest.raises(GrantError) as refused:
            grants.by_refresh(evil_client(provider), None, REFRESH)
        assert provider.requests[0].headers["accept-encoding"] == "identity"
    assert refused.value.signs.sign == "not-oauth"


def test_no_log_has_a_secret(grants: HttpGrants, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with EvilProvider(token=[oauth_error("invalid_client"), tokens()]) as provider:
        grants.by_code(evil_client(provider), CLIENT_SECRET, CODE, redirect_uri=REDIRECT, verifier=VERIFIER)
        grants.revoke(evil_client(provider), CLIENT_SECRET, REFRESH)
    assert "/token" in caplog.text  # what is looked through is not empty
    assert SENTINEL not in caplog.text


def test_the_time_limit_holds_for_a_head_that_drips() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        over = threading.Event()

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                while not over.wait(0.05):
                    peer.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/token"
        client = Client("main", "", "browser", "ID", ALICE, (), token_endpoint=endpoint)
        began = time.monotonic()
        with pytest.raises(GrantError) as refused:
            HttpGrants(Clock(), "0.1", limit_seconds=0.5).by_refresh(client, None, REFRESH)
        took = time.monotonic() - began
        over.set()
        thread.join()
    assert refused.value.signs.sign == "reply-timeout"
    assert took < 2


def test_an_answer_of_the_limit_is_still_read(grants: HttpGrants) -> None:
    body = tokens(padding="").body
    whole = body[:-2] + b"x" * (LIMIT_BYTES - len(body)) + body[-2:]
    with EvilProvider(token=[Reply(whole)]) as provider:
        assert grants.by_refresh(evil_client(provider), None, REFRESH).expires_in == 3600


def test_a_silent_provider_holds_nobody(grants: HttpGrants) -> None:
    with EvilProvider(token=[Hang()], metadata_answer=Drip(b"{" + b" " * 60)) as provider:
        quick = HttpGrants(Clock(), "0.1", limit_seconds=0.3)
        for ask in (
            lambda: quick.by_itself(evil_client(provider), None),
            lambda: quick.discover(Client("main", "", "browser", "ID", ALICE, (), issuer=provider.issuer)),
        ):
            began = time.monotonic()
            with pytest.raises(GrantError) as refused:
                ask()
            assert time.monotonic() - began < 2
            assert not refused.value.definite


WAYS = ("client_secret_basic", "client_secret_post")


@pytest.mark.parametrize(
    ("known", "error", "shown"),
    [
        ((), "invalid_client", ["basic", "post"]),
        ((), "invalid_request", ["basic"]),
        ((), "invalid_grant", ["basic"]),
        (WAYS[:1], "invalid_client", ["basic"]),
        (WAYS[1:], "invalid_client", ["post"]),
        (WAYS, "invalid_request", ["basic"]),
    ],
)
def test_a_code_is_shown_again_only_where_the_application_alone_was_refused(
    grants: HttpGrants, known: tuple[str, ...], error: str, shown: list[str]
) -> None:
    with EvilProvider(token=[oauth_error(error)]) as provider:
        client = evil_client(provider)._replace(secret_ways=known)
        with pytest.raises(GrantError) as refused:
            grants.by_code(client, CLIENT_SECRET, CODE, redirect_uri=REDIRECT, verifier=VERIFIER)
        assert refused.value.error == error
        requests = provider.to("/token")
        assert ["post" if "client_secret" in found.parameters else "basic" for found in requests] == shown


def test_a_renewal_tries_the_other_way_after_a_request_that_was_not_understood(grants: HttpGrants) -> None:
    with EvilProvider(token=[oauth_error("invalid_request"), tokens()]) as provider:
        grants.by_refresh(evil_client(provider), CLIENT_SECRET, REFRESH)
        assert len(provider.to("/token")) == 2
