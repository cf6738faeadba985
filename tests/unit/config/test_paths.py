"""Which files a run reads and writes."""

from pathlib import Path
from typing import Any

import pytest

from postroom.config.homes import user_homes
from postroom.config.paths import Scope, find_scope
from postroom.errors import UsageError


def scope(prefix: Path, **given: Any) -> Scope:
    asked: dict[str, Any] = {
        "config": None,
        "state_dir": None,
        "system": False,
        "user": False,
        "environ": {},
        "root": False,
        "homes": user_homes,
    }
    return find_scope(**{**asked, **given}, prefix=prefix)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "user"),
        ({"root": True}, "system"),
        ({"root": True, "user": True}, "user"),
        ({"system": True}, "system"),
        ({"config": "/x/c.toml"}, "file"),
        ({"environ": {"POSTROOM_CONFIG": "/x/c.toml"}}, "file"),
        ({"environ": {"POSTROOM_CONFIG": ""}}, "user"),
        ({"environ": {"POSTROOM_CONFIG": "/x/c.toml"}, "system": True}, "system"),
    ],
)
def test_options_then_environment_then_the_account_choose_the_scope(
    tmp_path: Path, given: dict[str, Any], name: str
) -> None:
    assert scope(tmp_path, **given).name == name


@pytest.mark.parametrize(
    "given", [{"config": "/x", "user": True}, {"config": "/x", "system": True}, {"system": True, "user": True}]
)
def test_two_scopes_at_once_are_a_usage_error(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        scope(tmp_path, **given)


def test_the_system_scope_stops_after_the_system_files(tmp_path: Path) -> None:
    etc = tmp_path / "etc" / "postroom"
    found = scope(tmp_path, system=True)
    assert found.layers == (etc / "config.toml",)
    assert (found.main, found.state) == (etc / "config.toml", tmp_path / "var" / "lib" / "postroom")


def test_drop_ins_follow_their_main_file_in_the_order_of_their_names(tmp_path: Path) -> None:
    etc = tmp_path / "etc" / "postroom"
    (etc / "conf.d").mkdir(parents=True)
    for name in ("20-b.toml", "10-a.toml", "note.txt", ".hidden.toml", "30-c.toml~"):
        (etc / "conf.d" / name).touch()
    found = scope(tmp_path)
    assert [path.name for path in found.layers] == ["config.toml", "10-a.toml", "20-b.toml", "config.toml"]
    assert found.layers[-1] == found.main != etc / "config.toml"
    assert found.state.name == "postroom"


def test_a_named_file_replaces_all_files_and_keeps_its_state_beside_it(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "x.toml").touch()
    found = scope(tmp_path, config=str(tmp_path / "here" / ".." / "c.toml"))
    assert found.layers == (tmp_path / "c.toml", tmp_path / "conf.d" / "x.toml")
    assert found.state == tmp_path / "state"


@pytest.mark.parametrize(
    "given",
    [
        {"state_dir": "/s"},
        {"environ": {"POSTROOM_STATE_DIR": "/s"}},
        {"state_dir": "/s", "environ": {"POSTROOM_STATE_DIR": "/t"}},
    ],
)
def test_the_state_can_lie_elsewhere(tmp_path: Path, given: dict[str, Any]) -> None:
    for more in ({}, {"system": True}, {"config": "/x/c.toml"}):
        assert scope(tmp_path, **given, **more).state == Path("/s")


def test_an_account_without_a_home_reads_the_system_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as for a uid that no user has
    found = scope(tmp_path)
    assert found.layers[0] == tmp_path / "etc" / "postroom" / "config.toml"
    assert found.main == Path("/nonexistent/postroom/config.toml")
    assert found.state == Path("/nonexistent/postroom")
