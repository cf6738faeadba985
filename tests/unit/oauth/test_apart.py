"""Work that must not end half done is done by a child that nobody's signal for us reaches."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from postroom.domain.oauth import GrantError
from postroom.domain.reply import Signs
from postroom.domain.secret import Secret
from postroom.errors import ConfigError, Exit, FileError, LockError, PostroomError, SecretError
from postroom.files import locked
from postroom.oauth.apart import BugApart, done_apart

pytestmark = [
    pytest.mark.skipif(sys.platform == "darwin", reason="its keychain refuses a forked child"),
    # Python 3.12 and later warn, for the threads of the test run; the program has none when it forks.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

# Says when its child is at work; the child works for a second and then writes a file.
PARENT = """
import os, sys, time
from pathlib import Path
from postroom.files import locked
from postroom.oauth.apart import done_apart
def work():
    Path(sys.argv[1]).write_text(str(os.getpid()))
    time.sleep(1)
    Path(sys.argv[2]).write_text("done")
with locked(sys.argv[3], 5):
    done_apart(work)
print("after")
"""


def raising(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_it_is_done_by_another_process_in_a_session_of_its_own(tmp_path: Path) -> None:
    seen = tmp_path / "seen"

    def work() -> None:
        seen.write_text(f"{os.getpid()} {os.getsid(0)} {os.getppid()}")

    done_apart(work)
    pid, session, parent = map(int, seen.read_text().split())
    assert pid == session != os.getpid() == parent
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("kind", [SecretError, ConfigError, FileError, LockError, PostroomError])
def test_an_error_comes_back_as_it_was(kind: type[PostroomError]) -> None:
    error = kind("some.code", "message", hint="hint", detail="detail \x1b", retry="later", exit=Exit.LOGIN_NEEDED)
    with pytest.raises(kind) as raised:
        done_apart(raising(error))
    assert type(raised.value) is kind
    assert vars(raised.value) == vars(error)
    assert isinstance(raised.value.exit, Exit)


def test_a_refusal_comes_back_as_it_was() -> None:
    signs = Signs("token", "refused-by-reply", text="x" * 100_000, host="h", port=443, evidence={"clock": {"a": 1}})
    error = GrantError(signs, error="invalid_grant", definite=True, retry_after=7)
    with pytest.raises(GrantError) as raised:
        done_apart(raising(error))
    assert vars(raised.value) == vars(error)


def test_a_bug_is_told_with_its_place_and_without_its_text() -> None:
    with pytest.raises(BugApart, match="KeyError") as raised:
        done_apart(raising(KeyError("s3cret-token")))
    assert "s3cret" not in repr(vars(raised.value))
    assert "test_apart.py" in raised.value.places[-2]
    assert raised.value.places[-2].endswith(", in work\n")
    assert raised.value.places[-1] == "KeyError\n"


def test_a_secret_does_not_come_through_the_pipe() -> None:
    signs = Signs("token", "closed", evidence={"leak": Secret("s3cret-token")})
    with pytest.raises(PostroomError) as raised:
        done_apart(raising(GrantError(signs)))
    assert "s3cret" not in repr(vars(raised.value))


def test_a_child_that_is_killed_is_an_error_that_says_so() -> None:
    with pytest.raises(PostroomError) as raised:
        done_apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert (raised.value.code, raised.value.exit, raised.value.retry) == ("oauth.cut_off", Exit.TRY_AGAIN, "now")


def test_nothing_of_ours_runs_twice_and_our_output_is_not_held_open(tmp_path: Path) -> None:
    code = (
        "import atexit, os, sys, time\n"
        "from postroom.oauth.apart import done_apart\n"
        "atexit.register(lambda: print('at exit'))\n"
        "print('before', end=' ')\n"
        "def work():\n"
        "    print('child'); os.write(1, b'child'); os.write(2, b'child')\n"
        "    os.closerange(3, 4)\n"
        "done_apart(work)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("before at exit\n", "")


def test_our_signals_are_as_they_were() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    done_apart(lambda: None)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_no_descriptor_is_left() -> None:
    def opened() -> set[int]:
        return {number for number in range(256) if _is_open(number)}

    before = opened()
    done_apart(lambda: None)
    with pytest.raises(ConfigError):
        done_apart(raising(ConfigError("some.code", "message")))
    assert opened() == before


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_where_children_are_not_waited_for_it_works_all_the_same() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        done_apart(lambda: None)
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whom", ["process", "group"])
def test_the_child_ends_its_work_and_holds_the_lock_till_then_whoever_ends_us(
    number: signal.Signals, whom: str, tmp_path: Path
) -> None:
    working, done, lock = (tmp_path / name for name in ("working", "done", "tokens"))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(working), str(done), str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 10
    while not (working.exists() and working.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    (os.kill if whom == "process" else os.killpg)(parent.pid, number)
    began = time.monotonic()
    printed, _ = parent.communicate()  # to the end of its output, which the child must not hold open
    assert time.monotonic() - began < 0.8
    assert printed == b""
    assert not done.exists()
    with pytest.raises(LockError), locked(lock, 0):
        pass
    with locked(lock, 5):
        assert done.read_text() == "done"
    until = time.monotonic() + 5
    while _lives(int(working.read_text())):
        assert time.monotonic() < until
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_start_with_closed_streams_keeps_the_lock_with_the_child(tmp_path: Path) -> None:
    code = (
        "import os, sys, json\n"
        "from postroom.files import locked\n"
        "from postroom.oauth.apart import done_apart\n"
        f"lock, told = {str(tmp_path / 'tokens')!r}, {str(tmp_path / 'told')!r}\n"
        "def work():\n"
        "    places = [f'/proc/self/fd/{number}' for number in range(3)]\n"
        "    links = [os.readlink(place) for place in places if os.path.lexists(place)]\n"
        "    open(told, 'w').write(json.dumps(links))\n"
        "with locked(lock, 5):\n"
        "    done_apart(work)\n"
    )
    line = f'exec "{sys.executable}" -c "$0" <&- >&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", line, code], check=False)
    assert done.returncode == 0
    assert f"{tmp_path / 'tokens'}.lock" in json.loads((tmp_path / "told").read_text())
