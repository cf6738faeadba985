"""Where metadata lie."""

import pytest

from postroom.oauth.discovery import addresses


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
