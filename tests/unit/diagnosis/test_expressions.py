"""No text is slow to read: our expressions have no shape that takes the square of a text's length, and it shows."""

import importlib
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from postroom.diagnosis import mechanism, providers, step
from postroom.diagnosis.pasted import judge, log, mime, quoted, reading, topic, unwrap
from postroom.diagnosis.pasted.judge import diagnose

FOLDER = Path(providers.__file__).parent
PARSER: Any = importlib.import_module("re._parser")
MODULES = (judge, log, mechanism, mime, providers, quoted, reading, step, topic, unwrap)


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    for file in sorted(FOLDER.rglob("*.toml")):
        for words in listed(tomllib.loads(file.read_text("utf-8"))):
            yield file.name, words
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{module.__name__}.{name}", value.pattern
    for name, pattern in providers._patterns().items():
        yield f"provider {name}", pattern.pattern


def listed(content: Any, key: str = "") -> Iterator[str]:
    """Every text below `words` or `says`."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from listed(value, name)
    elif isinstance(content, list):
        for value in content:
            yield from listed(value, key)
    elif key in ("words", "says"):
        yield content


def endless(parsed: Any, *, last: bool = True) -> bool:
    """Whether a repeat without a bound stands before something that may fail: each place of a long run of what it
    takes is then tried up to the end of the run.
    """
    items = list(parsed)
    return any(
        _endless(str(kind), value, last=last and number == len(items) - 1) for number, (kind, value) in enumerate(items)
    )


def _endless(kind: str, value: Any, *, last: bool) -> bool:
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        _, most, inner = value
        return (most == PARSER.MAXREPEAT and not last) or endless(inner, last=last and most == 1)
    if kind == "SUBPATTERN":
        return endless(value[3], last=last)
    if kind == "BRANCH":
        return any(endless(branch, last=last) for branch in value[1])
    return kind in ("ASSERT", "ASSERT_NOT") and endless(value[1], last=False)


def test_there_are_expressions() -> None:
    assert len(list(expressions())) > 1500
    for slow in (r"\d+ messages", r"( ?/ ?\w+)* ?access", r"[\w-]+\.example", r"x(?=.*y)", r"(a|b+)c"):
        assert endless(PARSER.parse(slow))
    for quick in (r"\d{1,9} messages", r"not exist\w*", r"a(b|c+)", r"x{2}y"):
        assert not endless(PARSER.parse(quick))


def test_no_repeat_is_without_a_bound_but_at_the_end() -> None:
    found = [f"{place}: {text}" for place, text in expressions() if endless(PARSER.parse(text))]
    assert not found, "give each repeat a bound, {1,20} for instance:\n" + "\n".join(found)


HOSTILE = (
    *("a.b.", "a-b.", "1.", "a-", "220-a.a", "535-", "535 ", "5.7.1 ", "550-a\n", '"550 ', "535 a') ", "Error: 550 a "),
    *("SMTP/", "SMTP / ", "IMAP/", "v=spf1 include:_spf.example.com ", "auth", "user not ", "client ", "a", "1", " "),
    *(
        "\n",
        "\t",
        ".",
        "-",
        "(",
        "'\")",
        "{",
        '{"',
        "\\x41",
        "\\n",
        "=?utf-8?q?a?=",
        "=?utf-8?b?",
        "&amp;",
        "&#",
        "334 ",
    ),
    *("AAAA", "QUFBQUFB ", "é", "\x1b[", "\x1b]", "*", "X", "certificate ", "not valid for a", "expected CN=", "port "),
    *('{"a":1}\n', "10:00:00 x\n", "10:00:00 535 x\n", "=\n", "=41=\n", "Content-Type: multipart/mixed\n", "a\nb: "),
)


@pytest.mark.parametrize("seed", HOSTILE)
def test_four_times_the_text_takes_no_sixteen_times_the_work(seed: str) -> None:
    """By the processor's time, with a floor that lies far above what reading takes and far below a square's."""

    def work(characters: int) -> float:
        text = (seed * characters)[:characters]
        begun = time.process_time()
        diagnose(text)
        return time.process_time() - begun

    work(100)
    assert work(32_000) < 8 * work(8_000) + 2.0
