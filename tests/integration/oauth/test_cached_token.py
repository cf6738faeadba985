"""While an access token is good, mail goes out without a word to the provider, and without what it would take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.oauth.logged_in import Home
from tests.integration.oauth.test_refresh_race import logged_in
from tests.support.oauth_mail import OauthMail
from tests.support.openid_provider import OpenidProvider

OF_OAUTH = {"authlib", "requests", "joserfc", "urllib3", "webbrowser", "http"}
"""What only whoever asks a provider needs."""
OF_OURS = {"postroom.oauth.http", "postroom.oauth.wire", "postroom.oauth.consent", "postroom.oauth.proof"}
BOB = "bob@example.test"
# The start of a program costs 100 ms on this scale; it is a small part of that.
TOKEN_STEP_MS = 250.0

_RUN = """
import sys
try:
    from postroom.__main__ import main
    main()
finally:
    with open({listing!r}, "w") as listing:
        print(*sys.modules, sep="\\n", file=listing)
"""


@pytest.fixture
def home(oauth_mail: OauthMail, tmp_path: Path) -> Home:
    try:
        return logged_in(tmp_path / "home", *oauth_mail)
    finally:
        oauth_mail.provider.change(token_delay_seconds=0)


def loaded(home: Home, *argv: str) -> set[str]:
    listing = home.path / "listing"
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(listing=str(listing)), *argv],
        env={**home.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(listing.read_text().split())


def asked(provider: OpenidProvider) -> int:
    return len(provider.token_requests())


@pytest.mark.parametrize(
    "argv",
    [("smtp", "test", "main", "--to", BOB), ("smtp", "test", "main", "--until", "auth"), ("oauth", "token", "main")],
    ids=" ".join,
)
def test_a_token_that_is_good_loads_nothing_that_asks_a_provider(
    home: Home, oauth_mail: OauthMail, argv: tuple[str, ...]
) -> None:
    before = asked(oauth_mail.provider)
    found = loaded(home, *argv)
    assert "postroom.oauth.keeper" in found
    assert {name.partition(".")[0] for name in found} & OF_OAUTH == set()
    assert found & OF_OURS == set()
    assert asked(oauth_mail.provider) == before


def test_the_guard_sees_what_a_renewal_would_load(home: Home) -> None:
    """The renewal itself is a child's; a login is not."""
    assert "postroom.oauth.http" in loaded(home, "oauth", "logout", "main")


def test_the_step_takes_no_time(home: Home) -> None:
    took = []
    for _ in range(3):
        done = home.run("smtp", "test", "main", "--until", "auth", "--json")
        steps = {step["name"]: step for step in done.json["data"]["steps"]}
        assert steps["token"]["ok"] is True
        took.append(steps["token"]["duration_ms"])
    print("token step, ms:", took)
    assert min(took) < TOKEN_STEP_MS
