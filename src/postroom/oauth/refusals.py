"""Owns the words with which the keeper of tokens refuses, and what a person is told to do then.

It refuses to know when that is.
"""

from postroom.clock import to_the_minute
from postroom.domain.oauth import Failure, TokenRecord
from postroom.domain.settings import Server
from postroom.errors import ConfigError, Exit, Fault, PostroomError, SecretError


class MovedError(ConfigError):
    """The settings refer to the tokens no more."""

    def __init__(self, server: Server) -> None:
        super().__init__(
            "config.changed_meanwhile",
            f"server {server.name}: its login was moved or removed by somebody else in the meantime",
            hint="Run the command again.",
            retry="now",
            exit=Exit.TRY_AGAIN,
        )


def login(server: Server) -> str:
    """The command that mends it."""
    return f"postroom oauth login {server.name}"


def login_needed(server: Server, why: str) -> ConfigError:
    """A person has to log in."""
    return ConfigError(
        "oauth.login_needed",
        f"server {server.name} logs in with OAuth 2.0 as {server.username}, and {why}",
        hint=login(server),
        exit=Exit.LOGIN_NEEDED,
    )


def cut_off(record: TokenRecord, message: str, *, lost: bool) -> str:
    """The words of a failure; with why, where an earlier renewal may have used the refresh token up."""
    if not lost or record.begun_at is None:
        return message
    when = to_the_minute(record.begun_at)
    return f"{message}; a renewal that began at {when} was cut off, and what the provider gave then never came here"


def not_kept(server: Server, error: PostroomError) -> SecretError:
    """The login is lost, for new tokens were given in place of the old ones."""
    return SecretError(
        "oauth.not_kept",
        f"server {server.name}: the provider gave new tokens, and they could not be kept: {error.message}",
        hint=f"{error.hint}\nThen log in again: {login(server)}".strip(),
    )


def still_paused(server: Server, failure: Failure) -> Fault:
    """Somebody was told already, and has done nothing yet."""
    return Fault(
        failure.code,
        f"server {server.name} is paused since {to_the_minute(failure.at)}: {failure.message}",
        step="token",
        hint=login(server),
        exit=Exit.LOGIN_NEEDED,
    )
