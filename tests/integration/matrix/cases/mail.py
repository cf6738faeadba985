"""Misconfigurations that show when a mail is handed over: sender, recipients, size, content, limits, the name given."""

from tests.integration.matrix.case import (
    BOB,
    CAROL,
    NO_LOGIN,
    PARTIAL,
    Case,
    Dovecot,
    Exim,
    Options,
    Postfix,
    Scripted,
    Used,
)
from tests.support.faulty_server import Line, Send, Silence

_GREYLISTED = "450 4.2.0"
_HELO: Options = {**NO_LOGIN, "--helo": "app01"}


def _to(*addresses: str, login: bool = False) -> Options:
    return {**({} if login else NO_LOGIN), "--to": addresses}


MAILS = (
    # The name given in EHLO.
    Case(
        "EHLO name refused (Postfix)",
        Postfix("FULL-NAMES"),
        "ehlo.name_rejected",
        "ehlo",
        _HELO,
        heard="504 5.5.2",
        says=("--helo",),
        as_text=True,
    ),
    Case(
        "EHLO name refused",
        Scripted(
            (
                Send(b"220 mail.example.test ESMTP\r\n"),
                Line(b"EHLO "),
                Send(b"550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)\r\n"),
                Silence(),
            )
        ),
        "ehlo.name_rejected",
        "ehlo",
        heard="Invalid HELO name",
        says=("--helo",),
    ),
    # The sender.
    Case(
        "sender not owned",
        Postfix("SUB"),
        "sender.not_owned",
        "rcpt",
        {"--from": BOB},
        heard="553 5.7.1",
        says=("--from",),
        as_text=True,
    ),
    Case(
        "sender's domain unknown",
        Postfix("SENDER-GONE"),
        "sender.domain_not_found",
        "rcpt",
        NO_LOGIN,
        heard="450 4.1.8",
        says=("--from",),
    ),
    Case("sender refused", Postfix("SENDER-REFUSED"), "policy.rejected", "rcpt", NO_LOGIN, heard="554 5.7.1"),
    # Recipients.
    Case(
        "no relay for strangers (Postfix)",
        Postfix("NO-RELAY"),
        "rcpt.relay_denied",
        "rcpt",
        _to("somebody@elsewhere.example"),
        heard="Relay access denied",
        says=("--username", "--password-stdin"),
        as_text=True,
    ),
    Case(
        "no relay for strangers (Exim)",
        Exim("MX"),
        "rcpt.relay_denied",
        "rcpt",
        _to("somebody@elsewhere.example"),
        heard="relay not permitted",
        says=("--username", "--password-stdin"),
    ),
    Case(
        "unknown recipient (Postfix)",
        Postfix("SUB"),
        "rcpt.unknown_user",
        "rcpt",
        _to("nobody@example.test", login=True),
        heard="550 5.1.1",
        says=("--to",),
        as_text=True,
    ),
    Case(
        "unknown recipient (Dovecot)",
        Dovecot("DSUB"),
        "rcpt.unknown_user",
        "rcpt",
        _to("nobody@example.test", login=True),
        heard="550 5.1.1",
        says=("--to",),
    ),
    Case(
        "unknown recipient (Exim)",
        Exim("SUB"),
        "rcpt.unknown_user",
        "rcpt",
        _to("nobody@example.test", login=True),
        heard="550 Unknown user",
        says=("--to",),
    ),
    Case(
        "some recipients unknown (Postfix)",
        Postfix("SUB"),
        PARTIAL,
        "rcpt",
        _to(BOB, "nobody@example.test", CAROL, login=True),
        heard="550 5.1.1",
    ),
    Case(
        "some recipients unknown (Exim)",
        Exim("SUB"),
        PARTIAL,
        "rcpt",
        _to("nobody@example.test", BOB, login=True),
        heard="550 Unknown user",
    ),
    Case("greylisted", Postfix("MX"), "policy.greylisted", "rcpt", _to("grey@example.test"), heard=_GREYLISTED),
    Case(
        "greylisted, after a login",
        Postfix("SUB"),
        "policy.greylisted",
        "rcpt",
        _to("grey@example.test", login=True),
        heard=_GREYLISTED,
        says=("5 to 15 minutes",),
    ),
    Case(
        "mailbox full",
        Postfix("MX"),
        "rcpt.mailbox_full",
        "rcpt",
        _to("full@example.test"),
        heard="452 4.2.2",
        says=("--to",),
    ),
    Case(
        "mailbox disabled",
        Postfix("SUB"),
        "rcpt.unknown_user",
        "rcpt",
        _to("disabled@example.test", login=True),
        heard="550 5.2.1",
        says=("--to",),
    ),
    Case(
        "address outside ASCII (Dovecot)",
        Dovecot("DSUBS"),
        "message.smtputf8_unsupported",
        "mail",
        {"--security": "tls", "--to": "jörg@example.test"},
        says=("ASCII",),
    ),
    # The message.
    Case(
        "message larger than SIZE",
        Postfix("SMALL"),
        "message.too_large",
        "mail",
        NO_LOGIN,
        says=("SIZE",),
        evidence=("extensions",),
    ),
    Case(
        "message larger than what is told",
        Postfix("SMALL-UNSAID"),
        "message.too_large",
        "data",
        NO_LOGIN,
        heard="552 5.3.4",
        as_text=True,
    ),
    Case("taken for spam", Postfix("SPAM"), "message.spam_content", "data", NO_LOGIN, heard="Spam message rejected"),
    Case(
        "taken for a virus (Exim)",
        Exim("MX"),
        "message.attachment_blocked",
        "data",
        _to("picky@example.test"),
        heard="virus",
    ),
    Case("content refused", Postfix("CONTENT"), "policy.rejected", "data", NO_LOGIN, heard="Message content rejected"),
    Case("DMARC fails", Postfix("DMARC"), "policy.sender_auth_failed", "data", NO_LOGIN, heard="DMARC", says=("SPF",)),
    # Limits.
    Case(
        "too many mails a minute",
        Used(Postfix("SLOW-DOWN")),
        "policy.rate_limited_short",
        "mail",
        NO_LOGIN,
        heard="450 4.7.1 Error: too much mail",
        says=("slowly",),
        as_text=True,
    ),
    Case("no room at the server (Exim)", Exim("FULL"), "server.temporary", "mail", NO_LOGIN, heard="451 no room"),
)
