"""The OS keyring in every condition that it is met in: a real gnome-keyring, a real session bus, none, a silent one."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.keyring_session import NOBODY, Home, home, keyring_session, silent_bus

pytestmark = pytest.mark.needs("dbus-daemon", "gnome-keyring-daemon", "gdbus")

SENTINEL = "s3ntinel-v\N{LATIN SMALL LETTER A WITH DIAERESIS}lue"
ORDINARY = NOBODY if os.geteuid() == 0 else os.geteuid()

# Does what it is told, a line of JSON for each answer.
DRIVER = """
def told(f):
    try:
        found = f()
    except PostroomError as error:
        shown = "".join(traceback.format_exception(error))
        return {"code": error.code, "message": error.message, "hint": error.hint, "exit": error.exit, "shown": shown}
    return found.reveal() if isinstance(found, Secret) else found
secret = Secret(%(sentinel)r)
began = time.monotonic()
store = Keyring(os.environ, uid=os.geteuid())
state = store.state()
answers = {"began": began, "state": state.state, "reason": state.reason}
answers["write"] = told(lambda: store.write("smtp/main/password", secret))
answers["read"] = told(lambda: store.read("smtp/main/password"))
answers["remove"] = told(lambda: store.remove("smtp/main/password"))
answers["uid"] = os.geteuid()
answers["path"] = sys.path
print(json.dumps(answers))
"""


def drive(place: Home, *, uid: int | None = None, **environment: str) -> dict[str, Any]:
    done = place.run(DRIVER % {"sentinel": SENTINEL}, uid=uid, environment=environment)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    assert answers["uid"] == (place.uid if uid is None else uid)
    for name in ("write", "read", "remove"):
        if isinstance(answers[name], dict):
            assert SENTINEL not in answers[name]["shown"]
    return answers


def codes(answers: dict[str, Any]) -> set[str]:
    return {answers[name]["code"] for name in ("write", "read", "remove")}


@pytest.fixture
def ordinary() -> Iterator[Home]:
    """An ordinary user's home without a session."""
    with home(ORDINARY) as place:
        yield place


@pytest.fixture
def session(ordinary: Home) -> Iterator[Home]:
    """An ordinary user's desktop, keyring unlocked."""
    with keyring_session(ordinary) as running:
        yield running


def test_an_unlocked_keyring_keeps_and_forgets(session: Home) -> None:
    answers = drive(session)
    assert answers["state"] == "usable"
    assert (answers["write"], answers["read"], answers["remove"]) == (None, SENTINEL, True)


def test_a_writable_store_keeps_its_promises(session: Home) -> None:
    done = session.run(
        "store = Keyring(os.environ, uid=os.geteuid())\n"
        "for promise in PROMISES:\n    promise(store)\n    print(promise.__name__)",
        prelude="from tests.support.store_promise import PROMISES",
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 6


def test_two_configurations_of_one_account_do_not_meet(session: Home) -> None:
    done = session.run(
        "one, two = (Keyring(os.environ, uid=uid, service=name) for name in ('postroom', 'postroom /b'))\n"
        "one.write('path', Secret('one')); two.write('path', Secret('two'))\n"
        "print(one.read('path').reveal(), two.read('path').reveal())"
    )
    assert done.stdout.split() == ["one", "two"]


def test_a_locked_keyring_says_so(ordinary: Home) -> None:
    with keyring_session(ordinary):
        pass
    with keyring_session(ordinary, "not the password") as locked:
        answers = drive(locked)
    assert answers["state"] == "locked"
    assert codes(answers) == {"secret.store_locked"}
    assert "Unlock it" in answers["read"]["hint"]
    assert answers["read"]["exit"] == 78


@pytest.mark.parametrize("address", ["", "unix:path=/nonexistent/bus", "tcp:host=127.0.0.1", "nonsense"])
def test_without_a_session_bus_the_keyring_is_absent(ordinary: Home, address: str) -> None:
    place = ordinary.with_bus(address) if address else ordinary
    answers = drive(place)
    assert answers["state"] == "absent"
    assert codes(answers) == {"secret.store_absent"}
    assert "--store encrypted" in answers["write"]["hint"]


@pytest.mark.parametrize("authenticates", [False, True])
def test_a_bus_that_never_answers_costs_three_seconds_in_all(ordinary: Home, authenticates: bool) -> None:
    lasted = []
    for _ in range(3):  # the best of three: a machine may be busy with other tests for a second or two
        with silent_bus(ordinary, authenticates=authenticates) as silent:
            answers = drive(silent)
            # One clock for all processes; the end of this one is counted.
            lasted.append(time.monotonic() - answers["began"])
        assert answers["state"] == "hanging"
        assert codes(answers) == {"secret.store_hanging"}
        if lasted[-1] < 4:
            break
    assert min(lasted) < 4  # three, and what it takes to end a process


@pytest.mark.parametrize(
    ("backend", "state"),
    [
        ("keyring.backends.null.Keyring", "unsafe"),
        ("keyrings.alt.file.PlaintextKeyring", "unsafe"),
        ("keyrings.alt.file.EncryptedKeyring", "unsafe"),
        ("keyrings.efile.Keyring", "unsafe"),
        ("planted.Derived", "unsafe"),
        ("keyring.backends.fail.Keyring", "absent"),
        ("nowhere.Keyring", "absent"),
        ("planted.Own", "usable"),
    ],
)
def test_an_ordinary_users_own_choice_counts_unless_it_keeps_plain_text(
    session: Home, backend: str, state: str
) -> None:
    plant(session)
    answers = drive(session, PYTHON_KEYRING_BACKEND=backend, PYTHONPATH=str(session.path / "planted"))
    assert answers["state"] == state
    if state == "unsafe":
        assert codes(answers) == {"secret.store_unsafe"}
        assert "is refused" in answers["reason"]
    assert list(session.path.glob("**/written")) == (
        [session.path / "planted" / "written"] if state == "usable" else []
    )


def plant(place: Home) -> None:
    """Modules that pose as keyrings. Each says on the disk that it ran, or that it was given a secret."""
    base = place.path / "planted"
    (base / "keyrings" / "alt").mkdir(parents=True)
    backend = (
        "import keyring.backend, pathlib\n"
        "HERE = pathlib.Path({base!r})\n"
        "HERE.joinpath('ran').touch()\n"
        "class {name}(keyring.backend.KeyringBackend):\n"
        "    priority = 20\n"
        "    held = {{}}\n"
        "    def get_password(self, service, username): return self.held.get(username)\n"
        "    def set_password(self, service, username, password):\n"
        "        HERE.joinpath('written').touch(); self.held[username] = password\n"
        "    def delete_password(self, service, username): del self.held[username]\n"
    )
    text = {name: backend.format(base=str(base), name=name) for name in ("PlaintextKeyring", "Keyring", "Own")}
    (base / "keyrings" / "alt" / "file.py").write_text(
        text["PlaintextKeyring"] + "class EncryptedKeyring(PlaintextKeyring): pass\n"
    )
    (base / "keyrings" / "efile.py").write_text(text["Keyring"])
    (base / "planted.py").write_text(
        text["Own"] + "from keyring.backends.null import Keyring\nclass Derived(Keyring): pass\n"
    )
    for path in (base, *base.rglob("*")):
        os.chown(path, place.uid, -1)


def test_a_plug_in_that_pushes_itself_forward_is_passed_over(session: Home) -> None:
    plant(session)
    information = session.path / "planted" / "evil-1.dist-info"
    information.mkdir()
    (information / "entry_points.txt").write_text("[keyring.backends]\nefile = keyrings.efile\n")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    answers = drive(session, PYTHONPATH=str(session.path / "planted"))
    assert (answers["state"], answers["read"]) == ("usable", SENTINEL)
    assert (session.path / "planted" / "ran").exists()  # the plug-in was there to be chosen
    assert not (session.path / "planted" / "written").exists()


@pytest.mark.needs("root")
@pytest.mark.parametrize("sudo", [{}, {"SUDO_UID": str(NOBODY)}])
def test_root_runs_none_of_the_callers_code_and_refuses_the_callers_bus(session: Home, sudo: dict[str, str]) -> None:
    plant(session)
    configuration = session.path / "config" / "python_keyring"
    configuration.mkdir()
    (configuration / "keyringrc.cfg").write_text(
        f"[backend]\nkeyring-path = {session.path}/planted\ndefault-keyring = planted.Own\n"
    )
    answers = drive(session, uid=0, PYTHON_KEYRING_BACKEND="planted.Own", **sudo)
    assert answers["state"] == "absent"
    assert "not this account's own session bus" in answers["reason"]
    assert codes(answers) == {"secret.store_absent"}
    assert str(session.path / "planted") not in answers["path"]
    assert not (session.path / "planted" / "ran").exists()


def test_the_trap_for_root_does_work(session: Home) -> None:
    """The same plants run for an ordinary user, who put them there."""
    plant(session)
    configuration = session.path / "config" / "python_keyring"
    configuration.mkdir()
    (configuration / "keyringrc.cfg").write_text(
        f"[backend]\nkeyring-path = {session.path}/planted\ndefault-keyring = planted.Own\n"
    )
    answers = drive(session)
    assert answers["state"] == "usable"
    assert (session.path / "planted" / "ran").exists()


@pytest.mark.needs("root")
def test_root_may_have_a_session_of_its_own_and_takes_no_plug_in_there_either() -> None:
    with home(0) as place, keyring_session(place) as running:
        plant(running)
        answers = drive(running, PYTHON_KEYRING_BACKEND="planted.Own", PYTHONPATH=str(place.path / "planted"))
        assert not (place.path / "planted" / "ran").exists()
    assert (answers["state"], answers["read"]) == ("usable", SENTINEL)


@pytest.mark.needs("root")
def test_roots_own_socket_in_an_open_directory_is_not_believed() -> None:
    with home(0) as place, keyring_session(place) as running:
        (place.path / "run").chmod(0o777)
        answers = drive(running)
    assert answers["state"] == "absent"
