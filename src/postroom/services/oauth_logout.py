"""Ends a login with OAuth 2.0: the tokens go from their store and, where the provider can, are taken back."""

from postroom.domain.oauth_promises import TokenKeeper
from postroom.domain.ports import Change
from postroom.domain.settings import Server, Settings
from postroom.errors import SecretError
from postroom.result import Result, Warn, changes_data
from postroom.services.servers import choose_server, refuse_environment

COMMAND = "oauth logout"


def oauth_logout(settings: Settings, change: Change, tokens: TokenKeeper, name: str | None, *, revoke: bool) -> Result:
    """Say what was removed and where. The server itself stays."""
    server = choose_server(settings, name)
    refuse_environment(settings, server.name)
    reference = server.oauth.tokens
    if reference is None:
        data = {**changes_data([]), "server": server.name, "removed": None, "revoked": None}
        return Result(COMMAND, data)
    removed, revoked = thrown_away(tokens, server, revoke=revoke)
    outcome = change(lambda draft: draft.unset(("smtp", "servers", server.name, "oauth", "tokens")))
    data = {
        **changes_data(outcome.changes),
        "server": server.name,
        "removed": str(reference) if removed else None,
        "revoked": revoked,
    }
    left = [] if revoked is not False else [not_revoked(server.name, "the tokens are gone here")]
    return Result(COMMAND, data, [*outcome.warnings, *left])


def thrown_away(tokens: TokenKeeper, server: Server, *, revoke: bool) -> tuple[bool, bool | None]:
    """Forget the tokens of a server: whether there were any, and whether the provider took them back."""
    try:
        kept = tokens.record(server) is not None
    except SecretError:
        kept = True  # what cannot be read is something
    return kept, tokens.forget(server, revoke=revoke)


def not_revoked(name: str, what: str) -> Warn:
    """What is left to do at a provider for tokens that are no longer here."""
    return Warn(
        "oauth.not_revoked",
        f"server {name}: {what}, but the provider was not told, or cannot be",
        "take the application's access away on the provider's page of the account",
    )
