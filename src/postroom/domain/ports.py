"""Owns the promises between rooms that may not import each other.

A protocol stands here because two adapters keep it, or because the import table forbids the import.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self

from postroom.domain.arrival import Arrival
from postroom.domain.message import Composed
from postroom.domain.reply import Cause, Receipt, Signs
from postroom.domain.secret import Binding, Credential, Reference, Secret, Stored
from postroom.domain.settings import Server, Settings
from postroom.result import Warn, Watch

Classify = Callable[[Signs], Cause]
"""Names the cause class of a failure."""

Look = Callable[[Signs, Server, float], Signs]
"""Looks around after a failure, so that its cause can be named: the same signs with more evidence.

It takes no more than so many seconds, whatever the host does. It logs in nowhere, sends neither a secret nor a mail,
and does not look where the server has judged a login or a mail. It never raises: when it fails it has found less.
"""


class Limits(NamedTuple):
    """Deadlines of a session, in seconds, each for a whole phase, never for a single read (RFC 5321 4.5.3.2).

    `total` bounds the session from the first look-up to the last reply; None is no bound. `login` bounds everything up
    to a session that is ready for MAIL.
    """

    connect: float = 30.0
    tls: float = 30.0
    command: float = 300.0
    data_block: float = 180.0
    final_reply: float = 600.0
    login: float | None = None
    total: float | None = None


class Session(Protocol):
    """One logged-in connection to a submission server. Not for use by two threads.

    Every step that ends is given to the `watch` it was opened with. A failure raises TransportError and closes the
    session; one that is found before a byte of the message was sent (its size, an extension that the server lacks)
    leaves it open.
    """

    @property
    def extensions(self) -> Mapping[str, str]:
        """What the server offers now, by upper-case keyword, with its parameters."""

    @property
    def transcript(self) -> str:
        """The dialogue so far, a line each, secrets left out by protocol state."""

    def send(self, message: Composed) -> Receipt:
        """Hand one message over and return the server's word on it and on each recipient.

        A refusal of the message or of every recipient is a Receipt, not an exception; so is an unknown outcome.
        """

    def close(self) -> None:
        """Say QUIT without waiting for the answer, and close."""


class OpenSession(Protocol):
    """Opens a session: resolve, connect, TLS, greeting, EHLO, STARTTLS, AUTH, as the server's settings say.

    `until` is the last step to take. Raise TransportError at the first step that fails, with `transcript` as an
    attribute of the exception.
    """

    def __call__(
        self, server: Server, credential: Credential | None, *, limits: Limits, watch: Watch, until: str
    ) -> Session: ...


class StoreState(NamedTuple):
    """Whether a secret store is usable here and now. `reason` and `hint` say why not and what helps."""

    state: Literal["usable", "locked", "absent", "hanging", "unsafe"]
    reason: str = ""
    hint: str = ""


class SecretStore(Protocol):
    """One place where secrets are kept. Every failure is a SecretError that names the place, never the secret."""

    scheme: str
    writable: bool

    def state(self) -> StoreState:
        """Look without changing anything and without a prompt; answer within 3 s."""

    def read(self, locator: str) -> Secret:
        """Raise SecretError: `secret.not_found`; `secret.store_locked`, `secret.store_absent` or `secret.store_hanging`
        where the store does not answer.
        """

    def write(self, locator: str, secret: Secret) -> None:
        """Store durably and read back. Raise SecretError; a store that is only read raises `secret.read_only`."""

    def remove(self, locator: str) -> bool:
        """Forget it; False when it was not there."""


class Vault(Protocol):
    """What may happen to a secret. Every failure is a SecretError that names the place, never the secret."""

    @property
    def default_store(self) -> str:
        """The scheme for new secrets where nobody names one."""

    def choose_store(self, requested: str | None, *, insecure: bool = False) -> str:
        """The scheme for a new secret. Raise `secret.no_store`, `secret.insecure`, `secret.read_only`."""

    def read(self, reference: Reference, binding: Binding | None) -> Secret:
        """The secret, for use with `binding`; None is for looking after it, not for using it."""

    def put(self, path: str, secret: Secret, scheme: str, binding: Binding) -> tuple[Reference, bool]:
        """Keep a secret and record whom it is for: where it is, and whether anything changed."""

    def holds(self, reference: Reference, secret: Secret, binding: Binding) -> bool:
        """Whether that secret is there already, for that binding."""

    def remove(self, reference: Reference) -> bool:
        """Forget it; False when it was not there."""

    def bound_to(self, reference: Reference) -> Binding | None:
        """Whom a stored secret was given for; None where nothing is recorded."""

    def entries(self) -> Sequence[Stored]:
        """What is stored. Opens no store."""

    def states(self) -> Mapping[str, StoreState]:
        """How usable each store is, here and now."""


class Draft(Protocol):
    """The configuration file while it is being changed. Paths are full; values are as TOML has them."""

    def get(self, path: tuple[str, ...]) -> Any:
        """What the file itself says; None where it says nothing."""

    def set(self, path: tuple[str, ...], value: Any) -> None:
        """Give a key a value."""

    def unset(self, path: tuple[str, ...]) -> bool:
        """Remove a key or a table; False when it was not there. Raise ConfigError when another file defines it."""

    def rename(self, path: tuple[str, ...], name: str) -> None:
        """Give a table another name."""


class Outcome(Protocol):
    """What a change did, or would do. `settings` is the configuration as it reads afterwards."""

    @property
    def changes(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def changed(self) -> bool: ...
    @property
    def diff(self) -> str: ...
    @property
    def warnings(self) -> Sequence[Warn]: ...
    @property
    def settings(self) -> Settings: ...


class Change(Protocol):
    """Changes the configuration file with a function of its draft, all or nothing; a dry run only checks.

    Raise ConfigError when the result would be invalid, LockError, FileError.
    """

    def __call__(self, mutate: Callable[[Draft], object], *, dry_run: bool = False) -> Outcome: ...


class SandboxServer(Protocol):
    """An embedded mail server for tests. It listens while it is open as a context manager.

    To open it raises PostroomError `sandbox.port_in_use` (75), `sandbox.port_denied` (77) or a FileError.
    """

    @property
    def port(self) -> int:
        """The port, on localhost."""

    @property
    def directory(self) -> Path:
        """Where mails and certificate lie."""

    @property
    def ca_file(self) -> Path:
        """The authority (PEM) that signed the server's certificate."""

    @property
    def received(self) -> int:
        """How many mails came since the start."""

    def arrivals(self) -> Sequence[Arrival]:
        """Every mail in the directory, oldest first."""

    def read(self, number: int) -> bytes:
        """One mail as it came. Raise KeyError when there is none of that number."""

    def variables(self) -> Mapping[str, str]:
        """The environment of a program that shall send here."""

    def write_ready_file(self, path: Path) -> None:
        """Write the variables as KEY=VALUE lines, whole or not at all. Raise FileError."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *reason: object) -> None: ...


class OpenSandbox(Protocol):
    """Makes a sandbox server. `port` 0 takes a free one; `watch` is called, in another thread, for every mail."""

    def __call__(
        self, directory: Path, *, port: int, watch: Callable[[Arrival], object] | None = None
    ) -> SandboxServer: ...
