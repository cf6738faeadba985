"""The files that Google hands out: read whole, told apart, and never repeated in an error."""

import json
from typing import Any

import pytest

from postroom.domain.google_files import LONGEST_CHARACTERS, read_client_file, read_service_account
from postroom.errors import DataError

SECRET = "GOCSPX-the-secret-itself"
KEY = "-----BEGIN PRIVATE KEY-----\nthe key itself\n-----END PRIVATE KEY-----\n"
INSTALLED = {
    "client_id": "1-a.apps.googleusercontent.com",
    "project_id": "mail-desk",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
    "client_secret": SECRET,
    "redirect_uris": ["http://localhost"],
}
ACCOUNT = {
    "type": "service_account",
    "project_id": "mail-desk",
    "private_key_id": "4711",
    "private_key": KEY,
    "client_email": "mail@mail-desk.iam.gserviceaccount.com",
    "client_id": "104711",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize("kind", ["installed", "web"])
def test_both_kinds_of_application_are_read(kind: str) -> None:
    found = read_client_file("\ufeff" + json.dumps({kind: INSTALLED}))
    assert found.client_secret.reveal() == SECRET
    assert found._replace(client_secret=found.client_secret) == (
        "1-a.apps.googleusercontent.com",
        found.client_secret,
        "mail-desk",
        kind,
        ("http://localhost",),
        "https://accounts.google.com/o/oauth2/auth",
        "https://oauth2.googleapis.com/token",
    )
    assert SECRET not in repr(found)


def test_the_addresses_are_google_s_where_the_file_has_none() -> None:
    found = read_client_file(json.dumps({"installed": without(INSTALLED, "auth_uri", "token_uri", "project_id")}))
    assert (found.auth_uri, found.token_uri, found.project) == (
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "",
    )


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "malformed", "not JSON"),
        ('{"installed": {"client_secret": "' + SECRET, "malformed", "not JSON"),
        (f'["{SECRET}"]', "malformed", "not JSON"),
        ("[" * 5000, "malformed", "not JSON"),
        (json.dumps(INSTALLED), "malformed", "either installed or web"),
        (json.dumps({"installed": INSTALLED, "web": INSTALLED}), "malformed", "either installed or web"),
        (json.dumps({"installed": SECRET}), "malformed", "either installed or web"),
        (" " * LONGEST_CHARACTERS + json.dumps({"installed": INSTALLED}), "malformed", "far longer"),
        (json.dumps(ACCOUNT), "wrong_kind", "the key of a service account"),
        (json.dumps({"type": "authorized_user", "refresh_token": SECRET}), "wrong_kind", "the login of a person"),
        (json.dumps({"type": "external_account"}), "wrong_kind", "a workload identity"),
        (json.dumps({"web": without(INSTALLED, "client_secret")}), "incomplete", "no client_secret"),
        (json.dumps({"installed": without(INSTALLED, "client_id")}), "incomplete", "client_id"),
        (json.dumps({"installed": {**INSTALLED, "client_id": 7}}), "incomplete", "client_id"),
        (json.dumps({"installed": {**INSTALLED, "client_secret": f"{SECRET}\nx"}}), "incomplete", "client_secret"),
        (json.dumps({"installed": {**INSTALLED, "token_uri": "http://x.example"}}), "incomplete", "token_uri"),
        (json.dumps({"installed": {**INSTALLED, "redirect_uris": "x"}}), "incomplete", "redirect_uris"),
        (json.dumps({"installed": {**INSTALLED, "project_id": ""}}), "incomplete", "project_id"),
    ],
)
def test_what_is_no_client_file_is_named(text: str, code: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read_client_file(text)
    assert (caught.value.code, int(caught.value.exit)) == (f"oauth.file_{code}", 65)
    assert words in caught.value.message
    assert not any(secret in str(vars(caught.value)) for secret in (SECRET, "the key itself"))
    assert caught.value.__cause__ is None


def test_the_key_of_a_service_account_is_read() -> None:
    found = read_service_account(json.dumps(ACCOUNT))
    assert (found.email, found.key_id) == ("mail@mail-desk.iam.gserviceaccount.com", "4711")
    assert found.key.reveal() == KEY
    assert found.token_endpoint == "https://oauth2.googleapis.com/token"


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"installed": INSTALLED}, "wrong_kind", "that a person logs in with"),
        ({"web": INSTALLED}, "wrong_kind", "that a person logs in with"),
        ({"type": "authorized_user"}, "wrong_kind", "the login of a person"),
        (without(ACCOUNT, "type"), "malformed", "type is not service_account"),
        (without(ACCOUNT, "private_key"), "incomplete", "private_key"),
        ({**ACCOUNT, "private_key": "the key itself"}, "incomplete", "private_key"),
        (without(ACCOUNT, "client_email"), "incomplete", "client_email"),
        ({**ACCOUNT, "token_uri": "http://x.example"}, "incomplete", "token_uri"),
    ],
)
def test_what_is_no_key_of_a_service_account_is_named(values: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read_service_account(json.dumps(values))
    assert (caught.value.code, words in caught.value.message) == (f"oauth.file_{code}", True)
    assert not any(secret in str(vars(caught.value)) for secret in (SECRET, "the key itself"))
