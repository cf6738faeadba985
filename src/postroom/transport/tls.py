"""Owns TLS on the way to the server: our own contexts, always verified, and what a failed handshake says.

Verified means: by the authorities of the system or of the given file and by name, or by a pinned public key. There is
no third way, and no setting that makes one. It refuses to know SMTP.
"""

import os
import ssl
from collections.abc import Mapping
from typing import Any

from postroom.clock import Clock
from postroom.domain.settings import Tls
from postroom.errors import Exit, FileError
from postroom.transport.certificate import Certificate, ReadCertificate, accepted, chain_evidence, sent_certificates
from postroom.transport.connection import Broken, Connection, words_of
from postroom.transport.first_words import protocol_of
from postroom.transport.pin_context import key_is_identity
from postroom.transport.replies import foreign
from postroom.transport.tls_stream import TlsStream

HASHED_DIRECTORY = "/etc/ssl/certs"
"""Debian's, Ubuntu's and Alpine's: OpenSSL reads the one authority it needs. Parsing a bundle of all takes 16 ms."""

_HANDSHAKE = 22
_CERTIFICATE_MESSAGE = 11
_CERTIFICATE_REQUEST = 13


# OpenSSL's X509_V_ERR_* (x509_vfy.h), which Python does not name.
_VERIFY_SIGNS = {
    9: "tls-certificate-expired",  # not yet valid: the machine's clock, or theirs
    10: "tls-certificate-expired",
    62: "tls-certificate-name",
    64: "tls-certificate-name",
}
_REASON_SIGNS = {
    "WRONG_VERSION_NUMBER": "tls-plain-peer",
    "HTTP_REQUEST": "tls-plain-peer",
    "PACKET_LENGTH_TOO_LONG": "tls-plain-peer",
    "RECORD_LAYER_FAILURE": "tls-plain-peer",
    "UNSUPPORTED_PROTOCOL": "tls-version",
    "TLSV1_ALERT_PROTOCOL_VERSION": "tls-version",
    "NO_PROTOCOLS_AVAILABLE": "tls-version",
    "VERSION_TOO_LOW": "tls-version",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "tls-client-certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "tls-client-certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "tls-client-certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "tls-client-certificate",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "tls-client-certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "tls-client-certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "tls-client-certificate",
}


class VerifiedTls:
    """The `Encryption` of a session, from its TLS settings.

    Raise FileError when made, for an authority or key file that cannot be used.
    """

    def __init__(
        self, settings: Tls, clock: Clock, read_certificate: ReadCertificate, system: str = HASHED_DIRECTORY
    ) -> None:
        self._pin = settings.pin
        self._minimum = settings.minimum
        self._clock = clock
        self._read_certificate = read_certificate
        self._context = _context(settings, system)
        self._sent: list[bytes] = []
        self._asked = False
        # The only way to see a certificate that was not accepted: OpenSSL keeps none. Private, so it may go missing.
        if hasattr(self._context, "_msg_callback"):
            self._context._msg_callback = self._overhear  # noqa: SLF001

    def start(self, connection: Connection, server_name: str, until: float) -> Mapping[str, Any]:
        """Shake hands; version, cipher and certificate. Raise Broken, or TimeoutError."""
        self._sent, self._asked = [], False
        # As bytes: a str would go through the obsolete IDNA 2003 codec.
        name = server_name.encode("ascii")
        stream = connection.replace(lambda plain: TlsStream(plain, self._context, name, self._clock))
        try:
            stream.shake_hands(until)
            return self._detail(stream.tls)
        except (TimeoutError, Broken):
            stream.close()
            raise
        except OSError as error:
            stream.close()
            sign = _handshake_sign(error)
            if self._asked and isinstance(error, ssl.SSLError) and "_ALERT_" in (error.reason or ""):
                # Before TLS 1.3 there is no alert for a missing certificate: each library sends another.
                sign = "tls-client-certificate"
            raise Broken(sign, _text(error), self._evidence(server_name, error, stream.begun)) from error

    def sign_of(self, error: OSError) -> str:
        """The sign of an error behind the handshake. With TLS 1.3 the server judges our certificate only there."""
        sign = _REASON_SIGNS.get(error.reason or "") if isinstance(error, ssl.SSLError) else None
        return "tls-client-certificate" if sign == "tls-client-certificate" else ""

    def _detail(self, tls: ssl.SSLObject) -> dict[str, Any]:
        cipher = tls.cipher()
        detail: dict[str, Any] = {"version": tls.version() or "", "cipher": cipher[0] if cipher else ""}
        certificate = self._pinned(tls) if self._pin else accepted(tls.getpeercert() or {}, self._clock.now())
        return {**detail, "certificate": certificate.as_data()}

    def _pinned(self, tls: ssl.SSLObject) -> Certificate:
        evidence: dict[str, Any] = {"expected_pin": self._pin}
        try:
            certificate = self._read_certificate(tls.getpeercert(binary_form=True) or b"", self._clock.now())
        except ValueError as error:
            raise Broken("tls-pin-mismatch", f"the server's certificate cannot be read: {error}", evidence) from error
        if certificate.pin != self._pin:
            evidence |= {"pin": certificate.pin, "certificate": certificate.as_data()}
            raise Broken("tls-pin-mismatch", "the server's public key is another than the pinned one", evidence)
        return certificate

    def _overhear(self, _connection: Any, direction: str, version: Any, kind: Any, message: Any, data: bytes) -> None:
        if direction != "read" or kind != _HANDSHAKE:
            return
        if message == _CERTIFICATE_MESSAGE:
            self._sent = sent_certificates(data, version)
        elif message == _CERTIFICATE_REQUEST:
            self._asked = True

    def _evidence(self, server_name: str, error: OSError, received: bytes) -> dict[str, Any]:
        if not self._sent and received and protocol_of(received) != "tls":
            return {"expected_name": server_name, **foreign(received), "looks_like": protocol_of(received)}
        code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
        evidence = chain_evidence(self._sent, code, self._read_certificate, self._clock.now())
        evidence = {"expected_name": server_name, "tls_minimum": self._minimum, **evidence}
        return {**evidence, **({} if code else {"looks_like": protocol_of(received)})}


def _context(settings: Tls, system: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if settings.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # A certificate in the trusted file is enough, whoever signed it; strictness is the default from Python 3.13 on and
    # must not depend on the version of Python.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if settings.strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    else:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = not settings.strict
    if settings.client_cert:
        _load_client(context, settings.client_cert, settings.client_key)
    if settings.pin:
        key_is_identity(context)
    elif settings.ca_file:
        _load_authorities(context, settings.ca_file)
    elif _is_hashed(system):
        context.load_verify_locations(capath=system)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


def _is_hashed(directory: str) -> bool:
    try:
        with os.scandir(directory) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False


def _load_authorities(context: ssl.SSLContext, file: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except OSError as error:
        reason = "it holds no certificate in PEM format"
        raise _unusable(error, f"the CA file {file}", reason, "--ca-file FILE") from error


def _load_client(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        context.load_cert_chain(certificate, key, _no_passphrase)
    except OSError as error:
        what = f"the client certificate {certificate}" + (f" with the key {key}" if key else "")
        reason = "it is not in PEM format, or the key does not belong to it or needs a passphrase"
        raise _unusable(error, what, reason, "--client-cert FILE --client-key FILE") from error


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal.
    return ""


def _unusable(error: OSError, what: str, reason: str, options: str) -> FileError:
    return FileError(
        "file.tls_unusable",
        f"{what} cannot be used: {reason if isinstance(error, ssl.SSLError) else words_of(error)}",
        hint=f"Mend the file, or name another: {options}",
        exit=Exit.NO_INPUT,
    )


def _text(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    return words_of(error)


def _handshake_sign(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_SIGNS.get(error.verify_code, "tls-certificate-untrusted")
    if isinstance(error, ssl.SSLError):
        return _REASON_SIGNS.get(error.reason or "", "tls-handshake")
    return "closed"
