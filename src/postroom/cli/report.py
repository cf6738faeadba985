"""Owns the report of a bug: where it happened, and no value that was there. Loaded only then."""

import os
import sys
import tempfile
import traceback

from postroom import __version__
from postroom.errors import PostroomError


def bug(error: Exception, *, debug: bool) -> PostroomError:
    """Write a report and name it. It has neither local variables nor the exceptions' texts, which may hold a secret."""
    chain: list[str] = []
    found: BaseException | None = error
    while found is not None:
        elsewhere = getattr(found, "places", ())  # of a bug in another process
        chain += [*elsewhere, *traceback.format_tb(found.__traceback__), f"{type(found).__name__}\n"]
        found = found.__cause__ or found.__context__
    report = f"postroom {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n" + "".join(chain)
    if debug:
        sys.stderr.write(report)
    what = f"this is a bug in Postroom ({type(error).__name__})"
    try:
        handle, path = tempfile.mkstemp(prefix="postroom-report-", suffix=".txt")
        with os.fdopen(handle, "w") as file:
            file.write(report)
    except OSError:  # a full or read-only disk, which may be why
        return PostroomError("bug", what, hint="no report can be written here; --debug prints it")
    return PostroomError("bug", what, hint=f"send the report {path}; it holds no values")
