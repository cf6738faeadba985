"""Owns the OS keyring: `keyring:PATH`. The only importer of keyring.

Invariant: all calls together wait no longer than one deadline for a keyring that does not answer. Each runs in a daemon
thread that is left behind then; the interpreter does not wait for such a thread at its end. A forked child could be
killed, but a fork of a program with threads may deadlock, and macOS forbids its keychain to a forked child.

As root and under sudo the caller's wishes count for nothing: no plug-in, no PYTHON_KEYRING_BACKEND, no keyringrc.cfg
(each of them runs code), no bus of somebody else's.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import keyring.core
from keyring.backend import KeyringBackend
from keyring.backends import SecretService
from keyring.backends.chainer import ChainerBackend
from keyring.errors import InitError, KeyringLocked

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.errors import FileError, SecretError
from postroom.files import check_parents
from postroom.secrets import refusals

T = TypeVar("T")

DEADLINE_SECONDS = 3.0  # gh's; a keyring that works answers in a tenth of it
SERVICE = "postroom"
_BUS = "DBUS_SESSION_BUS_ADDRESS"

_UNSAFE = {
    "keyrings.alt": "it keeps secrets in plain text or badly encrypted",
    "keyrings.efile": "it keeps its keys in a directory that everybody can write",
    "keyring.backends.null": "it keeps nothing",
}
_NONE = ("keyring.backends.fail",)
_LOCKED = StoreState(
    "locked",
    "the keyring is locked",
    "Unlock it: log in to the desktop, or run gnome-keyring-daemon --unlock.",
)
_HANGING = StoreState(
    "hanging",
    "the keyring does not answer",
    "If a window asks for the keyring's password, answer it and run the command again.",
)


class _Refused(Exception):
    """Carries a state out of the thread."""

    def __init__(self, state: StoreState) -> None:
        super().__init__(state.reason)
        self.state = state


class Keyring:
    """The keyring of the account that runs us. `environment` is the process's, `uid` its effective user.

    `service` is the name under which the secrets lie in the keyring; another configuration of the same account takes
    another, for paths are only unique within one.
    """

    scheme = "keyring"
    writable = True

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        uid: int,
        service: str = SERVICE,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._bus = environment.get(_BUS, "")
        self._strict = uid == 0 or "SUDO_UID" in environment
        self._uid = uid
        self._service = service
        self._deadline_seconds = deadline_seconds
        self._hangs = False

    def state(self) -> StoreState:
        """Opens no window and makes no keyring."""

        def look(backend: KeyringBackend) -> StoreState:
            return _secret_service_state() if isinstance(backend, SecretService.Keyring) else StoreState("usable")

        try:
            return self._within_deadline(look)
        except _Refused as refused:
            return refused.state

    def read(self, locator: str) -> Secret:
        text = self._call(locator, lambda backend: backend.get_password(self._service, locator))
        if not text:
            raise refusals.not_found(self.scheme, locator)
        return Secret(text)

    def write(self, locator: str, secret: Secret) -> None:
        refusals.usable(secret, self.scheme, locator)

        def write(backend: KeyringBackend) -> bool:
            backend.set_password(self._service, locator, secret.reveal())
            return backend.get_password(self._service, locator) == secret.reveal()

        if not self._call(locator, write):
            raise _refusal(locator, StoreState("unsafe", "the keyring did not keep the secret"))

    def remove(self, locator: str) -> bool:
        def remove(backend: KeyringBackend) -> bool:
            if backend.get_password(self._service, locator) is None:
                return False
            backend.delete_password(self._service, locator)
            return True

        return self._call(locator, remove)

    def _call(self, locator: str, operation: Callable[[KeyringBackend], T]) -> T:
        try:
            return self._within_deadline(operation)
        except _Refused as refused:
            refusal = _refusal(locator, refused.state)
        raise refusal

    def _within_deadline(self, operation: Callable[[KeyringBackend], T]) -> T:
        """Run an operation. Raise _Refused; a backend's own exception may hold the secret and is dropped."""
        if self._hangs:
            raise _Refused(_HANGING)
        results: list[T] = []
        states: list[StoreState] = []

        def run() -> None:
            try:
                results.append(operation(self._backend()))
            except BaseException as error:  # noqa: BLE001 - a plug-in raises what it likes; nothing of it is lost
                states.append(error.state if isinstance(error, _Refused) else _classify(error))

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(self._deadline_seconds)
        if results:
            return results[0]
        state = states[0] if states else _HANGING
        self._hangs = state is _HANGING
        raise _Refused(state)

    def _backend(self) -> KeyringBackend:
        if self._strict:
            self._refuse_foreign_bus()
            return _secret_service(self._bus)
        try:
            # A person's choice is taken as it is; of those that offer themselves only the safe ones.
            keyring.core.init_backend(limit=lambda offered: not _module(offered, _UNSAFE))
        except (ImportError, AttributeError) as error:
            choice = "what PYTHON_KEYRING_BACKEND or keyringrc.cfg names cannot be loaded"
            raise _Refused(StoreState("absent", choice)) from error
        backend = keyring.get_keyring()
        if isinstance(backend, ChainerBackend):
            backend = backend.backends[0]  # a chain would search; the first of it is where it would write
        if module := _module(backend, _UNSAFE):
            name = f"{type(backend).__module__}.{type(backend).__qualname__}"
            raise _Refused(StoreState("unsafe", f"{name} is refused: {_UNSAFE[module]}"))
        if _module(backend, _NONE):
            if sys.platform == "linux":
                _secret_service(self._bus)  # it says why it is not there, if it is not
            raise _Refused(StoreState("absent", "there is no keyring here, or it is switched off"))
        return backend

    def _refuse_foreign_bus(self) -> None:
        """A bus is ours when its socket is and nobody else could have put it there."""
        if not self._bus:
            return
        path = self._bus.partition(",")[0].removeprefix("unix:path=")
        try:
            if path.startswith("/") and os.lstat(path).st_uid == self._uid:
                check_parents(path, owner=(self._uid, self._uid))
                return
        except (OSError, FileError):
            pass  # not there, or not ours: the same answer
        raise _Refused(StoreState("absent", f"{_BUS} is not this account's own session bus"))


def _refusal(locator: str, state: StoreState) -> SecretError:
    """What mends the keyring, and where else the secret may be."""
    hint = f"{state.hint} {refusals.elsewhere(locator)}".strip()
    return refusals.unusable(f"keyring:{locator}", state._replace(hint=hint))


def _secret_service(bus: str) -> KeyringBackend:
    """The Secret Service itself, without the plug-ins. Raise _Refused when it is not there."""
    if not bus:
        raise _Refused(StoreState("absent", "there is no session bus (no desktop session)"))
    try:
        SecretService.Keyring.priority  # noqa: B018 - looking at it opens the bus
    except RuntimeError as error:
        raise _Refused(StoreState("absent", str(error))) from error
    return SecretService.Keyring()  # type: ignore[no-untyped-call]  # keyring annotates only some of its methods


def _secret_service_state() -> StoreState:
    storage: Any = vars(SecretService)["secretstorage"]  # only there where the Secret Service is
    bus = storage.dbus_init()
    try:
        return _LOCKED if storage.Collection(bus).is_locked() else StoreState("usable")
    finally:
        bus.close()


def _classify(error: BaseException) -> StoreState:
    name = type(error).__name__
    if isinstance(error, KeyringLocked) or name in {"LockedException", "PromptDismissedException"}:
        return _LOCKED
    if isinstance(error, TimeoutError):
        return _HANGING
    if isinstance(error, OSError):
        return StoreState("absent", f"the session bus cannot be reached: {error.strerror}")
    if isinstance(error, InitError) or name == "ItemNotFoundException":
        return StoreState("absent", "there is no default keyring", "Make one: log in to the desktop.")
    return StoreState("absent", f"the keyring failed ({name})")


def _module(backend: KeyringBackend, modules: Any) -> str:
    """Which of the modules the backend, or a class it is derived from, comes from."""
    for base in type(backend).__mro__:
        for module in modules:
            if base.__module__ == module or base.__module__.startswith(module + "."):
                return str(module)
    return ""
