"""Owns the further ports of the real Postfix that the matrix needs, each wrong in one way. Starts nothing."""

from tests.support.mailstack_files import Listener

_OLD = "-o smtpd_tls_mandatory_protocols=<=TLSv1.1 -o smtpd_tls_protocols=<=TLSv1.1"
_NO_TLS_13 = "-o smtpd_tls_mandatory_protocols=<=TLSv1.2 -o smtpd_tls_protocols=<=TLSv1.2"
_TLS_13 = "-o smtpd_tls_mandatory_protocols=>=TLSv1.3 -o smtpd_tls_protocols=>=TLSv1.3"
_CLIENT_CERTIFICATE = "-o smtpd_tls_req_ccert=yes"
_BLOCKED = "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org"
_AT_ONCE = "-o smtpd_delay_reject=no"


def _ciphers(names: str) -> str:
    return f"{_NO_TLS_13} -o tls_medium_cipherlist={names}:@SECLEVEL=0 -o tls_high_cipherlist={names}:@SECLEVEL=0"


def _client(words: str) -> str:
    return f"{_AT_ONCE} -o {{smtpd_client_restrictions=check_client_access static:{{{words}}}}}"


def _sender(words: str) -> str:
    return f"-o {{smtpd_sender_restrictions=check_sender_access static:{{{words}}}}}"


def _content(words: str) -> str:
    return f"-o {{smtpd_end_of_data_restrictions=check_client_access static:{{{words}}}}}"


LISTENERS = (
    Listener("BROKEN-TLS", "SUB", "-o smtpd_tls_cert_file=$config_directory/nowhere"),
    Listener("EXPIRED", "SUB", certificate="expired"),
    Listener("FUTURE", "SUBS", certificate="future"),
    Listener("WRONG-NAME", "SUB", certificate="wronghost"),
    Listener("WRONG-NAME-TLS", "SUBS", certificate="wronghost"),
    Listener("SELF-SIGNED", "SUBS", certificate="selfsigned"),
    Listener("STRANGER", "SUB", certificate="stranger"),
    Listener("LEAF-ONLY", "SUBS", certificate="leaf-only"),
    Listener("CLIENT-CERT-12", "SUB", f"{_CLIENT_CERTIFICATE} {_NO_TLS_13}"),
    Listener("CLIENT-CERT-13", "SUB", f"{_CLIENT_CERTIFICATE} {_TLS_13}"),
    Listener("OLD-TLS", "SUB", _OLD),
    Listener("OLD-TLS-AT-ONCE", "SUBS", _OLD),
    Listener("TLS-12", "SUB", _NO_TLS_13),
    Listener(
        "WEAK-DH",
        "SUBS",
        f"{_ciphers('DHE-RSA-AES128-GCM-SHA256')} -o smtpd_tls_dh1024_param_file=$config_directory/weak-dh.pem",
        certificate="rsa",
    ),
    Listener("NO-CIPHER", "SUBS", _ciphers("NULL-SHA256"), certificate="rsa"),
    Listener("LATE-AUTH", "SUB", "-o smtpd_tls_security_level=may"),
    Listener("TOKENS-ONLY", "SUB", "-o smtpd_sasl_mechanism_filter=xoauth2,oauthbearer"),
    Listener("NO-RELAY", "MX", "-o mynetworks=192.0.2.0/24"),
    Listener("SENDER-GONE", "MX", _sender("450 4.1.8 Domain not found")),
    Listener("SENDER-REFUSED", "MX", _sender("REJECT")),
    Listener("SMALL", "MX", "-o message_size_limit=100"),
    Listener("SMALL-UNSAID", "MX", "-o message_size_limit=100 -o smtpd_discard_ehlo_keywords=size"),
    Listener("SPAM", "MX", _content("554 5.7.1 Spam message rejected")),
    Listener("DMARC", "MX", _content("550 5.7.1 rejected by DMARC policy for example.test")),
    Listener("CONTENT", "MX", _content("550 5.7.1 Message content rejected")),
    Listener("CROWDED", "MX", "-o smtpd_client_connection_count_limit=1"),
    Listener("SLOW-DOWN", "MX", "-o smtpd_client_message_rate_limit=1"),
    Listener("BANNED", "MX", f"{_AT_ONCE} -o smtpd_client_restrictions=reject"),
    Listener(
        "BLOCKED",
        "MX",
        _client("554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org"),
    ),
    Listener("NO-PTR", "MX", _client("450 4.7.25 cannot find your hostname, [127.0.0.1]")),
    Listener("CLOSING", "MX", _client("421 4.3.2 Service not available, closing transmission channel")),
    Listener("FULL-NAMES", "MX", f"{_AT_ONCE} -o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname"),
)

# The 1024-bit group 2 of RFC 2409: what servers had before Logjam.
_WEAK_DH = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""

FILES = (("weak-dh.pem", _WEAK_DH),)
"""What the listeners read besides their options."""
