"""Says whether the desk is ready to send, and the first thing that is missing with its command."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from postroom.domain.secret import STORED_SCHEMES, Binding, Reference
from postroom.domain.settings import Server, Settings
from postroom.errors import Exit
from postroom.result import Result, Warn
from postroom.services.server_advice import login_command, login_needs
from postroom.services.servers import brief, choose_server

BoundTo = Callable[[Reference], Binding | None]


def status(
    settings: Settings,
    *,
    last_tests: Mapping[str, Mapping[str, Any]],
    fingerprint: Callable[[Server], str],
    bound_to: BoundTo,
    login: Callable[[Server], tuple[str | None, Sequence[Warn]]],
) -> Result:
    """The servers with their last test; the exit is OK, LOGIN_NEEDED, or CONFIG when nothing can be sent.

    `bound_to` tells whom a stored secret is for, without opening its store; None where it is not kept here. `login`
    tells of a server whose tokens are our own what a person has to do, and what is worth a warning.
    """
    logins = {name: login(server) for name, server in settings.servers.items() if server.own_tokens}
    default = choose_server(settings, None).name if _has_default(settings) else None
    rows = []
    for server in settings.servers.values():
        test = last_tests.get(server.name)
        state = _state(server, test, fingerprint)
        rows.append(
            {
                **brief(server),
                "default": server.name == default,
                "state": state,
                "last_test": {"time": test["time"], "ok": test["ok"], "code": test["code"]} if test else None,
                "needs": logins.get(server.name, (None, ()))[0] or _needs(server, bound_to),
            }
        )
    missing, code = _first_missing(settings, default, bound_to)
    if missing is None and default in logins and (needs := logins[default][0]):
        missing, code = needs, Exit.LOGIN_NEEDED
    warned = [warning for _, found in logins.values() for warning in found]
    data = {
        "ready": missing is None,
        "missing": missing,
        "mail_enabled": settings.smtp.enabled,
        "default": default,
        "operator": str(settings.desk.operator) if settings.desk.operator else None,
        "servers": rows,
    }
    return Result("status", data, [*settings.warnings, *warned], code)


def _has_default(settings: Settings) -> bool:
    return settings.smtp.default in settings.servers or len(settings.servers) == 1


def _state(server: Server, test: Mapping[str, Any] | None, fingerprint: Callable[[Server], str]) -> str:
    """`untested`, `stale` (the settings changed since), `broken` or `tested`."""
    if test is None:
        return "untested"
    if test["fingerprint"] != fingerprint(server):
        return "stale"
    return "tested" if test["ok"] else "broken"


def _needs(server: Server, bound_to: BoundTo) -> str | None:
    """The command that gives a server what it lacks to send: a login, or an address to send from."""
    return _login_needs(server, bound_to) or (
        None if server.from_ else f"postroom smtp set {server.name} --from ADDRESS"
    )


def _login_needs(server: Server, bound_to: BoundTo) -> str | None:
    if options := login_needs(server):
        return f"postroom smtp set {server.name} {options[0]}"
    if login := login_command(server):
        return login
    field = {"password": "password", "oauth2": "access_token"}.get(server.auth, "")
    reference: Reference | None = getattr(server, field) if field else None
    if reference is None or reference.scheme not in STORED_SCHEMES:
        return None
    # Other than after a move to another machine, or a change of the host or the username.
    here = bound_to(reference) == Binding(server.host, server.username or "")
    return None if here else f"postroom secrets set {server.name}.{field}"


def _first_missing(settings: Settings, default: str | None, bound_to: BoundTo) -> tuple[str | None, Exit]:
    if not settings.servers:
        return "postroom smtp set", Exit.CONFIG
    if default is None:
        return "postroom smtp use NAME", Exit.CONFIG
    if not settings.smtp.enabled:
        return "postroom smtp enable", Exit.CONFIG
    server = settings.servers[default]
    if not server.enabled:
        return f"postroom smtp enable {default}", Exit.CONFIG
    if login := _login_needs(server, bound_to):
        return login, Exit.LOGIN_NEEDED if server.auth == "oauth2" else Exit.CONFIG
    needs = _needs(server, bound_to)
    return needs, Exit.CONFIG if needs else Exit.OK
