"""The word on a running step comes at its pace and stops when the step does."""

import threading
import time
from collections.abc import Sequence

import pytest

from postroom.cli import waiting
from postroom.cli.waiting import Waiting
from postroom.result import Step
from postroom.ui.blocks import Block, Tone


class Screen:
    """An output that remembers what it was told."""

    def __init__(self, *, redraws: bool, broken: bool = False) -> None:
        self.redraws = redraws
        self.broken = broken
        self.told: list[tuple[str, float]] = []
        self.fourth = threading.Event()

    def block(self, block: Block) -> None: ...

    def talk(self, text: str, tone: Tone = "plain") -> None: ...

    def step(self, step: Step) -> None: ...

    def page(self, pairs: Sequence[tuple[str, str]]) -> None: ...

    def waiting(self, step: str, seconds: float) -> None:
        self.told.append((step, seconds))
        if len(self.told) >= 4:
            self.fourth.set()
        if self.broken:
            raise BrokenPipeError


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are 20 ms."""
    for name in ("PATIENCE_SECONDS", "PACE_SECONDS", "LINE_SECONDS"):
        monkeypatch.setattr(waiting, name, getattr(waiting, name) / 100)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(("redraws", "paces"), [(True, [0.02, 0.03, 0.04, 0.05]), (False, [0.05, 0.1, 0.15, 0.2])])
def test_a_long_step_is_told_at_the_pace_of_the_output(redraws: bool, paces: list[float], broken: bool) -> None:
    screen = Screen(redraws=redraws, broken=broken)
    told = Waiting(screen, time.monotonic)
    told.begin("greeting")
    assert screen.fourth.wait(10)
    told.end()
    assert {name for name, _ in screen.told} == {"greeting"}
    assert [seconds for _, seconds in screen.told[:4]] == pytest.approx(paces)


def test_nothing_is_told_once_the_step_has_ended() -> None:
    screen = Screen(redraws=True)
    told = Waiting(screen, time.monotonic)
    for name in ("connect", "tls", "greeting"):
        told.begin(name)
    assert screen.fourth.wait(10)
    told.end()
    told.end()
    count = len(screen.told)
    time.sleep(0.05)
    assert len(screen.told) == count
    assert {name for name, _ in screen.told} == {"greeting"}
