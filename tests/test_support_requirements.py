"""The two rules of every run: what cannot run here is skipped by name, and failed where nothing may be skipped; and a
secret that is left lying about fails the run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.requirements import REQUIRE_ALL, missing
from tests.support.sweep import Sweep

ROOT = Path(__file__).parents[1]


def test_what_is_there_is_not_missing() -> None:
    assert not missing("sh", f"python:{sys.executable}")


def test_what_is_missing_is_named_with_its_package() -> None:
    assert missing("no-such-command", "keyring-kit:/no/such/file") == (
        "needs: no-such-command (apt-get install no-such-command), /no/such/file (apt-get install keyring-kit)"
    )


def run_inner(tmp_path: Path, code: str, **environment: str) -> str:
    """The output of a run of pytest under our conftest, over one file."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "test_inner.py").write_text(code)
    options = ["-n", "0", "-p", "no:cacheprovider", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={inner}", f"--basetemp={inner / 'tmp'}", str(inner)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize(("require_all", "outcome"), [("", "2 skipped"), ("1", "1 skipped, 1 error")])
def test_a_need_that_is_not_met_fails_a_run_that_requires_all(require_all: str, outcome: str, tmp_path: Path) -> None:
    code = """
import pytest
@pytest.mark.needs("no-such-command")
def test_needy(): pass
@pytest.mark.skip(reason="for a reason of its own")
def test_other(): pass
"""
    output = run_inner(tmp_path, code, **{REQUIRE_ALL: require_all})
    assert f"{outcome} in" in output, output
    assert "no-such-command (apt-get install no-such-command)" in output


@pytest.mark.parametrize(
    ("body", "finds"),
    [
        ("print(sentinel)", "in the output of test_inner.py::test_leaky"),
        ("(tmp_path / 'state.db').write_text(sentinel)", "state.db"),
        ("sweep.declare(tmp_path / 'secrets').write_text(sentinel)", ""),
    ],
    ids=["output", "file", "declared"],
)
def test_a_secret_that_a_test_leaves_behind_fails_the_run(body: str, finds: str, tmp_path: Path, sweep: Sweep) -> None:
    sweep.declare(tmp_path / "inner")
    output = run_inner(tmp_path, f"def test_leaky(sentinel, sweep, tmp_path): {body}\n")
    assert ("1 passed, 1 error in" if finds else "1 passed in") in output, output
    assert ("the sentinel secret was left" in output) == bool(finds)
    assert finds in output
