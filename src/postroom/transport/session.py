"""Owns the opening of a session, step by step as the server's settings say, and the session that comes of it.

It refuses to know TLS itself: who wants it hands an Encryption in, so that a plain session does not load it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from postroom.clock import Clock
from postroom.domain.derive import SECURITIES
from postroom.domain.message import Composed
from postroom.domain.ports import Limits
from postroom.domain.reply import Receipt, TransportError
from postroom.domain.secret import Credential
from postroom.domain.settings import Server
from postroom.errors import PostroomError
from postroom.result import Watch
from postroom.transport.connection import Broken, Connection, Dial, Place, connect, resolve
from postroom.transport.dialogue import Dialogue, Encryption, accept
from postroom.transport.login import log_in
from postroom.transport.mechanisms import MakeMechanism
from postroom.transport.submission import Submission

UNKNOWN_COMMAND = (500, 502)
"""The answers to EHLO after which HELO is tried (RFC 5321 3.2)."""


MUTE_PORT_SECONDS = 5.0
"""For the greeting in clear text of a port that is for TLS from the first byte (RFC 8314): most often none comes."""


def open_session(
    server: Server,
    credential: Credential | None,
    *,
    limits: Limits,
    watch: Watch,
    until: str,
    clock: Clock,
    make_mechanism: MakeMechanism,
    dial: Dial | None = None,
    encryption: Encryption | None = None,
    helo: str | None = None,
) -> "SmtpSession":
    """Open a session up to the step `until`; the promise is that of `domain.ports.OpenSession`.

    `encryption` is needed where the server's security is not `none`. `helo` is this machine's name, used where the
    server's settings give none; without either its address is. `dial` replaces look-up and connection.
    `make_mechanism` makes the SASL mechanism that both sides know.
    """
    dialogue = Dialogue(server, limits=limits, watch=watch, clock=clock, encryption=encryption)
    opening = _Opening(dialogue, credential, make_mechanism, dial, server.helo or helo)
    try:
        opening.run(until)
    except Broken as broken:
        raise dialogue.failed(broken) from broken
    except PostroomError as error:
        dialogue.close()
        dialogue.end({"code": error.code, "text": error.message}, ok=False)
        raise
    except BaseException:
        dialogue.interrupted()
        raise
    dialogue.opened()
    return SmtpSession(dialogue, until)


class SmtpSession:
    """A session as `domain.ports.Session` promises it. Several messages may go over it, one after another.

    A message that the server could not take (its size, an extension that is missing) raises TransportError before a
    byte of it is sent and leaves the session open.
    """

    def __init__(self, dialogue: Dialogue, until: str) -> None:
        self._dialogue = dialogue
        self._until = until if until in ("mail", "rcpt") else "data"

    @property
    def extensions(self) -> Mapping[str, str]:
        """What the server offers now, by upper-case keyword, with its parameters."""
        return self._dialogue.smtp.extensions

    @property
    def transcript(self) -> str:
        """The dialogue so far, a line each, secrets left out by protocol state."""
        return str(self._dialogue.transcript)

    @property
    def closed(self) -> bool:
        """Whether no further message can be sent over it."""
        return self._dialogue.connection is None

    def send(self, message: Composed) -> Receipt:
        """Hand one message over; see `domain.ports.Session`."""
        submission = Submission(self._dialogue, message, until=self._until)
        try:
            return submission.run()
        except TransportError:
            raise
        except BaseException:
            self._dialogue.interrupted(handed_over=submission.handed_over)
            raise

    def close(self) -> None:
        """Say QUIT without waiting for the answer, and close."""
        if not self.closed:
            self._dialogue.say_goodbye()


class _Opening:
    """The steps from the name to a session that is ready for MAIL. Each gives its detail, or None: not applicable."""

    def __init__(
        self,
        dialogue: Dialogue,
        credential: Credential | None,
        make_mechanism: MakeMechanism,
        dial: Dial | None,
        name: str | None,
    ) -> None:
        self._dialogue = dialogue
        self._make_mechanism = make_mechanism
        self._smtp = dialogue.smtp
        self._server = dialogue.server
        self._credential = credential
        self._dial = dial
        self._name = name
        self._places: list[Place] = []

    def run(self, until: str) -> None:
        steps: tuple[tuple[str, Callable[[], Mapping[str, Any] | None]], ...] = (
            ("resolve", self._resolve),
            ("connect", self._connect),
            ("tls", self._tls),
            ("greeting", self._greeting),
            ("ehlo", self._ehlo),
            ("starttls", self._starttls),
            ("auth", self._auth),
        )
        for step, take in steps:
            self._dialogue.begin(step)
            self._dialogue.end(take())
            if step == until:
                break

    def _left(self) -> float:
        return self._dialogue.deadline(self._dialogue.limits.connect) - self._dialogue.clock.monotonic()

    def _resolve(self) -> dict[str, Any] | None:
        if self._dial:
            return None
        self._places = resolve(self._server.host, self._server.port, self._left())
        return {"addresses": [place.address for place in self._places]}

    def _connect(self) -> dict[str, Any]:
        dialogue, server = self._dialogue, self._server
        if self._dial:
            sock = self._dial(server.host, server.port, self._left())
        else:
            sock = connect(self._places, dialogue.clock, dialogue.deadline(dialogue.limits.connect))
        dialogue.connection = connection = Connection(sock, dialogue.clock)
        dialogue.transcript.note(f"connected to {server.host} port {server.port}")
        self._check_cleartext()
        address, port = (server.host, server.port) if self._dial else (connection.peer, connection.port)
        dialogue.evidence["address"] = address
        return {"address": address, "port": port, "local": connection.local}

    @property
    def _loopback(self) -> bool:
        # Behind a proxy the far end is unknown: its loopback is not ours.
        connection = self._dialogue.connection
        if self._dial or connection is None:
            return False
        address = connection.peer.removeprefix("::ffff:")
        return address == "::1" or address.startswith("127.")

    def _check_cleartext(self) -> None:
        if self._server.security != "none" or self._loopback:
            return
        allowed = self._server.allow_cleartext
        if allowed is None or (self._credential and allowed != "login"):
            what = "a login" if allowed else "mail"
            raise Broken("cleartext-not-allowed", f"{what} would go over an unencrypted connection off this machine")

    def _tls(self) -> dict[str, Any] | None:
        return self._dialogue.secure() if self._server.security == "tls" else None

    def _greeting(self) -> dict[str, Any]:
        dialogue = self._dialogue
        waits = SECURITIES.get(dialogue.server.port) == "tls" and dialogue.server.security != "tls"
        limit = min(MUTE_PORT_SECONDS, dialogue.limits.command) if waits else None
        reply = accept(dialogue.answer(limit, late="greeting-timeout").reply)
        dialogue.evidence["banner"] = reply.text
        return {"banner": reply.text, "host": reply.lines[0].partition(" ")[0]}

    def _ehlo(self) -> dict[str, Any]:
        self._smtp.ehlo(self._own_name)
        reply = self._dialogue.answer().reply
        if reply.code in UNKNOWN_COMMAND and not self._smtp.closing:
            # An old server, or something between that hides what the server offers. Without EHLO there is neither
            # STARTTLS nor AUTH, and doing without what was asked for is not ours to decide.
            if self._server.security == "starttls":
                raise Broken("starttls-not-offered", reply=reply)
            if self._credential:
                raise Broken("auth-not-offered", reply=reply)
            self._smtp.helo(self._own_name)
            reply = self._dialogue.answer().reply
        return self._greeted(accept(reply).lines[0])

    def _greeted(self, line: str) -> dict[str, Any]:
        self._dialogue.evidence["extensions"] = dict(self._smtp.extensions)
        return {"name": self._own_name, "host": line.partition(" ")[0], "extensions": dict(self._smtp.extensions)}

    @property
    def _own_name(self) -> str:
        if self._name and not _is_address(self._name):
            return self._name
        connection = self._dialogue.connection
        address = self._name or (connection.local if connection else "")
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _starttls(self) -> dict[str, Any] | None:
        if self._server.security != "starttls":
            return None
        dialogue = self._dialogue
        if "STARTTLS" not in self._smtp.extensions:
            raise Broken("starttls-not-offered")
        self._smtp.starttls()
        reply = dialogue.answer().reply
        if reply.code != 220:
            raise Broken("refused-by-reply", reply=reply)
        if dialogue.connection and dialogue.connection.something_waits():
            raise Broken("talk-after-starttls", "the server sent more behind its 220 to STARTTLS")
        detail = dialogue.secure()
        self._smtp.ehlo(self._own_name)
        self._greeted(accept(dialogue.answer().reply).lines[0])
        return {**detail, "extensions": dict(self._smtp.extensions)}

    def _auth(self) -> dict[str, Any] | None:
        return log_in(self._dialogue, self._credential, self._make_mechanism) if self._credential else None


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdecimal()
