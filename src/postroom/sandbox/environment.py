"""Owns the words in which the sandbox tells programs where it is. Refuses to know how they are handed over."""

import shlex
from collections.abc import Mapping
from pathlib import Path

DIRECTORY = "POSTROOM_SANDBOX_DIR"
"""Where the mails of the sandbox lie; `sandbox list|show|wait|clear` look there when it is set."""

SENDER = "sandbox@example.test"
"""A name that can never receive mail (RFC 2606), for programs that bring no From of their own."""


def variables(directory: Path, *, port: int, ca_file: Path) -> dict[str, str]:
    """The environment of a program that shall send to the sandbox: a complete server for Postroom, and the two names
    that most other programs read.
    """
    return {
        "POSTROOM_SMTP_HOST": "localhost",
        "POSTROOM_SMTP_PORT": str(port),
        "POSTROOM_SMTP_SECURITY": "starttls",
        "POSTROOM_SMTP_CA_FILE": str(ca_file),
        "POSTROOM_SMTP_AUTH": "none",
        "POSTROOM_SMTP_FROM": SENDER,
        "POSTROOM_SMTP_TO": SENDER,
        "SMTP_HOST": "localhost",
        "SMTP_PORT": str(port),
        DIRECTORY: str(directory),
    }


def for_child(environ: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """`environ` with `ours` in it, and nothing that names another mail server or one of its secrets."""
    kept = {
        name: value for name, value in environ.items() if not name.startswith(("POSTROOM_SMTP_", "POSTROOM_OAUTH_"))
    }
    return {**kept, **ours}


def as_lines(ours: Mapping[str, str]) -> bytes:
    """KEY=VALUE lines that a shell can read with `.`."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in ours.items()).encode()
