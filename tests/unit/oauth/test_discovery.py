"""Where metadata lie."""

import pytest

from postroom.domain.oauth import Client, GrantError
from postroom.oauth.discovery import SECRET_WAYS, addresses, told
from postroom.oauth.question import Question

CLIENT = Client("main", "", "browser", "ID", "alice@example.test", (), issuer="https://x.test")
QUESTION = Question(CLIENT, "https://x.test/.well-known/openid-configuration")


@pytest.mark.parametrize(
    ("issuer", "first", "second"),
    [
        (
            "https://x.test",
            "https://x.test/.well-known/oauth-authorization-server",
            "https://x.test/.well-known/openid-configuration",
        ),
        (
            "https://x.test/",
            "https://x.test/.well-known/oauth-authorization-server",
            "https://x.test/.well-known/openid-configuration",
        ),
        (
            "https://x.test:8443/realms/one",
            "https://x.test:8443/.well-known/oauth-authorization-server/realms/one",
            "https://x.test:8443/realms/one/.well-known/openid-configuration",
        ),
    ],
)
def test_the_path_of_the_issuer_comes_after_the_one_name_and_before_the_other(
    issuer: str, first: str, second: str
) -> None:
    assert addresses(issuer) == (first, second)


@pytest.mark.parametrize(
    ("found", "words"),
    [({}, "issuer is missing, not"), ({"issuer": "https://y.test"}, "issuer is https://y.test, not")],
)
def test_metadata_of_somebody_else_are_refused_in_words(found: dict[str, str], words: str) -> None:
    with pytest.raises(GrantError) as refused:
        told(QUESTION, CLIENT, found)
    assert refused.value.signs.text == f"{words} https://x.test"


@pytest.mark.parametrize(
    ("supported", "ways"),
    [
        (["client_secret_post", "private_key_jwt"], ("client_secret_post",)),
        (["none", "client_secret_post", "client_secret_basic"], SECRET_WAYS),
        (["private_key_jwt"], ()),
        (None, ()),
        ("client_secret_post", ()),
    ],
)
def test_the_metadata_tell_how_a_secret_is_taken(supported: object, ways: tuple[str, ...]) -> None:
    metadata = {"issuer": CLIENT.issuer, "token_endpoint_auth_methods_supported": supported}
    assert told(QUESTION, CLIENT, metadata).secret_ways == ways
