"""Owns a Python with which any account can run the project, where the checkout lies in somebody's closed home.

A clone below /root is root's alone. The tests that run the program as another account then use a copy of the source and
of the installed libraries in a directory that everybody can enter.
"""

import atexit
import functools
import shutil
import site
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import postroom

ROOT = Path(__file__).parents[2]
_NOT_COPIED = shutil.ignore_patterns("mypy", "mypyc", "hypothesis", "pip", "setuptools", "__pycache__", "*.pth")


class OpenPython(NamedTuple):
    """An interpreter, what its environment must have, and the directory from which `tests` can be imported."""

    executable: str
    environment: Mapping[str, str]
    root: Path


@functools.cache
def open_python() -> OpenPython:
    """The running interpreter where every account can read it all, else a copy that lasts as long as this process."""
    source = Path(postroom.__file__).parent
    libraries = [Path(directory) for directory in site.getsitepackages() if Path(directory).is_dir()]
    if all(_is_open(path) for path in (Path(sys.executable), source, *libraries, ROOT / "tests")):
        return OpenPython(sys.executable, {}, ROOT)
    own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    # The copied libraries have compiled parts, which fit one minor version.
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = next((found for found in (own, Path("/usr/bin", minor)) if found.exists() and _is_open(found)), None)
    if base is None:
        pytest.skip(f"needs: a {minor} that other accounts can run; {own} is closed to them")
    place = Path(tempfile.mkdtemp(prefix="postroom-open-", dir="/tmp"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for library in libraries:
        shutil.copytree(library, place, ignore=_NOT_COPIED, dirs_exist_ok=True)
    shutil.copytree(source, place / "postroom", ignore=_NOT_COPIED, dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=_NOT_COPIED, dirs_exist_ok=True)
    place.chmod(0o755)
    return OpenPython(str(base), {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}, place)


def _is_open(path: Path) -> bool:
    """Whether an account that owns nothing of it can reach and read a path."""
    real = path.resolve()
    readable = real.stat().st_mode & 0o004
    return bool(readable) and all(parent.stat().st_mode & 0o001 for parent in (*path.absolute().parents, *real.parents))
