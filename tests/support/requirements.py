"""Owns what a test may need of the machine, and the one way to skip for want of it. Knows no test.

Every such skip begins with "needs:", so that a run that must not skip can turn it into a failure.
"""

import os
import shutil
import subprocess
from functools import cache
from typing import NoReturn

import pytest

NEEDS = "needs:"
REQUIRE_ALL = "POSTROOM_TESTS_REQUIRE_ALL"

# Debian's packages of Exim and Postfix exclude each other; beside the one, the other can only be unpacked.
_UNPACKED = "/opt/postroom-tests/exim4"
_SBIN = f":/usr/local/sbin:/usr/sbin:/sbin:{_UNPACKED}/usr/sbin"  # daemons; often not on an ordinary user's PATH

# The Debian package of a command, where it has another name.
_PACKAGES = {
    "chromedriver": "chromium-driver",
    "dbus-daemon": "dbus-daemon",
    "dbus-run-session": "dbus-daemon",
    "dovecot": "dovecot-core",
    "gdbus": "libglib2.0-bin",
    "gnome-keyring-daemon": "gnome-keyring",
    "man": "man-db",
    "pkill": "procps",
    "secret-tool": "libsecret-tools",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
}

# How to have a command that no package may bring.
_OTHERWISE = {
    "exim4": f"apt-get download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb {_UNPACKED}",
}


def command_path(command: str) -> str | None:
    """Where a command is, the directories of daemons included; None when it is not installed."""
    return shutil.which(command, path=os.environ.get("PATH", os.defpath) + _SBIN)


def missing(*names: str) -> str:
    """Why these cannot be used here, with what installs them; "" when all can.

    A name is a command, `root` for the superuser, `namespaces` for his right to mount what only his children see, or
    `PACKAGE:FILE` for a file that a Debian package brings.
    """
    wants = []
    for name in names:
        package, colon, path = name.rpartition(":")
        if name == "root":
            if os.geteuid() != 0:
                wants.append("root (run the tests as root)")
        elif name == "namespaces":
            if not _may_unshare():
                wants.append("namespaces (run the tests as root, where unshare --mount --net is allowed)")
        elif colon:
            if not os.path.exists(path):  # noqa: PTH110 - a string in, no path arithmetic
                wants.append(f"{path} (apt-get install {package})")
        elif not command_path(name):
            wants.append(f"{name} ({_OTHERWISE.get(name, f'apt-get install {_PACKAGES.get(name, name)}')})")
    return f"{NEEDS} {', '.join(wants)}" if wants else ""


@cache
def _may_unshare() -> bool:
    unshare = command_path("unshare")
    return unshare is not None and subprocess.run([unshare, "--mount", "--net", "true"], check=False).returncode == 0


def need(*names: str) -> None:
    """Skip the test when one of these is missing."""
    if reason := missing(*names):
        pytest.skip(reason)


def skip_for_want_of(what: str) -> NoReturn:
    """Skip the test for something that only an attempt shows to be missing; `what` tells how to have it."""
    pytest.skip(f"{NEEDS} {what}")
