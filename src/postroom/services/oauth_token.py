"""Gives a valid access token to another program."""

from postroom.clock import rfc3339
from postroom.domain.oauth_promises import TokenKeeper
from postroom.domain.settings import Settings
from postroom.errors import ConfigError
from postroom.result import Result
from postroom.services.servers import choose_server

COMMAND = "oauth token"


def oauth_token(settings: Settings, tokens: TokenKeeper, name: str | None) -> Result:
    """The access token as the text of the result, renewed where it must be. Raise as `TokenKeeper.usable` does."""
    server = choose_server(settings, name)
    if not server.own_tokens:
        what = (
            f"server {server.name} takes its access token from {server.access_token}"
            if server.access_token
            else f"server {server.name} logs in with auth {server.auth}, not oauth2"
        )
        raise ConfigError("oauth.not_ours", what, hint=f"postroom oauth login {server.name}")
    record = tokens.usable(server)
    return Result(
        COMMAND,
        {
            "server": server.name,
            "username": server.username,
            "expires_at": rfc3339(record.expires_at) if record.expires_at else None,
            "text": f"{record.access_token.reveal()}\n" if record.access_token else "",
        },
    )
