"""What the sandbox's commands do, apart from sockets and processes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from postroom.domain.address import parse_address
from postroom.domain.arrival import Arrival
from postroom.domain.ports import SandboxServer
from postroom.errors import Exit, PostroomError
from postroom.services.sandbox_mails import clear_mails, list_mails, show_mail
from postroom.services.sandbox_run import run
from postroom.services.sandbox_serve import serve
from postroom.services.sandbox_wait import Wanted, wait
from tests.support.moving_clock import MovingClock


def arrival(number: int, recipient: str = "bob@example.com", subject: str = "Welcome") -> Arrival:
    return Arrival(number, "2026-03-04T05:06:07.000Z", "a@b.c", (recipient,), subject, "", "", "", 3, f"/m/{number}")


class Inbox:
    """Mails that come as time passes: a list of (seconds, mail)."""

    def __init__(self, *coming: tuple[float, Arrival]) -> None:
        self.clock = MovingClock()
        self._began = self.clock.monotonic()
        self._coming = coming

    def arrivals(self) -> list[Arrival]:
        passed = self.clock.monotonic() - self._began
        return [mail for seconds, mail in self._coming if seconds <= passed]

    def wait(self, wanted: Wanted, *, timeout_seconds: float = 30, only_new: bool = False) -> Mapping[str, Any]:
        return wait(
            self.arrivals,
            wanted,
            timeout_seconds=timeout_seconds,
            only_new=only_new,
            monotonic=self.clock.monotonic,
            pause=self.clock.advance,
        ).data


BOB = Wanted(parse_address("bob@example.com"))


def numbers(data: Mapping[str, Any], key: str = "mails") -> list[int]:
    return [mail["number"] for mail in data[key]]


def test_a_mail_that_was_there_before_counts() -> None:
    data = Inbox((0, arrival(1))).wait(BOB)

    assert numbers(data) == [1]
    assert data["waited_ms"] == 0


def test_a_mail_that_comes_later_is_waited_for() -> None:
    data = Inbox((5, arrival(1))).wait(BOB)

    assert numbers(data) == [1]
    assert 5000 <= data["waited_ms"] < 5500


def test_a_mail_at_the_last_moment_is_not_missed() -> None:
    assert numbers(Inbox((30, arrival(1))).wait(BOB, timeout_seconds=30)) == [1]


def test_no_time_at_all_still_looks_once() -> None:
    assert numbers(Inbox((0, arrival(1))).wait(BOB, timeout_seconds=0)) == [1]


def test_with_only_new_the_earlier_mails_do_not_count() -> None:
    assert numbers(Inbox((0, arrival(1)), (2, arrival(2))).wait(BOB, only_new=True)) == [2]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(parse_address("bob@example.com"), at_least=2), [1, 3]),
        (Wanted(parse_address("BOB@Example.com"), at_least=2), [1, 3]),
        (Wanted(parse_address("bob@example.com"), re.compile("^Welcome")), [1]),
        (Wanted(parse_address("bob@example.com"), re.compile("reset")), [3]),
        (Wanted(parse_address("carol@example.com")), [2]),
    ],
)
def test_recipient_subject_and_count_decide(wanted: Wanted, found: list[int]) -> None:
    inbox = Inbox((0, arrival(1)), (1, arrival(2, "carol@example.com")), (2, arrival(3, subject="Your password reset")))

    assert numbers(inbox.wait(wanted)) == found


@pytest.mark.parametrize("came", ["bob@bücher.example", "bob@xn--bcher-kva.example", "Bob@BÜCHER.example"])
def test_a_domain_is_the_same_in_either_form(came: str) -> None:
    assert numbers(Inbox((0, arrival(1, came))).wait(Wanted(parse_address("bob@bücher.example")))) == [1]


def test_an_envelope_that_no_strict_reader_would_take_is_no_hindrance() -> None:
    assert numbers(Inbox((0, arrival(1, "no address at all")), (0, arrival(2))).wait(BOB)) == [2]


def test_what_did_not_arrive_is_said_with_what_did() -> None:
    inbox = Inbox((0, arrival(1, "carol@example.com")), (1, arrival(2, subject="Goodbye")))

    with pytest.raises(PostroomError) as failed:
        inbox.wait(Wanted(parse_address("bob@example.com"), re.compile("Welcome"), 2), timeout_seconds=10)
    error = failed.value
    assert (error.code, error.exit) == ("sandbox.not_arrived", Exit.NO)
    assert "0 of 2 mails for bob@example.com with a subject like 'Welcome' arrived within 10 s" in error.message
    assert error.detail == "1  carol@example.com  Welcome\n2  bob@example.com  Goodbye"
    assert numbers(error.data) == []
    assert numbers(error.data, "others") == [1, 2]


def test_an_empty_sandbox_is_asked_whether_it_runs() -> None:
    with pytest.raises(PostroomError) as failed:
        Inbox().wait(BOB, timeout_seconds=1)
    assert "postroom sandbox serve" in failed.value.hint


def test_mails_are_listed_oldest_first() -> None:
    assert numbers(list_mails(lambda: [arrival(1), arrival(2)]).data) == [1, 2]


def shown(number: int | None, *, raw: bool = False, stored: Mapping[int, bytes] | None = None) -> Mapping[str, Any]:
    mails = {1: b"one", 2: b"two\r\n\xff"} if stored is None else stored
    return show_mail(
        lambda: [arrival(1), arrival(2)],
        mails.__getitem__,
        lambda data: {"text": data.decode("latin-1")},
        number=number,
        raw=raw,
    ).data


def test_a_mail_is_shown_by_its_number_and_the_newest_without() -> None:
    assert shown(1)["text"] == "one"
    assert shown(None)["number"] == 2


def test_only_raw_has_the_mail_as_it_came() -> None:
    assert "raw" not in shown(2)
    assert shown(2, raw=True)["raw"] == "two\r\n\ufffd"


@pytest.mark.parametrize("number", [3, 1])
def test_a_mail_that_is_not_there_is_named(number: int) -> None:
    with pytest.raises(PostroomError, match=f"no mail {number} ") as failed:
        shown(number, stored={})
    assert failed.value.exit is Exit.NO_INPUT


def test_an_empty_sandbox_has_no_newest_mail() -> None:
    with pytest.raises(PostroomError, match="no mail in the sandbox"):
        show_mail(list, lambda _: b"", lambda _: {}, number=None, raw=False)


@pytest.mark.parametrize(("count", "changes"), [(3, [{"key": "mails", "old": 3, "new": 0}]), (0, [])])
def test_clearing_says_how_many_mails_are_gone(count: int, changes: list[object]) -> None:
    data = clear_mails(lambda: count).data

    assert data == {"changed": count > 0, "changes": changes, "removed": count}


class FakeServer:
    """A sandbox server without sockets: `mails` came while it was open."""

    def __init__(self, directory: Path, mails: Sequence[Arrival] = ()) -> None:
        self.directory = directory
        self.mails = mails
        self.state = "new"

    port = 2525

    @property
    def ca_file(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def received(self) -> int:
        return len(self.mails)

    def arrivals(self) -> Sequence[Arrival]:
        assert self.state == "open"
        return self.mails

    def read(self, number: int) -> bytes:
        raise KeyError(number)

    def write_ready_file(self, path: Path) -> None:
        path.touch()

    def variables(self) -> Mapping[str, str]:
        return {"SMTP_PORT": str(self.port)}

    def __enter__(self) -> Self:
        self.state = "open"
        return self

    def __exit__(self, *reason: object) -> None:
        self.state = "closed"


def test_serving_tells_place_and_mails_and_ends_with_a_signal(tmp_path: Path) -> None:
    told: list[Mapping[str, Any]] = []
    signals: list[Callable[[str], object]] = []
    server = FakeServer(tmp_path, [arrival(1), arrival(2)])

    def open_server(directory: Path, *, port: int, watch: Callable[[Arrival], object] | None = None) -> SandboxServer:
        assert (directory, port) == (tmp_path, 1025)
        assert watch is not None
        for mail in server.mails:
            watch(mail)
        return server

    @contextmanager
    def stop_signals(tell: Callable[[str], object]) -> Iterator[None]:
        signals.append(tell)
        yield

    def ready(ready_server: SandboxServer) -> None:
        assert ready_server is server
        assert server.state == "open"
        signals[0]("SIGTERM")

    result = serve(open_server, tmp_path, port=1025, stop_signals=stop_signals, ready=ready, tell=told.append)

    assert [event["event"] for event in told] == ["listening", "mail", "mail"]
    assert (told[0]["port"], told[2]["number"]) == (2525, 2)
    assert result.data["stopped_by"] == "SIGTERM"
    assert result.data["received"] == 2
    assert result.exit is Exit.OK
    assert server.state == "closed"


def run_with(
    *, mails: int = 0, status: int = 0, expect: int = 0, keep: Path | None = None
) -> tuple[FakeServer, list[str], Callable[[], Any]]:
    told: list[str] = []
    server = FakeServer(Path("unset"), [arrival(number) for number in range(1, mails + 1)])

    def open_server(directory: Path, *, port: int, watch: Callable[[Arrival], object] | None = None) -> SandboxServer:
        assert port == 0
        server.directory = directory
        return server

    def run_child(variables: Mapping[str, str]) -> int:
        assert server.state == "open"
        assert variables == server.variables()
        return status

    return server, told, lambda: run(open_server, run_child, ["./tests"], expect=expect, keep=keep, tell=told.append)


@pytest.mark.parametrize("status", [0, 1, 42, 143])
def test_a_commands_status_is_passed_on(status: int) -> None:
    _, told, go = run_with(mails=2, status=status)
    result = go()

    assert result.exit == status
    assert (result.data["exit"], result.data["received"]) == (status, 2)
    assert told == [f"sandbox: 2 mails arrived; ./tests ended with {status}"]


def test_too_few_mails_fail_a_command_that_succeeded() -> None:
    _, _, go = run_with(mails=1, expect=2)

    with pytest.raises(PostroomError, match="1 of the 2 expected") as failed:
        go()
    assert (failed.value.code, failed.value.exit) == ("sandbox.fewer_mails", Exit.NO)
    assert numbers(failed.value.data) == [1]


def test_a_commands_own_failure_comes_before_the_missing_mails() -> None:
    _, _, go = run_with(mails=0, expect=2, status=7)

    assert go().exit == 7


def test_without_keep_nothing_is_left_and_no_path_is_named() -> None:
    server, _, go = run_with(mails=1)
    data = go().data

    assert not server.directory.exists()
    assert data["directory"] is None
    assert [mail["path"] for mail in data["mails"]] == [None]


def test_with_keep_the_mails_stay_and_their_place_is_named(tmp_path: Path) -> None:
    server, told, go = run_with(mails=1, keep=tmp_path)
    data = go().data

    assert server.directory == tmp_path
    assert tmp_path.exists()
    assert (data["directory"], data["mails"][0]["path"]) == (str(tmp_path), "/m/1")
    assert str(tmp_path) in told[0]
