"""A sandbox server in a directory of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postroom.clock import Clock, rfc3339
from postroom.sandbox.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "sandbox", now=Clock().now, stamp=rfc3339, port=0) as running:
        yield running
