"""Files are read only when nobody else could have made them, and replaced whole or not at all."""

import os
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postroom import files
from postroom.errors import Exit, FileError, LockError

SOMEBODY = 4711


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o600)
    return path


def hard_link(path: Path) -> None:
    os.link(path, path.with_name("other"))


def symbolic_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def foreign(path: Path) -> None:
    os.chown(path, SOMEBODY, -1)


def mode(bits: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(bits)


def parent_mode(bits: int) -> Callable[[Path], None]:
    return lambda path: path.parent.chmod(bits)


def foreign_parent(path: Path) -> None:
    os.chown(path.parent, SOMEBODY, -1)


def foreign_link(path: Path) -> None:
    symbolic_link(path)
    os.lchown(path, SOMEBODY, -1)


def link_to_a_foreign_file(path: Path) -> None:
    symbolic_link(path)
    os.chown(path, SOMEBODY, -1)


def link_into_an_open_directory(path: Path) -> None:
    top = path.parent / "open"
    top.mkdir()
    path.rename(top / "other")
    path.symlink_to("open/other")
    top.chmod(0o777)


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def reached_through_a_foreign_link(path: Path) -> None:
    """The file's directory becomes a link that somebody else could point elsewhere."""
    real = path.parent.rename(path.parent.with_name("real"))
    path.parent.symlink_to(real.name)
    os.lchown(path.parent, SOMEBODY, -1)


def reached_through_a_link_past_an_open_directory(path: Path) -> None:
    """Lexically every parent is fine; the link leads through a directory that all may write."""
    top = path.parent.with_name("open")
    top.mkdir()
    real = path.parent.rename(top / "real")
    top.chmod(0o777)
    path.parent.symlink_to(real)


needs_root = pytest.mark.needs("root")


@pytest.mark.parametrize(
    ("spoil", "says", "hint"),
    [
        pytest.param(mode(0o604), "open to others (mode 0604)", "chmod 600 ", id="others may read"),
        pytest.param(mode(0o640), "open to others (mode 0640)", "chmod 600 ", id="a group may read"),
        pytest.param(mode(0o602), "open to others", "chmod 600 ", id="others may write"),
        pytest.param(hard_link, "2 names", "mv ", id="two names"),
        pytest.param(symbolic_link, "symbolic link", "path of the file", id="a symbolic link"),
        pytest.param(pipe, "regular file", "path of a file", id="a named pipe"),
        pytest.param(foreign, f"belongs to uid {SOMEBODY}", "chown ", id="somebody else's", marks=needs_root),
    ],
)
@pytest.mark.parametrize("as_root", [False, pytest.param(True, marks=needs_root)])
def test_a_private_file_that_is_not_ours_alone_is_refused_with_the_command_that_helps(
    file: Path, spoil: Callable[[Path], None], says: str, hint: str, as_root: bool
) -> None:
    spoil(file)
    with pytest.raises(FileError) as refused:
        files.read_private(file, as_root=as_root)
    assert refused.value.exit is Exit.CONFIG
    if as_root and says == "open to others":
        says, hint = "written by others", "chmod go-w "
    assert says in refused.value.message
    assert hint in refused.value.hint


@needs_root
def test_root_follows_a_link_of_its_own_unless_the_file_is_private(file: Path) -> None:
    symbolic_link(file)
    assert files.read_checked(file, private=False, as_root=True) == b"content"
    with pytest.raises(FileError, match="symbolic link"):
        files.read_private(file, as_root=True)
    file.with_name("other").unlink()
    assert files.read_checked(file, private=False, as_root=True) is None


def test_a_file_that_is_too_large_is_refused_with_what_shows_it(file: Path) -> None:
    with pytest.raises(FileError, match="more than 3 bytes") as refused:
        files.read_checked(file, private=False, as_root=False, limit_bytes=3)
    assert refused.value.hint == f"See whether it is the file that is meant: ls -lL {file}"


@needs_root
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(mode(0o664), "written by others", id="a group may write"),
        pytest.param(mode(0o646), "written by others", id="others may write"),
        pytest.param(foreign, f"uid {SOMEBODY}", id="somebody else's"),
        pytest.param(foreign_link, "symbolic link of uid", id="a foreign link"),
        pytest.param(link_to_a_foreign_file, f"uid {SOMEBODY}", id="a link to somebody else's file"),
        pytest.param(link_into_an_open_directory, "swap", id="a link into an open directory"),
        pytest.param(link_to_itself, "leads back to itself", id="a link to itself"),
        pytest.param(parent_mode(0o777), "swap", id="in an open directory"),
        pytest.param(parent_mode(0o770), "swap", id="in a group's directory"),
        pytest.param(foreign_parent, "swap", id="in somebody else's directory"),
        pytest.param(reached_through_a_foreign_link, "symbolic link of uid", id="behind a foreign link"),
        pytest.param(reached_through_a_link_past_an_open_directory, "swap", id="behind a link past an open directory"),
    ],
)
def test_root_obeys_no_file_that_another_account_could_have_put_there(
    tmp_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / "directory" / "file"
    files.make_directory(path.parent)
    path.write_bytes(b"content")
    path.chmod(0o644)
    assert files.read_checked(path, private=False, as_root=True) == b"content"
    spoil(path)
    with pytest.raises(FileError) as refused:
        files.read_checked(path, private=False, as_root=True)
    assert refused.value.code == "file.unsafe"
    assert says in refused.value.message


def test_a_file_that_is_swapped_while_it_is_opened_is_ours_or_refused(tmp_path: Path, file: Path) -> None:
    evil, spare, stop = tmp_path / "evil", tmp_path / "spare", threading.Event()
    evil.write_bytes(b"evil")
    evil.chmod(0o644)

    def swap() -> None:
        while not stop.is_set():
            spare.symlink_to(evil)
            spare.rename(file)
            spare.touch(mode=0o600)
            spare.rename(file)
            os.link(evil, spare)
            spare.rename(file)
            spare.touch(mode=0o600)
            spare.rename(file)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the two must meet between any two calls
    thread = threading.Thread(target=swap)
    thread.start()
    found: set[bytes | None] = set()
    refused = 0
    try:
        while refused < 1000 and thread.is_alive():
            try:
                found.add(files.read_private(file, as_root=False))
            except FileError:
                refused += 1
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()
    assert found <= {b"content", b""}
    assert refused == 1000


@needs_root
def test_a_sticky_directory_of_roots_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "directory" / "file"
    path.parent.mkdir()
    path.parent.chmod(0o1777)
    path.write_bytes(b"content")
    assert files.read_checked(path, private=False, as_root=True) == b"content"


@needs_root
def test_root_trusts_the_account_that_the_files_belong_to(file: Path) -> None:
    foreign(file)
    assert files.read_private(file, as_root=True, owner=(SOMEBODY, SOMEBODY)) == b"content"


@needs_root
def test_only_roots_own_file_may_be_open_to_a_group(file: Path) -> None:
    file.chmod(0o640)
    assert files.read_checked(file, private=True, as_root=True, group_may_read=True) == b"content"
    foreign(file)
    with pytest.raises(FileError, match="mode 0640"):
        files.read_checked(file, private=True, as_root=True, group_may_read=True, owner=(SOMEBODY, 0))


def test_an_ordinary_users_open_file_may_be_a_link(file: Path) -> None:
    symbolic_link(file)
    assert files.read_checked(file, private=False, as_root=False) == b"content"


def test_no_file_is_none_and_a_huge_one_is_refused(tmp_path: Path, file: Path) -> None:
    assert files.read_private(tmp_path / "nothing" / "here", as_root=os.geteuid() == 0) is None
    with pytest.raises(FileError, match="more than 3 bytes"):
        files.read_checked(file, private=True, as_root=os.geteuid() == 0, limit_bytes=3)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        files.make_directory(tmp_path / "a" / "b")
        files.atomic_write(tmp_path / "a" / "b" / "private", b"")
        files.atomic_write(tmp_path / "a" / "b" / "public", b"", mode=0o644)
    finally:
        os.umask(old)
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700
    assert mode_of(tmp_path / "a" / "b" / "private") == 0o600
    assert mode_of(tmp_path / "a" / "b" / "public") == 0o644


@needs_root
def test_a_replaced_file_keeps_its_mode_owner_and_attributes(file: Path) -> None:
    file.chmod(0o640)
    os.chown(file, SOMEBODY, SOMEBODY)
    os.setxattr(file, "user.note", b"kept")
    files.atomic_write(file, b"new", mode=0o600)
    found = file.stat()
    assert (file.read_bytes(), found.st_uid, found.st_gid, mode_of(file)) == (b"new", SOMEBODY, SOMEBODY, 0o640)
    assert os.getxattr(file, "user.note") == b"kept"


@needs_root
def test_root_makes_files_directories_and_locks_for_the_account_that_uses_them(tmp_path: Path) -> None:
    owner = (SOMEBODY, SOMEBODY + 1)
    path = tmp_path / "state" / "file"
    files.make_directory(path.parent, owner=owner)
    files.atomic_write(path, b"", owner=owner)
    with files.locked(path, 1, owner=owner):
        pass
    found = [item.stat() for item in (path, path.parent, tmp_path / "state" / "file.lock")]
    assert {(item.st_uid, item.st_gid) for item in found} == {owner}


@needs_root
def test_root_writes_through_no_link(tmp_path: Path, file: Path) -> None:
    symbolic_link(file)
    with pytest.raises(FileError, match="symbolic link"):
        files.atomic_write(file, b"new")
    (tmp_path / "file.lock").symlink_to("other")
    with pytest.raises(FileError), files.locked(file, 1):
        pass
    assert (tmp_path / "other").read_bytes() == b"content"


def test_what_a_killed_writer_left_is_swept_away_but_not_a_living_ones(tmp_path: Path, file: Path) -> None:
    dead = tmp_path / ".file.0123.tmp"
    dead.write_bytes(b"half")
    living, descriptor = files._temporary(str(tmp_path), ".file.")
    stranger = tmp_path / ".fil.tmp"
    stranger.write_bytes(b"")
    files.atomic_write(file, b"new")
    os.close(descriptor)
    assert {path.name for path in tmp_path.iterdir()} == {Path(living).name, stranger.name, "file"}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left") as failed:
        files.atomic_write(file, b"new")
    assert failed.value.exit is Exit.CANNOT_CREATE
    assert failed.value.hint == f"Make room: `df {file.parent}` shows where."
    assert file.read_bytes() == b"content"
    assert list(file.parent.glob(".file*")) == []


def test_the_bytes_are_on_the_disk_before_the_name_is_and_the_name_before_the_return(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(source: str, target: str) -> None:
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", renamed)
    files.atomic_write(file, b"new")
    assert steps == ["file", "rename", "directory"]


def test_a_held_lock_is_refused_when_the_deadline_is_over(file: Path) -> None:
    with files.locked(file, 1), pytest.raises(LockError) as refused, files.locked(file, 0.02):
        pass
    assert (refused.value.exit, refused.value.retry) == (Exit.TRY_AGAIN, "now")


def test_a_lock_waits_until_the_other_one_lets_go(file: Path) -> None:
    waiting, got = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        with files.locked(file, 10):
            got.set()

    with files.locked(file, 1):
        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait(5)
        assert not got.is_set()
    thread.join(10)
    assert got.is_set()


def test_no_update_is_lost_among_many_writers(tmp_path: Path) -> None:
    path = tmp_path / "numbers"

    def append(number: int) -> None:
        with files.locked(path, 30):
            lines = files.read_private(path, as_root=os.geteuid() == 0) or b""
            files.atomic_write(path, lines + b"%d\n" % number)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(append, range(40)))
    assert sorted(map(int, path.read_text().split())) == list(range(40))
