"""Owns the connections of a look around: opened, listened to, and left again. It refuses to know why one looks.

Invariants: nobody logs in over them, and no mail is begun; all end at the moment that is given at the start.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postroom.clock import Clock
from postroom.domain.derive import SECURITIES
from postroom.domain.ports import Limits, OpenSession
from postroom.domain.reply import Signs, TransportError
from postroom.domain.settings import DEFAULT, Server, Tls, Value

if TYPE_CHECKING:
    from postroom.result import Step

LAST_WORD_SECONDS = 0.2
"""For a caller beside others to say what he has heard, before nobody listens to him any more."""

_CONNECT_ANSWERS = {
    "connection-refused": "refused",
    "connection-timeout": "timeout",
    "unreachable": "unreachable",
}
_SPOKE_TLS = (
    *("tls-certificate-expired", "tls-certificate-name", "tls-certificate-untrusted", "tls-pin-mismatch"),
    *("tls-version", "tls-client-certificate"),
)


_UNKNOWN_COMMAND = (500, 502, 530)


class Answer(NamedTuple):
    """What a port says to a caller. `speaks` is a protocol as in `first_words`; `nothing` for a port that is open and
    silent, `closes` for one that hangs up, `other` for words of no protocol that is known; or `refused`, `timeout`,
    `unreachable`. `greeting` are its first words, as far as they are words.
    """

    speaks: str
    greeting: str = ""
    extensions: Mapping[str, str] = {}


class Knock:
    """Calls at the ports of a server's host until a moment."""

    def __init__(self, open_session: OpenSession, server: Server, clock: Clock, until: float) -> None:
        self._open_session = open_session
        self._server = server
        self._clock = clock
        self._until = until

    def left(self, most_seconds: float) -> float:
        """The seconds that are left, at most so many; never none at all."""
        return max(min(self._until - self._clock.monotonic(), most_seconds), 0.001)

    def at(self, port: int, security: str, until: str, most_seconds: float) -> Answer:
        """Listen to one port: with security `tls` behind a handshake, which is verified as always; up to a step."""
        try:
            with self._session(port, security, until, most_seconds, self._server.tls) as (banner, extensions):
                return Answer("tls" if security == "tls" else "smtp", banner, extensions)
        except TransportError as error:
            return _answer(error.signs)

    def behind_starttls(self, tls: Tls, most_seconds: float) -> Mapping[str, str]:
        """What the server offers at its own port once TLS has begun. Raise TransportError."""
        with self._session(self._server.port, "starttls", "starttls", most_seconds, tls) as (_banner, extensions):
            return extensions

    def at_all(self, ports: Iterable[int], most_seconds: float) -> dict[int, str]:
        """Listen to ports side by side: `smtp` for one that greets and offers STARTTLS, `tls` for one that speaks TLS
        from the first byte, `open` for one that does neither, or why there is no connection; `timeout` for one that has
        not answered by then. A port that could not be asked is left out.
        """
        seconds = self.left(most_seconds)
        until = self._clock.monotonic() + seconds
        enough = until - min(LAST_WORD_SECONDS, seconds / 2)
        found = dict.fromkeys(ports, "timeout")
        done: dict[int, str] = {}

        def ask(port: int) -> None:
            security = "tls" if SECURITIES.get(port) == "tls" else "starttls"
            try:
                done[port] = _takes_mail(self.at(port, security, "ehlo", enough - self._clock.monotonic()))
            except Exception:  # noqa: BLE001 - in a thread of its own nobody would hear of it
                done[port] = ""

        threads = [threading.Thread(target=ask, args=(port,), daemon=True) for port in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(until - self._clock.monotonic(), 0))
        return {port: speaks for port, speaks in {**found, **done}.items() if speaks}

    @contextmanager
    def _session(
        self, port: int, security: str, until: str, most_seconds: float, tls: Tls
    ) -> Iterator[tuple[str, Mapping[str, str]]]:
        seconds = self.left(most_seconds)
        limits = Limits(seconds, seconds, seconds, seconds, seconds, login=seconds, total=seconds)
        server = self._server
        given = {"port": Value(port, DEFAULT), "security": Value(security, DEFAULT)}
        changed = Server(server.name, {**server.values, **given}, tls=tls, oauth=server.oauth)
        seen: list[Step] = []
        session = self._open_session(changed, None, limits=limits, watch=seen.append, until=until)
        banner = next((str(step.detail["banner"]) for step in seen if "banner" in step.detail), "")
        try:
            yield banner, session.extensions
        finally:
            session.close()


def _takes_mail(answer: Answer) -> str:
    """How mail is given to the port, if at all and not in the clear."""
    if answer.speaks == "smtp":
        return "smtp" if "STARTTLS" in answer.extensions else "open"
    return answer.speaks if answer.speaks in ("tls", *_CONNECT_ANSWERS.values()) else "open"


def _answer(signs: Signs) -> Answer:
    evidence = signs.evidence
    if signs.step in ("resolve", "connect"):
        return Answer(_CONNECT_ANSWERS.get(signs.sign, "nothing"))
    greeting = str(evidence.get("received") or evidence.get("banner") or "")
    if signs.reply is not None:
        # FTP greets with 220 as well, and knows no EHLO.
        known = signs.step != "ehlo" or signs.reply.code not in _UNKNOWN_COMMAND
        return Answer("smtp" if known else "other", signs.reply.text)
    behind_tls = signs.security == "tls" and signs.step != "tls"
    if signs.sign == "not-smtp":
        return Answer(str(evidence.get("looks_like") or "other"), greeting)
    if behind_tls or signs.sign in _SPOKE_TLS:
        return Answer("tls", greeting)
    if evidence.get("banner"):
        return Answer("smtp", greeting)
    silent = "other" if evidence.get("fragment") else "closes" if signs.sign == "closed" else "nothing"
    return Answer(str(evidence.get("looks_like") or silent), greeting)
