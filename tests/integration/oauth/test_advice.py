"""What is advised after a failure can be typed as it stands, and is about what failed."""

import re
from pathlib import Path

from tests.integration.oauth.logged_in import Home, home_in
from tests.support.openid_provider import ASSERTION, MACHINE, NATIVE, OpenidProvider
from tests.support.program import Completed

MACHINE_IN_THE_ENVIRONMENT = {
    "POSTROOM_SMTP_HOST": "localhost",
    "POSTROOM_SMTP_USERNAME": "alice@example.test",
    "POSTROOM_OAUTH_FLOW": "client-credentials",
    "POSTROOM_OAUTH_SCOPE": "smtp",
}


def advised(done: Completed) -> list[str]:
    steps: list[str] = done.json["data"]["diagnosis"]["next_steps"]
    return steps


def in_the_environment(home: Home, provider: OpenidProvider, client: str, **more: str) -> Home:
    of_provider = {"POSTROOM_OAUTH_ISSUER": provider.issuer, "POSTROOM_OAUTH_CLIENT_ID": client}
    return home.with_environment(**MACHINE_IN_THE_ENVIRONMENT, **of_provider, **more)


def test_after_a_first_login_that_failed_nothing_is_to_be_refreshed(
    openid_provider: OpenidProvider, tmp_path: Path
) -> None:
    home = home_in(tmp_path / "home")
    home.setting(openid_provider.issuer, NATIVE)
    openid_provider.stop()
    done = home.run("oauth", "login", "main", "--flow", "device", "--json")
    steps = advised(done)
    assert (done.exit, done.json["error"]["code"]) == (75, "oauth.provider_unavailable")
    assert steps[0].endswith("postroom oauth login main")
    assert not [step for step in steps if "oauth refresh" in step]
    assert [step for step in steps if step.endswith("smtp set main --issuer URL")]
    assert [step for step in steps if f"curl -sSI {openid_provider.issuer}/" in step]


def test_a_device_code_that_the_provider_has_forgotten_is_no_withdrawn_login(
    openid_provider: OpenidProvider, tmp_path: Path
) -> None:
    home = home_in(tmp_path / "home")
    home.setting(openid_provider.issuer, NATIVE)
    with home.logging_in("--json", flow="device") as waiting:
        waiting.hear(r"enter the code")
        openid_provider.restart()
        done = waiting.end()
    assert done.json["error"]["code"] == "oauth.device_flow_incomplete"
    assert done.exit == 4


def test_a_server_of_the_environment_is_mended_there(openid_provider: OpenidProvider, tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    secret = in_the_environment(home, openid_provider, MACHINE, POSTROOM_OAUTH_CLIENT_SECRET="wrong")
    done = secret.run("smtp", "test", "--until", "token", "--json")
    assert done.json["error"]["code"] == "oauth.client_secret_invalid"
    assert "POSTROOM_OAUTH_CLIENT_SECRET=..." in advised(done)[0]
    assert any("POSTROOM_OAUTH_CLIENT_ID=ID" in step for step in advised(done))
    assert not [step for step in advised(done) if re.search(r"postroom|(?<!\w)--", step)]

    assertion = in_the_environment(home, openid_provider, ASSERTION, POSTROOM_OAUTH_CLIENT_ASSERTION="wrong")
    done = assertion.run("smtp", "test", "--until", "token", "--json")
    assert done.json["error"]["code"] == "oauth.client_secret_invalid"
    assert "assertion" in done.json["error"]["message"]
    assert advised(done)[0].endswith("POSTROOM_OAUTH_CLIENT_ASSERTION_FILE=FILE")
    assert not [step for step in advised(done) if re.search(r"secret|postroom|(?<!\w)--", step)]

    both = assertion.with_environment(POSTROOM_OAUTH_CLIENT_SECRET="wrong")
    for words in (("smtp", "test", "--until", "token"), ("oauth", "token")):
        assert both.run(*words, "--json").json["error"]["hint"] == "unset POSTROOM_OAUTH_CLIENT_ASSERTION"
    none = in_the_environment(home, openid_provider, MACHINE)
    assert none.run("oauth", "token", "--json").json["error"]["hint"] == "Set POSTROOM_OAUTH_CLIENT_SECRET=..."


def test_a_server_that_is_only_tried_is_mended_by_options(openid_provider: OpenidProvider, tmp_path: Path) -> None:
    home = home_in(tmp_path / "home").with_environment(BAD="wrong")
    words = (
        *("smtp", "test", "--until", "token", "--json", "--host", "localhost", "--username", "alice@example.test"),
        *("--auth", "oauth2", "--issuer", openid_provider.issuer, "--client-id", MACHINE),
        *("--flow", "client-credentials", "--scope", "smtp"),
    )
    assert home.run(*words).json["error"]["hint"].startswith("Add --client-secret-env NAME")
    steps = advised(home.run(*words, "--client-secret-env", "BAD"))
    assert any(step.endswith("leave out --client-secret-env") for step in steps)
    assert steps[-1] == "Then try again with the same command"
    assert not [step for step in steps if "postroom" in step]
    untried = home.run(*words, "--client-secret-stdin", typed="wrong\n")
    assert (untried.exit, untried.json["error"]["code"]) == (2, "usage.bad_option")
