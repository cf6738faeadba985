"""Tells how a server's login with OAuth 2.0 stands, and what will end it. It asks nobody and reads no clock."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from postroom.clock import rfc3339, to_the_minute
from postroom.domain.oauth import TokenRecord, is_another
from postroom.domain.preset import Offer
from postroom.domain.settings import WITHOUT_A_PERSON, Server
from postroom.errors import Exit, PostroomError, SecretError
from postroom.result import Warn

WARNING_DAYS = (14, 7, 1)
"""From so many days before the end somebody is told: the first is enough to plan, the last is the last chance."""


class Login(NamedTuple):
    """What is known about one server's login: its tokens, why they cannot be read or used, its provider's rules.

    `certificate_ends` is the day on which the application's certificate dies. `proved` tells that the provider has just
    given a token.
    """

    server: Server
    record: TokenRecord | None
    problem: PostroomError | None
    offer: Offer | None
    certificate_ends: date | None = None
    proved: bool = False


class Ending(NamedTuple):
    """Something that will end the login. `command` mends it; `rule` says whose rule it is. `of` tells it from the one
    that came before it: an end that each renewal moves stays the same.
    """

    what: str
    at: datetime
    rule: str
    command: str
    of: str


def endings(login: Login) -> Iterator[Ending]:
    """What will end the login, as far as anybody can know."""
    server, record = login.server, login.record
    again = f"postroom oauth login {server.name}"
    if record is not None and record.refresh_token is not None:
        of = rfc3339(record.granted_at)
        if record.refresh_ends_at is not None:
            yield Ending("refresh token", record.refresh_ends_at, "as the provider said when it gave it", again, of)
        elif login.offer is not None and login.offer.idle_days:
            days = login.offer.idle_days
            end = record.refreshed_at + timedelta(days=days)
            yield Ending("refresh token", end, f"{days} days without use", f"postroom oauth refresh {server.name}", of)
    if day := server.oauth.client_secret_expires:
        end = _midnight(date.fromisoformat(day))
        yield Ending("client secret", end, "as told by --client-secret-expires", _new_secret(server), day)
    if login.certificate_ends is not None:
        end = _midnight(login.certificate_ends)
        yield Ending("certificate", end, "as the certificate says", _new_certificate(server), end.date().isoformat())


def warnings(login: Login, now: datetime) -> Iterator[Warn]:
    """What stops the mail, or will before long."""
    server, record = login.server, login.record
    if login.problem is not None:
        code = "oauth.unreadable" if unread(login) else "oauth.paused"
        if passes(login.problem):
            code = "oauth.refresh_failed"
        yield Warn(code, login.problem.message, login.problem.hint)
        return
    if record is not None and record.failure is not None:
        when = to_the_minute(record.failure.at)
        what = f"server {server.name}: its token could not be renewed at {when}: {record.failure.message}"
        yield Warn("oauth.refresh_failed", what, f"postroom oauth refresh {server.name}")
    if record is not None:
        yield from other_account(server, record)
    for ending in endings(login):
        left = ending.at - now
        if left > timedelta(days=max(WARNING_DAYS)):
            continue
        day = to_the_minute(ending.at)
        told = f"ends in {_days(left)}" if left > timedelta() else "has ended"
        text = f"server {server.name}: the {ending.what} {told}, {day} ({ending.rule})"
        yield Warn("oauth.ends_soon", text, ending.command)


def other_account(server: Server, record: TokenRecord) -> Iterator[Warn]:
    """Say that somebody else has logged in than the mailbox that sends."""
    if is_another(server.username or "", record.account):
        yield Warn(
            "oauth.other_account",
            f"server {server.name} sends as {server.username}, but {record.account} has logged in: that works only "
            "where this account may send for the other",
            f"postroom oauth login {server.name}, and log in as {server.username}",
        )


def passes(problem: PostroomError) -> bool:
    """Whether a failure may pass by itself, so that nobody has to do anything."""
    return problem.exit != Exit.LOGIN_NEEDED and (problem.exit == Exit.TRY_AGAIN or problem.retry != "never")


def is_alive(login: Login, now: datetime) -> bool:
    """Whether mail still goes out, by an access token that lives."""
    record = login.record
    if record is None or record.access_token is None or record.expires_at is None:
        return False
    return now < record.expires_at


def unread(login: Login) -> bool:
    """Whether the tokens may be good, but cannot be read here and now."""
    problem = login.problem
    return isinstance(problem, SecretError) and problem.code != "secret.damaged"


def state_of(login: Login, now: datetime) -> str:
    """`usable`, `renewable` (the access token has run out, a new one can be had), `login needed`, `paused`; `unknown`
    where the store cannot be read.
    """
    record = login.record
    if unread(login):
        return "unknown"
    if login.problem is not None and not passes(login.problem):
        return "paused" if record is not None and record.failure is not None else "login needed"
    if record is None:
        return "renewable" if login.server.oauth.flow in WITHOUT_A_PERSON else "login needed"
    if is_alive(login, now):
        return "usable"
    return "renewable" if record.refresh_token is not None or record.flow in WITHOUT_A_PERSON else "login needed"


def row(login: Login, now: datetime) -> dict[str, Any]:
    """One server's login as it stands in JSON."""
    server, record = login.server, login.record
    ends = next((ending for ending in endings(login) if ending.what == "refresh token"), None)
    return {
        "server": server.name,
        "provider": server.provider,
        "flow": (record.flow if record else None) or server.oauth.flow,
        "username": server.username,
        "account": (record.account or None) if record else None,
        "client_id": server.oauth.client_id,
        "state": state_of(login, now),
        "proved": login.proved,
        "scopes": list(record.scopes) if record else [],
        "store": str(server.oauth.tokens) if server.oauth.tokens else None,
        "granted_at": rfc3339(record.granted_at) if record else None,
        "refreshed_at": rfc3339(record.refreshed_at) if record else None,
        "access_token_expires_at": rfc3339(record.expires_at) if record and record.expires_at else None,
        "refresh_token": record is not None and record.refresh_token is not None,
        "refresh_token_ends_at": rfc3339(ends.at) if ends else None,
        "refresh_token_rule": ends.rule if ends else None,
        "client_secret_expires": server.oauth.client_secret_expires,
        "certificate_ends": login.certificate_ends.isoformat() if login.certificate_ends else None,
        "last_error": _last_error(login),
        "next_step": login.problem.hint if login.problem else None,
    }


def _last_error(login: Login) -> Mapping[str, Any] | None:
    failure = login.record.failure if login.record else None
    if failure is not None:
        return {"at": rfc3339(failure.at), "class": failure.code, "message": failure.message}
    if login.problem is not None:
        return {"at": None, "class": login.problem.code, "message": login.problem.message}
    return None


def _new_secret(server: Server) -> str:
    return f"postroom smtp set {server.name} --client-secret-stdin --client-secret-expires DATE"


def _new_certificate(server: Server) -> str:
    return f"postroom smtp set {server.name} --certificate FILE --certificate-key FILE"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _days(left: timedelta) -> str:
    days = max(left.days, 0)
    return "less than a day" if days == 0 else "1 day" if days == 1 else f"{days} days"
