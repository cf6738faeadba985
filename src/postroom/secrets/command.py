"""Owns secrets that a program prints: `command:CMD ARG`, split like a shell would, run without one."""

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.errors import SecretError
from postroom.secrets import refusals
from postroom.secrets.readonly import ReadOnly

DEADLINE_SECONDS = 10.0  # a vault across the network, not a person who types
_OUTPUT_BYTES = refusals.LONGEST_BYTES
_DETAIL_BYTES = 2048
_HINT = "Run the command by hand: it has to print the secret as its first line."


class Command(ReadOnly):
    """Programs of the user's choice, run in `environment`, which has no secrets of ours."""

    scheme = "command"
    elsewhere = "Change it where the command gets it from."

    def __init__(self, environment: Mapping[str, str], *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._environment = dict(environment)
        self._deadline_seconds = deadline_seconds

    def state(self) -> StoreState:
        return StoreState("usable")

    def read(self, locator: str) -> Secret:
        """Run it, without a terminal, for at most 10 s and 8 KiB. What it complains of goes into `detail`."""
        argv = self._split(locator)
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                start_new_session=True,  # no terminal to prompt on, and one group to end
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "cannot be started"
            raise SecretError("secret.store_absent", f"command:{locator}: {argv[0]}: {reason}", hint=_HINT) from error
        with process:
            ended = False
            try:
                output, talk, ended = self._collect(process)
            finally:
                if not ended:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
        if len(output) > _OUTPUT_BYTES:
            raise refusals.malformed(self.scheme, locator, f"prints more than {_OUTPUT_BYTES} bytes")
        if not ended:
            raise SecretError(
                "secret.store_hanging",
                f"command:{locator} did not end within {self._deadline_seconds:g} s",
                hint=_HINT,
                detail=talk,
            )
        if process.returncode:
            raise SecretError(
                "secret.command_failed",
                f"command:{locator} ended with status {process.returncode}",
                hint=_HINT,
                detail=talk,
            )
        return refusals.first_line(output, self.scheme, locator, _HINT)

    def _split(self, locator: str) -> list[str]:
        try:
            argv = shlex.split(locator)
        except ValueError as error:
            raise refusals.malformed(self.scheme, locator, f"cannot be split: {error}") from error
        if not argv:
            raise refusals.malformed(self.scheme, locator, "names no program")
        return argv

    def _collect(self, process: "subprocess.Popen[bytes]") -> tuple[bytes, str, bool]:
        """Read both pipes to their ends. Return output, complaints, and whether it ended by itself in time."""
        until = time.monotonic() + self._deadline_seconds
        output, talk = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            for pipe, buffer in ((process.stdout, output), (process.stderr, talk)):
                if pipe is not None:  # never: both were asked for
                    selector.register(pipe, selectors.EVENT_READ, buffer)
            while selector.get_map() and len(output) <= _OUTPUT_BYTES:
                ready = selector.select(max(0.0, until - time.monotonic()))
                for key, _ in ready:
                    chunk = os.read(key.fd, 4096)
                    key.data.extend(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                if not ready:
                    break
            ended = not selector.get_map()
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()) if ended else 0)
        complaints = bytes(talk[-_DETAIL_BYTES:]).decode(errors="replace")
        return bytes(output), complaints, ended and process.returncode is not None
