"""Owns the rules that lead from signs to a cause class, as data: they are read from the top and the first match wins.

A rule looks at what the transport saw, the step, the reply code, the enhanced status code (RFC 3463 and the IANA
registry that RFC 5248 began) and, seldom, at a few words that servers of every make use. It refuses to know how a class
is told.

Invariant: every sign has a rule that asks for nothing else, so that every failure has a class.
"""

from collections.abc import Callable
from typing import NamedTuple

from postroom.domain.reply import Signs

REFUSED = "refused-by-reply"

IMPLICIT_TLS_PORTS = frozenset((465, 2465, 8465))
"""465 (RFC 8314) and the ports that providers put beside it where 465 is blocked."""


class Rule(NamedTuple):
    """Leads to `cause` when everything that is named here fits; an empty condition fits always.

    `codes` are beginnings of reply codes ("5", "45", "535"). `status` are enhanced codes without their class digit:
    what 5.7.8 says, 4.7.8 says too, and whether it heals is the class's to tell. `words` is a regular expression that
    is searched in the reply without regard to case.
    """

    cause: str
    sign: str = REFUSED
    steps: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    words: str = ""
    when: Callable[[Signs], bool] | None = None


def _implicit_port(signs: Signs) -> bool:
    return signs.port in IMPLICIT_TLS_PORTS and signs.security != "tls"


def _anonymous(signs: Signs) -> bool:
    return not signs.logged_in


def _in_clear(signs: Signs) -> bool:
    return not signs.encrypted


def _with_token(signs: Signs) -> bool:
    return str(signs.evidence.get("mechanism", "")).upper() in ("XOAUTH2", "OAUTHBEARER")


# What the transport saw by itself, without a reply.
_SEEN = (
    Rule("dns.host_not_found", "host-not-found"),
    Rule("dns.temporary_failure", "resolver-failed"),
    Rule("connect.refused", "connection-refused"),
    Rule("connect.timeout", "connection-timeout"),
    Rule("connect.unreachable", "unreachable"),
    Rule("connect.proxy_failed", "proxy-failed"),
    Rule("tls.wrong_mode_implicit_expected", "greeting-timeout", when=_implicit_port),
    Rule("greeting.timeout", "greeting-timeout"),
    Rule("server.temporary", "reply-timeout"),
    Rule("tls.wrong_mode_implicit_expected", "closed", ("greeting",), when=_implicit_port),
    Rule("tls.handshake_failed", "closed", ("tls",)),
    Rule("connect.closed_early", "closed"),
    Rule("tls.wrong_mode_implicit_expected", "not-smtp", ("greeting",), when=_implicit_port),
    Rule("greeting.rejected", "not-smtp", ("greeting",)),
    Rule("protocol.bad_command", "not-smtp"),
    # Clear text that somebody put in before TLS began (CVE-2011-0411): never the server's own doing.
    Rule("connect.intercepted", "talk-after-starttls"),
    Rule("tls.wrong_mode_starttls_expected", "tls-plain-peer", ("tls",)),
    Rule("tls.starttls_unavailable", "tls-plain-peer"),
    Rule("tls.cert_expired", "tls-certificate-expired"),
    Rule("tls.cert_name_mismatch", "tls-certificate-name"),
    Rule("tls.cert_untrusted", "tls-certificate-untrusted"),
    Rule("tls.pin_mismatch", "tls-pin-mismatch"),
    Rule("tls.protocol_too_old", "tls-version"),
    Rule("tls.handshake_failed", "tls-handshake"),
    Rule("tls.client_cert_required", "tls-client-certificate"),
    Rule("tls.starttls_unavailable", "starttls-not-offered"),
    Rule("auth.not_offered", "auth-not-offered"),
    Rule("auth.no_common_mechanism", "auth-no-common-mechanism"),
    Rule("protocol.bad_command", "auth-challenge"),
    Rule("message.too_large", "size-exceeded"),
    Rule("message.smtputf8_unsupported", "smtputf8-not-offered"),
    Rule("message.eight_bit_unsupported", "8bitmime-not-offered"),
    Rule("config.cleartext_not_allowed", "cleartext-not-allowed"),
)

_ENVELOPE = ("mail", "rcpt", "data")

# Words that tell more than any code about a login. Microsoft and Google say several things with one code.
_LOGIN = (
    Rule(
        "auth.app_password_required", steps=("auth",), words=r"app(lication)?.specific password|authori[sz]ation code"
    ),
    Rule("auth.basic_disabled_by_policy", words=r"basic authentication is (disabled|not )"),
    Rule("auth.blocked_by_security_policy", steps=("auth",), words=r"web browser"),
    Rule("auth.too_many_attempts", steps=("auth",), words=r"too many (failed|log|auth|attempt)"),
    Rule("auth.xoauth2_token_rejected", steps=("auth",), codes=("501", "535", "554"), when=_with_token),
)

# The enhanced status code, where the server gives one that says something. RFC 4954: 7.8 to 7.12; RFC 7372: 7.20 to
# 7.26; RFC 7505: 1.10 and 7.27 (a null MX). With a 4yz only what no waiting mends may become a cause that never heals.
_STATUS = (
    Rule("address.invalid", codes=("5",), status=("1.3", "1.7")),
    Rule("sender.domain_not_found", status=("1.8", "7.27")),
    Rule("rcpt.unknown_user", steps=_ENVELOPE, codes=("5",), status=("1.1", "1.2", "1.6", "1.10")),
    Rule("rcpt.unknown_user", steps=("rcpt",), codes=("5",), status=("2.1", "4.1")),
    Rule("rcpt.mailbox_full", steps=("rcpt", "data"), status=("2.2",)),
    Rule("message.too_large", codes=("5",), status=("2.3", "3.4")),
    Rule("connect.closed_early", codes=("421", "451"), status=("4.2",)),
    Rule("policy.rate_limited_daily", codes=("55",), status=("4.5",)),  # Gmail: a quota that heals, told with 550
    Rule("rcpt.too_many", steps=("mail", "rcpt"), codes=("5",), status=("5.3",)),
    Rule("message.smtputf8_unsupported", codes=("5",), status=("6.7",)),
    Rule("message.malformed", steps=("data",), codes=("5",), status=("6.0", "6.1", "6.2", "6.3", "6.4", "6.5", "6.6")),
    Rule("auth.no_common_mechanism", steps=("auth",), codes=("5",), status=("5.4", "7.4")),
    Rule("auth.bad_credentials", codes=("5",), status=("7.8",)),
    Rule("auth.app_password_required", steps=("auth",), codes=("5",), status=("7.9",)),
    Rule("tls.encryption_required", status=("7.10", "7.11")),
    Rule("auth.blocked_by_security_policy", steps=("auth",), status=("7.12", "7.14")),
    Rule("account.suspended", codes=("5",), status=("7.13",)),
    Rule("policy.sender_auth_failed", status=("7.20", "7.21", "7.22", "7.23", "7.24", "7.26", "7.29")),
    Rule("policy.ptr_missing", status=("7.25",)),
    Rule("policy.rate_limited_short", status=("7.28",)),
    # Microsoft's. RFC 8689 gives the same number to REQUIRETLS, which is never asked for here.
    Rule("auth.basic_disabled_by_policy", codes=("5",), status=("7.30",)),
    Rule("auth.required", codes=("5",), status=("7.57",)),  # Exchange: the client was not authenticated
    Rule("sender.not_owned", codes=("5",), status=("2.252", "7.60")),  # Exchange: no right to send as this sender
)

# Few words, each of which leaves little doubt whatever the code. What providers say in their own words goes above.
_WORDS = (
    Rule("tls.encryption_required", words=r"\bSTARTTLS\b|\bTLS (is )?required"),
    Rule("tls.protocol_too_old", words=r"\bTLS ?v?1\.[01]\b"),
    Rule("policy.greylisted", codes=("4",), words=r"gr[ae]y.?list"),
    Rule("policy.too_many_connections", codes=("4",), words=r"concurrent|too many .*(connection|session)"),
    Rule("policy.rate_limited_daily", words=r"\b(daily|monthly)\b.*\b(limit|quota)"),
    Rule("policy.rate_limited_short", words=r"rate.?limit|throttl|too many (e-?mails|messages)"),
    Rule("rcpt.too_many", steps=("rcpt",), words=r"too many recipients"),
    Rule("policy.ptr_missing", words=r"reverse (dns|host)|\bPTR\b"),
    Rule("policy.ip_blocked", words=r"blocked using|black.?list|block.?list|spamhaus|\bDNSBL\b|\bRBL\b"),
    Rule("ehlo.name_rejected", steps=("ehlo", *_ENVELOPE), codes=("5",), words=r"\b(helo|ehlo)\b"),
    Rule("policy.sender_auth_failed", steps=_ENVELOPE, words=r"\b(DMARC|DKIM|SPF)\b"),
    Rule("sender.not_owned", steps=_ENVELOPE, words=r"not owned|not allowed to send (as|from)|send.?as.?denied"),
    Rule("sender.unverified_domain", steps=_ENVELOPE, words=r"\b(from|sender|domain|address)\b.*\b(not|be) verified"),
    Rule(
        "rcpt.relay_denied", steps=("rcpt", "data"), words=r"relay\w* (access )?(denied|not)|(unable|allowed) to relay"
    ),
    Rule("auth.required", steps=_ENVELOPE, words=r"not logged in|authenticat\w+ (is )?required", when=_anonymous),
    Rule(
        "account.suspended", steps=("auth", "mail", "data"), words=r"\b(suspended|deactivated|not (yet )?activated)\b"
    ),
    Rule("message.spam_content", steps=("rcpt", "data"), codes=("5",), words=r"\bspam\b"),
    Rule("message.attachment_blocked", steps=("data",), codes=("5",), words=r"\bvirus\b"),
    Rule("auth.bad_credentials", steps=("auth",), codes=("5",), words=r"authentication fail"),
    Rule("address.invalid", steps=("mail", "rcpt"), codes=("5",), words=r"fully.qualified address"),
)

# What is left: the step and the code (RFC 5321 4.2.3, RFC 4954 6, RFC 3207 4).
_CODES = (
    Rule("greeting.rejected", steps=("connect", "greeting"), codes=("5",)),
    Rule("ehlo.name_rejected", steps=("ehlo",), codes=("501", "504", "55")),
    Rule("tls.starttls_unavailable", steps=("starttls",), codes=("454", "5")),
    Rule("auth.no_common_mechanism", steps=("auth",), codes=("504",)),
    Rule("auth.not_offered", steps=("auth",), codes=("502", "503")),
    Rule("protocol.bad_command", steps=("auth",), codes=("500", "501", "555")),
    Rule("auth.app_password_required", steps=("auth",), codes=("534",)),
    Rule("auth.bad_credentials", steps=("auth",), codes=("535",)),
    Rule("tls.encryption_required", steps=("auth",), codes=("538",)),
    Rule("tls.encryption_required", steps=("auth",), codes=("530",), when=_in_clear),
    Rule("auth.required", codes=("530",)),
    Rule("auth.not_permitted", steps=("auth",), codes=("5",)),
    Rule("auth.required", steps=("mail", "rcpt"), codes=("502", "503"), words=r"\bauth", when=_anonymous),
    Rule("message.too_large", steps=_ENVELOPE, codes=("552",)),
    Rule("sender.not_owned", steps=("mail",), codes=("553",)),
    Rule("sender.not_owned", steps=("mail",), codes=("5",), status=("7.1",)),
    Rule("address.invalid", steps=("mail", "rcpt"), codes=("501", "553")),
    Rule("rcpt.relay_denied", steps=("rcpt",), codes=("5",), status=("7.1",), when=_anonymous),
    Rule("policy.rejected", steps=("rcpt",), codes=("5",), status=("7.0", "7.1")),
    Rule("rcpt.unknown_user", steps=("rcpt",), codes=("550", "551", "556")),
    Rule("protocol.bad_command", codes=("500", "501", "502", "503", "504", "555")),
    Rule("policy.rejected", steps=_ENVELOPE, codes=("5",)),
    Rule("server.temporary", codes=("4",)),
    Rule("protocol.bad_command"),
)

RULES = (*_SEEN, *_LOGIN, *_STATUS, *_WORDS, *_CODES)
