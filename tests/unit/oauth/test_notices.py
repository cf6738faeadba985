"""What the operator has been told is remembered, and a memory that is lost does no harm."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.domain.oauth import Told
from postroom.oauth.notices import FILE, Notices

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KNOWN = {"main": Told(("refresh token 7",), NOW), "other": Told()}


def test_it_is_remembered_by_the_next_run(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert Notices(state, as_root=False).told() == {}
    Notices(state, as_root=False).remember(KNOWN)
    assert Notices(state, as_root=False).told() == KNOWN
    assert (state / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "null", '{"main": 7}', '{"main": {"marks": 7, "failing_since": null}}', "[" * 100_000,
     '{"main": {"marks": [], "failing_since": "2026-03-04T05:06:07"}}', '{"main": {"marks": []}}', "\xff"],
)  # fmt: skip
def test_a_memory_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE
    file.write_text(text, "latin-1")
    file.chmod(0o600)
    notices = Notices(tmp_path, as_root=False)
    assert notices.told() == {}
    notices.remember(KNOWN)
    assert notices.told() == KNOWN


def test_a_place_that_takes_nothing_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Notices(tmp_path / "file" / "state", as_root=False).remember(KNOWN)
