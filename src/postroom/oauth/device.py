"""Owns the waiting for a person who consents on another device (RFC 8628 3.5): when to ask, and when to give up.

It refuses to know clocks and providers: both are handed in.
"""

from collections.abc import Callable

from postroom.domain.oauth import Client, DeviceCode, Granted, GrantError, Proof
from postroom.domain.oauth_promises import Grants
from postroom.oauth.consent import too_late
from postroom.oauth.question import REFUSED, Question

_SLOWER_SECONDS = 5  # RFC 8628 3.5
_LONGEST_BACKOFF = 16  # times the interval: with the usual five seconds 80, well within the life of a code


def wait_for_consent(
    grants: Grants,
    client: Client,
    proof: Proof,
    code: DeviceCode,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], object],
    time_limit: float | None = None,
) -> Granted:
    """The tokens, once somebody has consented. Never asks sooner than the provider wants, nor after the code's end.

    Raise GrantError as soon as it is definite; `expired_token` when the code ran out; PostroomError
    `oauth.consent_timeout` where `time_limit` ends before.
    """
    limit = None if time_limit is None or time_limit >= code.expires_in else time_limit
    until = monotonic() + (code.expires_in if limit is None else limit)
    interval = max(code.interval, 1)
    backoff, asked_for = 1, 0
    while True:
        due = monotonic() + max(interval * backoff, asked_for)
        if due >= until and limit is None:
            raise _expired(client)
        if due >= until and limit is not None:
            sleep(max(0.0, until - monotonic()))
            raise too_late(client, limit)
        while (left := due - monotonic()) > 0:
            sleep(left)
        try:
            return grants.by_device(client, proof, code)
        except GrantError as error:
            if error.definite:
                raise
            interval += _SLOWER_SECONDS if error.error == "slow_down" else 0
            answered = error.error in ("authorization_pending", "slow_down")
            backoff = 1 if answered else min(backoff * 2, _LONGEST_BACKOFF)
            asked_for = error.retry_after or 0


def _expired(client: Client) -> GrantError:
    return Question(client, client.token_endpoint).failed(
        REFUSED, "expired_token: the device code expired", error="expired_token", definite=True
    )
