"""Owns the servers of the matrix: once a worker, on first use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.matrix.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Where a case's server is started."""
    directory: Path = tmp_path_factory.mktemp("matrix")
    with Stage(directory) as made:
        yield made
