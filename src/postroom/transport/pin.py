"""Owns the reading of X.509 certificates where the standard library cannot: pins of their public keys, and those that
were not accepted. It judges none. Loaded only for a pin or after a failure, for `cryptography` is slow to import.
"""

import binascii
import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from postroom.transport.certificate import Certificate


def read_certificate(der: bytes, now: datetime) -> Certificate:
    """Read a certificate in DER. Raise ValueError when it is none."""
    try:
        return _read(x509.load_der_x509_certificate(der), now)
    except (UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, TypeError) as error:
        raise ValueError(str(error)) from error


def _read(found: x509.Certificate, now: datetime) -> Certificate:
    return Certificate(
        subject=_common_name(found.subject),
        issuer=_common_name(found.issuer),
        names=_names(found),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        days_left=(found.not_valid_after_utc - now).days,
        pin=_pin(found),
        subject_der=found.subject.public_bytes(),
        issuer_der=found.issuer.public_bytes(),
        ca_issuers=_ca_issuers(found),
    )


def _pin(found: x509.Certificate) -> str:
    spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + binascii.b2a_base64(hashlib.sha256(spki).digest(), newline=False).decode()


def _common_name(name: x509.Name) -> str:
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[-1].value) if values else name.rfc4514_string()


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = alternative.get_values_for_type(x509.DNSName)
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return (*names, *(str(address) for address in addresses))


def _ca_issuers(found: x509.Certificate) -> tuple[str, ...]:
    try:
        access = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        place.access_location.value
        for place in access
        if place.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(place.access_location, x509.UniformResourceIdentifier)
    )
