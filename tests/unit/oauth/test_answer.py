"""What a provider's answer means, to the letter."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.oauth import Client, Granted, GrantError, is_safe
from postroom.domain.secret import Secret
from postroom.oauth.answer import Answer, device_code, granted
from postroom.oauth.question import Question

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ISSUER = "https://accounts.example.test"
CLIENT = Client("main", "", "browser", "ID", "alice@example.test", ("a", "b"), issuer=ISSUER)
QUESTION = Question(CLIENT, f"{ISSUER}/token?x=y", (Secret("sentinel"),))
GOOD = {"access_token": "t", "token_type": "Bearer"}


def answer(found: object, status: int = 200, **headers: str) -> Answer:
    kind = {"Content-Type": "application/json;charset=UTF-8"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {**kind, **more}, json.dumps(found).encode(), NOW)


def failure(found: object, status: int = 400, question: Question = QUESTION, **headers: str) -> GrantError:
    with pytest.raises(GrantError) as refused:
        granted(question, answer(found, status, **headers))
    return refused.value


def read(**changes: object) -> Granted:
    return granted(QUESTION, answer({**GOOD, **changes}))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        ("3599", 3599),
        (3599.9, 3599),
        (0, None),
        (-1, None),
        ("-1", None),
        (True, None),
        (10**9, None),
        (1e400, None),
        ("9" * 5000, None),
        ("soon", None),
        (None, None),
        ([3600], None),
        (0.5, None),
    ],
)
def test_the_life_of_a_token_is_a_number_that_makes_sense(said: object, seconds: int | None) -> None:
    assert read(expires_in=said).expires_in == seconds
    assert read(refresh_token_expires_in=said).refresh_expires_in == seconds


def test_the_end_of_a_refresh_token_has_two_names() -> None:
    google = read(refresh_token="r", refresh_token_expires_in=604_799)
    keycloak = read(refresh_token="r", refresh_expires_in=1800)
    assert (google.refresh_expires_in, keycloak.refresh_expires_in) == (604_799, 1800)
    for_ever = read(refresh_token="r", refresh_expires_in=0)
    assert (for_ever.refresh_expires_in, read().refresh_expires_in) == (None, None)


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_one_in_any_case(kind: str) -> None:
    assert read(token_type=kind).access_token == Secret("t")


@pytest.mark.parametrize("token", ["", " ", "a b", "a\tb", "a\n", "\x01", "ü", "a\x7f", 5, None, ["a"], {"a": 1}])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_is_visible_ascii(name: str, token: object) -> None:
    if name == "refresh_token" and not token:
        assert read(refresh_token=token).refresh_token is None
    else:
        assert failure({**GOOD, name: token}, 200).signs.sign == "not-oauth"


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [("a", ("a",)), ("b  a", ("b", "a")), ("", ("a", "b")), (" ", ("a", "b")), (None, ("a", "b")), (["a"], ("a", "b"))],
)
def test_scopes_are_those_granted_else_those_asked_for(scope: object, scopes: tuple[str, ...]) -> None:
    assert read(scope=scope).scopes == scopes


@pytest.mark.parametrize("status", [400, 401, 403, 200])
def test_an_error_of_oauth_is_definite_whatever_the_status(status: int) -> None:
    error = failure({"error": "invalid_grant", "error_description": "Token expired"}, status)
    assert (error.error, error.definite) == ("invalid_grant", True)
    assert (error.signs.sign, error.signs.text) == ("refused-by-reply", "invalid_grant: Token expired")
    assert error.signs.evidence["status"] == status
    assert error.signs.evidence["endpoint"] == f"{ISSUER}/token"


@pytest.mark.parametrize(
    ("found", "code", "text"),
    [
        (
            {"error": {"code": 400, "message": "Bad scope", "status": "INVALID_ARGUMENT"}},
            "INVALID_ARGUMENT",
            "INVALID_ARGUMENT: Bad scope",
        ),
        ({"error": {"code": 403}}, "403", "403"),
        ({"error": {}}, "error", "error"),
        ({"error": 7}, "7", "7"),
        (
            {
                "error": "invalid_grant",
                "error_description": "AADSTS70000: no",
                "error_codes": [70000],
                "suberror": "bad",
            },
            "invalid_grant",
            "invalid_grant: AADSTS70000: no bad",
        ),
        ({"error": "invalid_grant", "error_codes": [65001]}, "invalid_grant", "invalid_grant: AADSTS65001"),
        (
            {"error": "invalid_grant", "error_description": "reauth", "error_subtype": "invalid_rapt"},
            "invalid_grant",
            "invalid_grant: reauth invalid_rapt",
        ),
        ({"error": "x" * 500, "error_description": "y" * 9000}, "x" * 100, None),
    ],
)
def test_the_shapes_of_other_interfaces_are_read(found: Mapping[str, Any], code: str, text: str | None) -> None:
    error = failure(found)
    assert (error.error, error.definite) == (code, True)
    assert error.signs.text == text if text else len(error.signs.text) == 2000


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ({"error": "temporarily_unavailable"}, 400),
        ({"error": "server_error"}, 400),
        ({"error": "invalid_grant"}, 500),
        ({"error": "invalid_request"}, 429),
        ({"error": "invalid_grant", "error_description": "AADSTS50196: a loop"}, 400),
        ({"error": "invalid_grant", "error_codes": [90033]}, 400),
        ({}, 408),
        ([], 503),
    ],
)
def test_a_bad_time_is_nothing_definite(found: object, status: int) -> None:
    error = failure(found, status)
    assert (error.signs.sign, error.definite) == ("provider-busy", False)


@pytest.mark.parametrize("word", ["authorization_pending", "slow_down"])
@pytest.mark.parametrize("status", [400, 429, 428])
def test_to_wait_for_a_person_is_nothing_definite(word: str, status: int) -> None:
    error = failure({"error": word}, status)
    assert (error.error, error.definite, error.signs.sign) == (word, False, "refused-by-reply")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("999999999", 86400),
        ("Wed, 04 Mar 2026 05:07:07 GMT", 60),
        ("Wed, 04 Mar 2026 05:00:00 GMT", 0),
        ("Wed, 04 Mar 2099 05:00:00 GMT", 86400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_when_to_come_again_is_seconds_or_a_date(said: str, seconds: int | None) -> None:
    assert failure({}, 429, Retry_After=said).retry_after == seconds


@pytest.mark.parametrize("kind", ["text/html", "", "application/jwt", "text/plain; x=application/json"])
def test_json_under_another_name_is_none(kind: str) -> None:
    with pytest.raises(GrantError) as refused:
        granted(QUESTION, answer(GOOD, 200, Content_Type=kind))
    assert refused.value.signs.sign == "not-oauth"


def test_json_may_have_a_name_of_its_own() -> None:
    assert granted(QUESTION, answer(GOOD, 200, Content_Type="application/vnd.x+json")).access_token


def test_a_wrong_clock_is_told_where_we_sign() -> None:
    question = QUESTION._replace(client=CLIENT._replace(flow="service-account"))
    error = failure({"error": "invalid_grant"}, 400, question, Date="Wed, 04 Mar 2026 07:06:07 GMT")
    assert error.signs.evidence["clock"]["difference_seconds"] == -7200
    assert error.signs.evidence["clock"]["likely_cause"]
    right = failure({"error": "invalid_grant"}, 400, question, Date="Wed, 04 Mar 2026 05:06:00 GMT")
    assert not right.signs.evidence["clock"]["likely_cause"]
    person = failure({"error": "invalid_grant"}, 400, Date="Wed, 04 Mar 2026 07:06:07 GMT")
    assert "clock" not in person.signs.evidence


def id_token(claims: object, header: object = None) -> str:
    parts = [json.dumps(part).encode() for part in (header or {"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])


OWN = {"iss": ISSUER, "aud": "ID", "email": "bob@example.test"}


@pytest.mark.parametrize(
    ("token", "account"),
    [
        (id_token(OWN), "bob@example.test"),
        (id_token({**OWN, "aud": ["other", "ID"]}), "bob@example.test"),
        (id_token({**OWN, "preferred_username": "Alice@Example.test"}), "Alice@Example.test"),
        (id_token({"iss": ISSUER, "aud": "ID", "upn": "bob@example.test"}), "bob@example.test"),
        (id_token({"iss": ISSUER, "aud": "ID", "preferred_username": "bob", "upn": "b@x.test"}), "b@x.test"),
        (id_token({**OWN, "email": ["bob@example.test"]}), ""),
        (id_token({**OWN, "iss": "https://evil.test"}), ""),
        (id_token({**OWN, "aud": "other"}), ""),
        (id_token({**OWN, "aud": None}), ""),
        (id_token(OWN, {"alg": "none"}), ""),
        (id_token(OWN, {"alg": "NONE"}), ""),
        (id_token(OWN, {"typ": "JWT"}), ""),
        (id_token({**OWN, "padding": "x" * 20000}), ""),
        (id_token(["email"]), ""),
        ("a.b.c", ""),
        ("..", ""),
        ("no token", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_an_id_token_tells_whose_account_it_is_or_nothing(token: object, account: str) -> None:
    assert read(id_token=token).account == account


@given(st.binary(max_size=300), st.sampled_from([200, 400, 429, 500]))
def test_no_answer_is_more_than_a_failure(body: bytes, status: int) -> None:
    told = Answer(status, {"Content-Type": "application/json"}, body, NOW)
    for reader in (granted, device_code):
        with pytest.raises(GrantError):
            reader(QUESTION, told)


TEXT = st.text("aB9. :\x01\u00fc", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "id_token",
        "error",
        "error_codes",
        "suberror",
    ]
)


@given(st.dictionaries(NAMES, JSON), st.sampled_from([200, 400, 429, 500]))
def test_whatever_stands_in_an_answer_is_taken_or_refused(found: Mapping[str, Any], status: int) -> None:
    with suppress(GrantError):
        tokens = granted(QUESTION, answer({**GOOD, **found}, status))
        assert tokens.access_token.reveal().isascii()
        assert tokens.expires_in is None or tokens.expires_in > 0


DEVICE = {"device_code": "d", "user_code": "U-C", "verification_uri": "https://x.test/device", "expires_in": 600}


def test_the_codes_for_a_device_are_read_with_their_defaults() -> None:
    code = device_code(QUESTION, answer(DEVICE))
    assert (code.interval, code.expires_in, code.verification_uri_complete) == (5, 600, "")
    older = {**DEVICE, "verification_uri": None, "verification_url": "https://x.test/google", "expires_in": "x"}
    code = device_code(QUESTION, answer({**older, "interval": "7"}))
    assert (code.interval, code.expires_in, code.verification_uri) == (7, 900, "https://x.test/google")


def test_a_complete_address_that_is_none_is_left_out() -> None:
    told = {**DEVICE, "verification_uri_complete": "http://x.test/device?user_code=U-C"}
    assert device_code(QUESTION, answer(told)).verification_uri_complete == ""


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://x.test/a?b", True),
        ("http://127.0.0.1:80/", True),
        ("http://localhost/", True),
        ("http://[::1]:8/", True),
        ("http://x.test/", False),
        ("http://localhost.x.test/", False),
        ("ftp://x.test/", False),
        ("https:///a", False),
        ("https://x.test:port/", False),
        ("https://[::1/", False),
        ("https://x.test/a b", False),
        ("https://x.test/\x1b", False),
        ("", False),
        (None, False),
    ],
)
def test_a_safe_address_is_https_or_this_machine(address: object, safe: bool) -> None:
    assert is_safe(address) is safe
