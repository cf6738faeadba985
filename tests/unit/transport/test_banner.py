"""What a greeting says besides that it greets, and what a firewall leaves of it."""

from datetime import datetime

import pytest

from postroom.transport.banner import date_in, is_masked, name_in
from postroom.transport.first_words import protocol_of


@pytest.mark.parametrize(
    ("banner", "moment"),
    [
        ("mail.example.com ESMTP Exim 4.96 Fri, 20 Nov 2026 10:12:13 +0000", "2026-11-20T10:12:13+00:00"),
        ("a.example.com ESMTP Sendmail 8.15.2; Fri, 20 Nov 2026 10:12:13 +0100", "2026-11-20T09:12:13+00:00"),
        ("EX01 Microsoft ESMTP MAIL Service ready at Fri, 2 Oct 2026 10:12:13 -0700", "2026-10-02T17:12:13+00:00"),
        ("a.outlook.com ready at Fri, 20 Nov 2026 10:12:13 +0000 [08DE12]", "2026-11-20T10:12:13+00:00"),
        ("x.example.com ESMTP Fri, 20 Nov 2026 10:12:13 -0000 (UTC)", "2026-11-20T10:12:13+00:00"),
    ],
)
def test_the_servers_time_is_read(banner: str, moment: str) -> None:
    assert date_in(banner) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "banner",
    ["", "mail.example.com ESMTP Postfix", "x ESMTP Fri, 99 Nov 2026 10:12:13 +0000", "x 20 Nov 2026 99:12:13 +0000"],
)
def test_what_is_no_time_is_none(banner: str) -> None:
    assert date_in(banner) is None


@pytest.mark.parametrize(
    ("banner", "name"),
    [
        ("smtp.gmail.com ESMTP x-1.2 - gsmtp", "smtp.gmail.com"),
        ("Mail.Example.COM ESMTP", "mail.example.com"),
        ("ESMTP ready", ""),
        ("[127.0.0.1] ESMTP", ""),
        ("", ""),
    ],
)
def test_the_servers_name_is_read(banner: str, name: str) -> None:
    assert name_in(banner) == name


@pytest.mark.parametrize(
    ("banner", "extensions", "masked"),
    [
        ("*" * 60, (), True),
        ("**************2******200***0*******", (), True),
        ("mail.example.com ESMTP", ("SIZE", "XXXXXXXA"), True),
        ("mail.example.com ESMTP", ("XXXXB",), True),
        ("mail.example.com ESMTP", ("XCLIENT", "XFORWARD", "X-EXPS", "XXX"), False),
        ("*** mail.example.com: authorised use only ***", ("STARTTLS",), False),
        ("mail.example.com ESMTP\n" + "*" * 60, (), False),
        ("", (), False),
    ],
)
def test_a_machine_between_that_blots_out_is_seen(banner: str, extensions: tuple[str, ...], *, masked: bool) -> None:
    assert is_masked(banner, extensions) is masked


@pytest.mark.parametrize(
    ("received", "protocol"),
    [
        (b"220 mail.example.com ESMTP\r\n", "smtp"),
        (b"554-no\r\n", "smtp"),
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"<html>", "http"),
        (b"* OK IMAP4rev1\r\n", "imap"),
        (b"+OK POP3\r\n", "pop3"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "ssh"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "tls"),
        (b"\x16\x03\x03", "tls"),
        (b"55 bottles", ""),
        (b"", ""),
    ],
)
def test_a_protocol_is_told_by_its_first_words(received: bytes, protocol: str) -> None:
    assert protocol_of(received) == protocol
