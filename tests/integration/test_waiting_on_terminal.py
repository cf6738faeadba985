"""A person at a terminal sees which step runs, while it waits; what stays on the screen is as without a wait."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.integration.transport.opening import BANNER, HAPPY
from tests.support.faulty_server import Action, FaultyServer, Pause
from tests.support.program import clean_environment, program
from tests.support.terminal import CONTROL_C, OnTerminal, Terminal

BOB = "bob@example.test"
LIVE = {"TERM": "xterm-256color"}


def prove(
    home: Path,
    directory: Path,
    script: Sequence[Action],
    *options: str,
    variables: Mapping[str, str] = LIVE,
    interrupt_at: str = "",
) -> OnTerminal:
    environment = {**clean_environment(home, os.environ["PATH"]), **variables}
    with FaultyServer(script) as server:
        place = ["--host", server.host, "--port", str(server.port), "--security", "none", "--from", "a@example.test"]
        argv = [*program(), "smtp", "test", *place, "--to", BOB, *options]
        with Terminal(argv, environment=environment, directory=directory) as terminal:
            if interrupt_at:
                terminal.expect(interrupt_at)
                terminal.type(CONTROL_C)
            return terminal.finish()


def test_the_running_step_is_drawn_and_taken_away(tmp_home: Path, tmp_path: Path) -> None:
    done = prove(tmp_home, tmp_path, [Pause(3.6), BANNER, *HAPPY[1:]])
    assert done.exit == 0
    assert "greeting ... 2 s" in done.text
    assert "greeting ... 3 s" in done.text
    for other in ("connect ...", "ehlo ...", "data ...", "still waiting"):
        assert other not in done.text
    # The line is erased before the step is told, and the cursor is there again at the end.
    after = done.raw.rpartition("greeting ... ")[2]
    assert "\x1b[2K" in after.partition("ok ")[0]
    assert done.raw.rfind("\x1b[?25h") > done.raw.rfind("\x1b[?25l")


def test_a_quick_step_draws_nothing(tmp_home: Path, tmp_path: Path) -> None:
    done = prove(tmp_home, tmp_path, [Pause(1.2), BANNER, *HAPPY[1:]])
    assert done.exit == 0
    assert " ... " not in done.text
    assert "\x1b[?25l" not in done.raw


@pytest.mark.parametrize(
    ("options", "variables"),
    [((), {"TERM": "dumb"}), (("--no-color",), LIVE), ((), {**LIVE, "NO_COLOR": "1"})],
    ids=["dumb", "option", "variable"],
)
def test_a_plain_terminal_gets_lines(
    tmp_home: Path, tmp_path: Path, options: tuple[str, ...], variables: Mapping[str, str]
) -> None:
    done = prove(tmp_home, tmp_path, [Pause(5.6), BANNER, *HAPPY[1:]], *options, variables=variables)
    assert done.exit == 0
    assert done.text.count("still waiting: greeting, 5 s\n") == 1
    assert " ... " not in done.text


def test_ctrl_c_while_it_waits_is_obeyed_at_once(tmp_home: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    done = prove(tmp_home, tmp_path, [Pause(25.0)], interrupt_at="greeting ... 2 s")
    assert done.exit == 130
    assert time.monotonic() - began < 15
    assert "error: interrupted" in done.text.rpartition("greeting ...")[2]
    assert done.raw.rfind("\x1b[?25h") > done.raw.rfind("\x1b[?25l")


def test_each_retry_is_told_with_its_number(tmp_home: Path, tmp_path: Path) -> None:
    done = prove(tmp_home, tmp_path, (), "--retries", "2", "--wait", "3")
    assert done.exit == 74
    assert [line for line in done.text.splitlines() if line.startswith("try ")] == [
        "try 2 of 3 in 3 s",
        "try 3 of 3 in 3 s",
    ]
    # Nothing runs during the pause.
    assert " ... " not in done.text
