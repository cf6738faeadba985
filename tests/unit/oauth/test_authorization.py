"""The answer to an authorization request: only the one to this very request counts, and nothing of another."""

import os
from urllib.parse import urlencode

import pytest

from postroom.diagnosis.classify import classify
from postroom.domain.oauth import Client, GrantError
from postroom.domain.secret import Secret
from postroom.oauth.authorization import NotTheAnswer, check_request, judge, new_state, new_verifier

ISSUER = "https://login.example.test"
STATE = "c3RhdGUtb2YtdGhpcy1sb2dpbi1hbmQtbm8tb3RoZXI"
CLIENT = Client(
    server="main",
    provider="example",
    flow="browser",
    client_id="app",
    account="alice@example.test",
    scopes=("mail",),
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/authorize",
    iss_expected=True,
)
GOOD = {"code": "4/0Ab-c_d.e", "state": STATE, "iss": ISSUER}


def query(**changes: str | None) -> str:
    """A good answer with some parameters changed, or left out by None."""
    return urlencode({name: value for name, value in {**GOOD, **changes}.items() if value is not None})


BAD = {
    "nothing at all": "",
    "no state": query(state=None),
    "an empty state": query(state=""),
    "another state": query(state="x" * len(STATE)),
    "the beginning of the state": query(state=STATE[:-1]),
    "the state and more": query(state=STATE + "A"),
    "the state in other letters": query(state=STATE.swapcase()),
    "the state with a NUL": query(state=STATE + "\0"),
    "the state in other characters": query(state="\uff43" + STATE[1:]),
    "the state twice": query() + "&state=" + STATE,
    "another state before": "state=other&" + query(),
    "another state behind": query() + "&state=other",
    "the state by another name": query(state=None) + "&State=" + STATE,
    "the state as a list": query(state=None) + "&state[]=" + STATE,
    "no code": query(code=None),
    "an empty code": query(code=""),
    "the code without a value": query(code=None) + "&code",
    "the code twice": query() + "&code=" + GOOD["code"],
    "two codes": query() + "&code=other",
    "a line feed in the code": query(code="a\nb"),
    "a code that is no ASCII": query(code="\u00e4"),
    "a code that is no UTF-8": query(code=None) + "&code=%ff",
    "no issuer": query(iss=None),
    "an empty issuer": query(iss=""),
    "another issuer": query(iss="https://evil.example.test"),
    "the issuer with a slash": query(iss=ISSUER + "/"),
    "the issuer in capitals": query(iss=ISSUER.upper()),
    "the issuer twice": query() + "&iss=" + ISSUER,
    "an issuer and another": query() + "&iss=https://evil.example.test",
    "a code and an error": query(error="access_denied"),
    "an error without the state": query(code=None, state=None, error="access_denied"),
    "an error with another state": query(code=None, state="other", error="access_denied"),
    "an error of another issuer": query(code=None, iss="https://evil.example.test", error="access_denied"),
    "an empty error": query(code=None, error=""),
    "two errors": query(code=None, error="access_denied") + "&error=server_error",
    "an error of several lines": query(code=None, error="access\ndenied"),
    "another parameter twice": query() + "&scope=a&scope=b",
    "too many parameters": query() + "".join(f"&a{number}=1" for number in range(40)),
    "too long": query(padding="x" * 9000),
    "the answer behind a semicolon": ";".join(query().split("&")),
    "the answer behind a #": "#" + query(),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_not_the_answer_is_told_from_it(bad: str) -> None:
    with pytest.raises(NotTheAnswer) as told:
        judge(bad, client=CLIENT, state=STATE)
    assert GOOD["code"] not in told.value.reason
    assert STATE not in told.value.reason


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
def test_an_empty_parameter_is_told_as_that(name: str) -> None:
    client = CLIENT._replace(issuer="", iss_expected=False)
    with pytest.raises(NotTheAnswer, match=f"its {name} is empty"):
        judge(query(**{name: ""}), client=client, state=STATE)


@pytest.mark.parametrize(
    "good",
    [query(), query(scope="mail", session_state="1-2", hd=""), "&".join(reversed(query().split("&")))],
    ids=["plain", "with more in it", "in another order"],
)
def test_the_answer_brings_the_code(good: str) -> None:
    assert judge(good, client=CLIENT, state=STATE) == Secret(GOOD["code"])


def test_an_issuer_is_wanted_only_where_the_provider_names_it() -> None:
    client = CLIENT._replace(iss_expected=False)
    assert judge(query(iss=None), client=client, state=STATE)
    assert judge(query(), client=client, state=STATE)
    with pytest.raises(NotTheAnswer, match="another provider"):
        judge(query(iss="https://evil.example.test"), client=client, state=STATE)


def test_without_an_issuer_in_the_settings_none_can_be_compared() -> None:
    client = CLIENT._replace(issuer="", iss_expected=False)
    assert judge(query(), client=client, state=STATE)
    with pytest.raises(NotTheAnswer):
        judge(query(), client=client._replace(iss_expected=True), state=STATE)


def test_a_refusal_of_the_provider_is_the_answer() -> None:
    refusal = query(code=None, error="access_denied", error_description="AADSTS65004: \x1b[31mUser <b>declined")
    with pytest.raises(GrantError) as told:
        judge(refusal, client=CLIENT, state=STATE)
    assert told.value.definite
    assert told.value.error == "access_denied"
    signs = told.value.signs
    assert (signs.step, signs.server, signs.provider, signs.host) == ("token", "main", "example", "login.example.test")
    assert signs.text == "access_denied: AADSTS65004: \x1b[31mUser <b>declined"
    assert signs.sign == "refused-by-reply"
    assert signs.evidence == {
        "own_tokens": True,
        "flow": "browser",
        "endpoint": f"{ISSUER}/authorize",
        "error": "access_denied",
    }


@pytest.mark.parametrize(
    ("error", "description", "cause"),
    [
        ("access_denied", None, "oauth.consent_required"),
        ("access_denied", "End-User aborted interaction", "oauth.consent_required"),
        ("access_denied", "AADSTS65004: User declined to consent to access the app.", "oauth.consent_required"),
        ("access_denied", "The account is not a test user of this app", "oauth.account_not_allowed"),
        ("invalid_scope", None, "oauth.invalid_scope"),
        ("interaction_required", None, "oauth.mfa_required"),
    ],
)
def test_who_declines_is_told_that_and_nothing_worse(error: str, description: str | None, cause: str) -> None:
    with pytest.raises(GrantError) as told:
        judge(query(code=None, error=error, error_description=description), client=CLIENT, state=STATE)
    assert classify(told.value.signs).code == cause


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_a_provider_out_of_order_has_not_said_no(error: str) -> None:
    with pytest.raises(GrantError) as told:
        judge(query(code=None, error=error), client=CLIENT, state=STATE)
    assert not told.value.definite
    assert told.value.signs.text == error
    assert told.value.signs.sign == "provider-busy"


# The request


def test_state_and_verifier_are_long_and_new_each_time() -> None:
    states = {new_state(os.urandom) for _ in range(100)}
    assert len(states) == 100
    assert {len(state) for state in states} == {43}
    verifiers = {new_verifier(os.urandom).reveal() for _ in range(100)}
    assert len(verifiers) == 100
    for text in states | verifiers:
        assert 43 <= len(text) <= 128
        assert text.replace("-", "").replace("_", "").isalnum()


def test_nothing_but_the_given_chance_makes_them() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    assert new_state(random) == new_verifier(random).reveal()
    assert min(asked) * 8 >= 256


# The pair of RFC 7636, appendix B.
VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "http://127.0.0.1:4711/callback"
ASKED = {
    "response_type": "code",
    "client_id": "app",
    "redirect_uri": REDIRECT,
    "state": STATE,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def check(**changes: str | None) -> None:
    asked = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    check_request(f"{ISSUER}/authorize?{urlencode(asked)}", redirect_uri=REDIRECT, state=STATE, verifier=VERIFIER)


def test_a_whole_request_is_opened() -> None:
    check()
    check(prompt="consent")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code_challenge", None),
        ("code_challenge", ""),
        ("code_challenge", VERIFIER.reveal()),
        ("code_challenge_method", None),
        ("code_challenge_method", "plain"),
        ("state", None),
        ("state", "other"),
        ("redirect_uri", "http://127.0.0.1:4712/callback"),
        ("response_type", "token"),
    ],
)
def test_a_request_without_its_protections_is_never_opened(name: str, value: str | None) -> None:
    with pytest.raises(RuntimeError, match=name) as told:
        check(**{name: value})
    assert VERIFIER.reveal() not in str(told.value)


def test_a_request_that_says_one_thing_twice_is_never_opened() -> None:
    address = f"{ISSUER}/authorize?{urlencode(ASKED)}&code_challenge_method=plain"
    with pytest.raises(RuntimeError, match="twice"):
        check_request(address, redirect_uri=REDIRECT, state=STATE, verifier=VERIFIER)
