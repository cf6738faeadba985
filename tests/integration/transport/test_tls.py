"""TLS against every kind of certificate and of trickery; nothing that matters is sent before all is verified."""

import select
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from postroom.clock import Clock
from postroom.domain.reply import TransportError
from postroom.domain.secret import Credential
from postroom.errors import FileError
from postroom.transport.connection import Broken, Connection
from postroom.transport.pin import read_certificate
from postroom.transport.tls import VerifiedTls
from tests.integration.transport.opening import (
    BANNER,
    GREET,
    HAPPY,
    PASSWORD,
    SHORT,
    Opened,
    attempt,
    message,
    settings,
)
from tests.support.certificates import Authority
from tests.support.faulty_server import Action, FaultyServer, Flood, Handshake, Line, Pause, Send, Silence
from tests.support.requirements import need

OFFER = Send(b"250-mail.example.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
READY = Send(b"220 2.0.0 go ahead\r\n")


class Zoo(NamedTuple):
    """One authority and what it signed, good and bad; PEM files."""

    ca: str
    other_ca: str
    contexts: dict[str, ssl.SSLContext]
    client: tuple[str, str]
    server: str
    pin: str


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    directory = tmp_path_factory.mktemp("zoo")
    ca, other = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(directory / "ca.pem")
    other.cert_pem.write_to_path(directory / "other.pem")
    names = ("localhost", "127.0.0.1", "mail.example.test")
    now = datetime.now(UTC)
    day = timedelta(days=1)
    leaves = {
        "good": ca.issue_cert(*names),
        "expired": ca.issue_cert(*names, not_before=now - 9 * day, not_after=now - day),
        "not yet valid": ca.issue_cert(*names, not_before=now + day, not_after=now + 9 * day),
        "wrong name": ca.issue_cert("other.example.test"),
        "only a common name": ca.issue_cert("other.example.test", common_name="localhost"),
        "wrong authority": other.issue_cert(*names),
    }
    contexts = {}
    for kind, leaf in leaves.items():
        contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(contexts[kind])
    own = Authority(directory / "own").server("selfsigned")
    contexts["self-signed"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts["self-signed"].load_cert_chain(own.certificate, own.key)
    contexts["wants a client certificate"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaves["good"].configure_cert(contexts["wants a client certificate"])
    ca.configure_trust(contexts["wants a client certificate"])
    contexts["wants a client certificate"].verify_mode = ssl.CERT_REQUIRED
    client = ca.issue_cert("alice@example.test")
    client.cert_chain_pems[0].write_to_path(directory / "client.crt")
    client.private_key_pem.write_to_path(directory / "client.key")
    leaves["good"].private_key_and_cert_chain_pem.write_to_path(directory / "good.pem")
    der = ssl.PEM_cert_to_DER_cert(leaves["good"].cert_chain_pems[0].bytes().decode())
    return Zoo(
        str(directory / "ca.pem"),
        str(directory / "other.pem"),
        contexts,
        (str(directory / "client.crt"), str(directory / "client.key")),
        str(directory / "good.pem"),
        read_certificate(der, now).pin,
    )


def implicit(context: ssl.SSLContext, script: Sequence[Action] = HAPPY) -> list[Action]:
    return [Handshake(context), *script]


def starttls(context: ssl.SSLContext, script: Sequence[Action] = HAPPY[1:]) -> list[Action]:
    """`script` begins behind the handshake, with the second EHLO."""
    return [BANNER, Line(b"EHLO"), OFFER, Line(b"STARTTLS\r\n"), READY, Handshake(context), *script]


def attempt_localhost(server: FaultyServer, **options: Any) -> Opened:
    return attempt(("localhost", server.port), **options)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_verified_server_gets_the_mail_inside_tls(zoo: Zoo, security: str) -> None:
    make = implicit if security == "tls" else starttls
    with FaultyServer(make(zoo.contexts["good"])) as server:
        opened = attempt_localhost(server, security=security, tls={"ca_file": zoo.ca})
        assert opened.session.send(message()).outcome == "accepted"
    detail = opened.step(security).detail
    assert detail["version"] == "TLSv1.3"
    assert set(detail["certificate"]["names"]) == {"localhost", "127.0.0.1", "mail.example.test"}
    assert detail["certificate"]["days_left"] > 1
    assert opened.step("starttls" if security == "tls" else "tls").skipped
    if security == "starttls":
        assert detail["extensions"] == {}
        assert opened.step("ehlo").detail["extensions"] == {"AUTH": "PLAIN", "STARTTLS": ""}
    lines = opened.session.transcript.splitlines()
    assert "~> MAIL FROM:<alice@example.test>" in lines
    assert ("-> STARTTLS" in lines) == (security == "starttls")


BAD = {
    "expired": "tls-certificate-expired",
    "not yet valid": "tls-certificate-expired",
    "wrong name": "tls-certificate-name",
    "only a common name": "tls-certificate-name",
    "wrong authority": "tls-certificate-untrusted",
    "self-signed": "tls-certificate-untrusted",
}


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_certificate_ends_the_session_and_tells_what_it_was(zoo: Zoo, kind: str, security: str) -> None:
    make = implicit if security == "tls" else starttls
    with FaultyServer(make(zoo.contexts[kind])) as server:
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security=security, tls={"ca_file": zoo.ca}, credential=PASSWORD)
        assert b"AUTH" not in server.received
        assert b"MAIL" not in server.received
    signs = caught.value.signs
    assert (signs.step, signs.sign, signs.encrypted) == (security, BAD[kind], False)
    assert signs.evidence["expected_name"] == "localhost"
    names = signs.evidence["certificate"]["names"]
    assert names == (["other.example.test"] if "name" in kind else names)
    assert "localhost" in names or "name" in kind


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_bad_certificate_is_told_in_both_versions(zoo: Zoo, version: ssl.TLSVersion) -> None:
    context = zoo.contexts["wrong authority"]
    context.maximum_version = version
    try:
        with FaultyServer(implicit(context)) as server, pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="tls", tls={"ca_file": zoo.ca})
    finally:
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    assert caught.value.signs.evidence["certificate"]["pin"].startswith("sha256/")


def test_the_systems_authorities_do_not_count_beside_a_ca_file(zoo: Zoo) -> None:
    with FaultyServer(implicit(zoo.contexts["good"])) as server:
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="tls", tls={"ca_file": zoo.other_ca})
        assert caught.value.signs.sign == "tls-certificate-untrusted"
        with pytest.raises(TransportError):
            attempt_localhost(server, security="tls")


def test_a_server_named_by_its_address_is_verified_by_address_or_by_the_given_name(zoo: Zoo) -> None:
    with FaultyServer(implicit(zoo.contexts["good"])) as server:
        attempt(server, security="tls", tls={"ca_file": zoo.ca})
        attempt(server, security="tls", tls={"ca_file": zoo.ca}, tls_server_name="mail.example.test")
        with pytest.raises(TransportError) as caught:
            attempt(server, security="tls", tls={"ca_file": zoo.ca}, tls_server_name="else.example.test")
    assert caught.value.signs.sign == "tls-certificate-name"


@pytest.mark.parametrize("kind", ["good"])
def test_a_pinned_key_is_enough_and_no_other_key_passes(zoo: Zoo, kind: str) -> None:
    with FaultyServer(implicit(zoo.contexts[kind])) as server:
        opened = attempt_localhost(
            server, security="tls", tls={"pin": zoo.pin}, tls_server_name="whatever.example.test"
        )
        assert opened.session.send(message()).outcome == "accepted"
    assert opened.step("tls").detail["certificate"]["pin"] == zoo.pin
    for other in set(BAD) - {"good"}:
        with FaultyServer(implicit(zoo.contexts[other])) as server:
            with pytest.raises(TransportError) as caught:
                attempt_localhost(server, security="tls", tls={"pin": zoo.pin, "ca_file": zoo.ca}, credential=PASSWORD)
            assert server.received == b""
        assert caught.value.signs.sign == "tls-pin-mismatch"
        assert caught.value.signs.evidence["expected_pin"] == zoo.pin


def test_a_client_certificate_is_shown_and_its_lack_is_told(zoo: Zoo) -> None:
    certificate, key = zoo.client
    trust = {"ca_file": zoo.ca}
    external = Credential("external", "", None)
    ready = (
        BANNER,
        Line(),
        Send(b"250-mail\r\n250 AUTH EXTERNAL\r\n"),
        Line(b"AUTH EXTERNAL =\r\n"),
        Send(b"235 ok\r\n"),
        Silence(),
    )
    with FaultyServer(implicit(zoo.contexts["wants a client certificate"], ready)) as server:
        tls = {**trust, "client_cert": certificate, "client_key": key}
        opened = attempt_localhost(server, security="tls", tls=tls, credential=external)
        assert opened.step("auth").detail["mechanism"] == "EXTERNAL"
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="tls", tls=trust)
    assert caught.value.signs.sign == "tls-client-certificate"


def test_both_sides_of_a_mode_mix_up_are_told() -> None:
    with FaultyServer((*GREET, Silence())) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="tls")
    assert (caught.value.signs.step, caught.value.signs.sign) == ("tls", "tls-plain-peer")


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_plain_talk_to_a_tls_port_times_out_at_the_greeting(zoo: Zoo, security: str) -> None:
    with FaultyServer(implicit(zoo.contexts["good"])) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security=security, limits=SHORT._replace(command=0.2))
    assert (caught.value.signs.step, caught.value.signs.sign) == ("greeting", "greeting-timeout")


def test_a_handshake_that_never_ends_is_ended() -> None:
    began = time.monotonic()
    with FaultyServer([Silence()]) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="tls", limits=SHORT._replace(tls=0.2))
    assert (caught.value.signs.step, caught.value.signs.sign) == ("tls", "reply-timeout")
    assert time.monotonic() - began < 2


def test_a_handshake_full_of_records_that_say_nothing_is_ended_in_time() -> None:
    hello_request = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"  # RFC 5246 7.4.1.1: a client passes over it
    began = time.monotonic()
    with FaultyServer([Flood(hello_request * 1000)]) as server, pytest.raises(TransportError) as caught:
        attempt(server, security="tls")
    assert time.monotonic() - began < SHORT.tls + 1
    assert (caught.value.signs.step, caught.value.signs.sign) == ("tls", "reply-timeout")


def test_a_server_that_ends_within_the_handshake_is_told(zoo: Zoo) -> None:
    with FaultyServer([Line()]) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="tls")
    assert caught.value.signs.step == "tls"
    with FaultyServer([BANNER, Line(), OFFER, Line(), READY]) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="starttls", tls={"ca_file": zoo.ca})
    assert caught.value.signs.step == "starttls"


@pytest.mark.filterwarnings("ignore:.*TLSv1.* is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("newest", "minimum"), [("TLSv1_1", "1.2"), ("TLSv1_2", "1.3")])
def test_a_server_with_old_tls_alone_is_refused(zoo: Zoo, newest: str, minimum: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(zoo.server)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion[newest]
    with FaultyServer(implicit(context)) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="tls", tls={"ca_file": zoo.ca, "minimum": minimum}, credential=PASSWORD)
    assert caught.value.signs.sign == "tls-version"
    assert b"AUTH" not in server.received


def without_key_identifier(directory: Path) -> tuple[str, ssl.SSLContext]:
    """An authority of the old kind and a server that it signed, without RFC 5280's authority key identifier."""
    now, day = datetime.now(UTC), timedelta(days=1)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Old CA", "localhost"))
    common = x509.CertificateBuilder().issuer_name(ca_name).not_valid_before(now - day).not_valid_after(now + 9 * day)
    ca = common.subject_name(ca_name).public_key(ca_key.public_key()).serial_number(1)
    leaf = common.subject_name(name).public_key(key.public_key()).serial_number(2)
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    (directory / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (directory / "leaf.pem").write_bytes(
        leaf.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "leaf.pem")
    return str(directory / "ca.pem"), context


def test_an_old_private_authority_needs_strictness_off_on_every_python(tmp_path: Path) -> None:
    ca_file, context = without_key_identifier(tmp_path)
    with FaultyServer(implicit(context)) as server:
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="tls", tls={"ca_file": ca_file})
        opened = attempt_localhost(server, security="tls", tls={"ca_file": ca_file, "strict": False})
        assert opened.step("tls").ok
    assert caught.value.signs.sign == "tls-certificate-untrusted"
    assert "key identifier" in caught.value.signs.text.lower()


def test_a_common_name_counts_only_for_old_private_authorities(tmp_path: Path) -> None:
    now, day, key = datetime.now(UTC), timedelta(days=1), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().issuer_name(name).subject_name(name).public_key(key.public_key())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day).serial_number(1)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    own = tmp_path / "own.pem"
    own.write_bytes(certificate + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    with FaultyServer(implicit(context)) as server:
        assert attempt_localhost(server, security="tls", tls={"ca_file": str(own), "strict": False}).step("tls").ok
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="tls", tls={"ca_file": str(own)})
    assert caught.value.signs.sign == "tls-certificate-name"


@pytest.mark.parametrize("kind", ["self-signed", "good"])
def test_a_certificate_is_trusted_when_it_is_the_ca_file_itself(zoo: Zoo, tmp_path: Path, kind: str) -> None:
    own = tmp_path / "own.pem"
    with FaultyServer(implicit(zoo.contexts[kind])) as server:
        own.write_text(ssl.get_server_certificate(("localhost", server.port)))
        assert attempt_localhost(server, security="tls", tls={"ca_file": str(own)}).step("tls").ok


def test_the_systems_hashed_directory_is_used_where_there_is_one(zoo: Zoo, tmp_path: Path) -> None:
    need("openssl")
    argv = ["openssl", "x509", "-hash", "-noout", "-in", zoo.ca]
    name = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / f"{name}.0").write_bytes(Path(zoo.ca).read_bytes())
    clock = Clock()
    for kind, passes in (("good", True), ("wrong authority", False)):
        with FaultyServer(implicit(zoo.contexts[kind])) as server:
            encryption = VerifiedTls(settings({}).tls, clock, read_certificate, str(tmp_path))
            sock = socket.create_connection(("127.0.0.1", server.port))
            connection = Connection(sock, clock)
            if passes:
                encryption.start(connection, "localhost", clock.monotonic() + 5)
            else:
                with pytest.raises(Broken):
                    encryption.start(connection, "localhost", clock.monotonic() + 5)
            connection.close()


# STARTTLS.


REFUSALS: dict[str, tuple[Action, ...]] = {
    "not offered": (Send(b"250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n"), Silence()),
    "EHLO unknown": (Send(b"502 what\r\n"), Silence()),
    "454": (OFFER, Line(b"STARTTLS"), Send(b"454 4.7.0 not now\r\n"), Silence()),
    "502": (OFFER, Line(b"STARTTLS"), Send(b"502 5.5.1 never\r\n"), Silence()),
    "250": (OFFER, Line(b"STARTTLS"), Send(b"250 ok\r\n"), Silence()),
    "220 and closed": (OFFER, Line(b"STARTTLS"), READY),
    "closed": (OFFER, Line(b"STARTTLS")),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_without_starttls_nothing_that_matters_is_sent(how: str) -> None:
    with FaultyServer((BANNER, Line(b"EHLO"), *REFUSALS[how])) as server:
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="starttls", credential=PASSWORD)
        for word in (b"AUTH", b"MAIL", b"HELO client"):
            assert word not in server.received.replace(b"EHLO", b"")
    expected = "starttls-not-offered" if how in ("not offered", "EHLO unknown") else "refused-by-reply"
    assert caught.value.signs.sign == {"closed": "closed", "220 and closed": "tls-handshake"}.get(how, expected)


@pytest.mark.parametrize("run", range(10))
def test_words_slipped_in_behind_the_answer_to_starttls_end_the_session(zoo: Zoo, run: int) -> None:
    slipped = (b"250-mail\r\n250 AUTH PLAIN\r\n", b"2", b"\r\n", b"235 2.7.0 in\r\n")[run % 4]
    script = (BANNER, Line(), OFFER, Line(), Send(READY.data + slipped), Handshake(zoo.contexts["good"]), Silence())
    with FaultyServer(script) as server:
        with pytest.raises(TransportError) as caught:
            attempt_localhost(server, security="starttls", credential=PASSWORD, tls={"ca_file": zoo.ca})
        assert server.received.endswith(b"STARTTLS\r\n")
    assert (caught.value.signs.step, caught.value.signs.sign) == ("starttls", "talk-after-starttls")


def test_words_slipped_in_a_moment_later_never_reach_the_protocol(zoo: Zoo) -> None:
    script = (BANNER, Line(), OFFER, Line(), READY, Send(b"250 AUTH PLAIN\r\n"), Silence())
    with FaultyServer(script) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="starttls", tls={"ca_file": zoo.ca})
    assert caught.value.signs.sign in ("talk-after-starttls", "tls-plain-peer")
    assert "AUTH PLAIN" not in caught.value.transcript.partition("STARTTLS\n")[2]


def test_words_that_wait_behind_the_answer_to_starttls_are_seen_before_the_handshake(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a packet of their own, so that they are not read together with the answer."""
    sockets: list[socket.socket] = []
    look = Connection.something_waits

    def look_when_they_came(connection: Connection) -> bool:
        before = look(connection)
        assert select.select(sockets, [], [], 10)[0]
        return before or look(connection)

    def dial(_host: str, _port: int, _seconds: float) -> socket.socket:
        sockets.append(socket.create_connection((server.host, server.port)))
        return sockets[0]

    monkeypatch.setattr(Connection, "something_waits", look_when_they_came)
    late = (Pause(0.2), Send(b"250 AUTH PLAIN\r\n"), Silence())
    with FaultyServer((BANNER, Line(), OFFER, Line(), READY, *late)) as server, pytest.raises(TransportError) as caught:
        attempt(("localhost", 587), security="starttls", tls={"ca_file": zoo.ca}, dial=dial)
    assert (caught.value.signs.step, caught.value.signs.sign) == ("starttls", "talk-after-starttls")
    assert server.received.endswith(b"\r\nSTARTTLS\r\n")


def test_what_was_offered_before_tls_is_forgotten(zoo: Zoo) -> None:
    offered = Send(b"250-mail.example.test\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250-SIZE 5\r\n250 STARTTLS\r\n")
    inside = (Line(b"EHLO"), Send(b"250-mail.example.test\r\n250 AUTH LOGIN\r\n"), Line(b"AUTH LOGIN\r\n"))
    script = (BANNER, Line(), offered, Line(), READY, Handshake(zoo.contexts["good"]), *inside, Send(b"535 no\r\n"))
    with FaultyServer((*script, Silence())) as server, pytest.raises(TransportError) as caught:
        attempt_localhost(server, security="starttls", credential=PASSWORD, tls={"ca_file": zoo.ca})
    signs = caught.value.signs
    assert (signs.step, signs.encrypted, signs.evidence["mechanism"]) == ("auth", True, "LOGIN")
    with FaultyServer(starttls(zoo.contexts["good"])) as server:
        session = attempt_localhost(server, security="starttls", tls={"ca_file": zoo.ca}).session
        assert session.extensions == {}


@pytest.mark.parametrize("place", range(1, len(HAPPY)))
def test_a_connection_lost_inside_tls_is_lost_as_it_would_be_outside(zoo: Zoo, place: int) -> None:
    with FaultyServer(implicit(zoo.contexts["good"], HAPPY[:place])) as server:
        try:
            session = attempt_localhost(server, security="tls", tls={"ca_file": zoo.ca}).session
            signs = session.send(message()).signs
        except TransportError as error:
            signs = error.signs
    assert signs is not None
    assert (signs.sign, signs.encrypted) == ("closed", True)


# Files.


def test_a_file_that_cannot_be_used_is_named_before_anything_is_connected(zoo: Zoo, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    sealed = tmp_path / "sealed.key"
    key = ec.generate_private_key(ec.SECP256R1())
    sealed.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")))
    for tls, word in (
        ({"ca_file": "/no/such/file.pem"}, "/no/such/file.pem"),
        ({"ca_file": str(garbage)}, "garbage.pem"),
        ({"client_cert": "/no/such/client.pem"}, "/no/such/client.pem"),
        ({"client_cert": zoo.client[0], "client_key": str(sealed)}, "sealed.key"),
        ({"client_cert": zoo.client[0], "client_key": str(garbage)}, "garbage.pem"),
    ):
        with pytest.raises(FileError, match=word) as caught:
            VerifiedTls(settings({}, tls).tls, Clock(), read_certificate)
        assert caught.value.exit == 66
