"""Owns values that are tried before they are saved: a server of options on top of what is configured."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from postroom.cli.frame import Front
from postroom.cli.hints import UNTRIED, as_it_stands, as_options
from postroom.cli.logins import logins_of
from postroom.cli.settings_options import KeyPath
from postroom.domain.reply import STEPS
from postroom.domain.secret import Credential, Reference, Secret
from postroom.domain.settings import Server, Settings, Source, Value, key_of
from postroom.errors import ConfigError, PostroomError, UsageError
from postroom.result import Result, Step, Warn
from postroom.services.oauth_status import kept
from postroom.services.server_advice import check_provider
from postroom.services.server_values import read_values
from postroom.services.servers import choose_server
from postroom.services.smtp_test import Request, Surroundings, smtp_test

UNSAVED = "unsaved"
"""The name of a server that stands in no file."""


class Trial(NamedTuple):
    """Settings with the given values in them, the server's name, and whether anything was given at all."""

    settings: Settings
    name: str | None
    unsaved: bool
    secrets: Mapping[KeyPath, Secret | Reference]
    front: Front

    def credential(self, server: Server) -> Credential | None:
        """The login of this call: a secret from stdin, or one that a person types; None for the recorded one."""
        field = "access_token" if server.auth == "oauth2" else "password"
        secret = self.secrets.get((field,))
        if server.auth not in ("password", "oauth2") or not server.username or isinstance(secret, Reference):
            return None
        ask = self.front.desk.ask_secret
        if secret is None and getattr(server, field) is None and ask is not None:
            secret = Secret(ask(f'Password for server "{server.name}" (user {server.username}, host {server.host})'))
        if secret is None:
            return None
        return Credential("token" if server.auth == "oauth2" else "password", server.username, secret)


def try_values(
    front: Front,
    name: str | None,
    values: Mapping[KeyPath, str],
    secrets: Mapping[KeyPath, Secret | Reference],
    *,
    kind: str | None = None,
) -> Trial:
    """Lay the values over the named server, the one that this kind of mail takes, or a new one where there is none."""
    desk = front.desk
    if not values and not secrets:
        return Trial(desk.settings, name, unsaved=False, secrets={}, front=front)
    asked, name = name, name or _present(desk.settings, kind) or UNSAVED
    _refuse_untried(secrets)
    base = ("smtp", "servers", name)
    parsed = read_values(base, values)
    check_provider(parsed.get(("provider",)), desk)
    if name not in desk.settings.servers and not {("host",), ("provider",)} & parsed.keys():
        raise _no_host(desk.settings, asked, kind)
    overrides = {}
    for path, text in parsed.items():
        key = key_of((*base, *path))
        if key is not None:
            overrides[*base, *path] = Value(key.kind.parse(text), Source("option", key.option))
    for path, secret in secrets.items():
        if isinstance(secret, Reference):
            option = "--" + path[-1].replace("_", "-") + "-" + secret.scheme
            overrides[*base, *path] = Value(secret, Source("option", option))
        elif path in _LOGIN and ("auth",) not in parsed:
            overrides[*base, "auth"] = Value(
                _LOGIN[path], Source("option", "--" + path[-1].replace("_", "-") + "-stdin")
            )
    return Trial(desk.settings_with(overrides), name, unsaved=True, secrets=secrets, front=front)


def _refuse_untried(secrets: Mapping[KeyPath, Secret | Reference]) -> None:
    """Raise UsageError for a secret from standard input that nothing would read."""
    for path, secret in secrets.items():
        option = "--" + path[-1].replace("_", "-")
        if option in UNTRIED and not isinstance(secret, Reference):
            raise UsageError(
                "usage.bad_option",
                f"{option}-stdin: it can be saved, but not tried before that",
                hint=f"{option}-env NAME, {option}-file FILE or {option}-command CMD",
            )


def _no_host(settings: Settings, name: str | None, kind: str | None) -> UsageError:
    try:
        choose_server(settings, name, kind=kind)
    except ConfigError as error:
        what = f"no host is given, and {error.message}"
        return UsageError("usage.missing_value", what, hint="add --host HOST, or --provider ID")
    raise AssertionError("a server that is configured has a host")


_LOGIN = {("password",): "password", ("access_token",): "oauth2"}


def _present(settings: Settings, kind: str | None) -> str | None:
    try:
        return choose_server(settings, None, kind=kind).name
    except ConfigError:
        return None


def prove(trial: Trial, request: Request, *, live: bool, online: bool = False) -> Result:
    """Test what is tried; `live` shows each step as it ends, `online` asks the DNS as well. Raise what the service
    raises, and ConfigError where the extra that asks is not installed.
    """
    front = trial.front
    desk = front.desk

    tries = count(2)

    def pause(seconds: float) -> None:
        front.talk(f"try {next(tries)} of {request.retries + 1} in {seconds:g} s")
        desk.sleep(seconds)

    def tell(step: Step) -> None:
        front.step(step, then=_running_after(step))

    surroundings = Surroundings(
        desk.hostname,
        desk.clock.now,
        pause,
        desk.tests.keep_transcript,
        look=desk.look,
        presets=desk,
        open_dns=desk.open_dns if online else None,
        login=lambda server: kept(server, logins_of(desk))[1],
    )
    if not trial.unsaved:
        surroundings = surroundings._replace(remember=desk.tests.remember)
    watch = tell if live else lambda _step: None
    request = request._replace(name=trial.name)
    try:
        # A person is asked once, however often it is tried.
        result = smtp_test(
            trial.settings, desk.mailer, request, surroundings, credential=cache(trial.credential), watch=watch
        )
    except PostroomError as error:
        error.hint = _hint(trial, error.data, error.hint)
        error.warnings = (*_hinted(trial, error.data, error.warnings), *desk.noticed)
        error.data |= _advised(trial, error.data)
        raise
    finally:
        front.close()
    return result._replace(
        data={**result.data, **_advised(trial, result.data)},
        warnings=(*_hinted(trial, result.data, result.warnings), *desk.noticed),
    )


def _running_after(step: Step) -> str:
    """The step that runs once this one has ended: their order is fixed, and nothing follows a failure."""
    following = STEPS[STEPS.index(step.name) + 1 :]
    return following[0] if following and step.ok is not False else ""


def _advised(trial: Trial, data: Mapping[str, Any]) -> dict[str, Any]:
    """The diagnosis, where there is one, with advice that works for what is tried."""
    diagnosis = data.get("diagnosis")
    if not diagnosis:
        return {}
    steps = [_hint(trial, data, step) for step in diagnosis["next_steps"]]
    return {"diagnosis": {**diagnosis, "next_steps": steps}}


def _hinted(trial: Trial, data: Mapping[str, Any], warnings: Sequence[Warn]) -> tuple[Warn, ...]:
    return tuple(warning._replace(hint=_hint(trial, data, warning.hint)) for warning in warnings)


def _hint(trial: Trial, data: Mapping[str, Any], hint: str) -> str:
    """A hint of a test, so that it works where the tested values stand in no file."""
    server = trial.settings.servers.get((data.get("server") or {}).get("name", ""))
    if server is None:
        return hint
    if trial.unsaved:
        return as_options(hint, server)
    return as_it_stands(hint, trial.settings, trial.front.desk.environment_variables)
