"""Owns work that must not end half done when this process is killed: it is done by a child in a session of its own.

A provider that rotates refresh tokens takes back the whole login when an old one is shown again; so the new one, once
the provider has given it, must reach the store, whoever kills whom. Refuses to know what the work is.

On macOS the work is done here: its keychain refuses a forked child.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from postroom.domain.oauth import GrantError
from postroom.domain.reply import Signs
from postroom.errors import ConfigError, DataError, FileError, LockError, SecretError

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_KINDS = {kind.__name__: kind for kind in (SecretError, ConfigError, DataError, FileError, LockError)}


def done_apart(work: Callable[[], None]) -> None:
    """Do the work to its end, and raise what it raised: a PostroomError, a GrantError, or RuntimeError for a bug.

    Locks that are held go on being held by the child. When this process is interrupted the child goes on.
    """
    if sys.platform == "darwin":
        work()
        return
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if not said:
        raise RuntimeError("the process that renews tokens ended before its time")
    error = _unpacked(said)
    if error is not None:
        raise error


def _child(work: Callable[[], None], writing: int) -> NoReturn:
    status = 1
    try:
        os.setsid()
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        said = _packed(None)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
            said = _packed(error)
        os.write(writing, said)
        status = 0
    finally:
        # Nothing of the parent's may run twice: no buffers, no exit handlers.
        os._exit(status)


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
    return {"kind": "bug", "message": f"{type(error).__name__} while renewing tokens"}


def _unpacked(said: bytes) -> Exception | None:
    told = json.loads(said)
    kind = told["kind"]
    if not kind:
        return None
    if kind == "grant":
        return GrantError(Signs(**told["signs"]), **told["rest"])
    if kind in _KINDS:
        return _KINDS[kind](**told["rest"])
    return RuntimeError(told["message"])
