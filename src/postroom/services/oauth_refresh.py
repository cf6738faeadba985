"""Renews access tokens before anybody needs them, and warns the operator before a login ends."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from postroom.clock import rfc3339
from postroom.domain.message import Message
from postroom.domain.settings import Server, Settings
from postroom.errors import Exit, PostroomError
from postroom.result import Result, Warn
from postroom.sending import Mailer, Route
from postroom.services.oauth_state import WARNING_DAYS, Login, endings, row, warnings
from postroom.services.oauth_status import Surroundings, chosen, look
from postroom.services.servers import choose_server

COMMAND = "oauth refresh"


class Post(NamedTuple):
    """How the operator is told: the one door for mail, and what this machine is called."""

    mailer: Mailer
    hostname: str


def oauth_refresh(settings: Settings, surroundings: Surroundings, name: str | None, post: Post | None) -> Result:
    """Renew the tokens of one server, by its name or the default one.

    With `post` those of every server, and the operator gets one mail about all that will end. The exit is OK; PARTIAL
    where some failed; of a single server, or where all failed, that of the failure, which is raised.
    """
    logins: list[Login] = []
    failures: list[PostroomError] = []
    warned: list[Warn] = []
    for server in chosen(settings, None) if post else [choose_server(settings, name)]:
        login, failure = _renewed(server, surroundings)
        logins.append(login)
        failures += [failure] if failure else []
        warned += warnings(login, surroundings.now())
    told = _tell(settings, surroundings, logins, post) if post else {"told": None}
    now = surroundings.now()
    data = {"servers": [{**row(login, now), "renewed": login.problem is None} for login in logins], **told}
    if failures and len(failures) == len(logins):
        failures[0].data = data
        said = failures[0].message
        failures[0].warnings = tuple(warning for warning in warned if warning.message != said)
        raise failures[0]
    return Result(COMMAND, data, [*settings.warnings, *warned], Exit.PARTIAL if failures else Exit.OK)


def _renewed(server: Server, surroundings: Surroundings) -> tuple[Login, PostroomError | None]:
    offer, ends = surroundings.offer(server), surroundings.certificate_ends(server)
    try:
        return Login(server, surroundings.tokens.refresh(server), None, offer, ends), None
    except PostroomError as error:
        login, _ = look(server, surroundings, ask=False)
        return login._replace(problem=login.problem or error), error


def _tell(settings: Settings, surroundings: Surroundings, logins: Sequence[Login], post: Post) -> dict[str, Any]:
    """One mail about what is new since the last one; it goes through the first server that takes it."""
    operator, now = settings.desk.operator, surroundings.now()
    news = [(login, list(_news(login, now))) for login in logins]
    lines = [line for _, found in news for _, line in found]
    if not lines or operator is None:
        return {"told": None}
    names = ", ".join(dict.fromkeys(login.server.name for login, found in news if found))
    message = Message(
        "alert",
        [operator],
        f"Mail of {post.hostname} is about to stop: {names}",
        f"Postroom on {post.hostname} found this at {now.astimezone().strftime('%Y-%m-%d %H:%M %z')}:\n\n"
        + "\n\n".join(lines)
        + "\n\nTo see everything: postroom oauth status\n",
    )
    through = _posted(settings, [login for login, found in news if found], message, post)
    if through is None:
        return {"told": False}
    for login, found in news:
        if found and login.record is not None:
            told = tuple(dict.fromkeys((*login.record.told, *(mark for mark, _ in found))))
            surroundings.tokens.note(login.server, told)
    return {"told": {"operator": str(operator), "through": through, "at": rfc3339(now)}}


def _news(login: Login, now: datetime) -> Iterator[tuple[str, str]]:
    """What the operator has not been told yet: a mark to remember it by, and the words."""
    told = login.record.told if login.record else ()
    if login.problem is not None:
        mark = f"stopped {login.problem.code}"
        if mark not in told:
            yield mark, f"{login.problem.message}\n    {login.problem.hint}"
        return
    for ending in endings(login):
        due = [days for days in WARNING_DAYS if ending.at - now <= timedelta(days=days)]
        mark = f"{ending.what} {rfc3339(ending.at)[:10]} {min(due)}" if due else ""
        if due and mark not in told:
            day = ending.at.astimezone().strftime("%Y-%m-%d %H:%M")
            what = f"Server {login.server.name}: the {ending.what} ends at {day} ({ending.rule})."
            yield mark, f"{what}\n    {ending.command}"


def _posted(settings: Settings, ailing: Sequence[Login], message: Message, post: Post) -> str | None:
    """Send it through any server that still works; its name, None where none took it."""
    stopped = {login.server.name for login in ailing if login.problem is not None}
    wanted = (settings.routes.alert, settings.smtp.default, *settings.servers)
    for name in dict.fromkeys(name for name in wanted if name):
        server = settings.servers.get(name)
        if server is None or not server.enabled or name in stopped:
            continue
        try:
            post.mailer.post(message, route=Route(server))
        except PostroomError:
            continue
        return name
    return None
