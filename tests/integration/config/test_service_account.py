"""The system's state belongs to the account of the service: root works in it and leaves it usable for that account."""

import os
from pathlib import Path

import pytest

from postroom.config.paths import find_scope
from postroom.desk import Desk
from postroom.domain.secret import Binding, Secret
from postroom.files import make_directory

ACCOUNT = 65534


def system_desk(root: Path) -> Desk:
    """A desk of a system whose root directory is `root`, where the service has an account of its own."""
    desk = Desk(system=True)
    desk.scope = find_scope(
        config=None, state_dir=None, system=True, user=False, environ={}, root=True, homes=_no_homes, prefix=root
    )
    desk.owner = (ACCOUNT, ACCOUNT)
    return desk


def _no_homes() -> tuple[Path, Path]:
    raise AssertionError("the system has no home")


@pytest.mark.needs("root")
@pytest.mark.parametrize("there", [False, True], ids=["made by root", "made for the account"])
def test_what_root_leaves_in_the_state_belongs_to_the_services_account(tmp_path: Path, there: bool) -> None:
    desk = system_desk(tmp_path)
    state = desk.scope.state
    if there:
        make_directory(state.parent)
        make_directory(state, owner=desk.owner)
    for host in ("a.example.com", "b.example.com"):
        desk.file.change(lambda draft, host=host: draft.set(("smtp", "servers", "main", "host"), host))  # type: ignore[misc]  # mypy infers no type for a default of a lambda
    desk.tests.remember(desk.settings.servers["main"], None)
    assert desk.tests.keep_transcript("main", "220 hello\n")
    desk.vault.put("smtp/main/password", Secret("swordfish"), "plain", Binding("b.example.com", "u"))

    desk.file.rollback(None)
    assert desk.tests.last()["main"]["ok"]
    found = {path: path.stat().st_uid for path in (state, *state.rglob("*"))}
    assert {path.name for path in found} >= {"history", "transcripts", "last-tests.json", "secrets.toml"}
    assert {path for path, owner in found.items() if owner != ACCOUNT} == set()


@pytest.mark.needs("root")
def test_root_follows_no_link_of_the_services_account(tmp_path: Path) -> None:
    desk = system_desk(tmp_path)
    make_directory(desk.scope.state.parent)
    make_directory(desk.scope.state, owner=desk.owner)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = desk.scope.state / "transcripts"
    link.symlink_to(elsewhere)
    os.chown(link, ACCOUNT, ACCOUNT, follow_symlinks=False)
    assert desk.tests.keep_transcript("main", "220 hello\n") == ""
    assert list(elsewhere.iterdir()) == []
