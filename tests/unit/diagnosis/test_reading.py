"""Pasted text: the reply, the exception and the hints that are read out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.diagnosis.classify import find
from postroom.diagnosis.pasted.reading import read, step_of
from postroom.diagnosis.pasted.unwrap import unwrap
from postroom.domain.characters import decode
from postroom.domain.reply import STEPS, Reply


def reply_in(text: str) -> Reply:
    found = read(text).reply
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "code", "enhanced", "words"),
    [
        ("535 5.7.8 not accepted", 535, "5.7.8", "not accepted"),
        ("535-5.7.8 Not\n535 5.7.8 accepted", 535, "5.7.8", "Not\naccepted"),
        ("535-5.7.8 Not\r\n535 5.7.8 accepted\r\n", 535, "5.7.8", "Not\naccepted"),
        ("smtplib.SMTPAuthenticationError: (535, b'5.7.8 no')", 535, "5.7.8", "no"),
        ("SMTPRecipientsRefused: {'b@x.example': (554, b'5.7.1 denied')}", 554, "5.7.1", "denied"),
        ('Expected "235" but got code "535", with message "535 5.7.8 no".', 535, "5.7.8", "no"),
        ("{ response: '535-5.7.8 Not\\n535 5.7.8 good', responseCode: 535 }", 535, "5.7.8", "Not\ngood"),
        ("said: 550-5.7.26 SPF 550-5.7.26 fails 550 5.7.26 here", 550, "5.7.26", "SPF\nfails\nhere"),
        ("Diagnostic-Code: smtp; 550 5.1.1 <u@example.com>: unknown", 550, "5.1.1", "<u@example.com>: unknown"),
        ("SMTP error after RCPT TO:<u@example.com>: 550 no such user", 550, "", "no such user"),
        ("could not get 3xx (550: 550 5.7.0 too many emails", 550, "5.7.0", "too many emails"),
        ("250 fine\n354 go on\n554 5.7.1 spam", 554, "5.7.1", "spam"),
        ("504 5.5.2 <localhost>: need a name\n421 4.7.0 too many errors", 504, "5.5.2", "<localhost>: need a name"),
    ],
)
def test_a_reply_is_found_inside_a_text(text: str, code: int, enhanced: str, words: str) -> None:
    found = reply_in(text)
    assert (found.code, found.enhanced, found.text) == (code, enhanced, words)


@pytest.mark.parametrize(
    "text",
    [
        "connect to mail.example.com:465 failed",
        "connect ETIMEDOUT 192.0.2.210:587",
        'File "/usr/lib/python3.11/smtplib.py", line 454, in getreply',
        "2026-04-30 12:55:50 nothing",
        "250 2.0.0 Ok: queued",
        "the port 465 of smtp.gmail.com",
        "HTTP/1.1 403 Forbidden",
        "Error 403: access_denied",
    ],
)
def test_a_number_that_is_no_refusal_is_none(text: str) -> None:
    assert read(text).reply is None


def test_the_quoted_reply_of_exchange_is_the_cause() -> None:
    text = (
        "530 5.7.57 Client not authenticated. Error: 535 5.7.139 SmtpClientAuthentication is disabled for the Tenant."
    )
    assert reply_in(text).enhanced == "5.7.139"


def test_an_enhanced_code_alone_is_a_reply() -> None:
    assert reply_in("5.1.8 Access denied, bad outbound sender").enhanced == "5.1.8"
    assert reply_in("dsn=5.4.1, status=bounced").enhanced == "5.4.1"


@pytest.mark.parametrize(
    ("text", "sign", "step"),
    [
        ("Error: getaddrinfo ENOTFOUND smtp.example.com", "host-not-found", "resolve"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "resolver-failed", "resolve"),
        ("java.net.ConnectException: Connection refused", "connection-refused", "connect"),
        ("dial tcp 192.0.2.1:587: i/o timeout", "connection-timeout", "connect"),
        ("OSError: [Errno 101] Network is unreachable", "unreachable", "connect"),
        ("ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number", "tls-plain-peer", "tls"),
        ("x509: certificate signed by unknown authority", "tls-certificate-untrusted", "tls"),
        ("certificate has expired", "tls-certificate-expired", "tls"),
        ("Peer certificate CN=`a.example' did not match expected CN=`mail.example.com'", "tls-certificate-name", "tls"),
        ("[SSL: DH_KEY_TOO_SMALL] dh key too small", "tls-handshake", "tls"),
        ("No appropriate protocol (protocol is disabled or cipher suites are inappropriate)", "tls-version", "tls"),
        ("SMTPNotSupportedError: STARTTLS extension not supported by server.", "starttls-not-offered", "starttls"),
        ("No suitable authentication method found.", "auth-no-common-mechanism", "auth"),
        ("SMTP AUTH extension not supported by server.", "auth-not-offered", "auth"),
        ("Greeting never received", "greeting-timeout", "greeting"),
        ("smtplib.SMTPServerDisconnected: Connection unexpectedly closed", "closed", ""),
    ],
)
def test_an_exception_becomes_the_sign_that_a_session_would_give(text: str, sign: str, step: str) -> None:
    signs = read(text)
    assert (signs.sign, signs.step) == (sign, step)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Fehler: Verbindungsaufbau abgelehnt", "connection-refused"),
        ("stream_socket_client(): Connexion refusée", "connection-refused"),
        ("connect: 接続を拒否されました", "connection-refused"),
        ("В соединении отказано", "connection-refused"),
        ("da der Zielcomputer die Verbindung verweigerte. (smtp.example.com:25)", "connection-refused"),
        ("l’ordinateur cible l’a expressément refusée", "connection-refused"),
        ("Expiró el tiempo de conexión", "connection-timeout"),
        ("ZeitÃ¼berschreitung der Verbindung", "connection-timeout"),
        ("Timeout für Vorgang überschritten.", "reply-timeout"),
        ("Nome o servizio sconosciuto", "host-not-found"),
        ("Odwzorowanie nazwy jest chwilowo niemożliwe", "resolver-failed"),
        ("Geen route naar host", "unreachable"),
        ("连接被对方重设", "closed"),
        ("TLS error on connection (recv): The TLS connection was non-properly terminated.", "tls-handshake"),
        ("[SSL: LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED]", "tls-handshake"),
        ("SSL alert number 40", "tls-handshake"),
        ("SSL alert number 70", "tls-version"),
        ("sSMTP: Cannot open smtp.gmail.com:587", "connection-timeout"),
        ('mail(): Failed to connect to mailserver at "localhost" port 25', "connection-refused"),
        ('stat="Network error on destination MXs"', "connection-timeout"),
        ("certificate 2 of 4 has expired", "tls-certificate-expired"),
        ("The certificate is NOT trusted. The certificate chain uses expired certificate.", "tls-certificate-expired"),
        ("SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE", "tls-certificate-expired"),
        ("invalid peer certificate: Expired", "tls-certificate-expired"),
        ("The certificate is outside its validity period, 0x800b0101", "tls-certificate-expired"),
        ("Das Sicherheitszertifikat ist abgelaufen oder noch nicht gültig.", "tls-certificate-expired"),
        ("证书已过期", "tls-certificate-expired"),
        ("The target principal name is incorrect", "tls-certificate-name"),
        ("SEC_ERROR_UNKNOWN_ISSUER", "tls-certificate-untrusted"),
        ("SSL_ERROR_RX_RECORD_TOO_LONG", "tls-plain-peer"),
        ("received fatal alert: ProtocolVersion", "tls-version"),
        ("SSL_ERROR_NO_CYPHER_OVERLAP", "tls-handshake"),
        ("received fatal alert: CertificateRequired", "tls-client-certificate"),
        ("curl: (64) Requested SSL level failed: STARTTLS denied", "starttls-not-offered"),
        ("AUTH NTLM: authentication not supported", "auth-no-common-mechanism"),
        ("dns.resolver.NoNameservers: All nameservers failed to answer the query", "resolver-failed"),
        ("proxyconnect tcp: dial tcp 192.0.2.9:3128: connect: connection refused", "proxy-failed"),
        ("<www@localhost>: Sender address rejected: Domain not found", "refused-by-reply"),
    ],
)
def test_so_do_the_words_of_other_systems(text: str, sign: str) -> None:
    assert read(text).sign == sign


def test_a_program_may_tell_no_more_than_the_code() -> None:
    signs = read("curl: (55) MAIL failed: 530")
    assert signs.reply
    assert (signs.reply.code, signs.step) == (530, "mail")
    cause = find(read('Error: Missing credentials for "PLAIN"'))
    assert cause
    assert cause.code == "auth.required"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("550 no (in reply to RCPT TO command)", "rcpt"),
        ("550 no (in reply to end of DATA command)", "data"),
        ("smtplib.SMTPSenderRefused: (550, b'no', 'a@example.com')", "mail"),
        ("454 4.7.0 no", ""),
        ("535 no", "auth"),
        ('{"error":"invalid_grant"}', "token"),
    ],
)
def test_the_step_is_told_by_the_words_around(text: str, step: str) -> None:
    assert read(text).step == step


@pytest.mark.parametrize(
    ("word", "step"),
    [("auth", "auth"), ("LOGIN", "auth"), ("rcpt to", "rcpt"), ("RCPT TO:", "rcpt"), ("dot", "data"), ("xyzzy", "")],
)
def test_a_step_may_be_hinted_in_other_words(word: str, step: str) -> None:
    assert step_of(word) == step
    assert set(map(step_of, STEPS)) == set(STEPS)


def test_what_hides_the_words_is_undone() -> None:
    assert '{"status":"400"' in unwrap("334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=")
    assert "Password:" in unwrap("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6")
    assert unwrap("=?utf-8?q?caf=C3=A9?=") == "café"
    assert unwrap("\x1b[31m550\x1b[0m no") == "550 no"
    assert unwrap("550-a\\r\\n550 b") == "550-a\n550 b"
    assert unwrap("b'\\xe6\\x8e\\x88'") == "b'授'"
    assert unwrap("&lt;u@example.com&gt;;") == "<u@example.com>;"
    gbk = "535 请使用授权码登录".encode("gbk")
    assert decode(gbk) == "535 请使用授权码登录"
    assert unwrap(gbk.decode("latin-1")) == "535 请使用授权码登录"
    assert unwrap("Zugriff für Müller verweigert") == "Zugriff für Müller verweigert"
    assert unwrap("Zugriff für Müller".encode().decode("latin-1")) == "Zugriff für Müller"
    assert unwrap("535=205.7.8 authentication=\n failed f=C3=BCr") == "535 5.7.8 authentication failed für"
    assert unwrap("code=535 key=\nvalue=20") == "code=535 key=\nvalue=20"
    assert unwrap("550 \x9b31mno\x1b \u202e\udcff") == "550 no\ufffd \ufffd\ufffd"


def test_a_challenge_tells_that_it_was_a_token() -> None:
    text = "334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=\n535 5.7.8 Username and Password not accepted"
    cause = find(read(text, provider="gmail"))
    assert cause
    assert cause.code == "auth.xoauth2_token_rejected"


def test_another_certificate_at_a_known_providers_host_is_an_interception() -> None:
    def code(text: str) -> str:
        cause = find(read(text))
        assert cause
        return cause.code

    assert code("Peer certificate CN=`a.example' did not match expected CN=`smtp.gmail.com'") == "connect.intercepted"
    assert code("Peer certificate CN=`a.example' did not match expected CN=`mail.a.test'") == "tls.cert_name_mismatch"
    own = "x509: certificate is valid for *.mailgun.org, mailgun.org, not smtp.mailgun.com"
    assert code(own) == "tls.cert_name_mismatch"


@pytest.mark.parametrize("text", ["hello world", "", "The quick brown fox", "{}", "\x00\x01"])
def test_a_text_without_a_failure_has_no_cause(text: str) -> None:
    assert find(read(text)) is None


def test_a_reply_that_nobody_knows_tells_what_it_proves() -> None:
    cause = find(read("550 5.7.1 xyzzy", step="rcpt"))
    assert cause
    assert "550 is a refusal for good, given to a recipient" in cause.cause
    assert "5.7.1 speaks of security or policy" in cause.cause
    assert "xyzzy" not in cause.cause


@given(st.text(max_size=400), st.text(max_size=10), st.text(max_size=10))
def test_no_text_is_too_strange_to_read(text: str, step: str, provider: str) -> None:
    find(read(text, step=step, provider=provider))


@given(st.from_regex(r"[245][0-5]\d[- ]([245]\.\d\.\d{1,3} )?[ -~]{0,80}", fullmatch=True))
def test_no_reply_is_too_strange_to_read(text: str) -> None:
    find(read(text))


@pytest.mark.parametrize(
    ("text", "expected", "names"),
    [
        (
            "x509: certificate is valid for *.hoster.net, mail.hoster.net, not mail.example.com",
            "mail.example.com",
            ["*.hoster.net", "mail.hoster.net"],
        ),
        (
            "altnames: Host: mail.example.com. is not in the cert's altnames: DNS:*.hoster.net",
            "mail.example.com",
            ["*.hoster.net"],
        ),
        (
            "Peer certificate CN=`*.hoster.net' did not match expected CN=`mail.example.com'",
            "mail.example.com",
            ["*.hoster.net"],
        ),
    ],
)
def test_the_names_of_a_certificate_are_read(text: str, expected: str, names: list[str]) -> None:
    evidence = read(text).evidence
    assert (evidence["expected_name"], evidence["certificate"]["names"]) == (expected, names)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("connect to mail.example.com:465 failed", 465),
        ("connect to smtp.example.rs:587 failed", 587),
        ("Greeting never received at smtp-connection/index.js:123:45", 0),
        ("Timed out while waiting for greeting (package:mailer/smtp_client.dart:127)", 0),
        ("worker.go:230: EOF", 0),
    ],
)
def test_a_source_file_and_its_line_are_no_host_and_port(text: str, port: int) -> None:
    assert read(text).port == port


@pytest.mark.parametrize(
    "told",
    [
        'Requesting token using: {"grant_type":"refresh_token"}',
        "auth: { type: 'OAuth2', user: 'u@example.com' }",
        "AuthenticationMechanism = SaslMechanismOAuth2",
        "access_token=abc",
    ],
)
def test_who_speaks_of_a_token_has_logged_in_with_one(told: str) -> None:
    cause = find(read(f"{told} Invalid login: 535-5.7.8 Username and Password not accepted.", provider="gmail"))
    assert cause
    assert cause.code == "auth.xoauth2_token_rejected"


@pytest.mark.parametrize(
    "asked",
    ['$mail->Host = "smtp.zoho.com";', "'host' => 'smtp.sendgrid.net'", "EMAIL_HOST = 'smtp.gmail.com'"],
)
def test_another_servers_greeting_at_the_host_of_a_setting_is_an_interception(asked: str) -> None:
    banner = "220-server.example.net ESMTP Exim 4.96 #2 ready"
    cause = find(read(f"{asked}\n{banner}\n535 Incorrect authentication data"))
    assert cause
    assert cause.code == "connect.intercepted"
    own = find(read(f'$mail->Host = "server.example.net";\n{banner}\n535 Incorrect authentication data'))
    assert own
    assert own.code == "auth.bad_credentials"


def test_a_port_for_mail_stands_for_itself() -> None:
    assert read('sendmail.py "smtp.example.com" "465": timed out').port == 465


class TestTheWayToLogIn:
    SYMFONY = (
        'Failed to authenticate on SMTP server using the following authenticators: "LOGIN", "PLAIN", "XOAUTH2". '
        'Authenticator "LOGIN" returned "Expected response code "235" but got code "535", with message "535 no".". '
        'Authenticator "XOAUTH2" returned "Expected response code "235" but got code "334", with message "334 eyJ9".".'
    )

    @pytest.mark.parametrize(
        "text",
        [
            "250-AUTH LOGIN XOAUTH2\n535 5.7.8 authentication failed\n",
            "250-AUTH LOGIN XOAUTH2\n535 no\n",
            "<-  250 AUTH PLAIN LOGIN XOAUTH2\n -> AUTH LOGIN\n<-  334 VXNlcm5hbWU6\n<** 535 no",
            "SERVER -> CLIENT: 250-AUTH PLAIN XOAUTH2\nCLIENT -> SERVER: AUTH PLAIN\nSERVER -> CLIENT: 535 no",
            "reply: b'250 AUTH LOGIN PLAIN XOAUTH2\\r\\n'\nsend: 'AUTH PLAIN AGFs\\r\\n'\nreply: b'535 no\\r\\n'",
            'DEBUG SMTP: Found extension "AUTH", arg "LOGIN XOAUTH2"\nDEBUG SMTP: AUTH LOGIN failed\n535 5.7.8 no',
            SYMFONY,
        ],
    )
    def test_what_is_merely_offered_makes_no_token_of_a_password(self, text: str) -> None:
        cause = find(read(text))
        assert cause
        assert cause.code == "auth.bad_credentials"

    @pytest.mark.parametrize(
        "text",
        [
            "250-AUTH LOGIN XOAUTH2\nAUTH XOAUTH2 dXNlcj1h\n535 5.7.8 no",
            "DEBUG SMTP: AUTH XOAUTH2 failed\njavax.mail.AuthenticationFailedException: 535 5.7.8 no",
            SYMFONY.replace('Authenticator "LOGIN"', 'Authenticator "XOAUTH2"'),
            "535 5.7.8 XOAUTH2 failed",
        ],
    )
    def test_what_was_used_does(self, text: str) -> None:
        cause = find(read(text))
        assert cause
        assert cause.code == "auth.xoauth2_token_rejected"


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("mail.go:110: dial tcp 192.0.2.1:587: connect: connection refused", 587),
        ("/usr/lib/ruby/net/protocol.rb:219:in `rbuf_fill': Connection refused", 0),
        ("panicked at src/main.rs:993:5:\nConnection refused (os error 111)", 0),
        ("connect ECONNREFUSED at mailer.js:587:12", 0),
        ("File mail.py:110: connection refused", 0),
        ("connect smtp.example.py:587: connection refused", 587),
        ("(SMTPTransport.java:2196) Couldn't connect to host, port: smtp.example.com, 465; timeout -1", 465),
        ("Unable to connect to ssl://smtp.example.com:465 (Connection timed out)", 465),
        ("dial tcp [2001:db8::25]:465: i/o timeout", 465),
        ("the address [2001:db8::240] must have a name", 0),
        ("read tcp 192.0.2.7:40000->192.0.2.1:465: i/o timeout", 465),
        ("lookup smtp.example.com on 127.0.0.53:53: no such host", 0),
    ],
)
def test_the_port_is_that_of_an_address_and_no_line_of_a_program(text: str, port: int) -> None:
    assert read(text).port == port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("535 5.7.8 bad password", "bad password"),
        ("550 blocked", "blocked"),
        ("550 b", "b"),
        ("550 5.7.1 Virus found (Eicar)", "Virus found (Eicar)"),
        ("550 5.7.1 no [192.0.2.1]", "no [192.0.2.1]"),
        ('550 "quoted" user unknown', '"quoted" user unknown'),
        ('550 the user said "no"', 'the user said "no"'),
        ('550 "no"', '"no"'),
        ("(550, b'blocked by us')", "blocked by us"),
        ("{'a@b.example': (550, b'<a@b.example>: unknown (x)')}", "<a@b.example>: unknown (x)"),
        ("(550, b\"doesn't exist\", 'a@b.example')", "doesn't exist"),
        ("could not get 3xx (550: 550 too many (x))", "too many (x)"),
        ("<** 535-go to\n<** 535 https://example.com\n -> QUIT\n<-  221 bye", "go to\nhttps://example.com"),
        ("reply: b'535-go to\\r\\n'\nreply: b'535 there\\r\\n'\nreply: retcode (535); Msg: b'x'", "go to\nthere"),
        ("S: 535-go to\nS: 535 there\nC: QUIT", "go to\nthere"),
    ],
)
def test_the_words_of_the_server_are_not_altered(text: str, words: str) -> None:
    assert reply_in(text).text == words


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("dial tcp: lookup smtp.gmial.example on 127.0.0.53:53: no such host", "smtp.gmial.example"),
        ("550 5.4.310 DNS domain example.invalid does not exist", "example.invalid"),
        ("getaddrinfo ENOTFOUND smtp.gmial.example", "smtp.gmial.example"),
        ("java.net.UnknownHostException: smtp.gmial.example", "smtp.gmial.example"),
        ("The remote name could not be resolved: 'smtp.gmial.example'", "smtp.gmial.example"),
        ("curl: (6) Could not resolve host: smtp.gmial.example", "smtp.gmial.example"),
    ],
)
def test_a_name_that_does_not_exist_is_told(text: str, host: str) -> None:
    cause = find(read(text))
    assert cause
    assert cause.title == f"The host name {host} does not exist"
    if "does not exist" not in text:
        assert f"getent hosts {host}" in cause.next_steps[0]


def test_without_a_name_the_title_is_a_sentence_all_the_same() -> None:
    cause = find(read("socket.gaierror: [Errno -2] Name or service not known"))
    assert cause
    assert cause.title == "The server's host name does not exist"


def test_failed_mail_is_not_the_command_of_that_name() -> None:
    assert read("ERROR mail failed: 550 5.1.1 no").step == "rcpt"
    assert read("curl: (55) MAIL failed: 550 no").step == "mail"


@pytest.mark.parametrize(
    "text",
    [
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN",
        "dovecot: submission-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<alice>",
    ],
)
def test_a_login_that_dovecot_refuses_is_no_hang_up(text: str) -> None:
    cause = find(read(text))
    assert cause
    assert cause.code == "auth.bad_credentials"


@pytest.mark.parametrize(
    ("text", "expected", "other"),
    [
        (
            "dsn=4.7.5, status=deferred (Server certificate not verified)",
            "tls.cert_untrusted",
            "tls.cert_name_mismatch",
        ),
        ("SocketTimeoutException: Read timed out", "greeting.timeout", "connect.timeout"),
        ("Net::ReadTimeout", "greeting.timeout", "connect.timeout"),
        ("TimeoutError: The read operation timed out", "greeting.timeout", "connect.timeout"),
        ("SocketTimeoutException: connect timed out", "connect.timeout", ""),
        ("550-Verification failed for <a@b>\n550-No such user\n550 Sender verify failed", "sender.not_owned", ""),
        ("550 Sender verify failed", "sender.not_owned", "sender.domain_not_found"),
        ("550 The account or domain may not exist, they may be blacklisted, or ...", "rcpt.unknown_user", ""),
        ('{"ErrorCode":300,"Message":"Invalid \'From\' address: \'foo\'."}', "address.invalid", ""),
        ('{"ErrorCode":10,"Message":"The Server Token was invalid."}', "auth.bad_credentials", ""),
        (
            "535 Login fail. Account is abnormal, service is not open, password is incorrect (mail.qq.com)",
            "auth.app_password_required",
            "auth.smtp_disabled_for_account",
        ),
        ("javax.mail.AuthenticationFailedException: failed to connect, no password specified?", "auth.required", ""),
        ("SMTP connect() failed.", "connect.timeout", "connect.refused"),
        ("SMTP Error: Could not connect to SMTP host.", "connect.timeout", "tls.cert_name_mismatch"),
        ("SMTP ERROR: Failed to connect to server: Connection refused (111)", "connect.refused", ""),
    ],
)
def test_what_many_programs_say(text: str, expected: str, other: str) -> None:
    cause = find(read(text))
    assert cause
    assert cause.code == expected
    assert not other or other in [one.code for one in cause.others]


@pytest.mark.parametrize("last", ["No such user here", "Unrouteable address", "missing the proper dns entries."])
def test_a_sender_that_nobody_can_answer_is_told_as_such(last: str) -> None:
    cause = find(read(f"550-Verification failed for <app@host>\n550-{last}\n550 Sender verify failed"))
    assert cause
    assert cause.title == "The sender's address or domain does not exist"
