"""Owns one running dialogue: protocol and connection brought together, under deadlines, step by step.

It refuses to know which commands a submission takes; those who do ask it for answers. A failure is Broken inside and
becomes a TransportError, with all that is known, in `failed`.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

from postroom.clock import Clock
from postroom.domain.ports import Limits
from postroom.domain.reply import Reply, Signs, TransportError
from postroom.domain.settings import Server
from postroom.result import Step, Watch
from postroom.transport import protocol as smtp
from postroom.transport.connection import Broken, Connection, words_of
from postroom.transport.replies import NotSmtp, foreign
from postroom.transport.transcript import Transcript

GOODBYE_SECONDS = 1.0
"""QUIT fits into any socket buffer; a peer that blocks it is not worth waiting for."""
LAST_WORD_SECONDS = 1.0
"""How long to look for a reply that the server sent before it stopped reading."""


class Encryption(Protocol):
    """TLS, as the session sees it: plain sessions never load it."""

    def start(self, connection: Connection, server_name: str, until: float) -> Mapping[str, Any]:
        """Shake hands and verify; the version, cipher and certificate. Raise Broken, or TimeoutError."""

    def sign_of(self, error: OSError) -> str:
        """The sign of an error on the encrypted stream, "" when TLS has nothing to say about it."""


class Dialogue:
    """See above. `step` is the step under way; `evidence` is what every failure tells besides its own."""

    def __init__(
        self, server: Server, *, limits: Limits, watch: Watch, clock: Clock, encryption: Encryption | None
    ) -> None:
        self.server = server
        self.limits = limits
        self.clock = clock
        self.transcript = Transcript()
        self.smtp = smtp.Protocol(self.transcript)
        self.connection: Connection | None = None
        self.encryption = encryption
        self.logged_in = False
        self.step = ""
        self.evidence: dict[str, Any] = {}
        self._watch = watch
        self._step_began = self._began = clock.monotonic()
        self._opened = False
        self._write_error: OSError | None = None

    # Steps.

    def begin(self, step: str) -> None:
        """A step begins."""
        self.step = step
        self._step_began = self.clock.monotonic()

    def end(self, detail: Mapping[str, Any] | None, *, ok: bool = True) -> None:
        """The step ended; None means that it does not apply."""
        took = round((self.clock.monotonic() - self._step_began) * 1000, 3)
        if detail is None:
            self._watch(Step(self.step, ok=None, skipped=True))
        else:
            self._watch(Step(self.step, ok=ok, duration_ms=took, detail=detail))

    def opened(self) -> None:
        """The session is ready; the time limit of the login no longer binds."""
        self._opened = True

    def failed(self, broken: Broken, *, close: bool = True) -> TransportError:
        """The step failed: tell the watch, close, and give the error to raise."""
        signs = self.signs(broken.sign, broken.reply, broken.text, broken.evidence)
        self.transcript.note(f"{self.step}: {broken.sign}" + (f": {broken.text}" if broken.text else ""))
        if close:
            self.close()
        detail = {"sign": broken.sign, **(said(broken.reply) if broken.reply else {})}
        self.end(detail, ok=False)
        return TransportError(signs, str(self.transcript))

    def interrupted(self, *, handed_over: bool = False) -> None:
        """Somebody ended the work in the middle of a step: close, and tell the watch how far it came."""
        self.close()
        if self.step:
            self.end({"text": "interrupted", "handed_over": handed_over}, ok=False)

    def signs(
        self, sign: str, reply: Reply | None = None, text: str = "", evidence: Mapping[str, Any] | None = None
    ) -> Signs:
        """All that is known now, for the diagnosis."""
        server = self.server
        return Signs(
            step=self.step,
            sign=sign,
            reply=reply,
            text=text,
            provider=server.provider or "",
            host=server.host,
            port=server.port,
            security=server.security,
            encrypted=self.smtp.encrypted,
            logged_in=self.logged_in,
            evidence={**self.evidence, **(evidence or {})},
        )

    # Deadlines.

    def deadline(self, limit_seconds: float) -> float:
        """The moment at which a phase that begins now must be over."""
        ends = [self.clock.monotonic() + limit_seconds]
        if self.limits.login is not None and not self._opened:
            ends.append(self._began + self.limits.login)
        if self.limits.total is not None:
            ends.append(self._began + self.limits.total)
        return min(ends)

    # Talk.

    def flush(self, limit_seconds: float | None = None) -> None:
        """Write what is queued."""
        if out := self.smtp.take():
            self.write(out, limit_seconds or self.limits.command)

    def write(self, data: bytes | memoryview, limit_seconds: float) -> bool:
        """Write; False when the peer takes no more. That is no failure yet: its last word may still be to read."""
        if self._write_error is None:
            try:
                self._open_connection.write(data, self.deadline(limit_seconds))
            except OSError as error:
                self._write_error = error
        return self._write_error is None

    def answer(self, limit_seconds: float | None = None, *, late: str = "reply-timeout") -> smtp.Answer:
        """Write what is queued and read the next answer. Raise Broken; `late` is the sign of a time-out."""
        self.flush()
        if self._write_error is not None:
            limit_seconds = LAST_WORD_SECONDS
        until = self.deadline(limit_seconds or self.limits.command)
        while True:
            try:
                answer = self.smtp.answer()
            except NotSmtp as error:
                raise Broken("not-smtp", error.why, foreign(error.received)) from error
            except smtp.TalkAfterStarttls as error:
                raise Broken("talk-after-starttls", "the server sent more behind its 220 to STARTTLS") from error
            if answer is not None:
                if answer.verb == "closing":
                    raise Broken("refused-by-reply", reply=answer.reply)
                return answer
            self._read(until, late)

    def _read(self, until: float, late: str) -> None:
        try:
            data = self._open_connection.read(until)
        except TimeoutError as error:
            self._cut(self._write_error or error, late)
        except OSError as error:
            self._cut(self._write_error or error, "closed")
        if not data:
            self._cut(self._write_error, "closed")
        self.smtp.receive(data)

    def _cut(self, error: OSError | None, sign: str) -> NoReturn:
        if error is not None and self.smtp.encrypted and self.encryption:
            sign = self.encryption.sign_of(error) or sign
        fragment = self.smtp.fragment
        text = words_of(error) if error else "the server closed the connection"
        raise Broken(sign, text, {"fragment": fragment} if fragment else None) from error

    # The connection.

    @property
    def _open_connection(self) -> Connection:
        if self.connection is None:
            raise Broken("closed", "the session is closed")
        return self.connection

    def secure(self) -> dict[str, Any]:
        """TLS from here on; its version, cipher and certificate. Raise Broken."""
        if self.encryption is None:
            raise TypeError(f"security {self.server.security} needs an Encryption")
        name = self.server.tls_server_name or self.server.host
        try:
            detail = self.encryption.start(self._open_connection, name, self.deadline(self.limits.tls))
        except TimeoutError as error:
            raise Broken("reply-timeout", "the TLS handshake timed out") from error
        self.smtp.secured()
        self.transcript.note(f"{detail['version']}, {detail['cipher']}")
        return dict(detail)

    def say_goodbye(self) -> None:
        """Say QUIT without waiting for the answer, and close."""
        self.smtp.quit()
        self.flush(GOODBYE_SECONDS)
        self.close()

    def close(self) -> None:
        """Close; what is outstanding will never be answered."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def said(reply: Reply) -> dict[str, Any]:
    """A reply as it stands in the detail of a step."""
    return {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}


def accept(reply: Reply) -> Reply:
    """The reply, if it is 2yz or 3yz. Raise Broken."""
    if not reply.positive:
        raise Broken("refused-by-reply", reply=reply)
    return reply
