"""Owns the servers of the matrix: once a worker, on first use."""

from collections.abc import Iterator

import pytest

from tests.integration.matrix.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Where a case's server is started."""
    with Stage(tmp_path_factory.mktemp("matrix")) as made:
        yield made
