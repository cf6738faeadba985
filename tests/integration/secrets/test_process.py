"""Once secrets are in reach, no core dump and no other process of the account can see them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import clean_environment

_PROBE = """
import ctypes, resource
from postroom.desk import Desk
before = ctypes.CDLL(None).prctl(3)
Desk().vault
print(before, ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_process_with_secrets_cannot_be_dumped(tmp_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        env=clean_environment(tmp_home, os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["1", "0", "0"], done.stderr
