"""Runs a command with a sandbox server at its side, and says what mail the command sent."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from postroom.domain.ports import OpenSandbox
from postroom.errors import Exit, PostroomError
from postroom.result import Result

COMMAND = "sandbox run"


def run(
    open_server: OpenSandbox,
    run_child: Callable[[Mapping[str, str]], int],
    argv: Sequence[str],
    *,
    expect: int,
    keep: Path | None,
    tell: Callable[[str], None],
) -> Result:
    """Run the command; the Result's exit is the command's own.

    `run_child` runs it with these variables and returns its status. `keep` is a directory for the mails, else they are
    gone in the end. Raise PostroomError `sandbox.fewer_mails` (1) when the command succeeded with fewer mails than
    `expect`, and what `run_child` raises.
    """
    if keep is not None:
        return _run(open_server, run_child, argv, expect=expect, directory=keep, kept=True, tell=tell)
    with TemporaryDirectory(prefix="postroom-sandbox-") as directory:
        return _run(open_server, run_child, argv, expect=expect, directory=Path(directory), kept=False, tell=tell)


def _run(
    open_server: OpenSandbox,
    run_child: Callable[[Mapping[str, str]], int],
    argv: Sequence[str],
    *,
    expect: int,
    directory: Path,
    kept: bool,
    tell: Callable[[str], None],
) -> Result:
    with open_server(directory, port=0) as server:
        status = run_child(server.variables())
        came = server.received
        mails = [arrival.as_data() for arrival in server.arrivals()]
    if not kept:
        mails = [{**mail, "path": None} for mail in mails]
    data = {
        "command": list(argv),
        "exit": status,
        "received": came,
        "mails": mails,
        "directory": str(directory) if kept else None,
    }
    where = f", kept in {directory}" if kept and came else ""
    tell(f"sandbox: {came} {'mail' if came == 1 else 'mails'} arrived{where}; {argv[0]} ended with {status}")
    if came < expect and status == 0:
        raise PostroomError(
            "sandbox.fewer_mails",
            f"{argv[0]} succeeded, but {came} of the {expect} expected mails arrived",
            hint="the program must send to SMTP_HOST and SMTP_PORT of its environment",
            exit=Exit.NO,
            data=data,
        )
    return Result(COMMAND, data, exit=status)
