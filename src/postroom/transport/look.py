"""Owns the look around after a failed session: what speaks at the port, what else of the host answers, whose
certificate and which clock is wrong. It judges nothing, and refuses to know what the causes are called.

Invariants: no login is made and no mail begun; it ends at a moment that is fixed at the start; and nothing that goes
wrong here is told as anything but less evidence. Behind a proxy nothing is opened.
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from postroom.clock import Clock, rfc3339
from postroom.domain.ports import OpenSession
from postroom.domain.preset import Preset
from postroom.domain.reply import Signs, TransportError
from postroom.domain.settings import DEFAULT, Server, Tls, Value
from postroom.transport.banner import date_in
from postroom.transport.connection import Place, resolve
from postroom.transport.extensions import mechanisms
from postroom.transport.interception import interception_evidence
from postroom.transport.knock import Knock

SUBMISSION_PORTS = (587, 465, 2525, 25)
PORT_SECONDS = 2.0
"""For what speaks at the port itself: a server that greets later than this is one that makes its callers wait."""
OTHER_PORTS_SECONDS = 3.0
"""For the other ports together: a SYN that is lost is sent again after one second, and after two more (RFC 6298)."""
CLOCK_SECONDS = 300
"""A greater difference is no drift: the machine was set wrong, or never."""

_DOWN = ("connection-timeout", "connection-refused", "unreachable")
_CERTIFICATE = ("tls-certificate-expired", "tls-certificate-name", "tls-certificate-untrusted", "tls-pin-mismatch")
_NO_LOGIN = ("auth-not-offered", "auth-no-common-mechanism")
_MUTE = ("closed", "greeting-timeout", "reply-timeout")

Evidence = dict[str, Any]


class Look:
    """The promise of `domain.ports.Look`. `find_preset` knows the providers; `ports` are tried besides the server's."""

    def __init__(
        self,
        open_session: OpenSession,
        find_preset: Callable[[str], Preset | None],
        clock: Clock,
        *,
        ports: Sequence[int] = SUBMISSION_PORTS,
    ) -> None:
        self._open_session = open_session
        self._find_preset = find_preset
        self._clock = clock
        self._ports = ports

    def __call__(self, signs: Signs, server: Server, seconds: float) -> Signs:
        """See `domain.ports.Look`."""
        if signs.logged_in or signs.step in ("mail", "rcpt", "data"):
            return signs
        if signs.step == "auth" and signs.sign not in _NO_LOGIN:
            return signs
        preset = _less(lambda: self._find_preset(signs.provider)) if signs.provider else None
        ports = [*(port for port, _ in preset.alternatives), *self._ports] if preset else self._ports
        knock = Knock(self._open_session, server, self._clock, self._clock.monotonic() + seconds)
        look = _Look(knock, self._clock, signs, server, preset)
        for part in look.parts(ports):
            look.evidence |= _less(part) or {}
        return signs._replace(evidence={**signs.evidence, **look.evidence})


class _Look:
    """One look. `evidence` is what the parts before have found."""

    def __init__(self, knock: Knock, clock: Clock, signs: Signs, server: Server, preset: Preset | None) -> None:
        self._knock = knock
        self._clock = clock
        self._signs = signs
        self._server = server
        self._preset = preset
        self._extensions: Mapping[str, str] = signs.evidence.get("extensions") or {}
        self.evidence: Evidence = {}

    def parts(self, ports: Sequence[int]) -> Iterator[Callable[[], Evidence]]:
        """What is worth finding out, in this order."""
        signs, preset = self._signs, self._preset
        yield lambda: interception_evidence(signs, preset)
        if signs.sign == "host-not-found" and preset is not None:
            yield lambda: {"preset_host": preset.host}
        if signs.sign == "tls-certificate-expired":
            yield self._clocks
        if self._server.proxy is not None:
            return
        if signs.step == "connect" and signs.sign in _DOWN:
            yield self._families
        if signs.step in ("tls", "greeting", "starttls") and signs.reply is None and signs.sign not in _CERTIFICATE:
            yield self._port_speaks
        if signs.sign in _NO_LOGIN and not signs.encrypted:
            yield self._login_after_tls
        if self._elsewhere:
            yield lambda: self._other_ports(ports)

    @property
    def _elsewhere(self) -> bool:
        """Whether another port may be the right one."""
        signs = self._signs
        return (
            signs.sign in ("connection-timeout", "connection-refused", "starttls-not-offered")
            or (signs.sign == "auth-not-offered" and "STARTTLS" not in self._extensions)
            or self.evidence.get("port_speaks", "smtp") not in ("smtp", "tls")
        )

    def _clocks(self) -> Evidence:
        now = self._clock.now()
        theirs = date_in(str(self._signs.evidence.get("banner") or ""))
        if theirs is None:
            return {"clock": {"local": rfc3339(now), "server": None, "difference_seconds": None}}
        seconds = round((now - theirs).total_seconds())
        told = {"local": rfc3339(now), "server": rfc3339(theirs), "difference_seconds": seconds}
        return {"clock": {**told, "likely_cause": abs(seconds) > CLOCK_SECONDS}}

    def _families(self) -> Evidence:
        """The kinds of addresses that the name has, and whether this machine has a way to each."""
        places = resolve(self._server.host, self._server.port, self._knock.left(PORT_SECONDS))
        found = []
        for family, name in ((socket.AF_INET, "ipv4"), (socket.AF_INET6, "ipv6")):
            own = [place for place in places if place.family == family]
            if own:
                route = any(_has_route(place) for place in own)
                found.append({"family": name, "addresses": [place.address for place in own], "route": route})
        return {"address_families": found}

    def _port_speaks(self) -> Evidence:
        signs = self._signs
        known = signs.evidence
        if signs.step == "starttls":
            return {"port_speaks": "smtp", "greeting": known.get("banner", "")}
        looks_like = known.get("looks_like", "")
        if looks_like and looks_like != "smtp":
            return {"port_speaks": looks_like, "greeting": known.get("received", "")}
        if signs.step == "tls":
            found = self._knock.at(self._server.port, "starttls", "ehlo", PORT_SECONDS)
            told = {"port_speaks": looks_like or found.speaks, "greeting": known.get("received") or found.greeting}
            return {**told, "starttls_offered": "STARTTLS" in found.extensions} if found.extensions else told
        if signs.sign not in _MUTE or signs.security == "tls":
            return {}
        if signs.sign != "closed" and (begun := str(known.get("fragment") or "")):
            return {"port_speaks": "smtp" if begun.startswith("220") else "other", "greeting": begun}
        found = self._knock.at(self._server.port, "tls", "greeting", PORT_SECONDS)
        closes = signs.sign == "closed" and found.speaks == "nothing"
        return {"port_speaks": "closes" if closes else found.speaks, "greeting": found.greeting}

    def _login_after_tls(self) -> Evidence:
        if "STARTTLS" not in self._extensions:
            return {"starttls_offered": False}
        self.evidence["starttls_offered"] = True
        tls = self._server.tls
        try:
            offered = self._knock.behind_starttls(tls, PORT_SECONDS)
        except TransportError as error:
            self.evidence["tls_sign"] = error.signs.sign
            pin = (error.signs.evidence.get("certificate") or {}).get("pin")
            if not pin:
                return {}
            # Whoever this is: he hears no more than he did in the clear, and is trusted as little as before.
            offered = self._knock.behind_starttls(Tls({"pin": Value(pin, DEFAULT)}), PORT_SECONDS)
        return {"auth_after_tls": list(mechanisms(offered))}

    def _other_ports(self, ports: Sequence[int]) -> Evidence:
        wanted = [port for port in dict.fromkeys(ports) if port != self._server.port]
        answers = self._knock.at_all(wanted, OTHER_PORTS_SECONDS)
        words = ("smtp", "tls", "refused", "timeout", "unreachable")
        rows = [{"port": port, "answer": word if word in words else "open"} for port, word in answers.items()]
        return {"other_ports": rows}


def _has_route(place: Place) -> bool:
    """Whether this machine would know where to send; a datagram socket that connects sends nothing."""
    try:
        with socket.socket(place.family, socket.SOCK_DGRAM) as sock:
            sock.connect(place.sockaddr)
    except OSError:
        return False
    return True


def _less(part: Callable[[], Any]) -> Any:
    """What a part of a look gives, or None when it fails: the failure that is looked into is the one to tell."""
    try:
        return part()
    except Exception:  # noqa: BLE001 - whatever a strange server makes of it, there is one failure already
        return None
