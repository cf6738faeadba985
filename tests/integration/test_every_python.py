"""The corpus of hostile and plain values, on every Python of this machine from 3.11 on."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import idna
import pytest

import postroom
from tests.corpus import judge

SOURCE = Path(postroom.__file__).parents[1]
LEAST = {"addresses": 300, "hosts": 100, "idn": 60, "names": 150, "subjects": 150, "headers": 60}
EXECUTABLE = re.compile(r"python3\.1[1-9]")


def interpreters() -> Iterator[Path]:
    """This interpreter, those on PATH and those that pyenv holds. Its shims are no interpreters."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path("~/.pyenv").expanduser())
    yield Path(sys.executable)
    folders = [Path(entry) for entry in os.get_exec_path() if not entry.startswith(str(pyenv))]
    for folder in [*folders, *pyenv.glob("versions/*/bin")]:
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if EXECUTABLE.fullmatch(path.name))


PYTHONS = sorted({str(path.resolve()) for path in interpreters()})


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The one third-party package that the domain needs, and no other."""
    shutil.copytree(Path(idna.__file__).parent, tmp_path / "idna")
    return tmp_path


@pytest.mark.parametrize("python", PYTHONS)
def test_no_value_of_the_corpus_gets_past_what_the_bytes_show(
    python: str, packages: Path, record_property: Callable[[str, object], None]
) -> None:
    done = subprocess.run(
        [python, "-B", "-W", "error", judge.__file__],
        env={"PYTHONPATH": os.pathsep.join((str(SOURCE), str(packages))), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    record_property("python", report["python"])
    record_property("counts", report["counts"])
    assert not any(report["failures"].values()), report["failures"]
    assert done.returncode == 0, done.stderr
    assert report["counts"]["combinations"] >= 18_000
    assert report["counts"]["built"] > 5_000
    # Every library of these years lets a NUL through at least: were it 0, the test of the reader would prove nothing.
    assert report["counts"]["library_injected"] > 0
    assert all(report["sizes"][name] >= least for name, least in LEAST.items())


def test_this_interpreter_is_among_those_that_are_tried() -> None:
    assert str(Path(sys.executable).resolve()) in PYTHONS
