"""Proves that a server takes mail: the same road as every mail, told step by step."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from postroom.domain.address import Address
from postroom.domain.dns import AskDns
from postroom.domain.message import Message
from postroom.domain.ports import Limits, Look
from postroom.domain.reply import STEPS
from postroom.domain.secret import Credential
from postroom.domain.settings import Server, Settings
from postroom.errors import Exit, PostroomError, Signalled, UsageError
from postroom.result import Result, Step, Warn, Watch
from postroom.sending import Mailer, Posting, Route
from postroom.sending.judgement import receipt_data
from postroom.services.online import online_facts
from postroom.services.online_findings import Asked
from postroom.services.recipients import read_recipients
from postroom.services.server_advice import Presets, Providers, providers_of
from postroom.services.servers import brief, choose_server
from postroom.services.test_warnings import Seen, foresee

COMMAND = "smtp test"
PASSING = ("online.dns_failed",)
"""Warnings that tell of nothing to mend: a look-up that failed may succeed the next time."""
WITH_A_MESSAGE = ("mail", "rcpt", "data")
"""The steps that take a message, and so a recipient."""
_WORST_FIRST = ("never", "later", "now")


class Request(NamedTuple):
    """What is asked of a test. `until` is the last step to take, or None for all that the recipients allow."""

    name: str | None = None
    recipients: Sequence[str] = ()
    kind: str = "test"
    until: str | None = None
    trace: bool = False
    strict: bool = False
    retries: int = 0
    wait_seconds: int = 5
    dkim_selector: str = ""


class Surroundings(NamedTuple):
    """What a test needs of the machine: its name, the time, a pause, and a place for a failed dialogue.

    `keep_transcript` stores a text for a person to read and returns its path; `remember` notes how the test ended;
    `look` looks around when no session comes about; `login` tells what will end a login with tokens of our own.
    `presets` are the mail providers that are known. With `open_dns` the DNS is asked about the sender's domain as well.
    """

    hostname: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    keep_transcript: Callable[[str, str], str]
    remember: Callable[[Server, PostroomError | None], None] = lambda _server, _error: None
    look: Look | None = None
    presets: Presets | None = None
    open_dns: Callable[[], AskDns] | None = None
    login: Callable[[Server], Sequence[Warn]] = lambda _server: ()


def smtp_test(
    settings: Settings,
    mailer: Mailer,
    request: Request,
    surroundings: Surroundings,
    *,
    credential: Callable[[Server], Credential | None] = lambda _server: None,
    watch: Watch = lambda _step: None,
) -> Result:
    """Test a server; the Result's exit is OK, PARTIAL, or WARNING with `strict`.

    `credential` gives a credential that is not recorded. Raise PostroomError with the whole of `data` when a step
    fails.
    """
    for left in range(request.retries, -1, -1):
        test = _Test(settings, mailer, request, surroundings, watch)
        try:
            result = _attempt(test, credential, last=left == 0)
            if result is not None:
                return result
            surroundings.sleep(request.wait_seconds)
        except Signalled as stop:
            stop.data = test.data({})
            raise
    raise AssertionError("the last attempt returns or raises")


def _attempt(test: "_Test", credential: Callable[[Server], Credential | None], *, last: bool) -> Result | None:
    """Test once; None when it failed in a way that may pass, and it is not the last time."""
    try:
        result = test.run(credential)
    except PostroomError as error:
        if not last and _may_be_repeated(error):
            return None
        error.data = test.data(error.data)
        test.keep(error)
        test.remember(error)
        error.data["online"] = test.look_ahead()
        error.warnings = tuple(test.warnings)
        raise
    test.remember(None)
    return result


def _may_be_repeated(error: PostroomError) -> bool:
    """Whether another try may succeed, and does no harm: no mail goes out twice, no account is locked."""
    in_doubt = (error.data.get("evidence") or {}).get("handed_over")
    passing = error.exit in (Exit.TRY_AGAIN, Exit.IO, Exit.NO_HOST)
    return passing and not in_doubt and not error.code.startswith("auth.")


class _Test:
    """One attempt."""

    def __init__(
        self, settings: Settings, mailer: Mailer, request: Request, surroundings: Surroundings, watch: Watch
    ) -> None:
        self._settings = settings
        self._mailer = mailer
        self._request = request
        self._surroundings = surroundings
        self._watch = watch
        self._server: Server | None = None
        self._steps: dict[str, Step] = {}
        self.warnings: list[Warn] = []

    def run(self, credential: Callable[[Server], Credential | None]) -> Result:
        request = self._request
        recipients = read_recipients(request.recipients)
        server = self._choose()
        if not recipients and self._settings.desk.operator is not None:
            recipients = [self._settings.desk.operator]
        self.warnings = warnings = self._warnings(server)
        if not recipients and request.until in WITH_A_MESSAGE:
            what = f"the step {request.until} needs a recipient"
            hint = "add --to ADDRESS, or for always: postroom config set desk.operator ADDRESS"
            raise UsageError("usage.missing_value", what, hint=hint)
        sends = bool(recipients) and request.until in (None, *WITH_A_MESSAGE)
        route = Route(server, _limits(server), credential(server))
        look = self._surroundings.look
        posting: Posting | None = None
        if sends:
            until = request.until or "data"
            message = self._message(server, recipients)
            posting = self._mailer.post(message, route=route, until=until, watch=self._see, look=look)
            data, status = self._sent(posting)
        else:
            until = request.until or "auth"
            if until == "tls" and server.security == "starttls":
                until = "starttls"  # for this server, that is the step at which TLS begins
            transcript = self._mailer.probe(route=route, until=until, watch=self._see, look=look)
            data, status = self.data({"transcript": transcript if request.trace else None}), Exit.OK
            if request.until is None:
                hint = "add --to ADDRESS, or for always: postroom config set desk.operator ADDRESS"
                warnings.append(Warn("test.no_recipient", "nothing was sent: there is no recipient", hint))
        online = self.look_ahead(_reached(posting, recipients) if posting else ())
        if request.strict and status is Exit.OK and any(warning.code not in PASSING for warning in warnings):
            status = Exit.WARNING
        return Result(COMMAND, {**data, "online": online}, warnings, status)

    def _choose(self) -> Server:
        try:
            self._server = choose_server(self._settings, self._request.name, kind=self._request.kind)
        except PostroomError as error:
            self._see(Step("config", ok=False, detail={"code": error.code, "text": error.message}))
            raise
        self._see(Step("config", ok=True, detail={"server": self._server.name, "host": self._server.host}))
        return self._server

    def _see(self, step: Step) -> None:
        self._steps[step.name] = step
        self._watch(step)

    def _message(self, server: Server, recipients: Sequence[Address]) -> Message:
        request, surroundings = self._request, self._surroundings
        moment = surroundings.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
        text = (
            f"This is a test mail from Postroom on {surroundings.hostname}.\n\n"
            f"Server:  {server.name} ({server.host} port {server.port}, {server.security})\n"
            f"Kind:    {request.kind}\n"
            f"Sent:    {moment}\n\n"
            "That you read it proves that this machine can send mail through this server.\n"
            "Nobody needs to answer.\n"
        )
        return Message(request.kind, recipients, f"Postroom test mail from {surroundings.hostname}", text)

    def _sent(self, posting: Posting) -> tuple[dict[str, Any], Exit]:
        refused = [verdict.cause for verdict in posting.recipients if verdict.cause is not None]
        worst = min(refused, key=lambda cause: _WORST_FIRST.index(cause.retry), default=None)
        data = self.data(
            {
                "diagnosis": worst.as_data() if worst else None,
                "message_id": posting.message_id,
                "receipt": receipt_data(posting.receipt) if posting.receipt.outcome == "accepted" else None,
                "queue_id": posting.receipt.queue_id or None,
                "transcript": posting.transcript if self._request.trace else None,
            }
        )
        return data, Exit.PARTIAL if refused else Exit.OK

    def data(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of the envelope, complete whatever happened."""
        steps = [self._steps.get(name) or Step(name, None, skipped=True) for name in STEPS]
        return {
            "server": brief(self._server) if self._server else None,
            "steps": [step.as_data() for step in steps],
            "message_id": known.get("message_id"),
            "receipt": known.get("receipt"),
            "queue_id": known.get("queue_id"),
            "transcript": known.get("transcript"),
            "transcript_file": None,
            "evidence": known.get("evidence") or {},
            "diagnosis": known.get("diagnosis"),
            "online": None,
        }

    def remember(self, error: PostroomError | None) -> None:
        """Note how it ended, where there was a server to test."""
        if self._server is not None:
            self._surroundings.remember(self._server, error)

    def keep(self, error: PostroomError) -> None:
        """Keep a failed dialogue for a person; it stays in `data` only when a trace was asked for."""
        transcript = error.data["transcript"]
        if transcript:
            name = self._server.name if self._server else "unknown"
            error.data["transcript_file"] = self._surroundings.keep_transcript(name, transcript) or None
        if not self._request.trace:
            error.data["transcript"] = None

    def _warnings(self, server: Server) -> list[Warn]:
        found = list(server.warnings)
        if not self._settings.smtp.enabled:
            found.append(
                Warn("config.mail_disabled", "mail is switched off for the whole desk", "postroom smtp enable")
            )
        if not server.enabled:
            hint = f"postroom smtp enable {server.name}"
            found.append(Warn("config.server_disabled", f"server {server.name} is switched off", hint))
        return found

    def look_ahead(self, accepted: Sequence[Address] = ()) -> dict[str, Any] | None:
        """Warn of what will not work tomorrow or for others; what the DNS tells, where it is to be asked."""
        server, surroundings = self._server, self._surroundings
        if server is None:
            return None
        providers = providers_of(server, surroundings.presets) if surroundings.presets else Providers()
        self.warnings += foresee(Seen(server, providers, accepted, self._steps, surroundings.now()))
        token = self._steps.get("token")
        if server.own_tokens and token is not None and token.ok:
            self.warnings += surroundings.login(server)
        if surroundings.open_dns is None:
            return None
        asked = Asked(server, providers, self._steps, self._request.dkim_selector)
        online, found = online_facts(asked, surroundings.open_dns())
        self.warnings += found
        return online


def _reached(posting: Posting, recipients: Sequence[Address]) -> list[Address]:
    """The recipients for whom the server took the mail."""
    refused = {verdict.address for verdict in posting.recipients if verdict.cause is not None}
    taken = posting.receipt.outcome == "accepted"
    return [recipient for recipient in recipients if taken and str(recipient) not in refused]


def _limits(server: Server) -> Limits:
    login, final = float(server.connect_timeout), float(server.timeout)
    return Limits(
        connect=login, tls=login, command=login, data_block=final, final_reply=final, login=login, total=login + final
    )
