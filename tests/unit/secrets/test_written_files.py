"""The encrypted file and the plain one: what every writable store promises, and what sealing adds."""

import base64
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postroom.domain.ports import SecretStore
from postroom.domain.secret import Secret
from postroom.errors import SecretError
from postroom.secrets.credential import SystemdCredential
from postroom.secrets.encrypted import CREDENTIAL, EncryptedFile
from postroom.secrets.plain import PlainFile
from tests.support.store_promise import PROMISES, Promise
from tests.unit.secrets.test_read_only_stores import assert_nothing_leaks, file_with

SENTINEL = "s3ntinel-value"
ROOT = os.geteuid() == 0


class Typist:
    """Answers questions for a passphrase, in order, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, question: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def encrypted(
    directory: Path, *, ask: Callable[[str], str] | None = None, credentials: str = "", as_root: bool = ROOT
) -> EncryptedFile:
    return EncryptedFile(
        directory / "secrets",
        directory / "secrets.key",
        credential=SystemdCredential(credentials, as_root=as_root),
        ask=ask,
        as_root=as_root,
    )


@pytest.fixture(params=["plain", "encrypted with a key file", "encrypted with a passphrase"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecretStore]:
    if request.param == "plain":
        yield PlainFile(tmp_path / "state" / "secrets.plain", as_root=ROOT)
    elif request.param == "encrypted with a key file":
        yield encrypted(tmp_path / "state")
    else:
        yield encrypted(tmp_path / "state", ask=Typist("passphrase"), as_root=False)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_writable_store_keeps_its_promises(store: SecretStore, promise: Promise) -> None:
    promise(store)


def test_fifty_writers_at_once_lose_nothing(store: SecretStore) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: store.write(f"smtp/s{n}/password", Secret(f"secret {n}")), range(50)))
    assert [store.read(f"smtp/s{n}/password").reveal() for n in range(50)] == [f"secret {n}" for n in range(50)]


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_every_file_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        encrypted(tmp_path / "state").write("path", Secret(SENTINEL))
        PlainFile(tmp_path / "state" / "secrets.plain", as_root=ROOT).write("path", Secret(SENTINEL))
    finally:
        os.umask(old)
    found = [tmp_path / "state", *(tmp_path / "state").iterdir()]
    assert len(found) == 7
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in found} <= {0}


def test_nothing_on_the_disk_holds_an_encrypted_secret(tmp_path: Path) -> None:
    encrypted(tmp_path).write("path", Secret(SENTINEL))
    needles = [SENTINEL.encode(), *(base64.b64encode(b"x" * n + SENTINEL.encode())[4:-4] for n in range(3))]
    for path in tmp_path.iterdir():
        assert not any(needle in path.read_bytes() for needle in needles), path


def test_the_same_secret_is_never_sealed_to_the_same_bytes(tmp_path: Path) -> None:
    store = encrypted(tmp_path)
    store.write("one", Secret(SENTINEL))
    store.write("two", Secret(SENTINEL))
    first = sealed(tmp_path)
    store.write("one", Secret(SENTINEL))
    assert len({first["one"], first["two"], sealed(tmp_path)["one"]}) == 3


def sealed(directory: Path) -> dict[str, str]:
    document: dict[str, dict[str, str]] = json.loads((directory / "secrets").read_bytes())
    return document["secrets"]


def edit(directory: Path, change: Callable[[dict[str, object]], None]) -> None:
    path = directory / "secrets"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def swap(document: dict[str, object]) -> None:
    secrets = document["secrets"]
    assert isinstance(secrets, dict)
    secrets["one"], secrets["two"] = secrets["two"], secrets["one"]


def one(value: object) -> Callable[[dict[str, object]], None]:
    def change(document: dict[str, object]) -> None:
        secrets = document["secrets"]
        assert isinstance(secrets, dict)
        secrets["one"] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(swap, id="entries swapped"),
        pytest.param(one("AAAA"), id="too short"),
        pytest.param(one("A" * 64), id="not sealed by us"),
        pytest.param(one("no base64"), id="no base64"),
        pytest.param(one(7), id="no text"),
        pytest.param(lambda document: document.update(version=2), id="another version"),
        pytest.param(lambda document: document.update(key="magic"), id="another kind of key"),
        pytest.param(lambda document: document.pop("check"), id="no check"),
        pytest.param(lambda document: document.update(secrets=[]), id="no table"),
    ],
)
def test_tampering_is_found(tmp_path: Path, change: Callable[[dict[str, object]], None]) -> None:
    store = encrypted(tmp_path)
    store.write("one", Secret(SENTINEL))
    store.write("two", Secret("other"))
    edit(tmp_path, change)
    with pytest.raises(SecretError) as refused:
        encrypted(tmp_path).read("one")
    assert refused.value.code == "secret.damaged"
    assert str(tmp_path / "secrets") in refused.value.message


def test_a_torn_file_is_damaged_and_its_text_is_not_chained(tmp_path: Path) -> None:
    store = PlainFile(tmp_path / "secrets.plain", as_root=ROOT)
    store.write("path", Secret(SENTINEL))
    text = (tmp_path / "secrets.plain").read_text()
    (tmp_path / "secrets.plain").write_text(text[:-8])
    with pytest.raises(SecretError) as refused:
        store.read("path")
    assert refused.value.code == "secret.damaged"
    assert_nothing_leaks(refused.value)


def test_another_key_is_told_from_damage(tmp_path: Path) -> None:
    encrypted(tmp_path).write("one", Secret(SENTINEL))
    file_with(tmp_path, base64.b64encode(bytes(32)), name="secrets.key")
    store = encrypted(tmp_path)
    with pytest.raises(SecretError) as refused:
        store.read("one")
    assert refused.value.code == "secret.wrong_key"
    with pytest.raises(SecretError):
        store.write("two", Secret("other"))
    assert store.state().state != "usable"


@pytest.mark.parametrize("key", [b"", b"short", b"\xff" * 44, base64.b64encode(bytes(31))])
def test_a_key_that_is_none_is_refused_and_not_replaced(tmp_path: Path, key: bytes) -> None:
    file_with(tmp_path, key, name="secrets.key")
    with pytest.raises(SecretError) as refused:
        encrypted(tmp_path).write("one", Secret(SENTINEL))
    assert refused.value.code == "secret.damaged"
    assert (tmp_path / "secrets.key").read_bytes() == key


def test_a_lost_key_is_missing_and_not_made_anew(tmp_path: Path) -> None:
    encrypted(tmp_path).write("one", Secret(SENTINEL))
    (tmp_path / "secrets.key").unlink()
    store = encrypted(tmp_path)
    assert store.state().state == "absent"
    for use in (lambda: store.read("one"), lambda: store.write("two", Secret("other"))):
        with pytest.raises(SecretError, match=r"its key .* is missing"):
            use()
    assert not (tmp_path / "secrets.key").exists()


def test_the_key_may_come_from_a_systemd_credential(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    file_with(credentials, base64.b64encode(bytes(range(32))) + b"\n", name=CREDENTIAL)
    encrypted(tmp_path, credentials=str(credentials)).write("one", Secret(SENTINEL))
    assert not (tmp_path / "secrets.key").exists()
    assert encrypted(tmp_path, credentials=str(credentials)).read("one") == Secret(SENTINEL)
    file_with(tmp_path, base64.b64encode(bytes(range(32))), name="secrets.key")
    assert encrypted(tmp_path).read("one") == Secret(SENTINEL)


def test_a_key_that_several_files_share_is_made_once(tmp_path: Path) -> None:
    stores = [
        EncryptedFile(
            tmp_path / str(number) / "secrets",
            tmp_path / "secrets.key",
            credential=SystemdCredential("", as_root=ROOT),
            ask=None,
            as_root=ROOT,
        )
        for number in range(10)
    ]
    start = threading.Barrier(10)

    def write(store: EncryptedFile) -> None:
        start.wait(10)
        store.write("path", Secret(SENTINEL))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, stores))
    assert {store.state().state for store in stores} == {"usable"}


@pytest.mark.needs("root")
def test_roots_new_key_can_be_read_by_the_services_group(tmp_path: Path) -> None:
    owner = (4711, 4712)
    tmp_path.chmod(0o755)
    store = EncryptedFile(
        tmp_path / "state" / "secrets",
        tmp_path / "etc" / "secrets.key",
        credential=SystemdCredential("", as_root=True),
        ask=Typist("never asked"),
        as_root=True,
        owner=owner,
    )
    store.write("one", Secret(SENTINEL))
    key, secrets = (tmp_path / "etc" / "secrets.key").stat(), (tmp_path / "state" / "secrets").stat()
    assert (key.st_uid, key.st_gid, stat.S_IMODE(key.st_mode)) == (0, owner[1], 0o640)
    assert (secrets.st_uid, secrets.st_gid, stat.S_IMODE(secrets.st_mode)) == (*owner, 0o600)
    assert store.read("one") == Secret(SENTINEL)


def test_a_passphrase_is_asked_twice_when_new_and_once_a_run_later(tmp_path: Path) -> None:
    typist = Typist("right")
    store = encrypted(tmp_path, ask=typist, as_root=False)
    store.write("one", Secret(SENTINEL))
    store.write("two", Secret("other"))
    assert len(typist.questions) == 2
    assert not (tmp_path / "secrets.key").exists()
    later = Typist("right")
    store = encrypted(tmp_path, ask=later, as_root=False)
    assert (store.read("one"), store.read("two")) == (Secret(SENTINEL), Secret("other"))
    assert len(later.questions) == 1


def test_a_mistyped_passphrase_may_be_typed_again_twice(tmp_path: Path) -> None:
    encrypted(tmp_path, ask=Typist("right"), as_root=False).write("one", Secret(SENTINEL))
    assert encrypted(tmp_path, ask=Typist("wrong", "rihgt", "right"), as_root=False).read("one") == Secret(SENTINEL)
    hopeless = Typist("wrong")
    with pytest.raises(SecretError) as refused:
        encrypted(tmp_path, ask=hopeless, as_root=False).read("one")
    assert refused.value.code == "secret.wrong_key"
    assert len(hopeless.questions) == 3
    first, *others = hopeless.questions
    assert (first.startswith("Passphrase of "), [text.startswith("That is not it.") for text in others]) == (
        True,
        [True, True],
    )


def test_two_different_new_passphrases_make_no_file(tmp_path: Path) -> None:
    typist = Typist("a", "b", "c", "d", "e", "f")
    with pytest.raises(SecretError, match="differ"):
        encrypted(tmp_path, ask=typist, as_root=False).write("one", Secret(SENTINEL))
    assert typist.questions[2].startswith("The two differ.")
    assert not (tmp_path / "secrets").exists()


def test_without_a_terminal_a_file_with_a_passphrase_is_locked(tmp_path: Path) -> None:
    encrypted(tmp_path, ask=Typist("right"), as_root=False).write("one", Secret(SENTINEL))
    store = encrypted(tmp_path, as_root=False)
    assert store.state().state == "locked"
    with pytest.raises(SecretError) as refused:
        store.read("one")
    assert refused.value.code == "secret.store_locked"


def test_looking_at_the_state_asks_nothing_and_makes_nothing(tmp_path: Path) -> None:
    typist = Typist("never")
    assert encrypted(tmp_path / "state", ask=typist).state().state == "usable"
    assert (typist.questions, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_linked_secrets_file_is_neither_read_nor_written(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    encrypted(tmp_path).write("one", Secret(SENTINEL))
    (tmp_path / "secrets").rename(tmp_path / "elsewhere")
    link(tmp_path / "elsewhere", tmp_path / "secrets")
    before = (tmp_path / "elsewhere").read_bytes()
    store = encrypted(tmp_path)
    assert store.state().state == "unsafe"
    for use in (lambda: store.read("one"), lambda: store.write("two", Secret("other"))):
        with pytest.raises(SecretError) as refused:
            use()
        assert refused.value.code == "secret.file_unsafe"
    assert (tmp_path / "elsewhere").read_bytes() == before
