"""The envelope is a contract, text is made safe, and a broken pipe is no failure."""

import io
import json
import os
from typing import Any

import pytest

from postroom.errors import Exit, PostroomError, UsageError
from postroom.result import Result, Step, Warn
from postroom.ui.blocks import Block, Fields, Line, Next, Table, Verbatim
from postroom.ui.console import RichOutput
from postroom.ui.render import PlainOutput, Renderer, quietly
from postroom.ui.steps import step_line

KEYS = ["version", "command", "ok", "exit", "data", "warnings", "error"]
HOSTILE = "550 bad [/x] [link=http://evil.test]user[/link] \x1b[31mred\x9b0m"


def rendered(as_json: bool, *, quiet: bool = False) -> tuple[Renderer, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Renderer(PlainOutput(out, err), as_json=as_json, quiet=quiet, stdout=out), out, err


def test_the_envelope_has_exactly_its_keys() -> None:
    renderer, out, err = rendered(as_json=True)
    warning = Warn("tls.cert_expires_soon", "in 3 days", "renew it")
    renderer.result(Result("smtp test", {"steps": []}, [warning], Exit.PARTIAL), lambda data: [])
    found = json.loads(out.getvalue())
    assert list(found) == KEYS
    assert found["warnings"] == [{"code": "tls.cert_expires_soon", "message": "in 3 days", "hint": "renew it"}]
    assert (found["version"], found["ok"], found["exit"], found["error"]) == (1, False, 3, None)
    assert err.getvalue() == ""


def test_an_error_has_exactly_its_keys() -> None:
    renderer, out, _ = rendered(as_json=True)
    error = PostroomError(
        "auth.bad_credentials", "refused", hint="again", detail=HOSTILE, retry="never", exit=Exit.NO_PERMISSION,
        data={"steps": [1]},
    )  # fmt: skip
    renderer.error(error, "smtp test")
    found = json.loads(out.getvalue())
    assert list(found) == KEYS
    assert list(found["error"]) == ["code", "message", "hint", "detail", "retry"]
    assert found["data"] == {"steps": [1]}
    assert found["error"]["detail"] == HOSTILE


@pytest.mark.parametrize(
    ("status", "ok"), [(Exit.OK, True), (Exit.WARNING, True), (Exit.PARTIAL, False), (Exit.NO, False)]
)
def test_ok_is_true_for_success_and_for_a_mere_warning(status: Exit, *, ok: bool) -> None:
    renderer, out, _ = rendered(as_json=True)
    renderer.result(Result("x", {}, exit=status), lambda data: [])
    assert json.loads(out.getvalue())["ok"] is ok


def test_json_is_ascii_so_that_no_terminal_obeys_it() -> None:
    renderer, out, _ = rendered(as_json=True)
    renderer.error(UsageError("usage.x", HOSTILE + "\u202e\ud800"), "smtp")
    assert out.getvalue().isascii()
    assert "\x1b" not in out.getvalue()


BLOCKS: list[Block] = [
    Line(HOSTILE),
    Table(("a", "b"), [(HOSTILE, "two\nlines")]),
    Fields([("name", HOSTILE)]),
    Next(HOSTILE, HOSTILE),
]


def test_plain_text_is_safe_and_markup_is_only_text() -> None:
    renderer, out, err = rendered(as_json=False)
    renderer.result(Result("x", {}, [Warn("c", HOSTILE, HOSTILE)]), lambda data: BLOCKS)
    renderer.error(PostroomError("c", HOSTILE, hint=HOSTILE, detail=HOSTILE), "x")
    renderer.output.step(Step("auth", ok=False, detail={"code": 550, "text": HOSTILE}))
    for text in (out.getvalue(), err.getvalue()):
        assert "\x1b" not in text
        assert "\x9b" not in text
        assert "[link=http://evil.test]user[/link]" in text


def test_of_a_long_reply_the_text_of_an_error_has_the_beginning_and_json_all() -> None:
    error = PostroomError("c", "refused", detail="\n".join(f"line {number}" for number in range(30)))
    renderer, _, err = rendered(as_json=False)
    renderer.error(error, "x")
    lines = err.getvalue().splitlines()
    assert (lines[1], lines[10], lines[11]) == ("  | line 0", "  | line 9", "  | (20 more lines)")
    as_json, out, _ = rendered(as_json=True)
    as_json.error(error, "x")
    assert "line 29" in json.loads(out.getvalue())["error"]["detail"]


FORGED = "250-ok\nerror: forged\n::error::forged"


def test_no_foreign_string_forges_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    blocks: list[Block] = [Line(FORGED), Next(FORGED, FORGED), Fields([("name", FORGED)]), Table(("a",), [(FORGED,)])]
    error = PostroomError("c", FORGED, hint=FORGED, detail=FORGED)
    renderer, out, err = rendered(as_json=False)
    terminal = Renderer(RichOutput(no_color=True))
    for one in (renderer, terminal):
        one.result(Result("x", {}, [Warn("c", FORGED, FORGED)]), lambda data: blocks)
        one.error(error, "x")
        one.output.step(Step("auth", ok=False, detail={"code": 550, "text": FORGED}))
    shown = capsys.readouterr()
    lines = (out.getvalue() + err.getvalue() + shown.out + shown.err).splitlines()
    assert not [line for line in lines if line.startswith(("error: forged", "::"))]


def test_a_terminal_gets_no_foreign_escape_and_no_live_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output = RichOutput(no_color=True)
    for block in [*BLOCKS, Verbatim(HOSTILE)]:
        output.block(block)
    output.talk(HOSTILE, "bad")
    output.step(Step("auth", ok=False, detail={"code": 550, "text": HOSTILE}))
    output.rest()
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\x9b" not in shown.out + shown.err
    assert "[/x]" in shown.out


def test_a_table_in_a_pipe_is_tab_separated_rows() -> None:
    renderer, out, _ = rendered(as_json=False)
    renderer.result(Result("x", {}), lambda data: [Table(("name", "host"), [("main", "a"), ("other", "b")])])
    assert out.getvalue() == "main\ta\nother\tb\n"


URL = "https://learn.example.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-submission"
ROWS = [
    ("why", "Nobody knows. " * 8),
    ("hint", "1. Do as the page says, and then: postroom smtp test main"),
    ("", "2. Wait."),
    ("read", URL),
    ("", URL),
]


def test_in_a_pipe_every_value_has_its_name() -> None:
    renderer, out, err = rendered(as_json=False)
    renderer.blocks([Fields(ROWS)])
    renderer.output.page(ROWS)
    names = ["why", "hint", "hint", "read", "read"]
    for text in (out.getvalue(), err.getvalue()):
        assert [line.partition(": ")[0] for line in text.splitlines()] == names
    assert out.getvalue() == err.getvalue()


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_no_address_and_no_command_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    output = RichOutput(no_color=True)
    output.block(Fields(ROWS))
    output.page(ROWS)
    output.talk(f"error: nothing is known of the cause, see {URL}", "bad")
    shown = capsys.readouterr()
    for text, addresses in ((shown.out, 2), (shown.err, 3)):
        assert text.count(URL) == addresses
        assert text.count("postroom smtp test main") == 1
        assert [line for line in text.splitlines() if len(line) > columns and URL not in line] == []
        lines = text.splitlines()
        assert lines[0].startswith("why   Nobody knows.")
        assert lines[1].startswith("      ")


def test_the_words_of_a_server_stay_behind_their_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    RichOutput(no_color=True).talk("  | 550  no", "dim")
    assert capsys.readouterr().err == "  | 550  no\n"


def test_a_program_gets_verbatim_text_as_it_is() -> None:
    renderer, out, _ = rendered(as_json=False)
    renderer.result(Result("x", {}), lambda data: [Verbatim("complete -F \x1b\n")])
    assert out.getvalue() == "complete -F \x1b\n"


def test_quiet_leaves_the_result_and_drops_the_advice() -> None:
    renderer, out, err = rendered(as_json=False, quiet=True)
    renderer.result(Result("x", {}), lambda data: [Line("result"), Next("postroom smtp test")])
    assert (out.getvalue(), err.getvalue()) == ("result\n", "")


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Step("resolve", ok=True, duration_ms=2.4, detail={"addresses": ["::1", "127.0.0.1"]}), "::1, 127.0.0.1"),
        (Step("connect", ok=True, duration_ms=0.2, detail={"address": "::1", "port": 25}), "::1 port 25"),
        (Step("greeting", ok=True, detail={"banner": "mail.example.test ESMTP"}), "mail.example.test ESMTP"),
        (Step("greeting", ok=True, detail={"banner": ""}), "greeting"),
        (Step("connect", ok=False, detail={"sign": "connection-refused", "text": ""}), "the connection was refused"),
        (Step("mail", ok=False, detail={"code": 553, "enhanced": "5.7.1", "text": "no"}), "553 5.7.1 no"),
        (Step("config", ok=False, detail={"code": "config.no_server"}), "config.no_server"),
    ],
)
def test_a_step_is_told_in_one_line(step: Step, line: str) -> None:
    told = "  ".join(step_line(step)).rstrip()
    assert told.endswith(line)
    assert told.startswith("ok " if step.ok else "FAIL ")


def test_a_reader_that_went_away_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as broken:
        monkeypatch.setattr("sys.stdout", broken)

        def write(*_: Any) -> None:
            broken.write("x" * 100_000)

        quietly(write)
        quietly(write)


def test_a_line_breaks_between_words_and_a_command_of_a_hint_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = RichOutput(no_color=True)
    output.block(Line("one two three four five six seven eight nine ten", "dim"))
    command = "postroom smtp set main --host mail.example.com --port 587"
    output.talk(f"hint: Take the other port: {command}", "hint")
    told = capsys.readouterr()
    assert all(len(line) <= 40 for line in told.out.splitlines())
    assert "".join(told.out.split()) == "onetwothreefourfivesixseveneightnineten"
    assert command in told.err.splitlines()
