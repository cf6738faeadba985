"""The reports of a test for other programs: each by its convention, whatever a server says."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from postroom.errors import ConfigError, Exit, Fault, PostroomError, SecretError, Stopped, UsageError
from postroom.result import Result, Warn
from postroom.ui.views.github import github_report, github_summary
from postroom.ui.views.junit import junit_report
from postroom.ui.views.nagios import nagios_report, nagios_status
from tests.support.junit_schema import SCHEMA

HOSTILE = (
    "550 a\x00\x01\x0b\x1b[31m\x85\x9b ]]> <&\"' | `` ```` ~~~~ \ud800\udfff \ufffe\uffff é\u202e\n"
    "::error::x\r##[add-path]x"
)
WARNING = Warn("tls.cert_expires_soon", "the certificate expires in 3 days", "renew it, 100%: now")


def step(name: str, *, ok: bool | None = True, **detail: Any) -> dict[str, Any]:
    took = None if ok is None else 12.4
    return {"name": name, "ok": ok, "skipped": ok is None, "duration_ms": took, "detail": detail}


def data(steps: Sequence[Mapping[str, Any]], *, text: str = "Ok", **more: Any) -> dict[str, Any]:
    return {
        "server": {"name": "main", "host": "mail.example.com", "port": 587, "security": "starttls"},
        "steps": steps,
        "message_id": "<1@example.com>",
        "receipt": {"code": 250, "enhanced": "2.0.0", "text": text},
        "queue_id": "4ABC",
        "transcript": None,
        **more,
    }


def row(address: str, *, refused: str | None = None) -> dict[str, Any]:
    return {"address": address, "code": 550, "enhanced": "5.1.1", "text": HOSTILE, "class": refused}


def fault(code: str = "rcpt.unknown_user", message: str = "The recipient does not exist.") -> Fault:
    return Fault(code, message, step="rcpt", hint="look at the address", detail=HOSTILE, exit=Exit.NO_USER)


GOOD = Result("smtp test", data([step("config"), step("tls", ok=None), step("data")]))
SAID = GOOD._replace(data=data([step("config")], text=HOSTILE, transcript=f"S: {HOSTILE}\nC: QUIT"))
WARNED = GOOD._replace(warnings=[WARNING])
STRICT = WARNED._replace(exit=Exit.WARNING)
PARTIAL_STEPS = [
    step("rcpt", recipients=[row("bob@example.com"), row("carol@example.com", refused="rcpt.unknown_user")])
]
PARTIAL = Result("smtp test", data(PARTIAL_STEPS), exit=Exit.PARTIAL)
FAILED = Result("smtp test", data([step("mail"), step("rcpt", ok=False), step("data", ok=None)], receipt=None))
NOT_BEGUN = Result("smtp test", {})

CASES: Mapping[str, tuple[Result, PostroomError | None]] = {
    "good": (GOOD, None),
    "said": (SAID, None),
    "warned": (WARNED, None),
    "strict": (STRICT, None),
    "partial": (PARTIAL, None),
    "failed": (FAILED, fault()),
    "config": (NOT_BEGUN, ConfigError("config.invalid", HOSTILE, hint=HOSTILE, detail=HOSTILE)),
    "secret": (
        Result("smtp test", data([step("config"), step("secret", ok=False)], server=None, receipt=None)),
        SecretError("secret.not_found", "no such secret"),
    ),
    "usage": (NOT_BEGUN, UsageError("usage.bad_option", "no such option")),
    "interrupted": (Result("smtp test", data([step("config")])), Stopped("stopped.interrupted", "interrupted")),
    "bug": (NOT_BEGUN, PostroomError("bug", "a bug")),
}
EVERY = pytest.mark.parametrize("case", CASES)


# JUnit.


@EVERY
def test_junit_is_valid_by_the_schema_and_counts_what_it_holds(case: str) -> None:
    text = junit_report(*CASES[case])
    assert text.isascii()
    SCHEMA.validate(text)
    suite = ET.fromstring(text)  # noqa: S314 - our own program wrote it
    found = [len(suite.findall(f"testcase{kind}")) for kind in ("", "/failure", "/error", "/skipped")]
    assert [int(suite.get(name) or -1) for name in ("tests", "failures", "errors", "skipped")] == found
    failed = case in {"strict", "partial", "failed"}
    assert found[1:3] == [int(failed), int(case not in {"good", "said", "warned"} and not failed)]


def test_the_schema_is_no_rubber_stamp() -> None:
    for broken in ("<testsuite/>", '<testsuite name="a" tests="1" failures="0" errors="0"><case/></testsuite>'):
        with pytest.raises(xmlschema.XMLSchemaValidationError):
            SCHEMA.validate(broken)


def test_junit_makes_visible_what_xml_has_no_place_for() -> None:
    failure = ET.fromstring(junit_report(*CASES["failed"])).find("testcase/failure")  # noqa: S314
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("rcpt.unknown_user", "The recipient does not exist.")
    # Every line that is the server's stands behind a bar.
    assert (failure.text or "").split("\n") == [
        "The recipient does not exist.",
        "next: look at the address",
        "| 550 a\\x00\\x01\\x0b\\x1b[31m\\x85\\x9b ]]> <&\"' | `` ```` ~~~~ \\ud800\\udfff \\ufffe\\uffff é\\u202e",
        "| ::error::x\\x0d##\\x5badd-path]x",
    ]


def test_junit_tells_the_dialogue_and_what_the_server_accepted() -> None:
    said = ET.fromstring(junit_report(*CASES["said"])).findtext("system-out")  # noqa: S314
    assert said is not None
    assert said.startswith("mail.example.com port 587 accepted: 250 2.0.0 550 a\\x00")
    assert "\n| C: QUIT" in said


# Nagios.


@EVERY
def test_nagios_is_one_line_with_a_status_by_the_convention(case: str) -> None:
    text = nagios_report(*CASES[case])
    status = nagios_status(*CASES[case])
    expected = {"good": 0, "said": 0, "warned": 0, "strict": 1, "partial": 1, "failed": 2}.get(case, 3)
    assert status == expected
    assert text.startswith(f"SMTP {('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')[status]} - ")
    assert text.isprintable()
    assert len(text.encode("utf-8", "strict")) < 1024
    head, _, performance = text.partition(" | ")
    assert "|" not in head + performance
    for datum in performance.split():
        label, _, value = datum.partition("=")
        number, *_limits = value.split(";")
        assert label.isalpha()
        assert float(number.removesuffix("s")) >= 0
        assert value.endswith("s;;;0")
    assert bool(performance) == bool(CASES[case][0].data)


def test_nagios_names_the_warnings_and_counts_them() -> None:
    assert "; 1 warning: the certificate expires in 3 days | time=" in nagios_report(WARNED, None)
    assert nagios_report(STRICT, None).startswith("SMTP WARNING - 1 warning: the certificate")
    many = GOOD._replace(warnings=[WARNING, WARNING])
    assert "2 warnings: " in nagios_report(many, None)


def test_nagios_counts_the_whole_time_and_each_step() -> None:
    assert nagios_report(GOOD, None).partition(" | ")[2] == "time=0.025s;;;0 config=0.012s;;;0 data=0.012s;;;0"


def test_nagios_cuts_what_an_old_daemon_would_cut_with_the_times_behind_it() -> None:
    text = nagios_report(FAILED, fault(message="x" * 5000))
    assert "... | time=" in text
    assert len(text) < 1023


@pytest.mark.parametrize(("code", "status"), [("auth.bad_credentials", 2), ("config.cleartext_not_allowed", 3)])
def test_what_our_own_settings_forbid_is_not_the_servers_fault(code: str, status: int) -> None:
    assert nagios_status(FAILED, fault(code)) == status


# GitHub.


@EVERY
def test_github_gives_workflow_commands_and_nothing_else(case: str) -> None:
    lines = github_report(*CASES[case]).splitlines()
    assert lines
    for line in lines:
        name, _, properties = line.removeprefix("::").partition(" ")
        title, mark, message = properties.partition("::")
        assert name in {"error", "warning", "notice"}
        assert title.startswith("title=")
        assert mark == "::"
        assert not set(title) & {":", ","}
        assert message.isprintable()
        left = message.replace("%25", "").replace("%0A", "").replace("%0D", "")
        assert "%" not in left
    kinds = [line[2:].partition(" ")[0] for line in lines]
    assert ("error" in kinds) == (case not in {"good", "said", "warned"})


def test_github_escapes_by_the_documented_grammar() -> None:
    warning = Warn("a:b,c%d\n", "50% of\r\nx: y, z")
    first = github_report(GOOD._replace(warnings=[warning]), None).splitlines()[0]
    assert first == "::warning title=a%3Ab%2Cc%25d%0A::50%25 of%0D%0Ax: y, z"


@EVERY
def test_the_summary_shows_the_servers_words_in_a_fence_that_they_cannot_close(case: str) -> None:
    result, error = CASES[case]
    lines = github_summary(result, error).splitlines()
    assert lines[:2] == ["", lines[1]]
    assert lines[1].startswith("### postroom smtp test: ")
    outside, fence = [], ""
    for line in lines:
        mark = line.removesuffix("text") if line.startswith("```") and line.endswith("`text") else line
        if fence and line == fence:
            fence = ""
        elif not fence and mark and set(mark) == {"`"}:
            fence = mark
        elif fence:
            assert not line.startswith(fence)
        else:
            outside.append(line)
        assert line.isprintable()
    assert not fence
    forged = [line for line in outside if line.startswith(("::", "##[", "<")) or "<&" in line.replace("\\<\\&", "")]
    assert not forged
    rows = [line for line in outside if line.startswith("| ") and "---" not in line]
    assert len(rows) == (len(result.data["steps"]) + 1 if result.data else 0)
    assert all(row.count("|") == 4 for row in rows)


def test_a_longer_fence_than_any_in_the_words_is_taken() -> None:
    words = "a\n" + "`" * 7 + "\n# forged"
    summary = github_summary(FAILED, Fault("a.b", "m", step="rcpt", detail=words))
    assert f"{'`' * 8}text\n{words}\n{'`' * 8}\n" in summary


def test_the_summary_takes_the_diagnosis_where_there_is_one() -> None:
    diagnosis = {
        "class": "rcpt.unknown_user", "title": "No such user.", "cause": "A *slip*.", "retry": "never", "exit": 67,
        "scope": "recipient", "next_steps": ["look", "write"], "docs": ["https://example.com/a_b"], "provider": None,
        "others": [],
    }  # fmt: skip
    result = FAILED._replace(data={**FAILED.data, "diagnosis": diagnosis})
    text = github_summary(result, fault())
    assert "**Class:** rcpt.unknown\\_user\n\n**What:** No such user.\n\n**Cause:** A \\*slip\\*.\n" in text
    assert "**Next steps:**\n\n1. look\n1. write\n" in text
    assert "- https://example.com/a\\_b\n" in text
    assert "next: look\nnext: write\n" in junit_report(result, fault())
    # A diagnosis of something else does not explain this error.
    other = github_summary(result, ConfigError("config.invalid", "broken", hint="mend it"))
    assert "No such user." not in other
    assert "**What:** broken\n\n**Next steps:**\n\n1. mend it\n" in other


def test_the_summary_says_how_it_ended() -> None:
    heads = {case: github_summary(*found).splitlines()[1].rpartition(": ")[2] for case, found in CASES.items()}
    assert heads == {
        **dict.fromkeys(("good", "said"), "passed"),
        **dict.fromkeys(("warned", "strict"), "passed, with something to mend"),
        "partial": "some recipients were refused",
        "failed": "failed",
        **dict.fromkeys(("config", "secret", "usage", "interrupted", "bug"), "could not be made"),
    }
