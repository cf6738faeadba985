"""Owns the throw-away certificates of the test servers, the bad ones included. Knows no server.

Every chain but the self-signed one passes VERIFY_X509_STRICT, so that a test that fails a bad certificate fails it for
the one thing that is bad about it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Certificate = Literal["server", "expired", "future", "wronghost", "selfsigned", "stranger", "leaf-only", "rsa"]
"""`stranger` is signed by an authority that nobody trusts; `leaf-only` comes without the intermediate that signed it;
`rsa` is good, and has the kind of key that old ciphers want.
"""

LOCAL_NAMES = ("localhost", "mail.example.test", "127.0.0.1", "::1")


class CertificateFiles(NamedTuple):
    """A certificate with its chain, and its key, both PEM. The files belong to a test: anyone may read them."""

    certificate: Path
    key: Path


def certificate_files(directory: Path, name: str) -> CertificateFiles:
    """Where an authority of this directory writes the certificate of that name."""
    return CertificateFiles(directory / f"{name}.crt", directory / f"{name}.key")


class Authority:
    """A certificate authority of one test server, and what it signed, in one directory.

    `ca_file` is what a client trusts. Directory: `ca.pem`, and `NAME.crt`, `NAME.key` for each certificate.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._ca = trustme.CA()
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_bytes(self._ca.cert_pem.bytes())

    def server(self, kind: Certificate) -> CertificateFiles:
        """A server's certificate for the local names, bad in the way that `kind` says."""
        if kind == "selfsigned":
            return self._write(kind, *_self_signed())
        now, day = datetime.now(UTC), timedelta(days=1)
        match kind:
            case "stranger":
                signer = trustme.CA()
            case "leaf-only":
                signer = self._ca.create_child_ca()
            case _:
                signer = self._ca
        leaf = signer.issue_cert(
            *(("other.example.test",) if kind == "wronghost" else LOCAL_NAMES),
            not_before=now + day if kind == "future" else now - 400 * day,
            not_after=now + (-30 if kind == "expired" else 30) * day,
            key_type=trustme.KeyType.RSA if kind == "rsa" else trustme.KeyType.ECDSA,
        )
        chain = leaf.cert_chain_pems[:1] if kind == "leaf-only" else leaf.cert_chain_pems
        return self._write(kind, b"".join(pem.bytes() for pem in chain), leaf.private_key_pem.bytes())

    def client(self, address: str) -> CertificateFiles:
        """A client's certificate for a mail address."""
        leaf = self._ca.issue_cert(address, common_name=address)
        return self._write("client", leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())

    def _write(self, name: str, certificate: bytes, key: bytes) -> CertificateFiles:
        files = certificate_files(self._directory, name)
        files.certificate.write_bytes(certificate)
        files.key.write_bytes(key)
        return files


CERTIFICATES: tuple[Certificate, ...] = get_args(Certificate)


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), pem_key
