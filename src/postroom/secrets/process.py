"""Owns what keeps secrets inside this process: no core dump, no other process of the account looking in."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # prctl(2)


def forbid_dumps() -> None:
    """Switch core dumps off, and on Linux hand /proc/PID/mem and environ to root (prctl(2) PR_SET_DUMPABLE).

    A program that this one starts can be dumped and watched again: exec resets the mark.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
