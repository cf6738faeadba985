"""Owns the throw-away certificate of the sandbox. Refuses to know who trusts it and who serves with it.

The authority's private key is never written: it signs one certificate and is forgotten, so that a `ca.pem` which stays
in somebody's trust store vouches for nothing but this server on this machine.
"""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postroom.files import atomic_write, locked, make_directory

RENEW_BEFORE = timedelta(days=22)
"""`smtp test` warns of a certificate with fewer than 21 days left, and with --strict fails for it."""

LIFE = RENEW_BEFORE + timedelta(days=7)
"""A working week with one `ca.pem`."""

_SKEW = timedelta(minutes=5)
"""Containers and virtual machines wake up with clocks that are a little behind."""

_LOCK_DEADLINE_SECONDS = 10.0

NAMES = ("localhost", "127.0.0.1", "::1")


class Certificate(NamedTuple):
    """Where the certificate lies: `ca_file` is for clients to trust, `chain_file` has the server's key (0600)."""

    ca_file: Path
    chain_file: Path


def certificate(directory: Path, *, now: datetime) -> Certificate:
    """The certificate in `directory`; made, or made anew when it is near its end or cannot be read.

    It passes OpenSSL's strict checks (RFC 5280: key identifiers, key usage, critical basic constraints). Raise
    FileError when the directory cannot be written.
    """
    kept = Certificate(directory / "ca.pem", directory / "server.pem")
    make_directory(directory)
    with locked(directory / "certificate", _LOCK_DEADLINE_SECONDS):
        if not _usable(kept, now):
            authority, chain = _issue(now)
            atomic_write(kept.chain_file, chain, mode=0o600)
            atomic_write(kept.ca_file, authority, mode=0o644)
    return kept


def _usable(kept: Certificate, now: datetime) -> bool:
    try:
        authority = x509.load_pem_x509_certificate(kept.ca_file.read_bytes())
        server = x509.load_pem_x509_certificate(kept.chain_file.read_bytes())
        server.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        return False
    return server.not_valid_before_utc <= now < server.not_valid_after_utc - RENEW_BEFORE


def _issue(now: datetime) -> tuple[bytes, bytes]:
    """A new authority (PEM) and a server certificate with its key (PEM)."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Postroom sandbox authority (throw-away)")
    authority_identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())

    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(authority_identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder(_name("localhost"), authority_name, server_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in NAMES]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(server_key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return authority.public_bytes(Encoding.PEM), server.public_bytes(Encoding.PEM) + key


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + LIFE)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
