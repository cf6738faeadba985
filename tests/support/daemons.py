"""Owns the life of a real server's processes: free ports, a session of their own, a guard, the end. Knows no server."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 0.4  # between TERM and KILL: the servers would linger for seconds, and nobody needs their queue
NAP_SECONDS = 0.02

Leader = subprocess.Popen[bytes]


def start_leader(argv: Sequence[str], talk: Path) -> subprocess.Popen[bytes]:
    """Start a server; what it says goes to the end of a file. A session of its own makes the whole tree findable."""
    with talk.open("ab") as output:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def guard(directory: Path, sessions: Iterable[int]) -> subprocess.Popen[bytes]:
    """A process that ends the servers when the test run dies without doing so: its stdin ends then."""
    script = 'read -r _; kill -TERM "$@"; sleep 1; for id; do pkill -KILL -s "$id"; done; rm -rf "$DIRECTORY"'
    return subprocess.Popen(
        ["sh", "-c", script, "guard", *map(str, sessions)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DIRECTORY": str(directory)},
        start_new_session=True,
    )


def stop(leaders: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the guard first, which is the last of the leaders, then the servers."""
    sessions = {leader.pid for leader in leaders}
    for leader in reversed(leaders):
        leader.terminate()
    killing = time.monotonic() + GRACE_SECONDS
    while sessions and (left := _processes_of(sessions)):
        if time.monotonic() > killing:
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        for leader in leaders:
            leader.poll()
        time.sleep(NAP_SECONDS)
    for leader in leaders:
        leader.wait()
        if leader.stdin:
            leader.stdin.close()


def _processes_of(sessions: set[int]) -> list[int]:
    """The live processes of these sessions (proc(5): field 6 of stat, counted after the name in brackets)."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                state, _parent, _group, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) in sessions and state != "Z":
                    found.append(int(process.name))
    return found


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has at this moment."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
