"""Owns a name server that answers questions over UDP on loopback as a test says. Refuses to know who asks."""

import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_TTL_SECONDS = 60
_LONGEST_QUESTION_OCTETS = 4096


class Records(NamedTuple):
    """Records as they stand in a zone file: `10 mx1.example.com.`; none is a name without that type."""

    records: Sequence[str] = ()


class Failure(NamedTuple):
    """An answer that is only a response code, such as SERVFAIL."""

    code: dns.rcode.Rcode


class Silence(NamedTuple):
    """No answer at all."""


Answer = Records | Failure | Silence


class NameServer:
    """Answers while the context lasts. A key of `zone` is a name, for its MX records or for what befalls every
    question about it, or a type and a name, like `TXT a.example`. A name that no key has does not exist.

    `place` is where it listens, a free port of 127.0.0.1 unless another is given; `asked` are the names of the
    questions, in their order.
    """

    def __init__(self, zone: Mapping[str, Answer], place: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._zone = zone
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(place)
        self.place: tuple[str, int] = (place[0], self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # An empty datagram is the end: closing the socket would not wake the thread that waits on it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell, suppress(OSError):
            bell.sendto(b"", self.place)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(_LONGEST_QUESTION_OCTETS)
            if not data:
                return
            question = dns.message.from_wire(data)
            reply = self._reply(question)
            if reply is not None:
                self._socket.sendto(reply.to_wire(), client)

    def _reply(self, question: dns.message.Message) -> dns.message.Message | None:
        (asked,) = question.question
        name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append(name)
        here = {key: answer for key, answer in self._zone.items() if key.rpartition(" ")[2] == name}
        missing = Records() if here else Failure(dns.rcode.NXDOMAIN)
        whatever = here.get(name, missing)
        answer = whatever if kind == "MX" or not isinstance(whatever, Records) else here.get(f"{kind} {name}", missing)
        if isinstance(answer, Silence):
            return None
        reply = dns.message.make_response(question, recursion_available=True)
        if isinstance(answer, Failure):
            reply.set_rcode(answer.code)
        elif answer.records:
            reply.answer.append(dns.rrset.from_text_list(asked.name, _TTL_SECONDS, "IN", kind, list(answer.records)))
        return reply
