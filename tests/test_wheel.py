"""The wheel carries what an installation needs: the package with its data, the manual and completions in `share`."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from postroom import __version__
from postroom.cli.manual.__main__ import files

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SHARE = f"postroom-{__version__}.data/data/share"

# Where man and the shells look below a prefix.
COMPLETIONS = {
    "completions/postroom.bash": "bash-completion/completions/postroom",
    "completions/_postroom": "zsh/site-functions/_postroom",
    "completions/postroom.fish": "fish/vendor_completions.d/postroom.fish",
}


def place(name: str) -> str:
    """Where a committed file lies in the wheel."""
    page = name.removeprefix("man/")
    return f"{SHARE}/{COMPLETIONS.get(name, f'man/man{page[-1]}/{page}')}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from the source tree without a download."""
    directory = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = directory.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_is_whole(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    # The manual and the completions, where man and the shells find them, byte for byte.
    for name in files():
        assert place(name) in names, name
        assert wheel.read(place(name)) == (ROOT / name).read_bytes(), name
    assert {name for name in names if name.startswith(f"{SHARE}/")} == set(map(place, files()))
    # The package, its data included, and nothing that is not the package.
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "postroom").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"postroom-{__version__}.dist-info/"
    found = {name for name in names if not name.startswith((f"{SHARE}/", info)) and not name.endswith("/")}
    assert found == wanted
    assert {"postroom/py.typed", "postroom/diagnosis/catalogue.toml"} <= found
    # The programs' names.
    entry_points = wheel.read(f"{info}entry_points.txt").decode()
    assert all(f"{name} = {start}" in entry_points for name, start in PROJECT["project"]["scripts"].items())


def test_every_committed_file_has_its_place_in_the_build() -> None:
    build = PROJECT["tool"]["hatch"]["build"]["targets"]
    shared = build["wheel"]["shared-data"]
    assert {name: f"{SHARE}/{path.removeprefix('share/')}" for name, path in shared.items()} == {
        name: place(name) for name in files()
    }
    assert {"man", "completions"} <= set(build["sdist"]["include"])
