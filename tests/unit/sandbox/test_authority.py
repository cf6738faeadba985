"""The throw-away certificate: strict clients trust it, and it is renewed in time."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.sandbox.authority import LIFE, NAMES, RENEW_BEFORE, Certificate, certificate

NOW = datetime.now(UTC)


def shake_hands(kept: Certificate, name: str, ca_file: Path) -> None:
    """A TLS handshake in memory, with every check that OpenSSL has."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(kept.chain_file)
    ours = ssl.create_default_context(cafile=str(ca_file))
    ours.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = theirs.wrap_bio(up, down, server_side=True)
    client = ours.wrap_bio(down, up, server_hostname=name)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)


@pytest.mark.parametrize("name", NAMES)
def test_a_strict_client_trusts_the_server_under_every_name_of_this_machine(tmp_path: Path, name: str) -> None:
    kept = certificate(tmp_path, now=NOW)

    shake_hands(kept, name, kept.ca_file)


def test_another_name_is_not_vouched_for(tmp_path: Path) -> None:
    kept = certificate(tmp_path, now=NOW)

    with pytest.raises(ssl.SSLCertVerificationError, match="match"):
        shake_hands(kept, "mail.example.com", kept.ca_file)


def test_the_authority_of_another_sandbox_is_not_enough(tmp_path: Path) -> None:
    kept, other = (certificate(tmp_path / name, now=NOW) for name in ("one", "two"))

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(kept, "localhost", other.ca_file)


def test_a_certificate_is_kept_until_it_is_near_its_end(tmp_path: Path) -> None:
    first = certificate(tmp_path, now=NOW).ca_file.read_bytes()
    long_enough = NOW + LIFE - RENEW_BEFORE - timedelta(minutes=1)

    assert certificate(tmp_path, now=long_enough).ca_file.read_bytes() == first
    assert certificate(tmp_path, now=long_enough + timedelta(minutes=2)).ca_file.read_bytes() != first


def test_a_certificate_from_a_clock_ahead_is_made_anew(tmp_path: Path) -> None:
    first = certificate(tmp_path, now=NOW + timedelta(days=2)).ca_file.read_bytes()

    assert certificate(tmp_path, now=NOW).ca_file.read_bytes() != first


@pytest.mark.parametrize("name", ["ca.pem", "server.pem"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, name: str, content: bytes) -> None:
    certificate(tmp_path, now=NOW)
    (tmp_path / name).write_bytes(content)

    kept = certificate(tmp_path, now=NOW)
    shake_hands(kept, "localhost", kept.ca_file)


def test_an_authority_that_did_not_sign_the_server_is_replaced(tmp_path: Path) -> None:
    kept = certificate(tmp_path / "one", now=NOW)
    kept.ca_file.write_bytes(certificate(tmp_path / "two", now=NOW).ca_file.read_bytes())

    kept = certificate(tmp_path / "one", now=NOW)
    shake_hands(kept, "localhost", kept.ca_file)


def test_the_key_is_private_and_the_authority_public(tmp_path: Path) -> None:
    kept = certificate(tmp_path, now=NOW)

    assert stat.S_IMODE(kept.chain_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.ca_file.stat().st_mode) == 0o644


def test_the_authoritys_own_key_is_nowhere(tmp_path: Path) -> None:
    kept = certificate(tmp_path, now=NOW)

    assert b"PRIVATE KEY" not in kept.ca_file.read_bytes()
    assert kept.chain_file.read_bytes().count(b"BEGIN PRIVATE KEY") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "server.pem", "certificate.lock"}
