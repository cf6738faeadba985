"""Renews access tokens before anybody needs them, and warns the operator before a login ends."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from postroom.clock import rfc3339, to_the_minute
from postroom.domain.message import Message
from postroom.domain.oauth import Told
from postroom.domain.oauth_promises import Notices
from postroom.domain.settings import Server, Settings
from postroom.errors import Exit, PostroomError
from postroom.result import Result, Warn
from postroom.sending import Mailer, Route
from postroom.services.oauth_state import WARNING_DAYS, Login, endings, is_alive, passes, row, warnings
from postroom.services.oauth_status import Surroundings, chosen, look
from postroom.services.servers import choose_server

COMMAND = "oauth refresh"
LASTING = timedelta(hours=20)
"""What may pass by itself is told only when no token was to be had for so long, and none is left. Providers are back
sooner, and nobody here could help them. It is a day, less what the daily timer may come early.
"""


class Post(NamedTuple):
    """How the operator is told: the one door for mail, what this machine is called, and what was told before."""

    mailer: Mailer
    hostname: str
    notices: Notices


class News(NamedTuple):
    """Something that the operator has not been told of a server: a mark to remember it by, and the words."""

    login: Login
    mark: str
    text: str
    stopped: bool


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
    told = _tell(settings, surroundings.now(), logins, post) if post else {"told": None}
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
        return Login(server, surroundings.tokens.refresh(server), None, offer, ends, proved=True), None
    except PostroomError as error:
        login, _ = look(server, surroundings, ask=False)
        return login._replace(problem=login.problem or error), error


def _tell(settings: Settings, now: datetime, logins: Sequence[Login], post: Post) -> dict[str, Any]:
    """One mail about what is new since the last one; it goes through the first server that takes it."""
    operator, before = settings.desk.operator, post.notices.told()
    known = {login.server.name: still_true(before.get(login.server.name, Told()), login, now) for login in logins}
    found = [one for login in logins for one in news(login, known[login.server.name], now)]
    data: dict[str, Any] = {"told": None}
    if found and operator is not None:
        through = _posted(settings, found, _message(operator, found, now, post.hostname), post)
        data = {"told": {"operator": str(operator), "through": through, "at": rfc3339(now)} if through else False}
        if through:
            known = _and(known, found)
    if known != before:
        post.notices.remember(known)
    return data


def still_true(told: Told, login: Login, now: datetime) -> Told:
    """What was told of a login, without what has been mended since: that is news when it comes again."""
    problem = login.problem
    if problem is not None:
        since = (told.failing_since or now) if passes(problem) else None
        return Told(told.marks, since)
    due = {_mark(ending.what, ending.of, days) for ending in endings(login) for days in WARNING_DAYS}
    return Told(tuple(mark for mark in told.marks if mark in due))


def news(login: Login, told: Told, now: datetime) -> Iterator[News]:
    """What the operator has to hear now. `told` is what is still true of what was told."""
    problem, server = login.problem, login.server
    if problem is not None:
        mark = _mark("failure", problem.code, rfc3339(login.record.refreshed_at) if login.record else "")
        stopped = problem.exit == Exit.LOGIN_NEEDED or not is_alive(login, now)
        if passes(problem) and not (stopped and told.failing_since and now - told.failing_since >= LASTING):
            return
        if mark not in told.marks:
            yield News(login, mark, f"{problem.message}\n    {problem.hint}", stopped)
        return
    for ending in endings(login):
        due = [days for days in WARNING_DAYS if ending.at - now <= timedelta(days=days)]
        mark = _mark(ending.what, ending.of, min(due, default=0))
        if due and mark not in told.marks:
            day = to_the_minute(ending.at)
            what = f"Server {server.name}: the {ending.what} ends at {day} ({ending.rule})."
            yield News(login, mark, f"{what}\n    {ending.command}", stopped=False)


def _mark(what: str, of: str, which: object) -> str:
    return f"{what} {of} {which}"


def _and(known: Mapping[str, Told], found: Sequence[News]) -> dict[str, Told]:
    marks = {name: dict.fromkeys(told.marks) for name, told in known.items()}
    for one in found:
        marks[one.login.server.name][one.mark] = None
    return {name: told._replace(marks=tuple(marks[name])) for name, told in known.items()}


def _message(operator: Any, found: Sequence[News], now: datetime, hostname: str) -> Message:
    stopped = dict.fromkeys(one.login.server.name for one in found if one.stopped)
    ending = dict.fromkeys(one.login.server.name for one in found if one.login.server.name not in stopped)
    what = [f"has stopped: {', '.join(stopped)}"] if stopped else []
    what += [f"is about to stop: {', '.join(ending)}"] if ending else []
    return Message(
        "alert",
        [operator],
        f"Mail of {hostname} {'; '.join(what)}",
        f"Postroom on {hostname} found this at {now.astimezone().strftime('%Y-%m-%d %H:%M %z')}:\n\n"
        + "\n\n".join(one.text for one in found)
        + "\n\nTo see everything: postroom oauth status\n",
    )


def _posted(settings: Settings, found: Sequence[News], message: Message, post: Post) -> str | None:
    """Send it through any server that still works; its name, None where none took it."""
    stopped = {one.login.server.name for one in found if one.stopped}
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
