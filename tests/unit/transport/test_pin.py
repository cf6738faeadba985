"""Certificates, read for pins and for the evidence of a refusal."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from postroom.transport.pin import read_certificate

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def certificate(key: ec.EllipticCurvePrivateKey, *, names: bool = True, common_name: bool = True) -> bytes:
    oid = NameOID.COMMON_NAME if common_name else NameOID.ORGANIZATION_NAME
    name = x509.Name([x509.NameAttribute(oid, "mail.example.test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2026, 3, 31, tzinfo=UTC)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName("mail.example.test"), x509.DNSName("*.example.test")])
        builder = builder.add_extension(alternative, critical=False)
    return builder.public_key(key.public_key()).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_certificate_is_read_and_its_key_alone_makes_the_pin() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    found, other = (read_certificate(certificate(key, names=names), NOW) for names in (True, False))
    assert found.as_data() == {
        "subject": "mail.example.test",
        "issuer": "mail.example.test",
        "names": ["mail.example.test", "*.example.test"],
        "not_before": "2026-01-01T00:00:00.000Z",
        "not_after": "2026-03-31T00:00:00.000Z",
        "days_left": 30,
        "pin": found.pin,
    }
    assert other.names == ()
    assert found.pin == other.pin
    assert found.pin != read_certificate(certificate(ec.generate_private_key(ec.SECP256R1())), NOW).pin


def test_a_certificate_without_a_common_name_has_a_subject_all_the_same() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert read_certificate(certificate(key, common_name=False), NOW).subject == "O=mail.example.test"


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_certificate(b"none", NOW)
