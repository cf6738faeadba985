"""What people paste, and what they are told of what is no answer."""

import pytest

from postroom.oauth.authorization import NotTheAnswer
from postroom.oauth.pasted import query_in

ENDPOINT = "https://login.example.test/authorize"
QUERY = "code=a&state=b"


@pytest.mark.parametrize(
    "line",
    [
        "http://127.0.0.1:4711/callback?code=a&state=b\n",
        "  http://127.0.0.1:4711/callback?code=a&state=b \r\n",
        "http://localhost:4711/?code=a&state=b#\n",
        "127.0.0.1:4711/callback?code=a&state=b\n",
        "localhost:4711?code=a&state=b\n",
        "?code=a&state=b\n",
        "code=a&state=b\n",
        "code=a&state=b#_=_\n",
        "'http://127.0.0.1:4711/callback?code=a&state=b'\n",
        "<http://127.0.0.1:4711/callback?code=a&state=b>\n",
        "http://127.0.0.1:4711/callback?co de=a&sta te=b\n",
        "https://app.example.com/callback?code=a&state=b",
    ],
)
def test_the_query_is_found_in_whatever_a_person_copies(line: str) -> None:
    assert query_in(line, authorization_endpoint=ENDPOINT) == QUERY


@pytest.mark.parametrize("endpoint", [ENDPOINT, "", "http://127.0.0.1:9000/auth"])
def test_a_refusal_is_an_answer_too(endpoint: str) -> None:
    line = "http://127.0.0.1:4711/callback?error=access_denied&state=b\n"
    assert query_in(line, authorization_endpoint=endpoint) == "error=access_denied&state=b"
    assert query_in("error=access_denied&state=b\n", authorization_endpoint=endpoint) == "error=access_denied&state=b"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\n", "empty"),
        ("  \r\n", "empty"),
        ("''\n", "empty"),
        ("4/0Ab-c_d.e\n", "only a part"),
        (f"{ENDPOINT}?response_type=code&client_id=a&redirect_uri=b&state=b&code_challenge=c\n", "login page"),
        ("https://other.example.test/signin?redirect_uri=b&state=b\n", "login page"),
        ("https://login.example.test/consent?part=1\n", "login page"),
        ("https://login.example.test/consent\n", "login page"),
        ("http://127.0.0.1:4711/callback\n", "nothing stands behind"),
        ("http://127.0.0.1:4711/callback#code=a&state=b\n", "behind a #"),
        ("http://[::1/callback\n", "nothing stands behind"),
        ("x" * 9000 + "\n", "too long"),
    ],
)
def test_what_is_no_answer_is_named(line: str, reason: str) -> None:
    with pytest.raises(NotTheAnswer, match=reason):
        query_in(line, authorization_endpoint=ENDPOINT)
