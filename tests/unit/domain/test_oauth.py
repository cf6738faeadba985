"""The application of a server, as its settings and its preset make it."""

from typing import Any

import pytest

from postroom.config.presets import load_preset
from postroom.diagnosis.classify import classify
from postroom.domain.derive import build_server
from postroom.domain.oauth import Client, GrantError, client_of, grant_fault
from postroom.domain.reply import Signs
from postroom.domain.settings import OAuth, Server, Source, Value
from postroom.errors import ConfigError

FILE = Source("file", "/etc/postroom/config.toml")


def client(provider: str, **oauth: str) -> Client:
    preset = load_preset(provider)
    assert preset is not None
    server = build_server(
        "main",
        {"provider": Value(provider, FILE), "username": Value("a@example.com", FILE)},
        tls={},
        oauth={key: Value(value, FILE) for key, value in {"client_id": "app", **oauth}.items()},
        profiles={},
        preset=preset,
    )
    return client_of(server, preset.oauth)


def test_a_persons_login_may_be_at_any_organisation() -> None:
    found = client("microsoft365", flow="browser")
    assert found.token_endpoint == "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
    assert found.scopes == ("https://outlook.office.com/SMTP.Send", "offline_access")
    assert found.redirect_uri == "http://localhost"


@pytest.mark.parametrize("tenant", ["organizations", "Common", "consumers", None])
def test_an_application_alone_needs_a_tenant_of_its_own(tenant: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        client("microsoft365", flow="client-credentials", **({"tenant": tenant} if tenant else {}))
    assert (caught.value.code, int(caught.value.exit)) == ("oauth.no_tenant", 78)
    assert "--tenant" in caught.value.hint
    assert (tenant or "organizations") in caught.value.message


def test_an_application_alone_asks_its_own_tenant() -> None:
    found = client("microsoft365", flow="client-credentials", tenant="example.com")
    assert found.token_endpoint == "https://login.microsoftonline.com/example.com/oauth2/v2.0/token"
    assert found.scopes == ("https://outlook.office365.com/.default",)


def test_a_provider_without_tenants_is_not_asked_for_one() -> None:
    found = client("gmail", flow="client-credentials", token_endpoint="https://login.corp.example/token")
    assert found.token_endpoint == "https://login.corp.example/token"


def evidence(endpoint: str = "", layer: str = "file", **oauth: str) -> Any:
    """What a refusal of a server with these settings tells."""
    values = {key: Value(value, Source(layer)) for key, value in oauth.items()}
    refused = GrantError(Signs("token", "closed", evidence={"endpoint": endpoint} if endpoint else {}))
    return grant_fault(refused, Server("main", {}, oauth=OAuth(values)), classify).data["evidence"]


def test_a_refusal_tells_by_which_setting_a_person_named_the_address() -> None:
    issuer, token = "https://id.example.test", "https://login.example.test/token"
    assert evidence(f"{issuer}/token", issuer=issuer)["address_set_as"] == "issuer"
    assert evidence(token, issuer=issuer, token_endpoint=token)["address_set_as"] == "token_endpoint"
    of_tenant = evidence(token, token_endpoint="https://login.example.test/{tenant}", tenant="token")
    assert of_tenant["address_set_as"] == "token_endpoint"
    assert evidence(token, layer="preset", token_endpoint=token)["address_set_as"] is None


@pytest.mark.parametrize(
    ("oauth", "proof"),
    [
        ({"client_secret": "env:A"}, "secret"),
        ({"certificate": "/c.pem"}, "certificate"),
        ({"assertion": "env:A"}, "assertion"),
        ({"flow": "service-account", "client_secret": "env:A"}, "service-account"),
        ({}, "none"),
    ],
)
def test_a_refusal_tells_what_the_application_proved_itself_with(oauth: dict[str, str], proof: str) -> None:
    assert evidence(**oauth)["proof"] == proof
