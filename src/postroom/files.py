"""Owns how files are read, replaced and locked safely: whole or not at all, and never on the word of a stranger.

It refuses to know what stands in a file. As root nothing is read or replaced that another account could have put there.
`owner` is, everywhere, the account (uid, gid) that a service's files belong to; root trusts it as it trusts itself.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from os import PathLike
from shlex import quote

from postroom.errors import Exit, FileError, LockError

AnyPath = str | PathLike[str]
Owner = tuple[int, int]

PRIVATE_FILE_MODE = 0o600
PRIVATE_DIRECTORY_MODE = 0o700
LIMIT_BYTES = 4 << 20  # no file of ours comes near; a mistyped path to a disk image does
_LINKS_LIMIT = 40  # the kernel's own limit for symbolic links in one path
_POLL_SECONDS = 0.01  # flock(2) has no time limit of its own
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_checked(
    path: AnyPath,
    *,
    private: bool,
    as_root: bool,
    owner: Owner | None = None,
    group_may_read: bool = False,
    limit_bytes: int = LIMIT_BYTES,
) -> bytes | None:
    """Read a whole file under the rules of `open_checked`; None when there is no such file."""
    descriptor = open_checked(path, private=private, as_root=as_root, owner=owner, group_may_read=group_may_read)
    if descriptor is None:
        return None
    with open(descriptor, "rb") as file:
        try:
            data = file.read(limit_bytes + 1)
        except OSError as error:
            raise _failed("file.unreadable", "cannot be read", path, error) from error
    if len(data) > limit_bytes:
        hint = f"See whether it is the file that is meant: ls -lL {quote(os.fspath(path))}"
        raise FileError("file.too_large", f"{os.fspath(path)} has more than {limit_bytes} bytes", hint=hint)
    return data


def read_private(path: AnyPath, *, as_root: bool, owner: Owner | None = None) -> bytes | None:
    """Read a file of secrets: 0600, one name only, no symbolic link. None when there is no such file."""
    return read_checked(path, private=True, as_root=as_root, owner=owner)


def open_checked(
    path: AnyPath,
    *,
    private: bool,
    as_root: bool,
    owner: Owner | None = None,
    group_may_read: bool = False,
) -> int | None:
    """Open a regular file for reading and check what was opened, not what the path says a moment later.

    `private` demands that nobody else can read it (with `group_may_read`, root's own files may be 0640), that it has
    one name, which is no symbolic link, and belongs to us or root. `as_root` demands that nobody but root and `owner`
    could have written or swapped it; a symbolic link is followed when the same holds for it and for where it leads.

    Return a descriptor that the caller closes, None when there is no such file. Raise FileError: `file.unsafe` (78)
    with the command that mends it, `file.unreadable` (74).
    """
    text = os.fspath(path)
    opened = text
    if as_root:
        opened = check_parents(text, owner=owner, follow=not private)
    # Without O_NONBLOCK a named pipe in the file's place would hold us for ever.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if private or as_root else 0)
    try:
        descriptor = os.open(opened, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        if flags & os.O_NOFOLLOW and os.path.islink(opened):
            raise _unsafe(text, "is a symbolic link", "Give the path of the file itself.") from error
        raise _failed("file.unreadable", "cannot be read", text, error) from error
    try:
        _check_file(
            text, os.fstat(descriptor), private=private, as_root=as_root, owner=owner, group_may_read=group_may_read
        )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_file(
    path: str, found: os.stat_result, *, private: bool, as_root: bool, owner: Owner | None, group_may_read: bool
) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise _unsafe(path, "is not a regular file", "Give the path of a file.")
    if as_root and found.st_uid not in _trusted(owner):
        raise _unsafe(path, f"belongs to uid {found.st_uid}, and root would obey it", f"chown root: {quote(path)}")
    if as_root and mode & _OTHERS_WRITE:
        raise _unsafe(path, f"can be written by others (mode {mode:04o})", f"chmod go-w {quote(path)}")
    if not private:
        return
    if found.st_uid not in {os.geteuid(), *_trusted(owner)}:
        raise _unsafe(path, f"belongs to uid {found.st_uid}", f"chown {os.geteuid()}: {quote(path)}")
    if found.st_nlink > 1:
        raise _unsafe(
            path,
            f"has {found.st_nlink} names (hard links)",
            f"cp -p {quote(path)} {quote(path)}.new && mv {quote(path)}.new {quote(path)}",
        )
    allowed = 0o740 if group_may_read and found.st_uid == 0 else 0o700
    if mode & 0o077 & ~allowed:
        raise _unsafe(path, f"is open to others (mode {mode:04o})", f"chmod {allowed & 0o660:o} {quote(path)}")


def check_parents(path: AnyPath, *, owner: Owner | None = None, follow: bool = False) -> str:
    """Refuse a path in which somebody besides root and `owner` could swap an entry, down to the file's directory;
    return the path. With `follow` a symbolic link at the end is followed as well, and the path that it leads to is
    returned.

    A sticky directory of root's, such as /tmp, is allowed: there only an entry's owner can rename it, and each entry's
    owner is checked. Every symbolic link on the way is followed by hand, so that no directory is skipped. Raise
    FileError `file.unsafe` (78).
    """
    trusted = _trusted(owner)
    # Joined, not normalised: `link/..` is not where it seems to be.
    text = os.fspath(path)
    todo = (_rooted(text) if follow else os.path.dirname(_rooted(text))).split(os.sep)[::-1]
    at = os.sep
    _check_directory(at, os.lstat(at), trusted)
    links = 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        at = os.path.dirname(at) if name == ".." else os.path.join(at, name)
        try:
            found = os.lstat(at)
            if not stat.S_ISLNK(found.st_mode):
                if todo or not follow:
                    _check_directory(at, found, trusted)
                continue
            target = os.readlink(at)
        except FileNotFoundError:
            return at if follow else text  # the rest is yet to be made, by us
        except OSError as error:
            raise _failed("file.unreadable", "cannot be read", at, error) from error
        links += 1
        if links > _LINKS_LIMIT:
            raise _unsafe(at, "is a symbolic link that leads back to itself", f"ls -l {quote(at)}")
        if found.st_uid != 0:  # `owner` needs none, and its files have fixed places
            raise _unsafe(at, f"is a symbolic link of uid {found.st_uid}", f"chown -h root: {quote(at)}")
        todo.extend(target.split(os.sep)[::-1])
        at = os.sep if target.startswith(os.sep) else os.path.dirname(at)
    return at if follow else text


def _rooted(path: str) -> str:
    """The path from the root on. An absolute one needs no working directory, which may be gone."""
    return path if path.startswith(os.sep) else os.path.join(os.getcwd(), path)


def _check_directory(path: str, found: os.stat_result, trusted: frozenset[int]) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid not in trusted:
        raise _unsafe(
            path, f"belongs to uid {found.st_uid}, who could swap files that root obeys", f"chown root: {quote(path)}"
        )
    if mode & _OTHERS_WRITE and not (mode & stat.S_ISVTX and found.st_uid == 0):
        raise _unsafe(path, f"lets others swap its files (mode {mode:04o})", f"chmod go-w {quote(path)}")


def _trusted(owner: Owner | None) -> frozenset[int]:
    return frozenset((0,) if owner is None else (0, owner[0]))


def make_directory(path: AnyPath, *, mode: int = PRIVATE_DIRECTORY_MODE, owner: Owner | None = None) -> None:
    """Make a directory and its missing parents, all with `mode` whatever the umask; leave one that is there as it is.

    Raise FileError `file.cannot_create` (73), as root also `file.unsafe` (78).
    """
    text = os.path.abspath(os.fspath(path))
    if os.path.isdir(text):
        return
    make_directory(os.path.dirname(text), mode=mode, owner=owner)
    if os.geteuid() == 0:
        check_parents(text, owner=owner)
    try:
        os.mkdir(text, mode)
        os.chmod(text, mode)
        if owner is not None and os.geteuid() == 0:
            os.chown(text, *owner, follow_symlinks=False)
        _sync_directory(os.path.dirname(text))
    except FileExistsError as error:
        if not os.path.isdir(text):
            raise _failed("file.cannot_create", "cannot be made", text, error, Exit.CANNOT_CREATE) from error
    except OSError as error:
        raise _failed("file.cannot_create", "cannot be made", text, error, Exit.CANNOT_CREATE) from error


def atomic_write(path: AnyPath, data: bytes, *, mode: int = PRIVATE_FILE_MODE, owner: Owner | None = None) -> None:
    """Put `data` in place of a file's content, whole or not at all, and on the disk before it returns.

    A file that is there keeps its mode, owner and extended attributes; a new one gets `mode`, whatever the umask, and,
    from root, `owner`. An ordinary user's symbolic link is kept and the file behind it replaced; root refuses one. The
    directory must be there. Concurrent changes are the caller's: hold `locked` from the reading on. What a killed
    writer left is swept away.

    Raise FileError: `file.cannot_write` (73), as root also `file.unsafe` (78).
    """
    text = os.path.abspath(os.fspath(path))
    root = os.geteuid() == 0
    if root:
        check_parents(text, owner=owner)
        if os.path.islink(text):
            raise _unsafe(text, "is a symbolic link", "Give the path of the file itself.")
    text = os.path.realpath(text)
    directory, name = os.path.split(text)
    prefix = f".{name}."
    try:
        _sweep(directory, prefix)
        temporary, descriptor = _temporary(directory, prefix)
        try:
            _write_all(descriptor, data)
            _dress(descriptor, text, mode, owner if root else None)
            os.fsync(descriptor)
            os.rename(temporary, text)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)
        _sync_directory(directory)
    except OSError as error:
        raise _failed("file.cannot_write", "cannot be written", text, error, Exit.CANNOT_CREATE) from error


def _temporary(directory: str, prefix: str) -> tuple[str, int]:
    """A new private file beside the target. It is held with flock for as long as its writer lives, and so a sweeper
    can tell a dead writer's; one that was swept before it could be held has no name left, and the next is tried.
    """
    while True:
        path = os.path.join(directory, f"{prefix}{os.urandom(8).hex()}.tmp")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def _sweep(directory: str, prefix: str) -> None:
    for name in os.listdir(directory):
        if not (name.startswith(prefix) and name.endswith(".tmp")):
            continue
        path = os.path.join(directory, name)
        with contextlib.suppress(OSError):  # gone by now, held by a living writer, or somebody else's
            descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _dress(descriptor: int, path: str, mode: int, owner: Owner | None) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        return
    mine = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    if hasattr(os, "listxattr"):  # Linux
        with contextlib.suppress(OSError):  # a file system without them, or a label that only the kernel sets
            for attribute in os.listxattr(path, follow_symlinks=False):
                os.setxattr(descriptor, attribute, os.getxattr(path, attribute, follow_symlinks=False))


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: AnyPath, deadline_seconds: float, *, owner: Owner | None = None) -> Iterator[None]:
    """Hold the lock of a file, which is `PATH.lock` beside it, against other processes and threads.

    The kernel drops it with the process, so none is ever stale; the lock file itself stays. Raise LockError
    `lock.held` (75) when it was not to be had in time, FileError `file.cannot_create` (73).
    """
    text = os.fspath(path) + ".lock"
    root = os.geteuid() == 0
    if root:
        check_parents(text, owner=owner)
    try:
        descriptor = os.open(text, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE_MODE)
    except OSError as error:
        raise _failed("file.cannot_create", "cannot be made", text, error, Exit.CANNOT_CREATE) from error
    try:
        if root and owner is not None:
            os.fchown(descriptor, *owner)
        _take(descriptor, text, time.monotonic() + deadline_seconds)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: str, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise LockError(
                    "lock.held",
                    f"another postroom holds {path}",
                    hint="Run the command again when the other one is done.",
                    retry="now",
                ) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _unsafe(path: str, what: str, hint: str) -> FileError:
    return FileError("file.unsafe", f"{path} {what}", hint=hint, exit=Exit.CONFIG)


def _failed(code: str, what: str, path: AnyPath, error: OSError, status: Exit = Exit.IO) -> FileError:
    return FileError(code, f"{os.fspath(path)} {what}: {error.strerror}", hint=_remedy(path, error), exit=status)


def _remedy(path: AnyPath, error: OSError) -> str:
    """What shows or mends the cause, as far as its number tells."""
    directory = quote(os.path.dirname(os.fspath(path)) or ".")
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Run it as root, or as the owner that `ls -ld {directory}` shows."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"Make room: `df {directory}` shows where."
    return f"Make it writable: `findmnt -T {directory}` shows how it is mounted." if error.errno == errno.EROFS else ""
