"""Owns private keyrings for tests: a session bus with a real gnome-keyring, a silent one, and programs beside them.

Nothing touches the keyring of whoever runs the tests.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.open_python import open_python

NOBODY = 65534


# Whoever drops root may not be able to read the interpreter's own library any more: everything is imported before.
_IMPORTS = """
import os, sys, time, json, traceback, importlib.metadata, configparser, logging, socket, threading, uuid, calendar
import keyring.backends.SecretService, keyring.backends.libsecret, keyring.backends.kwallet, keyring.backends.null
import secretstorage.dhcrypto
from postroom.domain.secret import Binding, Reference, Secret
from postroom.errors import PostroomError
from postroom.secrets.keyring import Keyring
"""
_DROP = """
uid = int(sys.argv.pop(1))
if uid != os.geteuid():
    os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
"""


class Home(NamedTuple):
    """A directory that `uid` owns, with the environment of a session in it."""

    path: Path
    uid: int
    environment: Mapping[str, str]

    def with_bus(self, address: str) -> "Home":
        return self._replace(environment={**self.environment, "DBUS_SESSION_BUS_ADDRESS": address})

    def run(
        self, code: str, *, prelude: str = "", uid: int | None = None, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run Python code as `uid`, the home's own by default. `prelude` runs before the account is changed."""
        python = open_python()
        whole = "\n".join((f"import sys; sys.path.append({str(python.root)!r})", _IMPORTS, prelude, _DROP, code))
        return subprocess.run(
            [python.executable, "-c", whole, str(self.uid if uid is None else uid)],
            env={**self.environment, **python.environment, **(environment or {})},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@contextlib.contextmanager
def home(uid: int | None = None) -> Iterator[Home]:
    """A private HOME for an account, without any bus. Outside of pytest's own directories, which are root's alone."""
    uid = os.geteuid() if uid is None else uid
    path = Path(tempfile.mkdtemp(prefix="postroom-keyring-"))
    try:
        environment = {"PATH": os.environ["PATH"], "HOME": str(path / "home")}
        for name in ("home", "run", "data", "config", "cache"):
            (path / name).mkdir(mode=0o700)
        environment |= {
            "XDG_RUNTIME_DIR": str(path / "run"),
            "XDG_DATA_HOME": str(path / "data"),
            "XDG_CONFIG_HOME": str(path / "config"),
            "XDG_CACHE_HOME": str(path / "cache"),
        }
        for each in (path, *path.iterdir()):
            os.chown(each, uid, uid or -1)
        yield Home(path, uid, environment)
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def keyring_session(place: Home, unlock_with: str = "test") -> Iterator[Home]:
    """A session bus and gnome-keyring. The first password makes the keyring; another one leaves it locked."""
    address = f"unix:path={place.path}/run/bus"
    running = place.with_bus(address)
    user = place.uid if os.geteuid() == 0 else None
    with contextlib.ExitStack() as stack:

        def start(argv: list[str], *, stdin: int | None, stdout: int) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                env=running.environment,
                cwd="/",
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        bus = start(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}", "--print-address=1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert bus.stdout
        stack.callback(bus.stdout.close)
        assert bus.stdout.readline().strip()
        daemon = start(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert daemon.stdin
        daemon.stdin.write(unlock_with.encode())
        daemon.stdin.close()
        subprocess.run(
            ["gdbus", "wait", f"--address={address}", "--timeout", "10", "org.freedesktop.secrets"],
            env=running.environment,
            user=user,
            check=True,
        )
        yield running


@contextlib.contextmanager
def silent_bus(place: Home, *, authenticates: bool) -> Iterator[Home]:
    """A bus that takes every connection and then never says a word, or only the few of the login."""
    path = f"{place.path}/run/silent"
    taken: list[socket.socket] = []

    def welcome() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                taken.append(connection)
                if authenticates and connection.recv(4096).startswith(b"\0AUTH EXTERNAL"):
                    connection.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chown(path, place.uid, -1)
        listener.listen(64)
        thread = threading.Thread(target=welcome)
        thread.start()
        try:
            yield place.with_bus(f"unix:path={path}")
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()
            Path(path).unlink()
