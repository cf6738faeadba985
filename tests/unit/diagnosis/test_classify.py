"""From signs to a cause class: every sign has one, and the decisive codes lead to theirs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.diagnosis.catalogue import causes
from postroom.diagnosis.classify import classify
from postroom.diagnosis.entry import REFUSED, Entry, bundled_entries
from postroom.domain.reply import SIGNS, STEPS, Reply, Signs


def refused(step: str, text: str, *, logged_in: bool = False, encrypted: bool = True, mechanism: str = "") -> Signs:
    """The signs of a refusal, from a reply as it comes over the wire."""
    found = re.fullmatch(r"(\d{3}) (?:(\d\.\d+\.\d+) )?(.*)", text, re.DOTALL)
    assert found
    reply = Reply(int(found[1]), found[2] or "", found[3].split("\n"))
    evidence = {"mechanism": mechanism} if mechanism else {}
    return Signs(
        step, "refused-by-reply", reply, host="mail.example.com", port=587, security="starttls",
        encrypted=encrypted, logged_in=logged_in, evidence=evidence,
    )  # fmt: skip


def seen(sign: str, step: str, *, port: int = 587, security: str = "starttls") -> Signs:
    return Signs(step, sign, host="mail.example.com", port=port, security=security)


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_has_a_cause_at_every_step(sign: str) -> None:
    for step in STEPS:
        assert classify(seen(sign, step)).code in causes()


@given(
    step=st.sampled_from(STEPS),
    code=st.integers(100, 999),
    enhanced=st.from_regex(r"([245]\.\d{1,3}\.\d{1,3})?", fullmatch=True),
    text=st.text(max_size=80),
    logged_in=st.booleans(),
)
def test_every_reply_has_a_cause(*, step: str, code: int, enhanced: str, text: str, logged_in: bool) -> None:
    signs = Signs(step, "refused-by-reply", Reply(code, enhanced, [text]), logged_in=logged_in)
    assert classify(signs).code in causes()


def test_every_sign_has_an_entry_that_asks_for_nothing_else() -> None:
    entries = [entry for entry in bundled_entries() if not entry.weak]
    for sign in SIGNS:
        if sign != REFUSED:
            assert any(entry == Entry(entry.cause, sign) for entry in entries), sign


def test_no_entry_stands_behind_one_that_takes_everything() -> None:
    for sign in SIGNS:
        own = [entry for entry in bundled_entries() if entry.sign == sign and not entry.weak]
        open_ones = [number for number, entry in enumerate(own) if entry == Entry(entry.cause, sign)]
        assert open_ones in ([], [len(own) - 1]), sign


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (seen("host-not-found", "resolve"), "dns.host_not_found"),
        (seen("resolver-failed", "resolve"), "dns.temporary_failure"),
        (seen("connection-refused", "connect"), "connect.refused"),
        (seen("connection-timeout", "connect"), "connect.timeout"),
        (seen("unreachable", "connect"), "connect.unreachable"),
        (seen("proxy-failed", "connect"), "connect.proxy_failed"),
        (seen("greeting-timeout", "greeting"), "greeting.timeout"),
        (seen("greeting-timeout", "greeting", port=465), "tls.wrong_mode_implicit_expected"),
        (seen("greeting-timeout", "greeting", port=465, security="tls"), "greeting.timeout"),
        (seen("closed", "greeting", port=2465), "tls.wrong_mode_implicit_expected"),
        (seen("closed", "greeting"), "connect.closed_early"),
        (seen("closed", "tls"), "tls.handshake_failed"),
        (seen("closed", "data"), "connect.closed_early"),
        (seen("reply-timeout", "data"), "server.temporary"),
        (seen("not-smtp", "greeting"), "greeting.rejected"),
        (seen("not-smtp", "greeting", port=465), "tls.wrong_mode_implicit_expected"),
        (seen("not-smtp", "ehlo"), "protocol.bad_command"),
        (seen("talk-after-starttls", "starttls"), "connect.intercepted"),
        (seen("tls-plain-peer", "tls", security="tls"), "tls.wrong_mode_starttls_expected"),
        (seen("tls-plain-peer", "starttls"), "tls.starttls_unavailable"),
        (seen("tls-certificate-expired", "tls"), "tls.cert_expired"),
        (seen("tls-certificate-name", "tls"), "tls.cert_name_mismatch"),
        (seen("tls-certificate-untrusted", "tls"), "tls.cert_untrusted"),
        (seen("tls-pin-mismatch", "tls"), "tls.pin_mismatch"),
        (seen("tls-version", "tls"), "tls.protocol_too_old"),
        (seen("tls-handshake", "starttls"), "tls.handshake_failed"),
        (seen("tls-client-certificate", "ehlo"), "tls.client_cert_required"),
        (seen("starttls-not-offered", "starttls"), "tls.starttls_unavailable"),
        (seen("auth-not-offered", "auth"), "auth.not_offered"),
        (seen("auth-no-common-mechanism", "auth"), "auth.no_common_mechanism"),
        (seen("auth-challenge", "auth"), "protocol.bad_command"),
        (seen("size-exceeded", "mail"), "message.too_large"),
        (seen("smtputf8-not-offered", "mail"), "message.smtputf8_unsupported"),
        (seen("8bitmime-not-offered", "mail"), "message.eight_bit_unsupported"),
        (seen("cleartext-not-allowed", "starttls"), "config.cleartext_not_allowed"),
    ],
)
def test_a_sign_leads_to_its_cause(signs: Signs, expected: str) -> None:
    assert classify(signs).code == expected


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [
        # The first words of the server.
        ("greeting", "554 no service for you", "greeting.rejected"),
        ("greeting", "421 4.3.2 come back later", "server.temporary"),
        ("greeting", "421 too many concurrent sessions", "policy.too_many_connections"),
        ("ehlo", "501 5.5.4 what a name", "ehlo.name_rejected"),
        ("ehlo", "550 I do not know you", "ehlo.name_rejected"),
        ("ehlo", "500 what?", "protocol.bad_command"),
        ("starttls", "454 4.7.0 TLS is out of order", "tls.starttls_unavailable"),
        ("starttls", "502 not here", "tls.starttls_unavailable"),
        # The login.
        ("auth", "535 5.7.8 no", "auth.bad_credentials"),
        ("auth", "535 no", "auth.bad_credentials"),
        ("auth", "534 5.7.9 no", "auth.app_password_required"),
        ("auth", "534 no", "auth.app_password_required"),
        ("auth", "535 5.7.8 Application-specific password required", "auth.app_password_required"),
        ("auth", "535 Please use an authorization code", "auth.app_password_required"),
        ("auth", "535 5.7.139 basic authentication is disabled", "auth.basic_disabled_by_policy"),
        ("auth", "550 5.7.30 no", "auth.basic_disabled_by_policy"),
        ("data", "550 5.7.30 no", "auth.basic_disabled_by_policy"),
        ("auth", "534 5.7.14 no", "auth.blocked_by_security_policy"),
        ("auth", "534 5.7.9 go and use your web browser", "auth.blocked_by_security_policy"),
        ("auth", "554 5.7.8 no", "auth.bad_credentials"),
        ("auth", "526 Authentication failed", "auth.bad_credentials"),
        ("auth", "535 5.7.9 no", "auth.app_password_required"),
        ("auth", "535 5.7.11 no", "tls.encryption_required"),
        ("auth", "538 no", "tls.encryption_required"),
        ("auth", "535 5.7.4 no", "auth.no_common_mechanism"),
        ("auth", "504 no", "auth.no_common_mechanism"),
        ("auth", "501 5.5.2 that is no base64", "protocol.bad_command"),
        ("auth", "535 this user is deactivated", "account.suspended"),
        ("auth", "454 4.7.0 not now", "server.temporary"),
        ("auth", "454 4.7.0 Too many login attempts", "auth.too_many_attempts"),
        ("auth", "504 5.5.4 that one I do not speak", "auth.no_common_mechanism"),
        ("auth", "504 5.7.4 that one I do not speak", "auth.no_common_mechanism"),
        ("auth", "503 5.5.1 no login here", "auth.not_offered"),
        ("auth", "538 5.7.11 not in the clear", "tls.encryption_required"),
        ("auth", "530 5.7.0 Must issue a STARTTLS command first", "tls.encryption_required"),
        ("auth", "525 5.7.13 no", "account.suspended"),
        ("auth", "525 no", "auth.not_permitted"),
        ("auth", "421 4.7.0 not now", "server.temporary"),
        # The sender.
        ("mail", "530 5.7.0 Must issue a STARTTLS command first", "tls.encryption_required"),
        ("mail", "530 5.7.0 Authentication required", "auth.required"),
        ("mail", "530 5.7.1 no", "auth.required"),
        ("mail", "503 5.5.1 AUTH first", "auth.required"),
        ("mail", "550 5.7.57 no", "auth.required"),
        ("mail", "553 no", "sender.not_owned"),
        ("mail", "550 5.7.1 no", "sender.not_owned"),
        ("mail", "501 5.1.7 no", "address.invalid"),
        ("mail", "550 5.1.7 no", "address.invalid"),
        ("mail", "504 5.5.2 I need a fully-qualified address", "address.invalid"),
        ("mail", "501 no", "address.invalid"),
        ("mail", "550 5.1.8 no", "sender.domain_not_found"),
        ("mail", "450 4.1.8 no", "sender.domain_not_found"),
        ("mail", "550 5.7.27 no", "sender.domain_not_found"),
        ("mail", "552 5.3.4 no", "message.too_large"),
        ("mail", "452 4.3.1 no room", "server.temporary"),
        ("mail", "451 4.3.0 not now", "server.temporary"),
        ("mail", "421 4.3.2 going down", "server.temporary"),
        ("mail", "553 5.6.7 no", "message.smtputf8_unsupported"),
        ("mail", "555 5.5.4 no", "protocol.bad_command"),
        ("mail", "554 The sender domain must be verified", "sender.unverified_domain"),
        # A recipient.
        ("rcpt", "550 5.1.1 no", "rcpt.unknown_user"),
        ("rcpt", "550 no", "rcpt.unknown_user"),
        ("rcpt", "550 5.1.10 no", "rcpt.unknown_user"),
        ("rcpt", "450 4.1.1 not known yet", "server.temporary"),
        ("rcpt", "554 5.1.1 no", "rcpt.unknown_user"),
        ("rcpt", "554 5.2.1 no", "rcpt.unknown_user"),
        ("rcpt", "554 5.4.1 no", "rcpt.unknown_user"),
        ("rcpt", "554 5.5.3 no", "rcpt.too_many"),
        ("rcpt", "554 5.7.1 your host has no PTR", "policy.ptr_missing"),
        ("rcpt", "550 5.7.1 DMARC says no", "policy.sender_auth_failed"),
        ("rcpt", "553 5.7.1 the sender is not owned by you", "sender.not_owned"),
        ("rcpt", "553 5.7.1 you are not logged in", "auth.required"),
        ("rcpt", "450 4.2.0 Greylisted, come back", "policy.greylisted"),
        ("rcpt", "450 not now", "server.temporary"),
        ("rcpt", "452 not now", "server.temporary"),
        ("rcpt", "552 5.2.2 full", "rcpt.mailbox_full"),
        ("rcpt", "452 4.2.2 full", "rcpt.mailbox_full"),
        ("rcpt", "452 4.5.3 Error: too many recipients", "rcpt.too_many"),
        ("rcpt", "501 5.1.3 no", "address.invalid"),
        ("rcpt", "550 5.2.3 no", "message.too_large"),
        ("rcpt", "554 5.7.1 Relay access denied", "rcpt.relay_denied"),
        ("rcpt", "554 5.7.1 Service unavailable; blocked using a list", "policy.ip_blocked"),
        ("rcpt", "550 5.7.25 no", "policy.ptr_missing"),
        ("rcpt", "550 5.7.23 no", "policy.sender_auth_failed"),
        ("rcpt", "504 5.5.2 <app01>: Helo command rejected", "ehlo.name_rejected"),
        # The message.
        ("data", "552 5.3.4 no", "message.too_large"),
        ("data", "552 no", "message.too_large"),
        ("data", "550 5.6.0 no", "message.malformed"),
        ("data", "550 5.4.5 no", "policy.rate_limited_daily"),
        ("data", "550 5.7.26 no", "policy.sender_auth_failed"),
        ("data", "554 5.2.252 SendAsDenied", "sender.not_owned"),
        ("data", "554 5.7.60 no", "sender.not_owned"),
        ("data", "450 4.7.28 no", "policy.rate_limited_short"),
        ("data", "550 your daily limit is reached", "policy.rate_limited_daily"),
        ("data", "554 there is a virus in it", "message.attachment_blocked"),
        ("data", "421 4.7.66 not with TLS 1.0", "tls.protocol_too_old"),
        ("data", "554 5.7.1 this is spam", "message.spam_content"),
        ("data", "554 no", "policy.rejected"),
        ("data", "451 4.3.0 not now", "server.temporary"),
        ("data", "450 rate limit exceeded", "policy.rate_limited_short"),
        ("data", "421 4.4.2 timeout", "connect.closed_early"),
        # What many servers say in many words, by its meaning.
        ("auth", "535 [E1] Package exceeded", "policy.rate_limited_daily"),
        ("auth", "535 5.7.1 Out of credits", "policy.rate_limited_daily"),
        ("auth", "535 Your subscription's email allowance has been used up", "policy.rate_limited_daily"),
        ("data", "550 5.7.1 Your package does not have enough credits left", "policy.rate_limited_daily"),
        ("auth", "530 Login fail. A secure connection is requiered(such as ssl)", "tls.encryption_required"),
        ("auth", "534 5.7.0 Authentication only allowed over a secure channel", "tls.encryption_required"),
        ("auth", "530 Conexión segura requerida", "tls.encryption_required"),
        ("auth", "535 your account has been blocked", "account.suspended"),
        ("auth", "535 your account is blocked for 10 minutes", "auth.too_many_attempts"),
        ("greeting", "554 IP=192.0.2.2 - A problem occurred. (BL)", "policy.ip_blocked"),
        ("greeting", "451 The server has reached its limit for processing requests", "policy.rate_limited_short"),
        ("ehlo", "421 4.7.0 Try again later, closing connection. (EHLO)", "ehlo.name_rejected"),
        ("mail", "550 Spoofed HELO name", "ehlo.name_rejected"),
        ("mail", "554 Too many nonmail commands", "protocol.bad_command"),
        ("mail", "550 The sender address is not local to this server", "sender.not_owned"),
        ("mail", "550 Der Absender ist nicht erlaubt", "sender.not_owned"),
        ("mail", "550 Debe autenticarse antes de enviar correo", "auth.required"),
        ("mail", "550 5.7.1 Your email address has been blocked due to complaints", "account.suspended"),
        ("mail", "554 blocked using dbl.spamhaus.org; Sender address blocked", "policy.ip_blocked"),
        ("rcpt", "450 4.1.2 <u@gmial.example>: Recipient address rejected: Domain not found", "address.invalid"),
        ("rcpt", "451 4.4.3 recipient domain could not be looked up", "server.temporary"),
        ("rcpt", "550 5.7.1 <u@example.com>... Relaying denied. IP name lookup failed", "rcpt.relay_denied"),
        ("rcpt", "554 5.7.1 The recipient does not want your mail. We may blacklist you", "policy.rejected"),
        ("rcpt", "554 5.7.1 Recipient address rejected: Access denied", "policy.rejected"),
        ("data", "554 Your message was received but it could not be saved", "server.temporary"),
        ("data", "552 Nachricht zu groß", "message.too_large"),
        # No reply that a server should give.
        ("data", "250 2.0.0 fine", "protocol.bad_command"),
    ],
)
def test_a_refusal_leads_to_its_cause(step: str, reply: str, expected: str) -> None:
    assert classify(refused(step, reply)).code == expected


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [
        ("auth", "535 Utilisez un mot de passe d'application", "auth.app_password_required"),
        ("auth", "535 Zu viele Anmeldeversuche, Ihr Konto ist gesperrt", "auth.too_many_attempts"),
        ("auth", "535 Su cuenta ha sido suspendida", "account.suspended"),
        ("auth", "530 TLS erforderlich", "tls.encryption_required"),
        ("mail", "553 发件人与认证用户不一致", "sender.not_owned"),
        ("rcpt", "554 Ваш IP в чёрном списке", "policy.ip_blocked"),
        ("rcpt", "550 límite diario superado", "policy.rate_limited_daily"),
        ("rcpt", "450 Zu viele Nachrichten in kurzer Zeit", "policy.rate_limited_short"),
        ("rcpt", "550 拒绝转发", "rcpt.relay_denied"),
        ("rcpt", "550 Gebruiker onbekend", "rcpt.unknown_user"),
        ("rcpt", "552 Das Postfach ist voll", "rcpt.mailbox_full"),
        ("data", "550 垃圾邮件", "message.spam_content"),
    ],
)
def test_so_does_one_in_another_language(step: str, reply: str, expected: str) -> None:
    assert classify(refused(step, reply)).code == expected


def test_a_refused_token_is_no_refused_password() -> None:
    assert classify(refused("auth", "535 5.7.3 no", mechanism="XOAUTH2")).code == "auth.xoauth2_token_rejected"
    assert classify(refused("auth", "535 5.7.3 no", mechanism="PLAIN")).code == "auth.bad_credentials"


def test_a_login_in_the_clear_that_is_refused_wants_tls_and_one_under_tls_does_not() -> None:
    assert classify(refused("auth", "530 5.7.0 no", encrypted=False)).code == "tls.encryption_required"
    assert classify(refused("auth", "530 5.7.0 no")).code == "auth.required"


def test_a_refused_recipient_without_a_login_is_a_relay_denied_and_a_fault_of_the_server() -> None:
    anonymous = classify(refused("rcpt", "550 5.7.1 no"))
    assert (anonymous.code, anonymous.scope) == ("rcpt.relay_denied", "server")
    known = classify(refused("rcpt", "550 5.7.1 no", logged_in=True))
    assert (known.code, known.scope) == ("policy.rejected", "message")
    relay = classify(refused("rcpt", "554 5.7.1 Relay access denied", logged_in=True))
    assert (relay.code, relay.scope) == ("rcpt.relay_denied", "recipient")
    assert "--username" in " ".join(anonymous.next_steps)
    assert "--username" not in " ".join(relay.next_steps), "it is logged in"


def test_a_mechanism_that_was_refused_is_told_from_one_that_is_not_offered() -> None:
    found = classify(refused("auth", "504 5.5.4 Unrecognized authentication type", mechanism="PLAIN"))
    assert found.code == "auth.no_common_mechanism"
    assert "--mechanism login" in found.next_steps[0]


def test_a_login_is_not_asked_of_somebody_who_made_one() -> None:
    assert classify(refused("mail", "503 5.5.1 AUTH first", logged_in=True)).code == "protocol.bad_command"


def test_a_fault_of_the_servers_own_sender_is_a_fault_of_the_server() -> None:
    signs = refused("mail", "553 5.7.1 Sender address rejected: not owned by user", logged_in=True)
    assert classify(signs).scope == "message"
    own = classify(signs._replace(own_sender=True))
    assert (own.code, own.scope) == ("sender.not_owned", "server")


def test_an_own_sender_changes_no_other_scope() -> None:
    assert classify(refused("rcpt", "550 5.1.1 no")._replace(own_sender=True)).scope == "recipient"


def test_the_last_words_before_a_close_are_the_cause() -> None:
    signs = refused("data", "552 5.3.4 too big")._replace(sign="closed")
    assert classify(signs).code == "message.too_large"
    assert classify(seen("closed", "data")).code == "connect.closed_early"


def test_a_reply_does_not_hide_what_the_transport_saw() -> None:
    signs = refused("ehlo", "502 5.5.1 EHLO is not known")._replace(sign="starttls-not-offered")
    assert classify(signs).code == "tls.starttls_unavailable"


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("code", [421, 450, 451, 452])
def test_a_temporary_refusal_without_a_reason_fails_no_mail_for_good(step: str, code: int) -> None:
    cause = classify(refused(step, f"{code} not now"))
    assert (cause.retry, cause.exit) == ("later", 75)


class TestAdviceThatCanMend:
    def test_a_name_that_was_asked_for_in_vain_is_left_out(self) -> None:
        evidence = {"expected_name": "smtp.foo.test", "certificate": {"names": ["*.example.com"]}}
        signs = Signs("tls", "tls-certificate-name", host="mail.example.com", server="main", evidence=evidence)
        (step,) = classify(signs).next_steps
        assert step.startswith("The certificate is for mail.example.com")
        assert step.endswith("postroom smtp set main --unset tls_server_name")

    def test_a_certificate_of_others_is_not_believed(self) -> None:
        evidence = {"expected_name": "mail.example.com", "certificate": {"names": ["other.example.net"]}}
        signs = Signs("tls", "tls-certificate-name", host="mail.example.com", server="main", evidence=evidence)
        assert "--unset" not in " ".join(classify(signs).next_steps)

    def test_a_wrong_port_is_looked_for_first_and_the_ports_that_were_tried_are_named(self) -> None:
        rows = [{"port": 587, "answer": "refused"}, {"port": 465, "answer": "timeout"}]
        signs = Signs("connect", "connection-refused", host="localhost", port=26, evidence={"other_ports": rows})
        cause = classify(signs._replace(server="main"))
        assert "587, 465" in cause.cause
        assert cause.next_steps[0].endswith("postroom smtp set main --port PORT")

    @pytest.mark.parametrize(
        ("username", "told"),
        [("alice@example.com", "alice@example.com"), ("alice", "ADDRESS"), ("", "ADDRESS"), ("a@b;rm", "ADDRESS")],
    )
    def test_the_account_that_logs_in_is_named(self, username: str, told: str) -> None:
        refused = Reply(553, "5.7.1", ["Sender address rejected: not owned by user"])
        signs = Signs("mail", "refused-by-reply", refused, server="main", username=username, logged_in=True)
        cause = classify(signs)
        assert cause.code == "sender.not_owned"
        assert f"--from {told} " in cause.next_steps[0]
