"""Pasted text as a whole: which failure of it is judged, that all of it is looked at, what is no failure of mail."""

import json
import random
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.diagnosis.pasted.judge import MOST_CHARACTERS, diagnose
from postroom.diagnosis.pasted.log import log_entries, may_fail
from postroom.diagnosis.pasted.mime import message_text
from postroom.diagnosis.pasted.reading import read
from postroom.domain.characters import decode
from tests.unit.diagnosis import shares

CORPUS = Path(__file__).parents[2] / "corpus"


def code(text: str, *, step: str = "", provider: str = "") -> str | None:
    cause = diagnose(text, step=step, provider=provider).cause
    return cause.code if cause else None


class TestALog:
    @pytest.mark.parametrize(
        "stamp",
        [
            "2026-11-20T{}Z app: ",
            "2026-11-20 {},123 ERROR ",
            "[2026-11-20 {}] ",
            "[20-Nov-2026 {} UTC] ",
            "Nov 20 {} host postfix/smtp[22]: ",
            "<22>Nov 20 {} host app: ",
            "[Fri Nov 20 {} 2026] ",
            "{} ",
            "web_1  | 2026-11-20T{}.5Z ",
        ],
    )
    def test_the_last_failure_is_the_present_trouble(self, stamp: str) -> None:
        told = ("450 4.2.0 Greylisted", "status=sent (250 ok)", "status=bounced (said: 552 5.2.2 mailbox full)", "idle")
        log = "\n".join(stamp.format(f"{10 + hour}:20:00") + line for hour, line in enumerate(told))
        found = diagnose(log)
        assert found.cause
        assert (found.cause.code, found.judged, found.more) == ("rcpt.mailbox_full", "552 5.2.2 mailbox full", 1)

    def test_stamps_may_be_seconds_of_the_epoch_or_stand_in_objects(self) -> None:
        assert code("1763632800 535 authentication failed\n1763636400 Connection refused") == "connect.refused"
        lines = [{"time": 1, "err": "535 5.7.8 authentication failed"}, {"time": 2, "err": "dial: connection refused"}]
        assert code("\n".join(map(json.dumps, lines))) == "connect.refused"

    @pytest.mark.parametrize(
        "line",
        [
            'ts=2026-11-20T{}.000Z level=error err="{}"',
            'level=error ts=2026-11-20T{}.000Z caller=x err="{}"',
            'time="2026-11-20T{}Z" level=error msg="{}"',
        ],
    )
    def test_so_may_fields_in_logfmt(self, line: str) -> None:
        log = "\n".join(
            [
                line.format("10:00:00", "535 5.7.8 no"),
                line.format("10:05:00", "552 5.2.2 full"),
                line.format("10:06:00", ""),
            ]
        )
        found = diagnose(log)
        assert (found.judged, found.more) == ("552 5.2.2 full", 1)

    def test_failures_of_other_kinds_are_counted(self) -> None:
        log = "10:00:00 535 5.7.8 authentication failed\n10:05:00 Connection refused\n10:10:00 Connection refused\n"
        found = diagnose(log)
        assert (found.cause and found.cause.code, found.more) == ("connect.refused", 2)
        assert found.judged == "10:10:00 Connection refused"

    def test_what_a_program_says_within_a_second_is_one_failure(self) -> None:
        log = (
            "2026-11-20 10:00:03 SERVER -> CLIENT: 552 5.2.2 mailbox full\n"
            "2026-11-20 10:00:04 SMTP Error: connection closed unexpectedly\n"
        )
        assert code(log) == "rcpt.mailbox_full"
        assert len(log_entries(log)) == 1

    def test_a_reply_ends_where_the_next_line_has_a_stamp(self) -> None:
        stamp = "Nov 20 10:00:00 h a[1]: "
        log = f"{stamp}552-5.2.2 mailbox\n{stamp}552 5.2.2 full\n{stamp}x"
        assert diagnose(log).judged == "552 5.2.2 mailbox\nfull"

    def test_a_traceback_belongs_to_its_line_and_other_programs_do_not(self) -> None:
        log = (
            "Nov 20 10:00:00 host app[1]: sending\nTraceback (most recent call last):\n"
            "Nov 20 10:00:00 host cron[2]: started\n"
            "Nov 20 10:30:00 host app[1]: done\n"
        )
        assert [entry.count("\n") for entry in log_entries(log)] == [1, 0, 1]

    def test_a_text_with_one_stamp_is_none(self) -> None:
        assert log_entries("535 no\n2026-11-20 10:00:00 x\n535 no") == ()
        first = "504 5.5.2 <localhost>: Helo command rejected\n421 4.7.0 too many errors"
        found = read(first).reply
        assert diagnose(first).judged == str(found)


class TestALongText:
    LINES = tuple(f"Nov 20 {hour:02}:{minute:02}:00 host app: ok" for hour in range(24) for minute in range(60))

    @pytest.mark.parametrize("stamped", [True, False])
    @pytest.mark.parametrize("place", [0, 750, 1440])
    def test_a_failure_is_found_wherever_it_stands(self, stamped: bool, place: int) -> None:
        lines = list(self.LINES) if stamped else ["nothing happens here, " * 3] * 1440
        lines.insert(place, ("Nov 20 12:00:30 host b: " if stamped else "") + "552 5.2.2 mailbox full")
        assert code("\n".join(lines)) == "rcpt.mailbox_full"

    def test_a_failure_is_found_within_a_line_without_end(self) -> None:
        assert code("x y " * 30_000 + " 552 5.2.2 mailbox full " + "x y " * 30_000) == "rcpt.mailbox_full"

    def test_what_is_not_looked_at_is_told(self) -> None:
        words = ["cannot", "moon", "sun", "fail", "star", "sky", "rain", "wind"]
        chance = random.Random(1)  # noqa: S311 - no secret
        lines = [" ".join(chance.choices(words, k=12)) for _ in range(MOST_CHARACTERS // 25)]
        assert diagnose("\n".join(lines)).left_out
        assert diagnose("\n".join(f"Nov 20 {n % 24:02}:{n % 60:02}:00 {line}" for n, line in enumerate(lines))).left_out
        assert code("\n".join([*lines, "552 5.2.2 mailbox full"])) == "rcpt.mailbox_full"
        assert not diagnose("\n".join(lines[:100])).left_out

    def test_every_known_failure_is_one_that_is_looked_at(self) -> None:
        for name in ("faults.jsonl", "faults_elsewhere.jsonl"):
            for row in map(json.loads, (CORPUS / name).read_text("utf-8").splitlines()):
                found = code(row["text"], step=row["step"] or "", provider=row["provider"] or "")
                assert may_fail(row["text"]) or found is None, row["text"]


class TestWhatIsNoFailureOfMail:
    @pytest.mark.parametrize(
        "text",
        [
            "sshd[22]: Failed password for invalid user admin from 203.0.113.4 port 51422 ssh2",
            "sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1000",
            'psql: FATAL: password authentication failed for user "app"',
            'FATAL: password authentication failed for user "app"',
            "user alice not found in LDAP",
            "docker: Error response from daemon: Get https://registry/v2/: unauthorized: authentication required",
            "nginx: 502 Bad Gateway",
            "Nov 20 kernel: Out of memory: Killed process 535 (python)",
            "Nov 20 10:00:00 host kernel: Out of memory: Killed process 535 (python)",
            "2026-11-20 12:00:00 backup finished, 550 files copied, 0 errors",
            "Linux version 5.10.0 starts",
            'GET / HTTP/1.1" 500 162',
        ],
    )
    def test_is_none(self, text: str) -> None:
        assert diagnose(text).cause is None
        assert diagnose(f"Nov 20 10:00:00 a b: x\nNov 20 11:00:00 h {text}", provider="gmail").cause is None

    def test_nor_are_random_octets(self) -> None:
        for seed in range(20):
            octets = random.Random(seed).randbytes(10_000)  # noqa: S311 - no secret
            assert diagnose(decode(octets)).cause is None

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("535", None),
            ("535 no", "auth.bad_credentials"),
            ("-535 5.7.8 no", "auth.bad_credentials"),
            ("the server said: 535 no", "auth.bad_credentials"),
            ("we got error 552 mailbox full", "rcpt.mailbox_full"),
            ("Killed process 552 5.2.2 mailbox full", "rcpt.mailbox_full"),
            ("nginx: PHP message: SMTP Error: 535 5.7.8 no", "auth.bad_credentials"),
            ("authentication failed", None),
            ("SMTP authentication failed", "auth.bad_credentials"),
        ],
    )
    def test_but_a_mail_servers_words_are(self, text: str, cause: str | None) -> None:
        assert code(text) == cause

    def test_nothing_that_was_named_rightly_is_lost(self) -> None:
        for name in ("faults.jsonl", "faults_elsewhere.jsonl"):
            for failure in shares.load(name):
                if failure.match.entry.cause == failure.cause:
                    found = code(failure.text, step=failure.step, provider=failure.provider)
                    assert found == failure.cause, failure.text


class TestObjects:
    @pytest.mark.parametrize(
        ("command", "step"),
        [("RCPT TO", "rcpt"), ("MAIL FROM", "mail"), ("DATA", "data"), ("AUTH PLAIN", "auth"), ("CONN", "greeting")],
    )
    def test_of_nodemailer_tell_reply_and_step(self, command: str, step: str) -> None:
        text = json.dumps({"response": "552 5.2.2 over quota", "responseCode": 552, "command": command})
        signs = diagnose(text).signs
        assert signs.reply
        assert (str(signs.reply), signs.step) == ("552 5.2.2 over quota", step)

    def test_a_status_of_http_is_no_reply(self) -> None:
        for text in ('{"status":"401"}', '{"code": "503"}', '{"error":"invalid_grant","status":"400"}'):
            assert read(text).reply is None


class TestAMessage:
    BODY = "<a@example.org>: Größe\n\nhost mx.example.org said: 550 5.1.1 Benutzer unbekannt\n"

    @pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
    @pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
    def test_is_read_decoded(self, encoding: str, charset: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "mailer-daemon@example.com", "Undelivered"
        mail.set_content(self.BODY, charset=charset, cte=encoding)
        told = message_text(decode(mail.as_bytes()))
        assert told.startswith("Undelivered\n")
        assert self.BODY.strip() in told
        assert code(decode(mail.as_bytes())) == "rcpt.unknown_user"

    def test_of_a_report_what_came_back_is_not_read(self) -> None:
        text = (
            "From: mailer-daemon@example.com\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\n\nSorry.\n\n--b\nContent-Type: message/delivery-status\n\n"
            "Reporting-MTA: dns; mail.example.com\n\nAction: failed\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full\n\n"
            "--b\nContent-Type: message/rfc822\n\nSubject: 535 5.7.8 bad\n\n550 5.1.1 User unknown\n--b--\n"
        )
        told = message_text(text)
        assert "552 5.2.2 mailbox full" in told
        assert "User unknown" not in told
        assert code(text) == "rcpt.mailbox_full"

    @pytest.mark.parametrize("text", ["535 5.7.8 no", "Subject: 535 no\n\nx", "Content-Type: text/plain\n\nx", ""])
    def test_what_is_none_comes_back(self, text: str) -> None:
        assert message_text(text) == text

    def test_that_is_nested_without_end_breaks_nothing(self) -> None:
        deep = "From: a\nMIME-Version: 1.0\n" + "Content-Type: message/rfc822\n\n" * 5000 + "535 5.7.8 no"
        diagnose(deep)


@given(st.text(max_size=300), st.integers(0, 3))
def test_no_text_is_too_strange(text: str, times: int) -> None:
    diagnose("\n".join([f"10:0{times}:00 {text}"] * times) + text)
    message_text("From: a\nMIME-Version: 1.0\nContent-Type: " + text)


class TestAReportOnADelivery:
    DELIVERED = (
        "Action: delivered\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 2.0.0 Ok\nFinal-Recipient: rfc822; a@b.example\n"
    )

    def test_that_tells_of_success_tells_of_no_failure(self) -> None:
        assert code(self.DELIVERED) is None
        assert code(self.DELIVERED.replace("delivered", "relayed")) is None

    def test_that_tells_of_both_is_judged(self) -> None:
        failed = "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown user\n"
        assert code(f"{self.DELIVERED}\n{failed}") == "rcpt.unknown_user"
