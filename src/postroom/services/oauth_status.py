"""Says of each login with OAuth 2.0 whether it is good, proves it by renewing a token, and what will end it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from postroom.domain.oauth import TokenRecord
from postroom.domain.oauth_promises import TokenKeeper
from postroom.domain.preset import Offer
from postroom.domain.settings import WITHOUT_A_PERSON, Server, Settings
from postroom.errors import Exit, PostroomError
from postroom.result import Result, Warn
from postroom.services.oauth_state import Login, passes, row, state_of, unread, warnings
from postroom.services.servers import choose_server

COMMAND = "oauth status"
NOT_GOOD = {"login needed", "paused"}


class Surroundings(NamedTuple):
    """What is asked of the machine: the tokens, the time, the provider's rules, the end of a certificate."""

    tokens: TokenKeeper
    now: Callable[[], datetime]
    offer: Callable[[Server], Offer | None]
    certificate_ends: Callable[[Server], date | None]


def oauth_status(settings: Settings, surroundings: Surroundings, name: str | None, *, ask: bool) -> Result:
    """How the logins stand; the exit is OK, LOGIN_NEEDED where one is not good, CONFIG where one cannot be read, or
    TRY_AGAIN where a provider could not be asked.

    With `ask` the provider is asked.
    """
    servers = chosen(settings, name)
    logins: list[Login] = []
    warned: list[Warn] = []
    unasked = False
    for server in servers:
        login, found = look(server, surroundings, ask=ask)
        logins.append(login)
        unasked = unasked or bool(found)
        warned += [*found, *warnings(login, surroundings.now())]
    now = surroundings.now()
    rows = [row(login, now) for login in logins]
    if not rows:
        warned.append(Warn("oauth.no_server", "no server logs in with OAuth 2.0", "postroom oauth login ADDRESS"))
    states = {state_of(login, now) for login in logins}
    status = Exit.TRY_AGAIN if unasked else Exit.OK
    status = Exit.LOGIN_NEEDED if states & NOT_GOOD else Exit.CONFIG if "unknown" in states else status
    return Result(COMMAND, {"asked": ask, "servers": rows}, [*settings.warnings, *warned], status)


def kept(server: Server, surroundings: Surroundings) -> tuple[str | None, list[Warn]]:
    """How one login stands by what is kept, for other commands: what a person has to do, and what is worth a warning.

    A store that cannot be read is somebody else's matter.
    """
    login, _ = look(server, surroundings, ask=False)
    if unread(login):
        return None, []
    now = surroundings.now()
    needs = login.problem.hint if login.problem else None
    return needs, list(warnings(login, now))


def chosen(settings: Settings, name: str | None) -> Sequence[Server]:
    """The named server, else every one whose tokens Postroom fetches. Raise ConfigError for an unknown name."""
    if name is not None:
        return [choose_server(settings, name)]
    return [server for server in settings.servers.values() if server.own_tokens]


def look(server: Server, surroundings: Surroundings, *, ask: bool) -> tuple[Login, list[Warn]]:
    """One server's login, by its record and, with `ask`, by a renewal."""
    record, problem, warned, proved = None, None, [], False
    try:
        record = surroundings.tokens.record(server)
        if ask and (record is not None or server.oauth.flow in WITHOUT_A_PERSON):
            record, proved = surroundings.tokens.refresh(server), True
        elif record is not None or server.oauth.flow not in WITHOUT_A_PERSON:
            surroundings.tokens.checked(server)
    except PostroomError as error:
        if passes(error):
            what = f"server {server.name}: whether its login is still good is not known: {error.message}"
            warned.append(Warn("oauth.not_asked", what, error.hint))
        else:
            problem = error
            record = _after(server, surroundings) or record
    ends = surroundings.certificate_ends(server)
    return Login(server, record, problem, surroundings.offer(server), ends, proved), warned


def _after(server: Server, surroundings: Surroundings) -> TokenRecord | None:
    try:
        return surroundings.tokens.record(server)
    except PostroomError:
        return None
