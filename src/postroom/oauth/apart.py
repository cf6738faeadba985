"""Owns work that must not end half done when this process is killed: it is done by a child in a session of its own.

A provider that rotates refresh tokens takes back the whole login when an old one is shown again; so the new one, once
the provider has given it, must reach the store, whoever kills whom. Refuses to know what the work is.

On macOS the work is done here: its keychain refuses a forked child.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from postroom.domain.oauth import GrantError
from postroom.domain.reply import Signs
from postroom.errors import ConfigError, DataError, Exit, FileError, LockError, PostroomError, SecretError

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_KINDS = {kind.__name__: kind for kind in (SecretError, ConfigError, DataError, FileError, LockError, PostroomError)}


class BugApart(Exception):
    """What nobody expected happened to the child. `places` tell where, a line each, without any value."""

    def __init__(self, kind: str, places: Sequence[str]) -> None:
        super().__init__(kind)
        self.places = places


def done_apart(work: Callable[[], None]) -> None:
    """Do the work to its end, and raise what it raised: a PostroomError, a GrantError, or BugApart.

    Locks that are held go on being held by the child. When this process is interrupted the child goes on. Raise
    PostroomError `oauth.cut_off` where somebody has killed the child.
    """
    if sys.platform == "darwin":
        work()
        return
    reading, writing = os.pipe()
    # Between the fork and its own session the child must not take a signal for our own.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
    try:
        child = os.fork()
        if child == 0:
            _child(work, reading, writing, before)
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    with suppress(ChildProcessError):  # where SIGCHLD is ignored nobody waits for children
        os.waitpid(child, 0)
    error = _unpacked(said)
    if error is not None:
        raise error


def _child(work: Callable[[], None], reading: int, writing: int, mask: set[int | signal.Signals]) -> NoReturn:
    status = 1
    try:
        os.close(reading)
        os.setsid()
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _let_go()
        said = _packed(None)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
            said = _packed(error)
        with open(writing, "wb") as pipe:
            pipe.write(said)
        status = 0
    finally:
        # Nothing of the parent's may run twice: no buffers, no exit handlers.
        os._exit(status)


def _let_go() -> None:
    """Whoever reads what the parent prints must not have to wait for us."""
    nothing = os.open(os.devnull, os.O_RDWR)
    # Where one was closed at the start its number may now be the lock's.
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            os.dup2(nothing, stream.fileno())


def _packed(error: Exception | None) -> bytes:
    """An exception for a pipe to our own parent. JSON refuses secrets, so none can be in it."""
    return json.dumps(_told(error)).encode()


def _told(error: Exception | None) -> dict[str, Any]:
    if error is None:
        return {"kind": ""}
    if isinstance(error, GrantError):
        signs = error.signs._asdict()
        rest = {"error": error.error, "definite": error.definite, "retry_after": error.retry_after}
        return {"kind": "grant", "signs": {**signs, "evidence": dict(error.signs.evidence)}, "rest": rest}
    if type(error) in _KINDS.values():
        rest = {name: getattr(error, name) for name in ("code", "message", "hint", "detail", "retry", "exit")}
        return {"kind": type(error).__name__, "rest": rest}
    return {"kind": "bug", "name": type(error).__name__, "places": [*_places(error), f"{type(error).__name__}\n"]}


def _places(error: BaseException) -> Iterator[str]:
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}\n'
        trace = trace.tb_next


def _unpacked(said: bytes) -> Exception | None:
    """What the child said. One that was killed may have said nothing, or half of it."""
    try:
        told = json.loads(said)
    except ValueError:
        return PostroomError(
            "oauth.cut_off",
            "the process that renewed the access token was killed before its end",
            hint="Run the command again. postroom oauth status tells whether the login is still good.",
            retry="now",
            exit=Exit.TRY_AGAIN,
        )
    kind = told["kind"]
    if not kind:
        return None
    if kind == "grant":
        return GrantError(Signs(**told["signs"]), **told["rest"])
    if kind in _KINDS:
        return _KINDS[kind](**{**told["rest"], "exit": Exit(told["rest"]["exit"])})
    return BugApart(told["name"], told["places"])
