"""Owns the tidying up behind the tests of the transport."""

from collections.abc import Iterator

import pytest

from tests.integration.transport.opening import close_all


@pytest.fixture(autouse=True)
def sessions_end() -> Iterator[None]:
    """No test leaves a session open."""
    yield
    close_all()
