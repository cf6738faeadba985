"""Misconfigurations of the login: what is offered, what is given, what is refused."""

from tests.integration.matrix.case import ALICE, NO_LOGIN, Case, Dovecot, Exim, Options, Postfix, Scripted, Tls
from tests.support.faulty_server import Action, Line, Send, Silence

_TLS: Options = {"--security": "tls"}
_TOKEN: Options = {"--password-env": None, "--access-token-env": "EXPIRED_TOKEN"}


def _offering(mechanisms: bytes) -> tuple[Action | Tls, ...]:
    return (
        Tls(),
        Send(b"220 mail.example.test ESMTP\r\n"),
        Line(b"EHLO "),
        Send(b"250-mail.example.test\r\n250 AUTH " + mechanisms + b"\r\n"),
    )


def _refusing(words: bytes) -> Scripted:
    """Takes a password and answers with these words, in the manner of a big provider."""
    return Scripted((*_offering(b"PLAIN"), Line(b"AUTH PLAIN "), Send(words + b"\r\n"), Silence()))


_SCRIPTED: Options = {**_TLS, "--username": ALICE, "--auth": "password", "--password-env": "PW", "--ca-file": "{ca}"}


def _wrong(name: str, server: Postfix | Dovecot | Exim, heard: str, options: Options) -> Case:
    return Case(
        name,
        server,
        "auth.bad_credentials",
        "auth",
        options,
        heard=heard,
        says=("--username", "--password-stdin"),
        evidence=("mechanism",),
        as_text="Exim" in name,
    )


LOGINS = (
    _wrong("wrong password (Postfix)", Postfix("SUB"), "535 5.7.8", {"--password-env": "WRONG"}),
    _wrong("wrong password (Dovecot)", Dovecot("DSUB"), "535 5.7.8", {"--password-env": "WRONG"}),
    _wrong("wrong password (Exim)", Exim("SUB"), "535 Incorrect", {"--password-env": "WRONG"}),
    _wrong("no such user (Postfix)", Postfix("SUBS"), "535 5.7.8", {**_TLS, "--username": "alcie@example.test"}),
    _wrong("no such user (Dovecot)", Dovecot("DSUBS"), "535 5.7.8", {**_TLS, "--username": "alice", "--from": ALICE}),
    _wrong("no such user (Exim)", Exim("SUBS"), "535 Incorrect", {**_TLS, "--username": "alice", "--from": ALICE}),
    # What is offered.
    Case(
        "login offered behind STARTTLS alone (Postfix)",
        Postfix("LATE-AUTH"),
        "auth.not_offered",
        "auth",
        {"--security": "none", "--ca-file": None},
        says=("starttls",),
        evidence=("extensions", "auth_after_tls"),
    ),
    Case(
        "login offered behind STARTTLS alone (Exim)",
        Exim("SUB"),
        "auth.not_offered",
        "auth",
        {"--security": "none", "--ca-file": None},
        says=("starttls",),
        evidence=("extensions", "auth_after_tls"),
    ),
    Case(
        "no login offered at all (Postfix)",
        Postfix("MX"),
        "auth.not_offered",
        "auth",
        says=("--auth none",),
        evidence=("extensions",),
        as_text=True,
    ),
    Case("no login offered at all (Exim)", Exim("MX"), "auth.not_offered", "auth", says=("--auth none",)),
    Case(
        "tokens alone are offered to a password",
        Postfix("TOKENS-ONLY"),
        "auth.no_common_mechanism",
        "auth",
        says=("postroom oauth login",),
        evidence=("offered",),
    ),
    Case(
        "mechanism named that is not offered (Exim)",
        Exim("SUB"),
        "auth.no_common_mechanism",
        "auth",
        {"--mechanism": "cram-md5"},
        says=("--mechanism",),
        evidence=("offered",),
    ),
    Case(
        "token for a server of passwords (Exim)",
        Exim("SUB"),
        "auth.no_common_mechanism",
        "auth",
        _TOKEN,
        says=("--auth password",),
        evidence=("offered",),
    ),
    Case(
        "NTLM and GSSAPI alone",
        Scripted((*_offering(b"NTLM GSSAPI"), Silence())),
        "auth.no_common_mechanism",
        "auth",
        _SCRIPTED,
        says=("NTLM",),
        evidence=("offered",),
    ),
    # No login where one is wanted.
    Case(
        "login wanted, none configured (Postfix)",
        Postfix("SUBS"),
        "auth.required",
        "rcpt",
        {**NO_LOGIN, "--security": "tls", "--ca-file": "{ca}"},
        heard="554 5.7.1",
        says=("--username", "--password-stdin"),
        as_text=True,
    ),
    Case(
        "login wanted, none configured (Dovecot)",
        Dovecot("DSUBS"),
        "auth.required",
        "mail",
        {**NO_LOGIN, "--security": "tls", "--ca-file": "{ca}"},
        heard="530",
        says=("--username", "--password-stdin"),
    ),
    # Refused for another reason than the password.
    Case(
        "login put off (Exim)",
        Exim("SUB"),
        "server.temporary",
        "auth",
        {"--username": "busy@example.test"},
        heard="435",
    ),
    Case(
        "login put off",
        _refusing(b"454 4.7.0 Temporary authentication failure"),
        "server.temporary",
        "auth",
        _SCRIPTED,
        heard="454 4.7.0",
    ),
    Case(
        "too many logins",
        _refusing(b"454 4.7.0 Too many login attempts, please try again later."),
        "auth.too_many_attempts",
        "auth",
        _SCRIPTED,
        says=("15 to 60 minutes",),
    ),
    Case(
        "app password wanted",
        _refusing(b"534-5.7.9 Application-specific password required. For more information, go to\r\n534 5.7.9 there"),
        "auth.app_password_required",
        "auth",
        _SCRIPTED,
        says=("app password", "--password-stdin"),
    ),
    # Tokens.
    Case(
        "token expired (Postfix)",
        Postfix("SUB"),
        "auth.xoauth2_token_rejected",
        "auth",
        _TOKEN,
        heard="535 5.7.8",
        says=("token",),
        evidence=("mechanism", "oauth_error"),
    ),
    Case(
        "token expired (Dovecot)",
        Dovecot("DSUBS"),
        "auth.xoauth2_token_rejected",
        "auth",
        {**_TLS, **_TOKEN},
        heard="535 5.7.8",
        says=("token",),
        evidence=("mechanism", "oauth_error"),
        as_text=True,
    ),
    Case(
        "token of another mailbox (Postfix)",
        Postfix("SUB"),
        "auth.xoauth2_token_rejected",
        "auth",
        {"--password-env": None, "--access-token-env": "TOKEN", "--username": "bob@example.test", "--from": ALICE},
        heard="535 5.7.8",
        says=("--username",),
        evidence=("mechanism", "oauth_error"),
    ),
)
