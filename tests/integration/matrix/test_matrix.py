"""Every misconfiguration of the matrix: what is said of it, how the program ends, and how soon."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunPostroom
from tests.integration.matrix.case import PARTIAL, STATUS, Case
from tests.integration.matrix.cases import CASES
from tests.integration.matrix.stage import Stage, words_of
from tests.integration.matrix.table import PROPERTY
from tests.support.program import Completed

RecordProperty = Callable[[str, object], None]

_SUCCESS = re.compile(r"\b(?:sent|accepted|delivered|queued)\b", re.IGNORECASE)
# What may be said of a mail that did not go: that, and what a server's own words say of what it does not do.
_DENIED = re.compile(
    r"nothing was sent|(?:was|were|is|are) not (?:sent|accepted|delivered)|not accepted|may have been delivered"
    r"|nobody accepted|never (?:sent|accepted|delivered)",
    re.IGNORECASE,
)


def claims_success(text: str) -> list[str]:
    """The lines that let a reader believe that a mail went out."""
    return [line for line in text.splitlines() if _SUCCESS.search(_DENIED.sub("", line))]


def own_words(found: dict[str, Any]) -> list[str]:
    """All that the program itself says in its JSON; what the server said, step by step, is the server's to say."""
    ours = {**found, "data": {**found["data"], "steps": [], "evidence": {}, "receipt": None}}
    ours["error"] = {**found["error"], "detail": None}
    return re.findall(r'"(?:[^"\\]|\\.)*"', json.dumps(ours))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_misconfiguration_is_named(
    case: Case, stage: Stage, run_postroom: RunPostroom, record_property: RecordProperty
) -> None:
    with stage.ground(case.server) as ground, stage.surroundings(case) as before:
        words = ["smtp", "test", *words_of(case, ground), "--json"]
        began = time.monotonic()
        done = run_postroom(*words, env=stage.environment(case), before=before)
        seconds = time.monotonic() - began
    found = done.json
    failed = [step["name"] for step in found["data"].get("steps", ()) if step["ok"] is False]
    code = (found["error"] or {}).get("code", "none")
    served = type(case.server).__name__
    row = [case.name, served, code, str(done.exit), " ".join(failed), f"{seconds:.2f}"]
    record_property(PROPERTY, row)
    assert seconds < case.seconds
    assert "Traceback" not in done.stderr
    assert done.exit == found["exit"]
    if case.code == PARTIAL:
        check_partial(case, done)
        return
    said = done.stdout + done.stderr
    assert (code, done.exit) == (case.code, STATUS[case.code]), said
    assert found["ok"] is False
    assert failed == [case.step], said
    check_words(case, found)
    evidence = found["data"]["evidence"]
    assert not set(case.evidence) - set(evidence), evidence
    # The program gives the server's last word also where that is a refusal; that is no receipt of a mail.
    receipt = found["data"]["receipt"]
    assert receipt is None or receipt["code"] >= 400
    assert found["data"]["queue_id"] is None
    assert not claims_success("\n".join([done.stderr, *own_words(found)]))


def check_words(case: Case, found: dict[str, Any]) -> None:
    """What the server said was heard, and what to do next is told."""
    error = found["error"]
    assert case.heard in (error["detail"] or "")
    assert error["hint"]
    steps = " ".join(found["data"]["diagnosis"]["next_steps"])
    for words in case.says:
        assert words in steps
    assert ("may have been delivered" in error["message"]) == case.unknown


def check_partial(case: Case, done: Completed) -> None:
    """Accepted for some: the receipt is there, and every recipient has his own verdict."""
    found = done.json
    assert (done.exit, found["error"]) == (3, None), done.stdout
    assert found["data"]["receipt"]["code"] == 250
    rcpt = next(step for step in found["data"]["steps"] if step["name"] == case.step)
    verdicts = {row["address"]: (row["text"], row["class"]) for row in rcpt["detail"]["recipients"]}
    refused = {address: verdict for address, verdict in verdicts.items() if verdict[1] is not None}
    assert list(verdicts) == list(case.options["--to"] or ())
    assert [(address, verdict[1]) for address, verdict in refused.items()] == [
        ("nobody@example.test", "rcpt.unknown_user")
    ]


@pytest.mark.parametrize("case", [case for case in CASES if case.as_text], ids=lambda case: case.name)
def test_a_misconfiguration_is_told_to_a_person(case: Case, stage: Stage, run_postroom: RunPostroom) -> None:
    with stage.ground(case.server) as ground, stage.surroundings(case) as before:
        done = run_postroom("smtp", "test", *words_of(case, ground), env=stage.environment(case), before=before)
    said = done.stdout + done.stderr
    assert done.exit == STATUS[case.code], said
    assert "FAIL  " + case.step in done.stdout, said
    assert "error: " in said
    hint = said.partition("hint: ")[2]
    assert hint
    for words in case.says:
        assert words in " ".join(hint.split())
    assert "Traceback" not in said
    assert not claims_success(said), said


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


def test_the_matrix_is_large_and_its_servers_are_real() -> None:
    served = [type(case.server).__name__ for case in CASES]
    assert len(CASES) >= 55
    for name in ("Postfix", "Dovecot", "Exim"):
        assert served.count(name) >= 5, name


@pytest.mark.parametrize(
    ("line", "claims"),
    [
        ("the mail was sent", True),
        ("250 2.0.0 Ok: queued as 4ABC", True),
        ("accepted by localhost", True),
        ("nothing was sent: there is no recipient", False),
        ("535 Username and Password not accepted", False),
        ("it may have been delivered all the same", False),
        ("presented", False),
    ],
)
def test_a_claim_of_success_is_recognised(line: str, claims: bool) -> None:
    assert bool(claims_success(line)) == claims
