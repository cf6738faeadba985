"""A login on another device, in real time."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from postroom.clock import Clock
from postroom.domain.oauth import Client, Granted, GrantError
from postroom.oauth.device import wait_for_consent
from postroom.oauth.http import HttpGrants
from tests.support.evil_provider import EvilProvider, Wire, oauth_error, tokens
from tests.support.openid_provider import ALICE, NATIVE, OpenidProvider

POLL_SLACK_SECONDS = 0.05  # the provider's clock is not ours


def wait(client: Client, meanwhile: Callable[[str, str], object]) -> Granted:
    """Begin a login, have somebody do something while we wait, and return what came of it."""
    clock = Clock()
    grants = HttpGrants(clock, "0.1")
    code = grants.device_code(client, None)
    person = threading.Timer(1.5, meanwhile, (code.verification_uri, code.user_code))
    person.start()
    try:
        return wait_for_consent(grants, client, None, code, monotonic=clock.monotonic, sleep=time.sleep)
    finally:
        person.join()


def real_client(provider: OpenidProvider) -> Client:
    client = Client("main", "", "device", NATIVE, ALICE, ("openid", "email", "smtp"), issuer=provider.issuer)
    return HttpGrants(Clock(), "0.1").discover(client)


def evil_client(provider: EvilProvider) -> Client:
    return HttpGrants(Clock(), "0.1").discover(Client("main", "", "device", "ID", ALICE, (), issuer=provider.issuer))


def test_somebody_consents_while_we_wait(openid_provider: OpenidProvider) -> None:
    assert wait(real_client(openid_provider), openid_provider.approve_device).account == ALICE
    polls = [request for request in openid_provider.token_requests() if request.error == "authorization_pending"]
    assert polls
    assert all(later.time - earlier.time >= 1 - POLL_SLACK_SECONDS for earlier, later in pairwise(polls))


def test_somebody_refuses_while_we_wait(openid_provider: OpenidProvider) -> None:
    with pytest.raises(GrantError) as refused:
        wait(real_client(openid_provider), openid_provider.deny_device)
    assert (refused.value.error, refused.value.definite) == ("access_denied", True)


def test_a_provider_that_hangs_up_is_asked_less_often() -> None:
    with EvilProvider(token=[oauth_error("authorization_pending"), Wire(b""), tokens()]) as provider:
        wait(evil_client(provider), lambda *_: None)
        first, second = provider.polls()
    assert first >= 1 - POLL_SLACK_SECONDS
    assert second >= 2 - POLL_SLACK_SECONDS


def test_a_code_that_runs_out_is_asked_about_no_more() -> None:
    with EvilProvider(token=[oauth_error("authorization_pending")]) as provider:
        provider.device = [provider.device_told(expires_in=2)]
        client = evil_client(provider)
        began = time.monotonic()
        with pytest.raises(GrantError) as refused:
            wait(client, lambda *_: None)
        assert refused.value.error == "expired_token"
        assert all(request.time - began < 2 for request in provider.to("/token"))
