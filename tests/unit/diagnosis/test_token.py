"""What went wrong at a token endpoint is named by what was seen there; the advice is for logins of Postroom's own."""

from typing import Any

import pytest

from postroom.diagnosis.classify import classify
from postroom.domain.reply import Cause, Reply, Signs


def told(sign: str = "refused-by-reply", text: str = "", *, provider: str = "", **evidence: Any) -> Cause:
    known = {"own_tokens": True, "flow": "browser", **evidence}
    host = {"microsoft365": "login.microsoftonline.com", "gmail": "oauth2.googleapis.com"}.get(
        provider, "id.example.test"
    )
    return classify(
        Signs("token", sign, text=text, provider=provider, host=host, port=443, server="main", evidence=known)
    )


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        ("host-not-found", "oauth.provider_unavailable"),
        ("resolver-failed", "oauth.provider_unavailable"),
        ("connection-refused", "oauth.provider_unavailable"),
        ("connection-timeout", "oauth.provider_unavailable"),
        ("unreachable", "oauth.provider_unavailable"),
        ("proxy-failed", "oauth.provider_unavailable"),
        ("reply-timeout", "oauth.provider_unavailable"),
        ("closed", "oauth.provider_unavailable"),
        ("provider-busy", "oauth.provider_unavailable"),
        ("tls-certificate-expired", "oauth.provider_untrusted"),
        ("tls-certificate-name", "oauth.provider_untrusted"),
        ("tls-certificate-untrusted", "oauth.provider_untrusted"),
        ("tls-handshake", "oauth.provider_untrusted"),
        ("cleartext-not-allowed", "oauth.provider_untrusted"),
        ("not-oauth", "oauth.provider_misbehaving"),
        ("redirected", "oauth.provider_misbehaving"),
        ("issuer-mismatch", "oauth.provider_misbehaving"),
        ("scope-missing", "oauth.scope_missing"),
        ("wrong-account", "oauth.wrong_account"),
    ],
)
@pytest.mark.parametrize("provider", ["", "microsoft365", "gmail"])
def test_what_was_seen_names_the_class(sign: str, code: str, provider: str) -> None:
    cause = told(sign, "HTTP 503: temporarily_unavailable", provider=provider)
    assert cause.code == code
    assert "{" not in cause.title + cause.cause + "".join(cause.next_steps)


@pytest.mark.parametrize(
    ("text", "flow", "code"),
    [
        ("invalid_grant: Token has been expired or revoked.", "browser", "oauth.refresh_token_expired"),
        ("invalid_grant", "browser", "oauth.refresh_token_revoked"),
        ("invalid_grant: AADSTS700082: The refresh token has expired", "browser", "oauth.refresh_token_expired"),
        ("invalid_client: AADSTS7000222: expired", "client-credentials", "oauth.client_secret_invalid"),
        ("invalid_client", "client-credentials", "oauth.client_secret_invalid"),
        ("unauthorized_client: AADSTS700016", "client-credentials", "oauth.app_not_found"),
        ("access_denied", "browser", "oauth.consent_required"),
        ("access_denied: AADSTS65004: User declined to consent", "paste", "oauth.consent_required"),
        ("access_denied: The resource owner denied the request", "browser", "oauth.consent_required"),
        ("access_denied: AADSTS50105: not assigned", "browser", "oauth.account_not_allowed"),
        ("access_denied", "device", "oauth.device_flow_incomplete"),
        ("expired_token", "device", "oauth.device_flow_incomplete"),
        ("expired_token: the device code expired", "device", "oauth.device_flow_incomplete"),
        ("access_denied: AADSTS53003: blocked", "device", "oauth.conditional_access_blocked"),
        ("invalid_scope: Some requested scopes cannot be shown", "device", "oauth.invalid_scope"),
        ("invalid_client: client authentication failed", "browser", "oauth.client_secret_invalid"),
        ("invalid_grant", "service-account", "oauth.user_unusable"),
        ("invalid_grant: Invalid JWT Signature.", "service-account", "oauth.client_secret_invalid"),
        ("unauthorized_client: Client is unauthorized", "service-account", "oauth.grant_not_allowed"),
        ("code_challenge_methods_supported does not name S256", "browser", "oauth.grant_not_allowed"),
        ("interaction_required: AADSTS50076", "browser", "oauth.mfa_required"),
        ("a_word_of_its_own: nobody knows it", "browser", "oauth.grant_not_allowed"),
        ("a_word_of_its_own", "client-credentials", "oauth.grant_not_allowed"),
    ],
)
def test_what_was_said_names_the_class(text: str, flow: str, code: str) -> None:
    assert told(text=text, flow=flow).code == code


def test_a_wrong_clock_explains_what_was_signed() -> None:
    clock = {"likely_cause": True, "difference_seconds": 7200}
    assert told(text="invalid_grant: Invalid JWT", flow="service-account", clock=clock).code == "oauth.clock_skew"
    assert told(text="invalid_client", flow="client-credentials", clock=clock).code == "oauth.clock_skew"
    assert told(text="invalid_scope", flow="client-credentials", clock=clock).code == "oauth.invalid_scope"


@pytest.mark.parametrize("provider", ["", "microsoft365", "gmail"])
@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("invalid_grant", "postroom oauth login main"),
        ("invalid_client", "postroom smtp set main --client-"),
        ("unauthorized_client: unknown client", "postroom smtp set main --client-id ID"),
        ("invalid_scope", "postroom smtp set main --unset oauth.scope"),
        ("redirect_uri_mismatch", "postroom"),
    ],
)
def test_the_next_step_is_a_command_of_postroom(provider: str, text: str, command: str) -> None:
    assert any(command in step for step in told(text=text, provider=provider).next_steps)


def test_the_page_of_the_console_is_named() -> None:
    secret = told(text="invalid_client: AADSTS7000222", provider="microsoft365")
    assert "Certificates & secrets" in secret.next_steps[0]
    assert secret.checked
    testing = told(text="invalid_grant: Token has been expired or revoked.", provider="gmail")
    assert "https://console.cloud.google.com/auth/audience" in testing.next_steps[0]


def test_what_is_missing_and_who_logged_in_are_told() -> None:
    assert "smtp, mail" in told("scope-missing", missing=["smtp", "mail"]).cause
    title = told("wrong-account", account="eve@example.test", mailbox="alice@example.test").title
    assert (title, "eve" in "".join(told("wrong-account", account="eve@example.test").next_steps)) == (
        "The login was made as eve@example.test, not as alice@example.test",
        False,
    )


def test_a_token_that_the_mail_server_refuses_is_renewed_where_it_is_postrooms_own() -> None:
    reply = Reply(535, "5.7.8", ["Authentication failed"])
    refused = Signs("auth", "refused-by-reply", reply, evidence={"mechanism": "XOAUTH2"}, server="main")
    foreign = classify(refused)
    own = classify(refused._replace(evidence={**refused.evidence, "own_tokens": True}))
    assert foreign.code == own.code == "auth.xoauth2_token_rejected"
    assert any("--access-token-command" in step for step in foreign.next_steps)
    assert own.next_steps[0] == "Get a fresh one: postroom oauth refresh main"


def test_tokens_of_another_program_keep_their_advice() -> None:
    cause = classify(Signs("token", "refused-by-reply", text="invalid_grant: AADSTS700082", provider="microsoft365"))
    assert "program that Postroom reads access tokens from" in cause.next_steps[0]
    assert "oauth login" not in "".join(cause.next_steps)


DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.mark.parametrize("provider", ["", "microsoft365", "gmail"])
@pytest.mark.parametrize(
    ("grant", "text", "code"),
    [
        ("authorization_code", "invalid_grant: grant request is invalid", "oauth.code_refused"),
        ("authorization_code", "invalid_grant: Code not valid", "oauth.code_refused"),
        ("authorization_code", "invalid_grant: Malformed auth code.", "oauth.code_refused"),
        ("authorization_code", "invalid_grant: AADSTS54005: already redeemed", "oauth.code_refused"),
        ("authorization_code", "invalid_grant: AADSTS50076", "oauth.mfa_required"),
        ("authorization_code", "invalid_grant: redirect_uri mismatch", "oauth.redirect_mismatch"),
        ("authorization_code", "invalid_grant: PKCE verification failed", "oauth.grant_not_allowed"),
        (DEVICE_GRANT, "invalid_grant: grant request is invalid", "oauth.device_flow_incomplete"),
        (DEVICE_GRANT, "invalid_grant: AADSTS70000: code", "oauth.device_flow_incomplete"),
        (DEVICE_GRANT, "invalid_grant: AADSTS53003", "oauth.conditional_access_blocked"),
        ("refresh_token", "invalid_grant: grant request is invalid", "oauth.refresh_token_revoked"),
        ("refresh_token", "invalid_grant: AADSTS54005", "oauth.refresh_token_revoked"),
    ],
)
def test_a_refused_code_is_no_withdrawn_authorization(provider: str, grant: str, text: str, code: str) -> None:
    flow = "device" if grant == DEVICE_GRANT else "browser"
    assert told(text=text, provider=provider, flow=flow, grant_type=grant).code == code


@pytest.mark.parametrize("provider", ["", "microsoft365", "gmail"])
@pytest.mark.parametrize(
    "failure",
    [
        ("connection-refused", ""),
        ("provider-busy", "HTTP 503"),
        ("not-oauth", "HTTP 404: content type text/html, not JSON"),
        ("refused-by-reply", "invalid_client"),
        ("tls-certificate-untrusted", ""),
    ],
)
def test_what_is_tried_again_is_what_was_tried(provider: str, failure: tuple[str, str]) -> None:
    renewing, login = (
        " ".join(told(*failure, provider=provider, logging_in=logging_in).next_steps) for logging_in in (False, True)
    )
    assert "postroom oauth refresh main" in renewing
    assert "postroom oauth refresh" not in login
    assert "postroom oauth login main" in login


@pytest.mark.parametrize(
    "sign", ["host-not-found", "connection-refused", "tls-handshake", "tls-certificate-name", "redirected", "not-oauth"]
)
def test_only_an_address_that_a_person_gave_is_to_be_corrected(sign: str) -> None:
    endpoint = "https://127.0.0.1:4711/.well-known/openid-configuration"
    problem = {"certificate_problem": "name"} if sign == "tls-certificate-name" else {}
    known = {"endpoint": endpoint, **problem}
    of_preset = " ".join(told(sign, provider="gmail", address_set_as=None, **known).next_steps)
    assert "URL" not in of_preset
    for key, option in (("issuer", "--issuer URL"), ("token_endpoint", "--token-endpoint URL")):
        steps = " ".join(told(sign, address_set_as=key, **known).next_steps)
        assert f"postroom smtp set main {option}" in steps
        assert steps.count("URL") == 1


def test_what_is_looked_at_is_the_address_that_was_asked() -> None:
    steps = told("connection-refused", endpoint="http://127.0.0.1:1/token").next_steps
    assert "curl -sSI http://127.0.0.1:1/token" in steps[1]
    evil = told("connection-refused", endpoint="https://id.example.test/$(id)").next_steps
    assert "curl -sSI 'https://id.example.test/$(id)'" in evil[1]


def test_where_dns_is_down_the_resolver_and_the_proxy_are_looked_at() -> None:
    cause = told("host-not-found", provider="google-workspace")
    assert cause.next_steps[0].endswith("getent hosts id.example.test")
    assert "HTTPS_PROXY" in cause.next_steps[1]


@pytest.mark.parametrize(
    ("proof", "said", "option"),
    [
        ("assertion", "assertion", "--assertion-command"),
        ("certificate", "certificate", "--certificate FILE"),
        ("none", "without a secret", "--client-"),
        ("secret", "client secret", "--client-secret-stdin"),
    ],
)
@pytest.mark.parametrize("provider", ["", "microsoft365"])
def test_a_refused_proof_is_the_one_that_the_application_has(provider: str, proof: str, said: str, option: str) -> None:
    cause = told(text="invalid_client: client authentication failed", provider=provider, proof=proof, client_id="app-1")
    assert cause.code == "oauth.client_secret_invalid"
    assert said in cause.title
    assert "client ID app-1" in cause.cause
    assert any(option in step for step in cause.next_steps)
    assert [other.code for other in cause.others] == ["oauth.app_not_found"]
    if proof == "assertion":
        assert "secret" not in " ".join(cause.next_steps).replace("Certificates & secrets", "")


def test_a_spent_assertion_is_no_wrong_clock() -> None:
    for text in ("invalid_client: AADSTS700024", "invalid_client: assertion expired", "invalid_client: jti was used"):
        cause = told(text=text, provider="microsoft365", flow="client-credentials", proof="assertion")
        assert cause.code == "oauth.client_secret_invalid"
        assert "Federated credentials" in cause.next_steps[0]


@pytest.mark.parametrize("provider", ["", "microsoft365", "gmail"])
def test_a_refused_token_of_somebody_else_tells_whose_it_is(provider: str) -> None:
    reply = Reply(535, "5.7.8", ["Authentication failed"])
    known = {"mechanism": "XOAUTH2", "own_tokens": True, "account": "bob@example.test", "mailbox": "alice@example.test"}
    refused = Signs("auth", "refused-by-reply", reply, evidence=known, server="main", provider=provider)
    cause = classify(refused)
    assert cause.code == "oauth.wrong_account"
    assert cause.title == "bob@example.test is logged in, and the server sends as alice@example.test"
    assert "postroom oauth login main" in cause.next_steps[0]
    same = classify(refused._replace(evidence={**known, "account": "Alice@example.test"}))
    assert same.code == "auth.xoauth2_token_rejected"
