"""What becomes of the configuration file under concurrent changes, a killed writer, and a full list of system calls."""

import re
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from postroom.errors import LockError
from postroom.files import locked
from tests.support.config_files import config_file, write

MAIN = '# ours\n[smtp.servers.main]\nhost = "mail.example.com"\n'
CHANGES = 100
KILLS = 16

# A writer that changes one key for ever; each line says that a change is done.
WRITER = """
import sys
from pathlib import Path
from tests.support.config_files import config_file
file = config_file(Path(sys.argv[1]))
for number in range(1, int(sys.argv[2]) + 1):
    file.change(lambda draft: draft.set(("smtp", "servers", "main", "title"), str(number) * 200))
    print(number, flush=True)
"""


def add_server(main: Path, number: int) -> None:
    name = f"s{number}"
    config_file(main).change(lambda draft: draft.set(("smtp", "servers", name, "host"), f"{name}.example.com"))


def test_a_hundred_concurrent_changes_are_all_there(tmp_path: Path) -> None:
    main = write(tmp_path / "config.toml", MAIN)
    with ProcessPoolExecutor(10, mp_context=get_context("forkserver")) as pool:
        for done in [pool.submit(add_server, main, number) for number in range(CHANGES)]:
            done.result()
    tree = tomllib.loads(main.read_text())
    assert tree["smtp"]["servers"].keys() == {"main", *(f"s{number}" for number in range(CHANGES))}
    assert main.read_text().startswith("# ours\n")
    numbers = [copy.number for copy in config_file(main).copies()]
    assert numbers == list(range(CHANGES - 49, CHANGES + 1))


def test_a_lock_that_is_never_released_ends_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.config.file.LOCK_SECONDS", 0.05)
    main = write(tmp_path / "config.toml", MAIN)
    with locked(main, 1), pytest.raises(LockError) as caught:
        add_server(main, 1)
    assert caught.value.exit == 75
    assert main.read_text() == MAIN


def writer(main: Path, changes: int, *before: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-c", WRITER, str(main), str(changes)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    main = write(tmp_path / "config.toml", MAIN)
    for kill in range(KILLS):
        with writer(main, 10**6) as process:
            assert process.stdout
            process.stdout.readline()
            began = time.monotonic()
            process.stdout.readline()
            # Not to wait for anything: the kills are spread over the length of one change.
            time.sleep((time.monotonic() - began) * kill / KILLS)
            process.send_signal(signal.SIGKILL)
        servers = tomllib.loads(main.read_text())["smtp"]["servers"]
        assert re.fullmatch(r"(\d+?)\1{199}", servers["main"]["title"])
        add_server(main, kill)
        assert not [path.name for path in main.parent.iterdir() if path.name.endswith(".tmp")]
        assert not [path.name for path in (main.parent / "state" / "history").iterdir() if path.name.endswith(".tmp")]


@pytest.mark.needs("strace")
def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(tmp_path: Path) -> None:
    main = write(tmp_path / "config.toml", MAIN)
    trace = tmp_path / "trace"
    calls = "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,flock,close"
    with writer(main, 1, "strace", "-f", "-y", "-o", str(trace), "-e", calls) as process:
        process.wait(timeout=60)
    # With -y each descriptor is followed by its path.
    temporary = re.compile(rf"{re.escape(str(main.parent))}/\.config\.toml\.[0-9a-f]+\.tmp")
    steps = []
    for line in trace.read_text().splitlines():
        call = line.split(maxsplit=1)[1]
        if "config.toml.lock" in call and call.startswith("flock"):
            steps.append("lock")
        elif "/history/" in call and call.startswith("rename"):
            steps.append("copy")
        elif temporary.search(call):
            word = call.partition("(")[0]
            if word == "openat":
                assert "O_EXCL" in call
                assert "0600" in call
            if word not in ("flock", "close"):
                steps.append(word)
        elif call.startswith("fsync") and f"<{main.parent}>" in call:
            steps.append("fsync directory")
    renames = {"rename": "rename", "renameat": "rename", "renameat2": "rename"}
    told = [renames.get(step, step) for step in steps]
    assert told[0] == "lock"
    assert told[told.index("copy") :] == ["copy", "openat", "write", "fsync", "rename", "fsync directory"]
