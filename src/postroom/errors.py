"""Owns the one exception hierarchy and the exit statuses. Imports nothing of ours.

PostroomError              what failed, with the value, and the next thing to do
├── UsageError             the command line: bad flags, a missing value (exit 2)
├── ConfigError            configuration missing, invalid or unsafe (exit 78)
├── SecretError            a secret cannot be read or stored (exit 78)
├── DataError              a malformed address, header or message (exit 65)
├── FileError              a file cannot be read, made or written (exit 66, 73, 74)
├── LockError              somebody else holds a lock (exit 75)
├── Fault                  the way to the server or the server itself said no
└── Stopped                a signal ended the work (exit 130, 143)
"""

from enum import IntEnum
from typing import Any, Literal

__all__ = [
    "ConfigError",
    "DataError",
    "Exit",
    "Fault",
    "FileError",
    "LockError",
    "PostroomError",
    "Retry",
    "SecretError",
    "Signalled",
    "Stopped",
    "UsageError",
]

Retry = Literal["now", "later", "never"]


class Exit(IntEnum):
    """What a script reads. The numbers from 64 on are those of sysexits(3)."""

    OK = 0
    NO = 1
    USAGE = 2
    PARTIAL = 3
    LOGIN_NEEDED = 4
    WARNING = 5
    DATA = 65
    NO_INPUT = 66
    NO_USER = 67
    NO_HOST = 68
    UNAVAILABLE = 69
    SOFTWARE = 70
    CANNOT_CREATE = 73
    IO = 74
    TRY_AGAIN = 75
    PROTOCOL = 76
    NO_PERMISSION = 77
    CONFIG = 78
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """One sentence, for the man pages."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "Done, or accepted by the server, or nothing to change.",
    Exit.NO: "A negative answer to a question: would change, did not arrive.",
    Exit.USAGE: "Bad flags or a missing value.",
    Exit.PARTIAL: "Some recipients or rows failed, others are done.",
    Exit.LOGIN_NEEDED: "A person must log in to the mail provider.",
    Exit.WARNING: "Only with --strict: passed, with something to mend.",
    Exit.DATA: "A malformed address, header or message, or one that is too large.",
    Exit.NO_INPUT: "An input, CA or key file is missing.",
    Exit.NO_USER: "Every recipient was refused for good, or there is no such account.",
    Exit.NO_HOST: "The host name does not exist.",
    Exit.UNAVAILABLE: ("The server refuses for good, offers no STARTTLS, or shows a certificate that is not trusted."),
    Exit.SOFTWARE: "A bug in Postroom. The message names a report to send.",
    Exit.CANNOT_CREATE: "The configuration or the state cannot be written.",
    Exit.IO: "The connection was lost in mid-session, or a file cannot be read or written.",
    Exit.TRY_AGAIN: (
        "A temporary refusal, a time-out, a refused connection, a rate limit or a lock; nothing was queued."
    ),
    Exit.PROTOCOL: "The TLS handshake failed, or the peer does not speak SMTP as it should.",
    Exit.NO_PERMISSION: "Credentials refused, blocked by policy, or the sender is not allowed.",
    Exit.CONFIG: (
        "The configuration is missing, invalid or unsafe; a secret is not to be had; an extra is not installed."
    ),
    Exit.INTERRUPTED: "Interrupted (SIGINT); files are consistent.",
    Exit.TERMINATED: "Terminated (SIGTERM); files are consistent.",
}


class PostroomError(Exception):
    """Something that a user can act on.

    `code` is dotted and stable. `message` says what failed, with the value; `hint` is the next thing to do, ideally a
    command to type; `detail` holds the other side's own words, raw: the renderer makes them safe for a terminal.
    `data` joins the `data` of the JSON envelope. `exit` is a plain number only where another program's convention says
    so (`sandbox run`). `warnings` are those (`result.Warn`) that the work gave before it failed.
    """

    exit: Exit | int = Exit.SOFTWARE

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        detail: str = "",
        retry: Retry = "never",
        exit: Exit | int | None = None,  # noqa: A002 - the envelope's own word
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.detail = detail
        self.retry: Retry = retry
        self.data: dict[str, Any] = data or {}
        self.warnings: tuple[Any, ...] = ()
        if exit is not None:
            self.exit = exit


class UsageError(PostroomError):
    """The command line itself is wrong. Codes `usage.*`."""

    exit = Exit.USAGE


class ConfigError(PostroomError):
    """Configuration is missing, invalid or unsafe. Codes `config.*`."""

    exit = Exit.CONFIG


class SecretError(PostroomError):
    """A secret cannot be read, stored or used here. Codes `secret.*`."""

    exit = Exit.CONFIG


class DataError(PostroomError):
    """An address, a header or a message is malformed or too large. Codes `address.*`, `message.*`,
    `oauth.file_*`.
    """

    exit = Exit.DATA


class FileError(PostroomError):
    """A file is missing (66), cannot be made (73) or fails in use (74). Codes `file.*`."""

    exit = Exit.IO


class LockError(PostroomError):
    """Another process holds a lock past its deadline. Codes `lock.*`."""

    exit = Exit.TRY_AGAIN


class Fault(PostroomError):
    """The way to the server, or the server, failed: `code` is a cause class, `exit` and `retry` are the class's.

    `step` is the step of the session that failed (`connect`, `auth`, ...).
    """

    def __init__(self, code: str, message: str, *, step: str, **rest: Any) -> None:
        super().__init__(code, message, **rest)
        self.step = step


class Signalled(BaseException):
    """A signal arrived. Not an Exception, so that nothing on the way takes it for a failure of its own.

    Work that can tell how far it came puts that into `data` on the way out.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.data: dict[str, Any] = {}


class Stopped(PostroomError):
    """A signal ended the work in an orderly way. Codes `stopped.*`."""

    exit = Exit.INTERRUPTED
