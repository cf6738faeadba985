"""Owns the opening of a text in a person's editor. Refuses to know what the text is."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from postroom.errors import Exit, FileError, UsageError

_FALLBACKS = ("editor", "nano", "vi")  # Debian's own choice first


def edit_text(text: str, *, name: str, directory: Path, environ: Mapping[str, str]) -> str:
    """Open a copy of `text`, called `name`, and return what it holds when the editor has ended.

    The copy lies in a private directory within `directory`, which must be there; the editor's own swap files lie there
    too, and all goes away together. Raise UsageError when there is no editor or it fails; the text is then as it was.
    """
    argv = _editor(environ)
    with ExitStack() as until_read:
        try:
            private = until_read.enter_context(tempfile.TemporaryDirectory(prefix=".edit-", dir=directory))
            copy = Path(private) / name
            copy.write_bytes(text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            message = f"no copy to edit can be written in {directory}: {error.strerror}"
            raise FileError("file.cannot_write", message, exit=Exit.CANNOT_CREATE) from error
        try:
            status = subprocess.run([*argv, str(copy)], check=False).returncode
        except OSError as error:
            raise UsageError(
                "usage.no_editor",
                f"the editor {argv[0]!r} cannot be started: {error.strerror}",
                hint="EDITOR=nano postroom config edit",
            ) from error
        if status != 0:
            raise UsageError(
                "usage.editor_failed", f"the editor {argv[0]!r} ended with status {status}; nothing was changed"
            )
        try:
            return copy.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise FileError("file.unreadable", f"the edited copy is gone: {error.strerror}") from error


def _editor(environ: Mapping[str, str]) -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        if value := environ.get(variable):
            try:
                return shlex.split(value)
            except ValueError as error:
                raise UsageError(
                    "usage.no_editor", f"{variable} has an open quote", hint="EDITOR=nano postroom config edit"
                ) from error
    found = next((word for word in _FALLBACKS if shutil.which(word, path=environ.get("PATH", os.defpath))), None)
    if not found:
        raise UsageError("usage.no_editor", "there is no editor", hint="EDITOR=nano postroom config edit")
    return [found]
