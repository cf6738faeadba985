"""Owns the running of the installed `postroom` as a user runs it: a process, a clean environment, nothing else."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_TIME_LIMIT_SECONDS = 60


class Completed(NamedTuple):
    """What came out of a run. On a terminal both outputs come as one, in `stdout`."""

    stdout: str
    stderr: str
    exit: int

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        envelope = json.loads(self.stdout)
        assert isinstance(envelope, dict), envelope
        return envelope


def program() -> list[str]:
    """The argv of the console script of the environment that runs the tests."""
    script = Path(sys.executable).with_name("postroom")
    return [str(script)] if script.exists() else [sys.executable, "-m", "postroom"]


def run_program(argv: list[str], *, environment: Mapping[str, str], typed: str | None, directory: Path) -> Completed:
    """Run to the end. Without `typed`, stdin is empty."""
    done = subprocess.run(
        argv,
        input=typed or "",
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=dict(environment),
        cwd=directory,
        timeout=_TIME_LIMIT_SECONDS,
        check=False,
    )
    return Completed(done.stdout, done.stderr, done.returncode)


def clean_environment(home: Path, search_path: str) -> dict[str, str]:
    """What a program is started with: a private home, English, UTF-8, no colour, no way to a real desk or keyring.

    POSTROOM_CONFIG and POSTROOM_STATE_DIR are set because root's default is /etc/postroom and /var/lib/postroom.
    """
    config, state = home / ".config", home / ".local" / "state"
    return {
        "PATH": search_path,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CONFIG_HOME": str(config),
        "XDG_STATE_HOME": str(state),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "POSTROOM_CONFIG": str(config / "postroom" / "config.toml"),
        "POSTROOM_STATE_DIR": str(state / "postroom"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "COLUMNS": "80",
    }
