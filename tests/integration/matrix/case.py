"""Owns the words in which a case of the matrix is written down. Starts nothing and judges nothing."""

import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.support.certificates import Certificate
from tests.support.faulty_server import Action

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"

STATUS = {
    "address.invalid": 65,
    "auth.app_password_required": 77,
    "auth.bad_credentials": 77,
    "auth.no_common_mechanism": 69,
    "auth.not_offered": 69,
    "auth.required": 77,
    "auth.too_many_attempts": 75,
    "auth.xoauth2_token_rejected": 77,
    "connect.closed_early": 74,
    "connect.intercepted": 69,
    "connect.proxy_failed": 75,
    "connect.refused": 75,
    "connect.timeout": 75,
    "connect.unreachable": 75,
    "dns.host_not_found": 68,
    "dns.temporary_failure": 75,
    "ehlo.name_rejected": 77,
    "greeting.rejected": 69,
    "greeting.timeout": 75,
    "message.attachment_blocked": 77,
    "message.smtputf8_unsupported": 69,
    "message.spam_content": 77,
    "message.too_large": 65,
    "policy.greylisted": 75,
    "policy.ip_blocked": 77,
    "policy.ptr_missing": 77,
    "policy.rate_limited_short": 75,
    "policy.rejected": 77,
    "policy.sender_auth_failed": 77,
    "policy.too_many_connections": 75,
    "protocol.bad_command": 76,
    "rcpt.mailbox_full": 75,
    "rcpt.relay_denied": 77,
    "rcpt.unknown_user": 67,
    "sender.domain_not_found": 77,
    "sender.not_owned": 77,
    "server.temporary": 75,
    "tls.cert_expired": 69,
    "tls.cert_name_mismatch": 69,
    "tls.cert_untrusted": 69,
    "tls.client_cert_required": 69,
    "tls.encryption_required": 77,
    "tls.handshake_failed": 76,
    "tls.protocol_too_old": 76,
    "tls.starttls_unavailable": 69,
    "tls.wrong_mode_implicit_expected": 76,
    "tls.wrong_mode_starttls_expected": 76,
}
"""The exit status of each class, said here once more: scripts rely on it, so it must not move with the catalogue."""

PARTIAL = "some recipients"
"""Instead of a class: the mail was accepted for some recipients only, which is exit status 3 and no error."""


class Postfix(NamedTuple):
    """A port of the real Postfix: one of the mail stack's or of ours (see `listeners`)."""

    port: str


class Dovecot(NamedTuple):
    """A port of the real Dovecot."""

    port: str


class Exim(NamedTuple):
    """A port of the real Exim."""

    port: str


class Tls(NamedTuple):
    """In a script: take the server's part of a TLS handshake with this certificate, in this version of TLS alone where
    one is given, and with clients that show a certificate alone where `wants_client` is set.
    """

    certificate: Certificate = "server"
    version: ssl.TLSVersion | None = None
    wants_client: bool = False


class Scripted(NamedTuple):
    """A server that does what no real one can be made to do."""

    script: tuple[Action | Tls, ...]


class Through(NamedTuple):
    """A real server behind a device that changes its words."""

    server: Postfix
    change: Callable[[bytes], bytes]


class Occupied(NamedTuple):
    """A real server to which this machine has a connection already."""

    server: Postfix | Exim


class Used(NamedTuple):
    """A real server to which this machine has just sent a mail."""

    server: Postfix


class Web(NamedTuple):
    """A real web server."""


class Refusing(NamedTuple):
    """A port at which nothing listens."""


class Filtered(NamedTuple):
    """A port that does not answer to connections at all."""


class BehindProxy(NamedTuple):
    """Nothing but a proxy, which does what its script says; {proxy} in the options is its port."""

    script: tuple[Action | Tls, ...]


class BehindNoProxy(NamedTuple):
    """Nothing, and {proxy} in the options is a port without a proxy."""


Server = (
    Postfix
    | Dovecot
    | Exim
    | Scripted
    | Through
    | Occupied
    | Used
    | Web
    | Refusing
    | Filtered
    | BehindProxy
    | BehindNoProxy
)

Options = Mapping[str, str | tuple[str, ...] | None]

LOGIN: Options = {"--security": "starttls", "--username": ALICE, "--password-env": "PW", "--ca-file": "{ca}"}
NO_LOGIN: Options = {
    "--security": "none",
    "--auth": "none",
    "--from": ALICE,
    "--username": None,
    "--password-env": None,
    "--ca-file": None,
}
IMPATIENT: Options = {"--connect-timeout": "2s", "--timeout": "2s"}


class Case(NamedTuple):
    """One misconfiguration and what must be said of it.

    `options` are laid over those of a login with STARTTLS (for a scripted server: of clear text without a login); None
    takes one away. {ca} and {proxy} are filled in. `within` names surroundings (see `stage`).
    `step` is the one that failed. `heard` must be in the server's words, which proves that the server did what the case
    says; `says` in the hint; `evidence` are keys. `unknown` cases end after the whole message was handed over.
    """

    name: str
    server: Server
    code: str
    step: str
    options: Mapping[str, str | tuple[str, ...] | None] = {}
    within: str = ""
    heard: str = ""
    says: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    seconds: float = 6.0
    unknown: bool = False
    as_text: bool = False
