"""Owns asking the DNS many things at once under one deadline. Refuses to know what the answers mean.

The answers are not authenticated: good for advice, never for a decision about whom to trust.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.name
import dns.reversename
from dns.exception import DNSException
from dns.rdatatype import RdataType
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from postroom.clock import Clock
from postroom.domain.dns import Answer, Question

AT_ONCE = 16
"""Questions under way at a time: all that a domain needs at first, and no storm for the resolver."""


class DnsQuestions:
    """An `AskDns` whose calls end `total_seconds` after it was made; each question takes `question_seconds` at most.

    `name_server` is an IP address and a port to ask instead of the system's resolvers.
    """

    def __init__(
        self, clock: Clock, *, question_seconds: float, total_seconds: float, name_server: tuple[str, int] | None = None
    ) -> None:
        self._clock = clock
        self._question_seconds = question_seconds
        self._ends = clock.monotonic() + total_seconds
        self._name_server = name_server

    def __call__(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        """Ask all of them; a question that is there twice is asked once."""
        distinct = list(dict.fromkeys(questions))
        pool = ThreadPoolExecutor(max_workers=AT_ONCE)
        try:
            return dict(zip(distinct, pool.map(self._ask, distinct), strict=True))
        finally:
            # After a signal nobody waits for what is still under way.
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: Question) -> Answer:
        seconds = min(self._question_seconds, self._ends - self._clock.monotonic())
        if seconds <= 0:
            return Answer("failed", text="no time left")
        try:
            found = self._resolver().resolve(_name(question), question.type, lifetime=seconds)
        except NXDOMAIN:
            return Answer("no_name")
        except NoAnswer:
            return Answer("none")
        except (DNSException, OSError, ValueError) as error:  # ValueError: an unreadable /etc/resolv.conf, a bad name
            return Answer("failed", text=str(error) or type(error).__name__)
        return Answer("found", sorted(_text(record) for record in found))

    def _resolver(self) -> Resolver:
        resolver = Resolver(configure=self._name_server is None)
        if self._name_server is not None:
            address, resolver.port = self._name_server
            resolver.nameservers = [address]
        return resolver


def _name(question: Question) -> dns.name.Name:
    # Absolute, so that no search list of this machine is appended.
    return dns.reversename.from_address(question.name) if question.type == "PTR" else dns.name.from_text(question.name)


def _text(record: Any) -> str:
    if record.rdtype == RdataType.TXT:
        return b"".join(record.strings).decode("utf-8", "backslashreplace")
    if record.rdtype == RdataType.MX:
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True).lower()}"
    if record.rdtype == RdataType.PTR:
        return str(record.target.to_text(omit_final_dot=True).lower())
    return str(record.address)
