"""`smtp providers ADDRESS --online`: real questions over UDP; and that nothing is asked without the option."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import dns.rcode
import pytest

from postroom import desk
from postroom.__main__ import main
from postroom.errors import Exit, Fault
from postroom.transport.mx import mail_exchangers
from tests.conftest import RunPostroom
from tests.support.name_server import Answer, Failure, NameServer, Records, Silence
from tests.support.program import Completed, clean_environment, program
from tests.support.terminal import Terminal

PATIENCE_SECONDS = 5.0  # for an answer that comes
SHORT_SECONDS = 0.3  # for one that never comes

ZONE: Mapping[str, Answer] = {
    "customer.example": Records(
        ["20 Alt1.ASPMX.L.Google.com.", "5 aspmx.l.google.com.", "10 b.example.", "10 a.example."]
    ),
    "europe.example": Records(["10 mx.zoho.eu.", "20 mx2.zoho.eu."]),
    "own.example": Records(["10 mail.own.example.", "50 spool.mail.gandi.net."]),
    "lookalike.example": Records(["10 notmessagingengine.com."]),
    "xn--mnchen-3ya.example": Records(["10 in1-smtp.messagingengine.com."]),
    "nomx.example": Records(),
    "null.example": Records(["0 ."]),
    "half.example": Records(["0 .", "10 mail.half.example."]),
    "broken.example": Failure(dns.rcode.SERVFAIL),
    "refused.example": Failure(dns.rcode.REFUSED),
    "silent.example": Silence(),
}


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    with NameServer(ZONE) as server:
        yield server


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (
            "customer.example",
            ["aspmx.l.google.com", "a.example", "b.example", "alt1.aspmx.l.google.com"],
        ),
        ("half.example", ["mail.half.example"]),
    ],
)
def test_exchangers_come_by_preference_then_name_in_lower_case(
    name_server: NameServer, domain: str, expected: list[str]
) -> None:
    assert mail_exchangers(domain, PATIENCE_SECONDS, name_server=name_server.place) == expected
    assert name_server.asked == [domain]


@pytest.mark.parametrize(
    ("domain", "code", "status", "retry", "words"),
    [
        ("missing.example", "dns.host_not_found", Exit.NO_HOST, "never", "does not exist"),
        ("nomx.example", "dns.no_mail_exchanger", Exit.NO_HOST, "never", "has no mail exchanger"),
        ("null.example", "dns.no_mail_exchanger", Exit.NO_HOST, "never", "takes no mail"),
        ("broken.example", "dns.temporary_failure", Exit.TRY_AGAIN, "later", "no name server told"),
        ("refused.example", "dns.temporary_failure", Exit.TRY_AGAIN, "later", "no name server told"),
    ],
)
def test_each_way_to_no_exchanger_has_its_code(
    name_server: NameServer, domain: str, code: str, status: Exit, retry: str, words: str
) -> None:
    with pytest.raises(Fault, match=words) as caught:
        mail_exchangers(domain, PATIENCE_SECONDS, name_server=name_server.place)
    error = caught.value
    assert (error.code, error.exit, error.retry, error.step) == (code, status, retry, "resolve")
    assert domain in error.message
    assert error.hint


def test_silence_ends_at_the_deadline(name_server: NameServer) -> None:
    start = time.monotonic()
    with pytest.raises(Fault) as caught:
        mail_exchangers("silent.example", SHORT_SECONDS, name_server=name_server.place)
    assert SHORT_SECONDS * 0.9 <= time.monotonic() - start < PATIENCE_SECONDS
    assert (caught.value.code, caught.value.exit) == ("dns.temporary_failure", Exit.TRY_AGAIN)


def test_the_command_waits_five_seconds_at_most() -> None:
    assert desk.EXCHANGERS_SECONDS <= 5


@pytest.fixture
def ask(name_server: NameServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Ask":
    """Runs the command in this process, with a desk that asks the test's name server."""
    monkeypatch.setattr(desk, "Desk", partial(desk.Desk, name_server=name_server.place))
    return Ask(monkeypatch, capsys)


class Ask:
    """The program with its arguments, as the console script runs it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str) -> Completed:
        self._monkeypatch.setattr(sys, "argv", ["postroom", "smtp", "providers", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        return Completed(out, err, int(ended.value.code or 0))


def test_the_provider_that_takes_the_mail_is_found(ask: Ask, name_server: NameServer) -> None:
    done = ask("alice@customer.example", "--online", "--json")
    data = done.json["data"]
    assert done.exit == 0
    assert [preset["id"] for preset in data["providers"]] == ["google-workspace"]
    assert data["mx"][0] == "aspmx.l.google.com"
    assert data["asked"] == "alice@customer.example"
    assert name_server.asked == ["customer.example"]
    assert "aspmx.l.google.com" in ask("alice@customer.example", "--online").stdout


def test_the_region_is_that_of_the_exchanger(ask: Ask) -> None:
    (preset,) = ask("a@europe.example", "--online", "--json").json["data"]["providers"]
    assert (preset["id"], preset["region"], preset["host"]) == ("zoho-pro", "eu", "smtppro.zoho.eu")
    assert "--provider zoho-pro --region eu" in ask("a@europe.example", "--online").stderr


def test_an_international_domain_is_asked_for_as_an_a_label(ask: Ask, name_server: NameServer) -> None:
    data = ask("a@münchen.example", "--online", "--json").json["data"]
    assert [preset["id"] for preset in data["providers"]] == ["fastmail"]
    assert name_server.asked == ["xn--mnchen-3ya.example"]


def test_a_preset_lists_an_international_domain_in_either_form(
    ask: Ask, name_server: NameServer, tmp_home: Path
) -> None:
    presets = Path(clean_environment(tmp_home, "")["POSTROOM_CONFIG"]).parent / "presets"
    presets.mkdir(parents=True)
    file = presets / "own.toml"
    file.write_text(
        'title = "Own"\ndomains = ["münchen.example"]\nhost = "mail.example"\nport = 465\nsecurity = "tls"\n'
        'auth = ["none"]\nsources = ["us"]\nchecked = 2026-11-20\n'
    )
    file.chmod(0o600)
    for address in ("a@münchen.example", "a@XN--MNCHEN-3YA.example"):
        assert [preset["id"] for preset in ask(address, "--json").json["data"]["providers"]] == ["own"]
    assert name_server.asked == []


@pytest.mark.parametrize(
    ("domain", "exchanger"),
    [("own.example", "mail.own.example"), ("lookalike.example", "notmessagingengine.com")],
)
def test_an_exchanger_of_nobody_we_know_is_named(ask: Ask, domain: str, exchanger: str) -> None:
    done = ask(f"a@{domain}", "--online", "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "config.unknown_provider")
    assert exchanger in done.json["error"]["message"]
    assert done.json["data"]["mx"][0] == exchanger


@pytest.mark.parametrize(
    ("domain", "status", "code"),
    [("missing.example", 68, "dns.host_not_found"), ("broken.example", 75, "dns.temporary_failure")],
)
def test_a_failed_look_up_ends_the_command_with_its_status(ask: Ask, domain: str, status: int, code: str) -> None:
    done = ask(f"a@{domain}", "--online", "--json")
    assert (done.exit, done.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize("address", ["a@gmail.com", "a@[192.0.2.1]"])
def test_no_question_where_the_answer_is_known(ask: Ask, name_server: NameServer, address: str) -> None:
    done = ask(address, "--online", "--json")
    assert done.json["data"].get("mx") is None
    assert name_server.asked == []


def test_without_the_option_no_question_is_asked(ask: Ask, name_server: NameServer) -> None:
    done = ask("a@customer.example", "--json")
    assert (done.exit, done.json["error"]["code"]) == (78, "config.unknown_provider")
    assert "--online" in done.json["error"]["hint"]
    assert ask("gmail", "--json").json["data"]["mx"] is None
    assert name_server.asked == []


@pytest.mark.parametrize("words", [(), ("gmail",)])
def test_the_option_needs_an_address(ask: Ask, words: tuple[str, ...]) -> None:
    done = ask(*words, "--online", "--json")
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")


@pytest.fixture
def without_dnspython(tmp_path: Path) -> dict[str, str]:
    """An environment in which the library cannot be imported, and a try to do so leaves the file `tried`."""
    package = tmp_path / "stub" / "dns"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text(
        f"open({str(tmp_path / 'tried')!r}, 'w').close()\nraise ModuleNotFoundError(name='dns')\n"
    )
    return {"PYTHONPATH": str(package.parent)}


def test_without_the_extra_it_is_said_what_installs_it(
    run_postroom: RunPostroom, tmp_path: Path, without_dnspython: dict[str, str]
) -> None:
    words = ("smtp", "providers", "a@customer.example", "--json")
    assert run_postroom(*words, env=without_dnspython).json["error"]["code"] == "config.unknown_provider"
    assert not (tmp_path / "tried").exists()
    done = run_postroom(*words, "--online", env=without_dnspython)
    assert (done.exit, done.json["error"]["code"]) == (78, "config.extra_missing")
    assert "pip install 'postroom[dns]'" in done.json["error"]["hint"]
    assert (tmp_path / "tried").exists()


def test_the_wizard_never_looks_up_by_itself(tmp_home: Path, tmp_path: Path, without_dnspython: dict[str, str]) -> None:
    environment = {**clean_environment(tmp_home, os.environ["PATH"]), **without_dnspython}
    with Terminal([*program(), "smtp", "set"], environment=environment, directory=tmp_path) as terminal:
        terminal.expect("Address")
        terminal.type("a@customer.example\n")
        terminal.expect("Mail server")
        terminal.type("\x03")
        assert terminal.finish().exit == 130
    assert not (tmp_path / "tried").exists()
