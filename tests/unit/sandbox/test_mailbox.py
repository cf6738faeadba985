"""The sandbox's mailbox: what came is there byte for byte, each with its envelope."""

import json
import mailbox
import stat
from pathlib import Path
from threading import Thread

import pytest

from postroom.domain.arrival import Arrival
from postroom.errors import Exit, FileError
from postroom.sandbox.mailbox import Mailbox

MAIL = b"From: ann@example.com\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    made = Mailbox(tmp_path / "Maildir")
    made.prepare()
    return made


def keep(box: Mailbox, data: bytes = MAIL, *, recipients: tuple[str, ...] = ("bob@example.com",)) -> Arrival:
    return box.keep(
        data,
        received_at="2026-03-04T05:06:07.000Z",
        mail_from="ann@example.com",
        recipients=recipients,
        tls="TLSv1.3",
        username="ann",
        seconds=1772600767,
    )


def test_an_arrival_tells_envelope_session_and_header(box: Mailbox) -> None:
    kept = keep(box)

    assert kept._replace(path="") == Arrival(
        number=1,
        received_at="2026-03-04T05:06:07.000Z",
        mail_from="ann@example.com",
        recipients=("bob@example.com",),
        subject="Grüße",
        message_id="<1@example.com>",
        tls="TLSv1.3",
        username="ann",
        size_bytes=len(MAIL),
        path="",
    )
    assert box.arrivals() == [kept]
    assert json.loads(json.dumps(kept.as_data()))["recipients"] == ["bob@example.com"]


@pytest.mark.parametrize(
    "data",
    [
        MAIL,
        b"",
        b"\n",
        b"no header at all",
        b"A: b\n\nbare\nline\rfeeds\x00\xff",
        b".\r\n..\r\n",
        bytes(range(256)),
    ],
    ids=["usual", "empty", "newline", "headless", "mixed-line-ends", "dots", "every-octet"],
)
def test_the_bytes_are_kept_as_they_came(box: Mailbox, data: bytes) -> None:
    kept = keep(box, data)

    assert box.read(kept.number) == data
    assert Path(kept.path).read_bytes() == data


def test_mails_are_numbered_in_the_order_of_their_arrival(box: Mailbox) -> None:
    for count in range(1, 13):
        assert keep(box).number == count

    assert [arrival.number for arrival in box.arrivals()] == list(range(1, 13))


def test_writers_at_the_same_time_get_numbers_of_their_own(box: Mailbox) -> None:
    boxes = [Mailbox(box.directory) for _ in range(4)]
    threads = [Thread(target=lambda one=one: [keep(one) for _ in range(25)]) for one in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(arrival.number for arrival in box.arrivals()) == list(range(1, 101))


def test_a_maildir_reader_finds_the_mails(box: Mailbox) -> None:
    keep(box)

    (message,) = mailbox.Maildir(box.directory, create=False)
    assert message["Message-ID"] == "<1@example.com>"


def test_a_mail_that_a_mail_program_has_marked_as_seen_is_still_known(box: Mailbox) -> None:
    kept = keep(box)
    seen = box.directory / "cur" / (Path(kept.path).name + ":2,S")
    Path(kept.path).rename(seen)

    assert box.arrivals() == [kept._replace(path=str(seen))]
    assert box.read(1) == MAIL


@pytest.mark.parametrize("sidecar", [b"", b"[]", b"{}", b'{"number": 1, "more": 2}', b"\xff", None])
def test_a_mail_is_listed_even_when_its_envelope_is_lost(box: Mailbox, sidecar: bytes | None) -> None:
    kept = keep(box)
    path = box.directory / "envelopes" / "1.json"
    path.unlink() if sidecar is None else path.write_bytes(sidecar)

    assert [(arrival.number, arrival.recipients) for arrival in box.arrivals()] == [(kept.number, ())]


def test_foreign_files_in_the_maildir_are_left_alone(box: Mailbox) -> None:
    keep(box)
    foreign = box.directory / "new" / "1772600767.M1P2.host"
    foreign.write_bytes(MAIL)

    assert len(box.arrivals()) == 1
    assert box.clear() == 1
    assert foreign.exists()


def test_clearing_removes_every_mail_and_numbers_go_on(box: Mailbox) -> None:
    keep(box)
    keep(box)

    assert box.clear() == 2
    assert box.arrivals() == []
    assert list((box.directory / "envelopes").iterdir()) == []
    assert keep(box).number == 3
    with pytest.raises(KeyError):
        box.read(1)


def test_mails_and_directories_are_for_their_owner_only(box: Mailbox) -> None:
    keep(box)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (box.directory, *box.directory.rglob("*"))}
    assert {path: mode for path, mode in modes.items() if mode & 0o077} == {}


def test_a_mailbox_that_was_never_made_is_empty(tmp_path: Path) -> None:
    nowhere = Mailbox(tmp_path / "nowhere")

    assert nowhere.arrivals() == []
    assert nowhere.clear() == 0
    assert not nowhere.directory.exists()


def test_a_mailbox_that_cannot_be_written_says_so(box: Mailbox) -> None:
    (box.directory / "tmp").rmdir()

    with pytest.raises(FileError) as failed:
        keep(box)
    assert failed.value.exit is Exit.CANNOT_CREATE
    assert str(box.directory) in failed.value.message
    assert box.arrivals() == []
