"""What `smtp test` makes of the Mailer's answers: every step in its order, retries, warnings, what is kept."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.domain.address import parse_address
from postroom.domain.message import Message
from postroom.domain.ports import Look
from postroom.domain.reply import STEPS, Cause, Receipt, Reply, Signs
from postroom.domain.settings import Desk, Routes, Secrets, Server, Settings, Smtp, Source, Value
from postroom.errors import ConfigError, Exit, Fault, PostroomError, Signalled, UsageError
from postroom.result import Step, Watch
from postroom.sending.route import Posting, RecipientVerdict, Route
from postroom.services.smtp_test import Request, Surroundings, smtp_test

FILE = Source("file", "/etc/postroom/config.toml")


def server(name: str = "main", **values: Any) -> Server:
    given = {"host": "mail.example.com", "port": 587, "security": "starttls", "auth": "none", **values}
    return Server(name, {key: Value(value, FILE) for key, value in given.items()})


def settings(*servers: Server, default: str | None = "main", operator: str = "", **smtp: Any) -> Settings:
    values = {"default": default, **smtp} if default else smtp
    return Settings(
        desk=Desk({"operator": Value(parse_address(operator), FILE)} if operator else {}),
        smtp=Smtp({key: Value(value, FILE) for key, value in values.items()}),
        routes=Routes(),
        secrets=Secrets(),
        servers={one.name: one for one in servers},
        profiles={},
    )


class FakeMailer:
    """Answers as told, one answer a call: an error is raised, anything else is the posting."""

    def __init__(
        self, *answers: PostroomError | Posting | str, steps: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.answers = list(answers)
        self.steps = steps or {}
        self.posted: list[tuple[Message, str]] = []
        self.probed: list[str] = []
        self.routes: list[Route] = []
        self.looks: list[Look | None] = []

    def post(self, message: Message, *, route: Route, until: str = "data", watch: Watch, look: Look | None) -> Any:
        self.posted.append((message, until))
        self.looks.append(look)
        return self._answer(route, watch)

    def probe(self, *, route: Route, until: str = "auth", watch: Watch, look: Look | None) -> Any:
        self.looks.append(look)
        self.probed.append(until)
        return self._answer(route, watch)

    def _answer(self, route: Route, watch: Watch) -> Any:
        self.routes.append(route)
        for name, detail in self.steps.items():
            watch(Step(name, ok=True, duration_ms=1.0, detail=detail))
        answer = self.answers.pop(0)
        if isinstance(answer, PostroomError):
            watch(Step("connect", ok=False))
            raise answer
        return answer


class Place:
    """The surroundings of a test, and what happened in them."""

    def __init__(self) -> None:
        self.file = "/kept"
        self.slept: list[float] = []
        self.kept: list[tuple[str, str]] = []
        self.remembered: list[tuple[str, str | None]] = []

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            "host07",
            lambda: datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
            self.slept.append,
            self._keep,
            lambda tested, error: self.remembered.append((tested.name, error.code if error else None)),
        )

    def _keep(self, name: str, text: str) -> str:
        self.kept.append((name, text))
        return self.file


def fault(code: str, status: Exit) -> Fault:
    data = {"transcript": "-> EHLO", "evidence": {"seen": 1}, "receipt": None, "queue_id": None, "message_id": None}
    return Fault(code, "it failed", step="connect", exit=status, data=data)


OK = Reply(250, "2.0.0", ["Ok: queued as 4X"])
POSTING = Posting("<id@example.com>", Receipt("accepted", OK, "4X", []), [], "-> EHLO")
CAUSE = Cause("rcpt.unknown_user", 67, "never", "recipient", "", "", ("Look",))


def run(mailer: FakeMailer, place: Place, wanted: Settings | None = None, **request: Any) -> Any:
    return smtp_test(
        wanted or settings(server()),
        mailer,  # type: ignore[arg-type]  # a fake with the same two methods
        Request(**({"recipients": ["bob@example.com"]} | request)),
        place.surroundings,
    )


def test_every_step_stands_in_its_order_whatever_was_reached() -> None:
    result = run(FakeMailer(POSTING, steps={"data": {}, "resolve": {"addresses": ["127.0.0.1"]}}), Place())
    steps = result.data["steps"]
    assert tuple(step["name"] for step in steps) == STEPS
    reached = {step["name"]: (step["ok"], step["skipped"]) for step in steps}
    assert reached["config"] == reached["resolve"] == reached["data"] == (True, False)
    assert reached["tls"] == (None, True)
    assert result.data["queue_id"] == "4X"
    assert result.data["transcript"] is None


def test_a_trace_is_given_only_when_asked_for() -> None:
    assert run(FakeMailer(POSTING), Place(), trace=True).data["transcript"] == "-> EHLO"


@pytest.mark.parametrize("status", [Exit.TRY_AGAIN, Exit.IO, Exit.NO_HOST])
def test_what_may_pass_is_tried_again(status: Exit) -> None:
    place = Place()
    mailer = FakeMailer(fault("connect.refused", status), fault("connect.refused", status), POSTING)
    result = run(mailer, place, retries=3, wait_seconds=7)
    assert result.exit == Exit.OK
    assert place.slept == [7, 7]
    assert place.remembered == [("main", None)]
    assert place.kept == []


@pytest.mark.parametrize("status", [Exit.NO_PERMISSION, Exit.UNAVAILABLE, Exit.NO_USER, Exit.CONFIG])
def test_a_refusal_for_good_is_never_tried_again(status: Exit) -> None:
    place = Place()
    mailer = FakeMailer(fault("auth.bad_credentials", status))
    with pytest.raises(Fault):
        run(mailer, place, retries=5)
    assert len(mailer.posted) == 1
    assert place.slept == []


def test_a_signal_in_the_pause_between_tries_still_tells_how_far_the_test_came() -> None:
    def interrupted(_seconds: float) -> None:
        raise Signalled(2)

    with pytest.raises(Signalled) as stopped:
        smtp_test(
            settings(server()),
            FakeMailer(fault("connect.refused", Exit.TRY_AGAIN)),  # type: ignore[arg-type]  # a fake
            Request(recipients=["bob@example.com"], retries=1),
            Place().surroundings._replace(sleep=interrupted),
        )
    steps = {step["name"]: step["ok"] for step in stopped.value.data["steps"]}
    assert (steps["config"], steps["connect"], steps["data"]) == (True, False, None)


def test_after_the_last_try_the_dialogue_is_kept_and_the_test_remembered() -> None:
    place = Place()
    with pytest.raises(Fault) as raised:
        run(FakeMailer(*[fault("connect.timeout", Exit.TRY_AGAIN)] * 3), place, retries=2)
    assert place.kept == [("main", "-> EHLO")]
    assert place.remembered == [("main", "connect.timeout")]
    data = raised.value.data
    assert (data["transcript"], data["transcript_file"], data["evidence"]) == (None, "/kept", {"seen": 1})
    assert tuple(step["name"] for step in data["steps"]) == STEPS


def test_a_dialogue_that_could_not_be_kept_has_no_file() -> None:
    place = Place()
    place.file = ""
    with pytest.raises(Fault) as raised:
        run(FakeMailer(fault("auth.bad_credentials", Exit.NO_PERMISSION)), place)
    assert raised.value.data["transcript_file"] is None


@pytest.mark.parametrize(
    ("wanted", "warnings"),
    [
        (settings(server(), enabled=False), ["config.mail_disabled"]),
        (settings(server(enabled=False)), ["config.server_disabled"]),
        (settings(server()), []),
    ],
)
def test_what_is_to_be_mended_is_warned_about(wanted: Settings, warnings: list[str]) -> None:
    assert [warning.code for warning in run(FakeMailer(POSTING), Place(), wanted).warnings] == warnings
    strict = run(FakeMailer(POSTING), Place(), wanted, strict=True)
    assert strict.exit == (Exit.WARNING if warnings else Exit.OK)


@pytest.mark.parametrize(("days", "warned"), [(20, True), (21, False), (400, False)])
def test_a_certificate_that_dies_soon_is_warned_about(days: int, *, warned: bool) -> None:
    result = run(FakeMailer(POSTING, steps={"starttls": {"certificate": {"days_left": days}}}), Place())
    assert bool(result.warnings) is warned


@pytest.mark.parametrize(
    ("to", "refused", "warnings"),
    [
        (["bob@corp.net"], [], ["test.own_domain_only"]),
        (["bob@corp.net", "eve@elsewhere.net"], [], []),
        (["bob@corp.net", "eve@elsewhere.net"], ["eve@elsewhere.net"], ["test.own_domain_only"]),
        (["bob@corp.net", "eve@elsewhere.net"], ["bob@corp.net"], []),
    ],
)
def test_a_test_proves_what_the_server_took_and_no_more(to: list[str], refused: list[str], warnings: list[str]) -> None:
    verdicts = [RecipientVerdict(address, CAUSE if address in refused else None) for address in to]
    wanted = settings(server("main", **{"from": parse_address("alice@corp.net")}))
    result = run(FakeMailer(POSTING._replace(recipients=verdicts)), Place(), wanted, recipients=to)
    assert [warning.code for warning in result.warnings] == warnings


def test_a_session_that_handed_nothing_over_is_not_judged_by_its_recipients() -> None:
    stopped = POSTING._replace(receipt=Receipt("stopped", None, "", []))
    wanted = settings(server("main", **{"from": parse_address("alice@corp.net")}))
    assert run(FakeMailer(stopped), Place(), wanted, recipients=["bob@corp.net"], until="rcpt").warnings == []


def test_a_failed_test_warns_as_well() -> None:
    mailer = FakeMailer(
        fault("ehlo.name_rejected", Exit.NO_PERMISSION),
        steps={"connect": {"address": "192.0.2.1"}, "ehlo": {"name": "app01"}},
    )
    with pytest.raises(Fault) as raised:
        run(mailer, Place())
    assert [warning.code for warning in raised.value.warnings] == ["ehlo.name_doubtful"]
    assert raised.value.data["online"] is None


def test_some_refused_is_partial() -> None:
    verdicts = [RecipientVerdict("bob@example.com", None), RecipientVerdict("nobody@example.com", CAUSE)]
    assert run(FakeMailer(POSTING._replace(recipients=verdicts)), Place()).exit == Exit.PARTIAL


def test_the_operator_gets_the_test_where_nobody_is_named() -> None:
    mailer = FakeMailer(POSTING)
    run(mailer, Place(), settings(server(), operator="it@example.com"), recipients=[])
    assert [str(address) for address in mailer.posted[0][0].to] == ["it@example.com"]


@pytest.mark.parametrize(
    ("until", "posts"),
    [("resolve", None), ("auth", None), ("mail", "mail"), ("rcpt", "rcpt"), ("data", "data"), (None, "data")],
)
def test_until_decides_whether_a_mail_is_made(until: str | None, posts: str | None) -> None:
    mailer = FakeMailer(POSTING if posts else "transcript")
    run(mailer, Place(), until=until)
    assert [one for _, one in mailer.posted] == ([posts] if posts else [])
    assert mailer.probed == ([] if posts else [until])


@pytest.mark.parametrize("until", ["mail", "rcpt", "data"])
def test_a_step_that_cannot_be_reached_without_a_recipient_is_no_success(until: str) -> None:
    mailer = FakeMailer("transcript")
    with pytest.raises(UsageError, match=until):
        run(mailer, Place(), until=until, recipients=[])
    assert mailer.routes == []


def test_the_deadlines_are_those_of_the_server() -> None:
    mailer = FakeMailer(POSTING)
    run(mailer, Place(), settings(server(connect_timeout=5, timeout=9)))
    limits = mailer.routes[0].limits
    assert (limits.login, limits.final_reply, limits.total) == (5, 9, 14)


@pytest.mark.parametrize(
    ("wanted", "request_", "name"),
    [
        (settings(server("a"), server("b"), default="b"), {}, "b"),
        (settings(server("a"), default=None), {}, "a"),
        (settings(server("a"), server("b"), default="b"), {"name": "a"}, "a"),
    ],
)
def test_the_server_is_the_named_one_the_default_or_the_only_one(
    wanted: Settings, request_: dict[str, Any], name: str
) -> None:
    assert run(FakeMailer(POSTING), Place(), wanted, **request_).data["server"]["name"] == name


def test_a_kind_of_mail_takes_its_route() -> None:
    wanted = settings(server("a"), server("ops"), default="a")
    wanted.routes = Routes({"alert": Value("ops", FILE)})
    assert run(FakeMailer(POSTING), Place(), wanted, kind="alert").data["server"]["name"] == "ops"


@pytest.mark.parametrize("wanted", [settings(default=None), settings(server("a"), server("b"), default=None)])
def test_without_a_server_nothing_is_tried_but_all_is_told(wanted: Settings) -> None:
    with pytest.raises(ConfigError) as raised:
        run(FakeMailer(), Place(), wanted)
    assert raised.value.code == "config.no_server"
    assert raised.value.data["steps"][0]["ok"] is False
    assert raised.value.data["server"] is None


@pytest.mark.parametrize("recipients", [["bob@example.com"], []])
def test_who_looks_around_is_handed_on_whatever_is_tested(recipients: list[str]) -> None:
    def look(signs: Signs, _server: Server, _seconds: float) -> Signs:
        return signs

    mailer = FakeMailer(POSTING if recipients else "transcript")
    smtp_test(
        settings(server()),
        mailer,  # type: ignore[arg-type]  # a fake with the same two methods
        Request(recipients=recipients),
        Place().surroundings._replace(look=look),
    )
    assert mailer.looks == [look]
