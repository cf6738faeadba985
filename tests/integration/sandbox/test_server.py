"""The sandbox server as a mail server: what other people's clients see of it."""

import contextlib
import smtplib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from postroom.clock import Clock, rfc3339
from postroom.domain.arrival import Arrival
from postroom.errors import Exit, PostroomError
from postroom.sandbox.server import SIZE_LIMIT_BYTES, Server

MAIL = b"From: ann@example.com\r\nSubject: Hello\r\n\r\nSome words.\r\n"


@contextlib.contextmanager
def client(server: Server, host: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
    connection = smtplib.SMTP(host, server.port, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def strict(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def listening(path: Path) -> Server:
    return Server(path, now=Clock().now, stamp=rfc3339, port=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_strict_client_gets_through_by_every_name_of_this_machine(server: Server, host: str) -> None:
    with client(server, host) as smtp:
        smtp.starttls(context=strict(server))
        smtp.login("ann", "any password")
        smtp.sendmail("ann@example.com", ["bob@example.com", "carol@example.com"], MAIL)

    (mail,) = server.arrivals()
    assert (mail.mail_from, mail.recipients) == ("ann@example.com", ("bob@example.com", "carol@example.com"))
    assert (mail.tls, mail.username) == ("TLSv1.3", "ann")
    assert server.read(mail.number) == MAIL


def test_what_it_offers_changes_with_tls(server: Server) -> None:
    with client(server) as smtp:
        smtp.ehlo()
        before = set(smtp.esmtp_features)
        smtp.starttls(context=strict(server))
        smtp.ehlo()
        after = set(smtp.esmtp_features)

    assert {"size", "8bitmime", "smtputf8", "starttls", "auth"} <= before
    assert before - after == {"starttls"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("encrypted", [True, False], ids=["tls", "clear"])
def test_every_login_is_right_with_and_without_tls(server: Server, mechanism: str, encrypted: bool) -> None:
    with client(server) as smtp:
        if encrypted:
            smtp.starttls(context=strict(server))
        smtp.ehlo()
        smtp.user, smtp.password = "anyone", "anything"
        smtp.auth(mechanism, getattr(smtp, f"auth_{mechanism.lower()}"))
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)

    (mail,) = server.arrivals()
    assert (mail.username, bool(mail.tls)) == ("anyone", encrypted)


def test_no_password_is_kept(server: Server, sentinel: str) -> None:
    with client(server) as smtp:
        smtp.login("ann", sentinel)
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)

    kept = [path for path in server.directory.rglob("*") if path.is_file() and sentinel.encode() in path.read_bytes()]
    assert kept == []
    assert len(server.arrivals()) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n.dot\r\n",
        b"Subject: \xc3\xa4\r\n\r\n\xff\xfe\x00binary\r\n",
        b"Subject: long\r\n\r\n" + b"x" * 998 + b"\r\n",
        b"no header\r\n",
    ],
    ids=["dots", "eight-bit", "longest-line", "headless"],
)
def test_a_mail_arrives_byte_for_byte(server: Server, data: bytes) -> None:
    with client(server) as smtp:
        smtp.sendmail("ann@example.com", "bob@example.com", data)

    assert server.read(1) == data


def test_the_null_reverse_path_is_taken(server: Server) -> None:
    with client(server) as smtp:
        smtp.sendmail("", "bob@example.com", MAIL)

    assert server.arrivals()[0].mail_from == ""


def test_addresses_outside_ascii_are_taken_with_smtputf8(server: Server) -> None:
    with client(server) as smtp:
        smtp.ehlo()
        smtp.sendmail("änne@example.com", "björn@example.com", MAIL, mail_options=["SMTPUTF8", "BODY=8BITMIME"])

    assert server.arrivals()[0].recipients == ("björn@example.com",)


def test_octets_that_are_no_utf8_in_an_address_do_no_harm(server: Server) -> None:
    with client(server) as smtp:
        smtp.ehlo()
        smtp.send(b"MAIL FROM:<ann@example.com>\r\nRCPT TO:<b\xff\xfeb@example.com>\r\n")
        smtp.getreply()
        smtp.getreply()
        smtp.data(MAIL)

    (mail,) = server.arrivals()
    mail.recipients[0].encode()


def test_several_mails_on_one_connection_are_several_mails(server: Server) -> None:
    with client(server) as smtp:
        for number in range(5):
            smtp.sendmail("ann@example.com", f"bob{number}@example.com", MAIL)

    assert [mail.recipients for mail in server.arrivals()] == [(f"bob{number}@example.com",) for number in range(5)]
    assert server.received == 5


def test_clients_at_the_same_time_lose_nothing(server: Server) -> None:
    def send(number: int) -> None:
        with client(server) as smtp:
            smtp.sendmail("ann@example.com", f"bob{number}@example.com", MAIL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(40)))

    assert {mail.recipients[0] for mail in server.arrivals()} == {f"bob{number}@example.com" for number in range(40)}


def test_a_reply_of_many_lines_does_not_wait_for_an_acknowledgement(server: Server) -> None:
    with client(server) as smtp:
        took = []
        for _ in range(5):
            began = time.monotonic()
            smtp.ehlo()
            took.append(time.monotonic() - began)

    # A delayed acknowledgement takes 40 ms each time; a busy machine is not busy each time.
    assert min(took) < 0.03


def test_the_final_reply_names_the_mail(server: Server) -> None:
    with client(server) as smtp:
        smtp.ehlo()
        smtp.mail("ann@example.com")
        smtp.rcpt("bob@example.com")
        assert smtp.data(MAIL) == (250, b"2.0.0 Ok: queued as 1")


def test_a_mail_that_is_too_large_is_refused_by_its_announced_size(server: Server) -> None:
    with client(server) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["size"] == str(SIZE_LIMIT_BYTES)
        assert smtp.mail("ann@example.com", [f"SIZE={SIZE_LIMIT_BYTES + 1}"])[0] == 552


def test_a_mail_that_cannot_be_kept_is_not_accepted(server: Server) -> None:
    (server.directory / "Maildir" / "tmp").rmdir()

    with client(server) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)
    assert refused.value.smtp_code == 451
    assert server.received == 0


def test_a_client_that_spoils_the_handshake_does_not_spoil_the_server(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with client(server) as smtp, pytest.raises(ssl.SSLError):
        smtp.starttls(context=ssl.create_default_context())
    with client(server) as smtp:
        smtp.docmd("STARTTLS")
        smtp.send(b"this is no TLS\r\n")
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.getreply()
    with client(server) as smtp:
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)

    assert len(server.arrivals()) == 1
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_every_mail_is_told_to_the_watcher(tmp_path: Path) -> None:
    told = SimpleQueue[Arrival]()
    with Server(tmp_path, now=Clock().now, stamp=rfc3339, port=0, watch=told.put) as server, client(server) as smtp:
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)
        assert told.get(timeout=10) == server.arrivals()[0]


def test_stopping_ends_idle_and_encrypted_connections_at_once(tmp_path: Path) -> None:
    server = listening(tmp_path)
    server.start()
    with client(server) as clear, client(server) as encrypted:
        encrypted.starttls(context=strict(server))
        encrypted.ehlo()
        clear.ehlo()
        server.stop()
        for smtp in (clear, encrypted):
            with pytest.raises(smtplib.SMTPServerDisconnected):
                smtp.noop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_a_port_can_be_taken_again_at_once(tmp_path: Path) -> None:
    first = listening(tmp_path)
    first.start()
    with client(first) as smtp:
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)
        first.stop()  # the side that closes first keeps the connection in TIME-WAIT
    with Server(tmp_path, now=Clock().now, stamp=rfc3339, port=first.port) as second, client(second) as smtp:
        smtp.sendmail("ann@example.com", "bob@example.com", MAIL)
        assert [mail.number for mail in second.arrivals()] == [1, 2]


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_named(tmp_path: Path, family: socket.AddressFamily, address: str) -> None:
    with socket.create_server((address, 0), family=family) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PostroomError) as failed:
            Server(tmp_path, now=Clock().now, stamp=rfc3339, port=port).start()
    assert (failed.value.code, failed.value.exit) == ("sandbox.port_in_use", Exit.TRY_AGAIN)
    assert str(port) in failed.value.message
    assert "--port" in failed.value.hint


def test_only_this_machine_can_reach_it(server: Server) -> None:
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    listeners = {row[1].rpartition(":")[0] for row in rows if row[1].endswith(f":{server.port:04X}") and row[3] == "0A"}
    assert listeners == {"0100007F", "00000000000000000000000001000000"}


@pytest.mark.needs("msmtp")
def test_msmtp_delivers_with_a_verified_certificate_and_a_login(server: Server) -> None:
    argv = ["msmtp", "--host=localhost", f"--port={server.port}", "--tls=on", "--tls-starttls=on"]
    argv += [f"--tls-trust-file={server.ca_file}", "--auth=plain", "--user=ann", "--passwordeval=echo any"]
    argv += ["--from=ann@example.com", "bob@example.com"]
    subprocess.run(argv, input=MAIL.replace(b"\r\n", b"\n"), check=True, timeout=30)

    (mail,) = server.arrivals()
    assert (mail.tls, mail.username, mail.subject) == ("TLSv1.3", "ann", "Hello")


@pytest.mark.needs("swaks")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_delivers_with_a_login(server: Server, mechanism: str) -> None:
    argv = ["swaks", "--server", f"127.0.0.1:{server.port}", "--tls", "--tls-ca-path", str(server.ca_file)]
    argv += ["--auth", mechanism, "--auth-user", "ann", "--auth-password", "any", "--to", "bob@example.com"]
    argv += ["--from", "ann@example.com", "--header", "Subject: from swaks"]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)

    (mail,) = server.arrivals()
    assert (bool(mail.tls), mail.username, mail.subject) == (True, "ann", "from swaks")
