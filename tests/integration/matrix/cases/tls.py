"""Misconfigurations of TLS: its mode, STARTTLS, certificates, versions, ciphers, and what stands between."""

from ssl import TLSVersion

from tests.integration.matrix.case import (
    IMPATIENT,
    NO_LOGIN,
    Case,
    Dovecot,
    Exim,
    Options,
    Postfix,
    Scripted,
    Through,
    Tls,
)
from tests.support.faulty_server import Line, Send, Silence

_TLS: Options = {"--security": "tls"}
_AT_ONCE: Options = {**_TLS, "--ca-file": "{ca}"}
_WHY = ("certificate_problem",)
_PATIENT_SECONDS = 10  # two for the greeting that does not come, the rest for a look at why


def _stripped(octets: bytes) -> bytes:
    return octets.replace(b"250-STARTTLS\r\n", b"")


def _masked(octets: bytes) -> bytes:
    """As a Cisco firewall's SMTP inspection does it."""
    if octets.startswith(b"220 mail"):
        return b"220 " + b"*" * (len(octets) - 6) + b"\r\n"
    return octets.replace(b"250-STARTTLS\r\n", b"250-XXXXXXXA\r\n")


def _injected(octets: bytes) -> bytes:
    return octets + b"250 mail.example.test\r\n" if octets.startswith(b"220 2.0.0") else octets


def _expects_starttls(server: str, place: Postfix | Dovecot | Exim) -> Case:
    return Case(
        f"TLS at a STARTTLS port ({server})",
        place,
        "tls.wrong_mode_starttls_expected",
        "tls",
        _TLS,
        says=("--security starttls",),
        evidence=("port_speaks",),
        as_text=server == "Postfix",
    )


def _expects_tls(server: str, place: Postfix | Dovecot | Exim, security: Options) -> Case:
    return Case(
        f"{security['--security']} at a TLS port ({server})",
        place,
        "tls.wrong_mode_implicit_expected",
        "greeting",
        {**security, **IMPATIENT},
        says=("--security tls",),
        evidence=("port_speaks",),
        seconds=_PATIENT_SECONDS,
    )


def _certificate(
    name: str, port: str, code: str, says: str, evidence: tuple[str, ...] = (), options: Options | None = None
) -> Case:
    """A server with this certificate; STARTTLS, or TLS from the first byte where the options say so."""
    return Case(
        name,
        Postfix(port),
        code,
        "tls" if options and options.get("--security") == "tls" else "starttls",
        options or {},
        says=(says,),
        evidence=("certificate", "expected_name", *evidence),
    )


def _client_certificate(name: str, server: Postfix | Exim | Scripted, options: Options) -> Case:
    # In TLS 1.3 the server looks at the client's certificate when the client has ended its handshake.
    step = "starttls" if not options else "greeting" if "1.3" in name else "tls"
    return Case(name, server, "tls.client_cert_required", step, options, says=("--client-cert",))


def _openssl(version: TLSVersion) -> Scripted:
    return Scripted((Tls("server", version, wants_client=True), Send(b"220 mail.example.test ESMTP\r\n"), Silence()))


HANDSHAKES = (
    # The mode.
    _expects_starttls("Postfix", Postfix("SUB")),
    _expects_starttls("Dovecot", Dovecot("DSUB")),
    _expects_starttls("Exim", Exim("SUB")),
    _expects_tls("Postfix", Postfix("SUBS"), {"--security": "starttls"}),
    _expects_tls("Dovecot", Dovecot("DSUBS"), {"--security": "starttls"}),
    _expects_tls("Exim", Exim("SUBS"), {"--security": "starttls"}),
    _expects_tls("Postfix", Postfix("SUBS"), {**NO_LOGIN, "--security": "none"}),
    Case(
        "no TLS where it is demanded (Postfix)",
        Postfix("SUB"),
        "tls.encryption_required",
        "mail",
        NO_LOGIN,
        heard="530 5.7.0 Must issue a STARTTLS",
        says=("--security starttls",),
    ),
    # STARTTLS.
    Case(
        "STARTTLS not offered",
        Postfix("SUBPLAIN"),
        "tls.starttls_unavailable",
        "starttls",
        says=("inspection", "certificate"),
        evidence=("extensions",),
        as_text=True,
    ),
    Case(
        "STARTTLS refused",
        Postfix("BROKEN-TLS"),
        "tls.starttls_unavailable",
        "starttls",
        heard="454 4.7.0 TLS not available due to local problem",
        says=("--security tls",),
    ),
    Case(
        "STARTTLS taken out on the way",
        Through(Postfix("SUB"), _stripped),
        "tls.starttls_unavailable",
        "starttls",
        says=("firewall",),
        evidence=("extensions",),
    ),
    Case(
        "STARTTLS masked on the way",
        Through(Postfix("SUB"), _masked),
        "connect.intercepted",
        "starttls",
        says=("inspection",),
        evidence=("banner", "extensions"),
    ),
    Case(
        "words slipped in behind the answer to STARTTLS",
        Through(Postfix("SUB"), _injected),
        "connect.intercepted",
        "starttls",
        says=("inspection",),
    ),
    # Certificates.
    _certificate("certificate expired", "EXPIRED", "tls.cert_expired", "clock"),
    _certificate("certificate not yet valid", "FUTURE", "tls.cert_expired", "clock", options=_TLS),
    Case(
        "clock a year ahead",
        Postfix("SUB"),
        "tls.cert_expired",
        "starttls",
        within="clock ahead",
        says=("date",),
        evidence=("certificate", "clock"),
    ),
    _certificate("certificate for another name", "WRONG-NAME", "tls.cert_name_mismatch", "--tls-server-name"),
    Case(
        "another name wanted than the certificate's",
        Dovecot("DSUBS"),
        "tls.cert_name_mismatch",
        "tls",
        {**_TLS, "--tls-server-name": "smtp.example.test"},
        says=("--tls-server-name",),
        evidence=("certificate", "expected_name"),
    ),
    _certificate(
        "authority unknown",
        "STRANGER",
        "tls.cert_untrusted",
        "--ca-file",
        ("certificate_problem",),
        {"--ca-file": None},
    ),
    _certificate(
        "authority is another than the CA file's",
        "STRANGER",
        "tls.cert_untrusted",
        "--ca-file",
        ("certificate_problem",),
    ),
    _certificate(
        "certificate self-signed", "SELF-SIGNED", "tls.cert_untrusted", "--pin", ("certificate_problem",), _TLS
    ),
    _certificate(
        "intermediate certificate missing", "LEAF-ONLY", "tls.cert_untrusted", "chain", ("certificate_problem",), _TLS
    ),
    Case(
        "authority unknown (Exim)",
        Exim("SUBS"),
        "tls.cert_untrusted",
        "tls",
        {**_TLS, "--ca-file": None},
        says=("--ca-file",),
        evidence=("certificate",),
        as_text=True,
    ),
    *(
        _client_certificate(f"client certificate wanted, TLS {version} ({name})", server, options)
        for version, name, server, options in (
            ("1.2", "Postfix", Postfix("CLIENT-CERT-12"), {}),
            ("1.3", "Postfix", Postfix("CLIENT-CERT-13"), {}),
            ("1.2", "Exim", Exim("CLIENT-CERT-12"), {}),
            ("1.3", "Exim", Exim("CLIENT-CERT-13"), {}),
            ("1.2", "OpenSSL", _openssl(TLSVersion.TLSv1_2), _AT_ONCE),
            ("1.3", "OpenSSL", _openssl(TLSVersion.TLSv1_3), _AT_ONCE),
        )
    ),
    # Versions and ciphers.
    Case("TLS 1.1 at most, STARTTLS", Postfix("OLD-TLS"), "tls.protocol_too_old", "starttls", says=("TLS 1.2",)),
    Case("TLS 1.1 at most, TLS", Postfix("OLD-TLS-AT-ONCE"), "tls.protocol_too_old", "tls", _TLS, says=("TLS 1.2",)),
    Case(
        "our own minimum too high",
        Postfix("TLS-12"),
        "tls.protocol_too_old",
        "starttls",
        {"--tls-min": "1.3"},
        says=("--tls-min 1.2",),
    ),
    Case(
        "weak Diffie-Hellman group",
        Postfix("WEAK-DH"),
        "tls.handshake_failed",
        "tls",
        _TLS,
        heard="DH_KEY_TOO_SMALL",
        says=("2048",),
    ),
    Case("no common cipher", Postfix("NO-CIPHER"), "tls.handshake_failed", "tls", _TLS, says=("cipher",)),
    Case(
        "closed in the handshake",
        Scripted(
            (
                Send(b"220 mail.example.test ESMTP\r\n"),
                Line(b"EHLO "),
                Send(b"250-mail.example.test\r\n250 STARTTLS\r\n"),
                Line(b"STARTTLS"),
                Send(b"220 2.0.0 go ahead\r\n"),
            )
        ),
        "tls.handshake_failed",
        "starttls",
        {"--security": "starttls"},
    ),
    Case(
        "silence in the handshake",
        Scripted((Silence(),)),
        "greeting.timeout",
        "tls",
        {**_TLS, **IMPATIENT},
        seconds=_PATIENT_SECONDS,
    ),
)
