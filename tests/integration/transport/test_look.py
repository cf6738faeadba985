"""What is found out after a failure, against servers of every kind; nothing is ever logged in to or mailed through."""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from postroom.clock import Clock
from postroom.desk.wire import Wire
from postroom.domain.ports import Limits
from postroom.domain.preset import Preset
from postroom.domain.reply import Reply, Signs, TransportError
from postroom.domain.secret import Credential
from postroom.domain.settings import Server
from postroom.transport.connection import Place
from postroom.transport.look import Look, _has_route
from tests.integration.transport.opening import BANNER, GREET, PASSWORD, SHORT, attempt, settings
from tests.support.faulty_server import (
    Action,
    Drip,
    FaultyServer,
    Flood,
    Handshake,
    Line,
    Pause,
    Read,
    Send,
    Silence,
)
from tests.support.moving_clock import MovingClock

SECONDS = 5.0
IMPATIENT = SHORT._replace(command=0.3, tls=0.3)
OFFER = Send(b"250-mail.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
READY = Send(b"220 2.0.0 go ahead\r\n")
FORBIDDEN = (b"AUTH ", b"MAIL ", b"RCPT ", b"DATA", b"a-Password-of-ours")


class Certified:
    """An authority, and a server's context of its making."""

    def __init__(self, directory: Path) -> None:
        self.authority = trustme.CA()
        self.ca_file = str(directory / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.context = self.server("localhost", "127.0.0.1")

    def server(self, *names: str, valid: tuple[datetime, datetime] | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        first, last = valid or (None, None)
        self.authority.issue_cert(*names, not_before=first, not_after=last).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return Certified(tmp_path_factory.mktemp("certified"))


def no_secret(*_: object) -> Any:
    raise AssertionError("a look reads no secret")


def look(*ports: int, preset: Preset | None = None, clock: Clock | None = None) -> Look:
    clock = clock or Clock()
    wire = Wire(Clock(), hostname="client.example.test", read_secret=no_secret, preset=lambda _: preset)
    return Look(wire.open_session, lambda _: preset, clock, ports=ports)


def server_at(port: int, *, tls: dict[str, Any] | None = None, **section: Any) -> Server:
    return settings({"host": "127.0.0.1", "port": port, "security": "starttls", **section}, tls)


def found(
    server: FaultyServer,
    *ports: int,
    credential: Credential | None = PASSWORD,
    limits: Limits = IMPATIENT,
    tls: dict[str, Any] | None = None,
    preset: Preset | None = None,
    seconds: float = SECONDS,
    **section: Any,
) -> dict[str, Any]:
    """The evidence of a failed session and of the look behind it."""
    section = {"security": "starttls", **section}
    with pytest.raises(TransportError) as caught:
        attempt(server, credential=credential, limits=limits, tls=tls, **section)
    before = server.received
    signs = caught.value.signs._replace(provider=preset.id if preset else "")
    looked = look(*ports, preset=preset)(signs, server_at(server.port, tls=tls, **section), seconds)
    assert looked._replace(evidence={}) == signs._replace(evidence={})
    assert signs.evidence.items() <= looked.evidence.items()
    talk = server.received[len(before) :]
    assert not [word for word in FORBIDDEN if word in talk]
    return dict(looked.evidence)


def implicit(context: ssl.SSLContext, script: Sequence[Action] = (*GREET, Silence())) -> list[Action]:
    return [Handshake(context), *script]


# What the port speaks.


def test_smtp_where_tls_was_begun() -> None:
    with FaultyServer((BANNER, Line(), OFFER, Silence())) as server:
        evidence = found(server, security="tls")
    assert (evidence["port_speaks"], evidence["starttls_offered"]) == ("smtp", True)
    assert evidence["greeting"] == "220 mail.example.test ESMTP\r\n"
    assert "other_ports" not in evidence


@pytest.mark.parametrize("security", ["none", "starttls"])
@pytest.mark.parametrize("trusted", [True, False])
def test_tls_where_a_greeting_was_waited_for(certified: Certified, security: str, *, trusted: bool) -> None:
    tls = {"ca_file": certified.ca_file} if trusted else None
    with FaultyServer(implicit(certified.context)) as server:
        evidence = found(server, security=security, tls=tls)
    assert evidence["port_speaks"] == "tls"
    assert evidence["greeting"] == ("mail.example.test ESMTP" if trusted else "")


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize(
    ("words", "protocol"),
    [
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "imap"),
        (b"+OK Dovecot ready.\r\n", "pop3"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http"),
    ],
)
def test_another_protocol(words: bytes, protocol: str, security: str) -> None:
    with FaultyServer((Send(words), Silence())) as server:
        evidence = found(server, security=security)
    assert evidence["port_speaks"] == protocol
    assert evidence["greeting"].encode() in words
    assert evidence["other_ports"] == []


def test_a_web_server_that_waits_is_made_to_speak_by_a_handshake() -> None:
    with FaultyServer((Read(1), Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Silence())) as server:
        assert found(server)["port_speaks"] == "http"


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize(("script", "speaks"), [((Silence(),), "nothing"), ((), "closes")], ids=["silent", "closes"])
def test_a_port_that_says_nothing(script: tuple[Action, ...], speaks: str, security: str) -> None:
    with FaultyServer(script) as server:
        evidence = found(server, security=security)
    assert (evidence["port_speaks"], evidence["greeting"]) == (speaks, "")


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize(
    "script",
    [
        (Drip(b"220-" + b"x" * 5000, 0.05),),
        (Flood(b"220-x\r\n" * 100),),
        (Flood(b"x" * 10000),),
        (Flood(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000),),
        (Pause(20),),
    ],
    ids=["drips", "floods with lines", "floods", "floods with records", "silent"],
)
def test_no_server_holds_the_one_who_looks(script: tuple[Action, ...], security: str) -> None:
    with FaultyServer(script) as server, FaultyServer(script) as other:
        with pytest.raises(TransportError) as caught:
            attempt(server, security=security, limits=IMPATIENT)
        began = time.monotonic()
        look(other.port)(caught.value.signs, server_at(server.port, security=security), 1.0)
        assert time.monotonic() - began < 2.0


# Other ports.


@contextmanager
def neighbours() -> Iterator[dict[str, int]]:
    """One port of each kind; nothing is said to any but a name and goodbye."""
    with ExitStack() as stack:
        smtp = stack.enter_context(FaultyServer((BANNER, Line(), OFFER, Silence())))
        clear = stack.enter_context(FaultyServer((BANNER, Line(), Send(b"250 mail.example.test\r\n"), Silence())))
        http = stack.enter_context(FaultyServer((Send(b"HTTP/1.1 400\r\n"), Silence())))
        mute = stack.enter_context(FaultyServer((Silence(),)))
        with FaultyServer(()) as closed:
            refused = closed.port
        yield {"smtp": smtp.port, "clear": clear.port, "http": http.port, "mute": mute.port, "refused": refused}
        for server in (smtp, clear, http, mute):
            said = server.received.replace(b"EHLO client.example.test\r\n", b"")
            assert said in (b"", b"QUIT\r\n")


def test_the_other_ports_of_a_host_that_refuses() -> None:
    with FaultyServer(()) as closed:
        own = closed.port
    signs = Signs("connect", "connection-refused", host="127.0.0.1", port=own)
    with neighbours() as ports:
        began = time.monotonic()
        wanted = (*ports.values(), own, ports["smtp"])
        evidence = look(*wanted)(signs, server_at(own), SECONDS).evidence
        took = time.monotonic() - began
    assert {row["port"]: row["answer"] for row in evidence["other_ports"]} == {
        ports["smtp"]: "smtp",
        ports["clear"]: "open",
        ports["http"]: "open",
        ports["mute"]: "open",
        ports["refused"]: "refused",
    }
    assert took < 3.5


def test_the_providers_own_ports_are_asked_first(monkeypatch: pytest.MonkeyPatch, certified: Certified) -> None:
    greets = (BANNER, Line(), OFFER, Silence())
    with FaultyServer(greets) as plain, FaultyServer(implicit(certified.context)) as tls:
        monkeypatch.setattr("postroom.transport.knock.SECURITIES", {tls.port: "tls"})
        preset = Preset("p", "P", "127.0.0.1", 1, "tls", ("password",), "", (), alternatives=((tls.port, "tls"),))
        signs = Signs("connect", "connection-timeout", host="127.0.0.1", port=1, provider="p")
        server = server_at(1, tls={"ca_file": certified.ca_file})
        evidence = look(plain.port, tls.port, preset=preset)(signs, server, SECONDS).evidence
    assert evidence["other_ports"] == [{"port": tls.port, "answer": "tls"}, {"port": plain.port, "answer": "smtp"}]


def test_a_port_that_drops_every_packet_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:  # with its queue full the kernel drops what knocks
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            signs = Signs("connect", "connection-refused", host="127.0.0.1", port=1)
            evidence = look(port)(signs, server_at(1), 0.5).evidence
        finally:
            for filler in fillers:
                filler.close()
    assert evidence["other_ports"] == [{"port": port, "answer": "timeout"}]


@pytest.mark.parametrize(
    "sign", ["connection-refused", "connection-timeout", "greeting-timeout", "starttls-not-offered"]
)
def test_behind_a_proxy_nothing_is_opened(sign: str) -> None:
    with FaultyServer((BANNER, Silence())) as server:
        step = "connect" if sign.startswith("connection") else "greeting"
        signs = Signs(step, sign, host="127.0.0.1", port=server.port)
        proxied = server_at(server.port, proxy="socks5://127.0.0.1:1")
        assert look(server.port)(signs, proxied, SECONDS) == signs
        assert server.connections == 0


# Kinds of addresses.


def test_the_kinds_of_addresses_and_the_ways_to_them() -> None:
    signs = Signs("connect", "unreachable", host="localhost", port=1)
    evidence = look()(signs, settings({"host": "127.0.0.1", "port": 1, "security": "tls"}), SECONDS).evidence
    assert evidence["address_families"] == [{"family": "ipv4", "addresses": ["127.0.0.1"], "route": True}]
    assert "other_ports" not in evidence


def test_a_kind_of_address_that_has_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    lonely = Place(socket.AF_INET6, "2001:db8::25", ("2001:db8::25", 25, 0, 0))
    near = Place(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 25))
    monkeypatch.setattr("postroom.transport.look.resolve", lambda *_: [lonely, near])
    monkeypatch.setattr("postroom.transport.look._has_route", lambda place: place.family == socket.AF_INET)
    signs = Signs("connect", "unreachable", host="mail.example.test", port=25)
    families = look()(signs, server_at(25), SECONDS).evidence["address_families"]
    assert [(one["family"], one["route"]) for one in families] == [("ipv4", True), ("ipv6", False)]


def test_whether_there_is_a_way_is_asked_without_a_packet() -> None:
    assert _has_route(Place(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 9)))
    assert not _has_route(Place(socket.AF_INET, "255.255.255.255", ("255.255.255.255", 9)))
    assert not _has_route(Place(socket.AF_IPX, "::1", ("::1", 9)))


# A login that is offered only inside TLS.


BEFORE = (BANNER, Line(b"EHLO"), OFFER)
LOGIN_INSIDE = (Line(b"EHLO"), Send(b"250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n"), Silence())


@pytest.mark.parametrize("trusted", [True, False])
def test_a_login_that_is_offered_behind_starttls(certified: Certified, *, trusted: bool) -> None:
    tls = {"ca_file": certified.ca_file} if trusted else None
    with FaultyServer((*BEFORE, Line(b"STARTTLS"), READY, Handshake(certified.context), *LOGIN_INSIDE)) as server:
        evidence = found(server, security="none", tls=tls)
    assert (evidence["starttls_offered"], evidence["auth_after_tls"]) == (True, ["PLAIN", "LOGIN"])
    assert evidence.get("tls_sign") == (None if trusted else "tls-certificate-untrusted")


def test_starttls_that_fails_is_told_without_a_list() -> None:
    with FaultyServer((*BEFORE, Line(b"STARTTLS"), Send(b"454 4.7.0 not now\r\n"), Silence())) as server:
        evidence = found(server, security="none")
    assert (evidence["starttls_offered"], evidence["tls_sign"]) == (True, "refused-by-reply")
    assert "auth_after_tls" not in evidence


def test_a_server_without_starttls_or_login() -> None:
    with FaultyServer((*GREET, Silence())) as server:
        connections = server.connections
        evidence = found(server, security="none")
        assert server.connections == connections + 1
    assert evidence["starttls_offered"] is False
    assert evidence["other_ports"] == []


# When nobody looks.


@pytest.mark.parametrize(
    ("step", "sign"),
    [
        ("auth", "refused-by-reply"),
        ("auth", "auth-challenge"),
        ("auth", "closed"),
        ("mail", "refused-by-reply"),
        ("rcpt", "closed"),
        ("data", "reply-timeout"),
    ],
)
def test_a_refused_login_and_a_refused_mail_are_not_looked_into(step: str, sign: str) -> None:
    with FaultyServer((BANNER, Silence())) as server:
        signs = Signs(step, sign, Reply(535, "5.7.8", ["no"]), host="127.0.0.1", port=server.port)
        assert look(server.port)(signs, server_at(server.port), SECONDS) == signs
        assert server.connections == 0


def test_a_refused_login_tells_what_was_tried_and_what_was_offered(certified: Certified) -> None:
    inside = (
        *(BANNER, Line(b"EHLO"), Send(b"250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n")),
        *(Line(b"AUTH PLAIN"), Send(b"535 5.7.8 no\r\n"), Silence()),
    )
    with FaultyServer(implicit(certified.context, inside)) as server, pytest.raises(TransportError) as caught:
        attempt(server, credential=PASSWORD, security="tls", tls={"ca_file": certified.ca_file})
    evidence = caught.value.signs.evidence
    assert (evidence["mechanism"], evidence["offered"], evidence["kind"]) == ("PLAIN", ["PLAIN", "LOGIN"], "password")


def test_a_look_that_fails_looks_less() -> None:
    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("a fault of ours")

    signs = Signs(
        "greeting", "greeting-timeout", host="127.0.0.1", port=1, provider="p", evidence={"banner": "a.example"}
    )
    looked = Look(broken, broken, Clock(), ports=(2, 3))(signs, server_at(1), SECONDS)
    assert looked.evidence["compared_names"] == {"host": "127.0.0.1", "banner": "a.example"}
    signs = Signs("connect", "connection-refused", host="127.0.0.1", port=1)
    looked = Look(broken, broken, Clock(), ports=(2, 3))(signs, server_at(1), SECONDS)
    assert looked.evidence["other_ports"] == []


# Certificates.


def refused_certificate(context: ssl.SSLContext, ca_file: str, *, host: str = "localhost") -> dict[str, Any]:
    with FaultyServer(implicit(context)) as server, pytest.raises(TransportError) as caught:
        attempt((host, server.port), security="tls", tls={"ca_file": ca_file}, credential=PASSWORD)
    return dict(caught.value.signs.evidence)


def test_which_check_of_the_certificate_failed(certified: Certified, tmp_path: Path) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    expired = certified.server("localhost", valid=(now - 9 * day, now - day))
    early = certified.server("localhost", valid=(now + day, now + 9 * day))
    assert refused_certificate(expired, certified.ca_file)["certificate_problem"] == "expired"
    assert refused_certificate(early, certified.ca_file)["certificate_problem"] == "not_yet_valid"
    assert refused_certificate(certified.server("a.example"), certified.ca_file)["certificate_problem"] == "name"
    stranger = Certified(tmp_path)
    evidence = refused_certificate(stranger.context, certified.ca_file)
    assert (evidence["certificate_problem"], evidence["issuer_sent"]) == ("unknown_ca", False)
    assert len(evidence["chain"]) == 1


class Chain:
    """A root, an authority under it, and a server under that: in PEM."""

    def __init__(
        self, directory: Path, *, intermediate: str = "Our Authority R3", url: str = "", old: bool = False
    ) -> None:
        self._directory = directory
        self._now, self._day = datetime.now(UTC), timedelta(days=1)
        self._root_key, self._middle_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = self.made("Our First Authority", "Our First Authority", self._root_key, self._root_key, ca=True)
        self.middle = self.made(intermediate, "Our First Authority", self._middle_key, self._root_key, ca=True, old=old)
        self.leaf = self.made("localhost", intermediate, self.key, self._middle_key, url=url)
        self.ca_file = str(directory / "root.pem")
        Path(self.ca_file).write_bytes(self.root)

    def made(
        self,
        name: str,
        issuer: str,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        ca: bool = False,
        url: str = "",
        old: bool = False,
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_common_name(name))
            .issuer_name(_common_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - 9 * self._day)
            .not_valid_after(self._now + (-self._day if old else 9 * self._day))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                False,
            )
            signs = {"key_cert_sign": True, "crl_sign": True, "encipher_only": False, "decipher_only": False}
            builder = builder.add_extension(x509.KeyUsage(**usage, **signs), critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        if url:
            place = x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)

    def sending(self, *certificates: bytes) -> ssl.SSLContext:
        """A server that sends these."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = self._directory / "server.pem"
        file.write_bytes(key + b"".join(certificates))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def test_an_intermediate_that_is_kept_back_is_missing_and_its_place_is_named(tmp_path: Path) -> None:
    with FaultyServer((Silence(),)) as somewhere:
        chain = Chain(tmp_path, url=f"http://127.0.0.1:{somewhere.port}/r3.crt")
        evidence = refused_certificate(chain.sending(chain.leaf), chain.ca_file)
        assert somewhere.connections == 0
    assert evidence["certificate_problem"] == "missing_intermediate"
    assert evidence["issuer_urls"] == [f"http://127.0.0.1:{somewhere.port}/r3.crt"]
    assert [(one["subject"], one["issuer"]) for one in evidence["chain"]] == [("localhost", "Our Authority R3")]


def test_an_intermediate_is_known_by_its_name_too(tmp_path: Path) -> None:
    chain = Chain(tmp_path, intermediate="Example Intermediate CA")
    evidence = refused_certificate(chain.sending(chain.leaf), chain.ca_file)
    assert (evidence["certificate_problem"], evidence["issuer_sent"]) == ("missing_intermediate", False)


def test_another_certificate_in_the_place_of_the_intermediate(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    evidence = refused_certificate(chain.sending(chain.leaf, chain.root), chain.ca_file)
    assert evidence["certificate_problem"] == "missing_intermediate"
    assert [one["subject"] for one in evidence["chain"]] == ["localhost", "Our First Authority"]


@pytest.mark.parametrize("with_root", [True, False])
def test_a_whole_chain_to_a_strange_root(tmp_path: Path, certified: Certified, *, with_root: bool) -> None:
    chain = Chain(tmp_path, url="http://localhost/never")
    sent = (chain.leaf, chain.middle, *((chain.root,) if with_root else ()))
    evidence = refused_certificate(chain.sending(*sent), certified.ca_file)
    assert evidence["certificate_problem"] == "unknown_ca"
    assert len(evidence["chain"]) == len(sent)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_all_certificates_are_read_in_both_versions(
    tmp_path: Path, certified: Certified, version: ssl.TLSVersion
) -> None:
    chain = Chain(tmp_path)
    context = chain.sending(chain.leaf, chain.middle, chain.root)
    context.maximum_version = version
    subjects = [one["subject"] for one in refused_certificate(context, certified.ca_file)["chain"]]
    assert subjects == ["localhost", "Our Authority R3", "Our First Authority"]


def test_the_expired_one_of_a_chain_is_named(tmp_path: Path) -> None:
    chain = Chain(tmp_path, old=True)
    evidence = refused_certificate(chain.sending(chain.leaf, chain.middle), chain.ca_file)
    assert (evidence["certificate_problem"], evidence["certificate_at_fault"]) == ("expired", "Our Authority R3")
    assert evidence["certificate"]["days_left"] >= 8


def test_a_certificate_that_signed_itself(tmp_path: Path, certified: Certified) -> None:
    own = Chain(tmp_path)
    own.leaf = own.made("localhost", "localhost", own.key, own.key)
    evidence = refused_certificate(own.sending(own.leaf), certified.ca_file)
    assert evidence["certificate_problem"] == "self_signed"


# Clocks.


@pytest.mark.parametrize(
    ("ahead", "likely"), [(timedelta(hours=3), True), (timedelta(minutes=-6), True), (timedelta(minutes=4), False)]
)
def test_the_clocks_of_both_sides_are_compared(ahead: timedelta, *, likely: bool) -> None:
    clock = MovingClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    theirs = (clock.now() - ahead).strftime("%a, %d %b %Y %H:%M:%S +0000")
    banner = f"mail.example.test ESMTP Exim 4.96 {theirs}"
    signs = Signs("starttls", "tls-certificate-expired", host="127.0.0.1", port=1, evidence={"banner": banner})
    told = look(clock=clock)(signs, server_at(1), SECONDS).evidence["clock"]
    assert told["local"] == "2026-11-20T12:00:00.000Z"
    assert (told["difference_seconds"], told["likely_cause"]) == (ahead.total_seconds(), likely)


def test_a_server_that_tells_no_time_leaves_our_own() -> None:
    signs = Signs("tls", "tls-certificate-expired", host="127.0.0.1", port=1)
    told = look()(signs, server_at(1), SECONDS).evidence["clock"]
    assert (told["server"], told["difference_seconds"]) == (None, None)
    assert told["local"].endswith("Z")


def test_the_providers_own_host_is_named_where_the_given_one_does_not_exist() -> None:
    preset = Preset("p", "P", "smtp.example.com", 465, "tls", ("password",), "", ())
    signs = Signs("resolve", "host-not-found", host="smpt.example.com", port=465, provider="p")
    assert look(preset=preset)(signs, server_at(465), SECONDS).evidence == {"preset_host": "smtp.example.com"}
