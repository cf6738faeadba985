"""Runs the sandbox server until it is told to stop."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from postroom.domain.arrival import Arrival
from postroom.domain.ports import OpenSandbox, SandboxServer
from postroom.result import Result

COMMAND = "sandbox serve"

_LOOK_SECONDS = 1.0
"""Python tells a signal that came just before a wait only after it: no wait may be for ever."""


def serve(
    open_server: OpenSandbox,
    directory: Path,
    *,
    port: int,
    stop_signals: Callable[[Callable[[str], object]], AbstractContextManager[None]],
    ready: Callable[[SandboxServer], None],
    tell: Callable[[Mapping[str, Any]], None],
) -> Result:
    """Serve until a signal asks for an end.

    `stop_signals(f)` has f called with the signal's name; `ready` is called once mail can come in. `tell` gets the
    events: `{"event": "listening", ...}`, then `{"event": "mail", ...}` for each. Raise PostroomError when the port is
    not to be had.
    """
    # SimpleQueue.put may be called by a signal handler in the middle of anything, itself included.
    events = SimpleQueue[Arrival | str]()
    with stop_signals(events.put), open_server(directory, port=port, watch=events.put) as server:
        ready(server)
        tell({"event": "listening", **_place(server)})
        while not isinstance(event := _next(events), str):
            tell({"event": "mail", **event.as_data()})
        data = {**_place(server), "received": server.received, "stopped_by": event}
    return Result(COMMAND, data)


def _next(events: SimpleQueue[Arrival | str]) -> Arrival | str:
    while True:
        try:
            return events.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue


def _place(server: SandboxServer) -> dict[str, Any]:
    return {
        "host": "localhost",
        "port": server.port,
        "ca_file": str(server.ca_file),
        "directory": str(server.directory),
    }
