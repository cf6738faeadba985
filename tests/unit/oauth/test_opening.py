"""Which browser is started, and where none is."""

import sys
from pathlib import Path

import pytest

from postroom.desk import browser


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path with an xdg-open that nothing runs."""
    opener = tmp_path / "xdg-open"
    opener.write_text("#!/bin/sh\nexit 0\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: None)
    return tmp_path


def test_nothing_is_opened_without_a_screen(programs: Path) -> None:
    assert not browser.open_browser("https://x.test", {"PATH": str(programs)})
    assert not browser.open_browser("https://x.test", {"PATH": str(programs), "SSH_CONNECTION": "x"})


def test_a_screen_or_a_named_browser_is_enough(programs: Path) -> None:
    assert browser.open_browser("https://x.test", {"PATH": str(programs), "DISPLAY": ":0"})
    assert browser.open_browser("https://x.test", {"PATH": str(programs), "BROWSER": str(programs / "xdg-open")})


def test_the_screen_of_a_distant_mac_is_nobodys(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (programs / "xdg-open").rename(programs / "open")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert browser.open_browser("https://x.test", {"PATH": str(programs)})
    assert not browser.open_browser("https://x.test", {"PATH": str(programs), "SSH_TTY": "/dev/pts/1"})
