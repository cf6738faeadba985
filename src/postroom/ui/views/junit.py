"""Owns the report of a test as JUnit XML, as Ant's JUnit task and Jenkins have it: one suite, each step a test case.

A refusal is a failure; a test that could not be made is an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from postroom.errors import Exit, PostroomError
from postroom.result import Result
from postroom.ui.safe import safe_line
from postroom.ui.views.outcome import advice, refusal, refused, server_failed, steps_of, summary


def junit_report(result: Result, error: PostroomError | None) -> str:
    """The XML document. It is ASCII, so that it says what it is in whatever encoding it is written."""
    suite = ET.Element("testsuite", name="postroom smtp test")
    _properties(suite, result)
    steps = steps_of(result)
    for step in steps:
        _case(suite, step, result, error)
    if error is not None and not any(step["ok"] is False for step in steps):
        _fail(_new_case(suite, "test"), error, result)
    if result.exit == Exit.WARNING:
        case = ET.SubElement(_new_case(suite, "warnings"), "failure", type=result.warnings[0].code)
        _tell(case, [warning.message for warning in result.warnings])
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{sum(step['duration_ms'] or 0 for step in steps) / 1000:.3f}")
    if said := list(_said(result, error)):
        ET.SubElement(suite, "system-out").text = "\n".join(said)
    ET.indent(suite)
    written: bytes = ET.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii") + "\n"


def _properties(suite: ET.Element, result: Result) -> None:
    server = result.data.get("server") or {}
    pairs = [(name, server.get(name)) for name in ("name", "host", "port", "security")]
    pairs += [(name, result.data.get(name)) for name in ("message_id", "queue_id")]
    known = [(name, str(value)) for name, value in pairs if value]
    if known:
        properties = ET.SubElement(suite, "properties")
        for name, value in known:
            ET.SubElement(properties, "property", name=name, value=safe_line(value))


def _new_case(suite: ET.Element, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname="smtp", name=safe_line(name), time=f"{seconds:.3f}")


def _case(suite: ET.Element, step: Mapping[str, Any], result: Result, error: PostroomError | None) -> None:
    case = _new_case(suite, step["name"], (step["duration_ms"] or 0) / 1000)
    rows = refused(result) if step["name"] == "rcpt" else ()
    if step["skipped"]:
        ET.SubElement(case, "skipped")
    elif step["ok"] is False and error is not None:
        _fail(case, error, result)
    elif rows:
        _tell(ET.SubElement(case, "failure", type=rows[0]["class"]), [refusal(row) for row in rows])


def _fail(case: ET.Element, error: PostroomError, result: Result) -> None:
    found = advice(result, error)
    known = [f"next: {step}" for step in found.next_steps] if found else []
    # The server's words behind a bar: on a console of GitHub's a line that begins with :: is a command.
    words = [f"| {line}" for line in error.detail.split("\n") if line]
    kind = "failure" if server_failed(error) else "error"
    _tell(ET.SubElement(case, kind, type=error.code), [error.message, *known, *words])


def _tell(element: ET.Element, lines: Sequence[str]) -> None:
    # XML 1.0 2.2 has no place for control characters, not even escaped ones: they are made visible.
    shown = [safe_line(line) for line in lines]
    element.set("message", shown[0])
    element.text = "\n".join(shown)


def _said(result: Result, error: PostroomError | None) -> Iterator[str]:
    if error is None:
        yield safe_line(summary(result))
    for warning in result.warnings:
        yield safe_line(f"warning: {warning.code}: {warning.message}")
    for line in (result.data.get("transcript") or "").rstrip("\n").split("\n"):
        if line:
            yield f"| {safe_line(line)}"
