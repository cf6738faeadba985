"""Changes of the configuration file: checked before they are written, told without secrets, kept in the history."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from postroom.config.edit import Draft
from postroom.config.file import ConfigFile
from postroom.config.history import KEPT_COPIES, History
from postroom.config.homes import user_homes
from postroom.config.paths import find_scope
from postroom.errors import ConfigError, Exit
from tests.support.config_files import PRESETS, config_file, write
from tests.support.moving_clock import MovingClock

HOST = ("smtp", "servers", "main", "host")
PORT = ("smtp", "servers", "main", "port")
PASSWORD = ("smtp", "servers", "main", "password")
MAIN = '# ours\n[smtp.servers.main]\nhost = "mail.example.com" # new\n'


@pytest.fixture
def main(tmp_path: Path) -> Path:
    return write(tmp_path / "desk" / "config.toml", MAIN)


@pytest.fixture
def file(main: Path) -> ConfigFile:
    return config_file(main)


def setting(path: tuple[str, ...], value: Any) -> Any:
    return lambda draft: draft.set(path, value)


def test_a_change_is_written_and_told(main: Path, file: ConfigFile) -> None:
    outcome = file.change(setting(PORT, 587))
    assert outcome.changes == ({"key": "smtp.servers.main.port", "old": None, "new": 587},)
    assert outcome.changed
    assert outcome.settings.servers["main"].security == "starttls"
    assert main.read_text() == MAIN + "port = 587\n"


def test_nothing_to_change_writes_nothing(main: Path, file: ConfigFile) -> None:
    before = main.stat()
    outcome = file.change(setting(HOST, "mail.example.com"))
    assert (outcome.changes, outcome.diff, outcome.changed) == ((), "", False)
    assert main.stat().st_ino == before.st_ino
    assert file.copies() == []


def test_a_dry_run_shows_the_difference_and_writes_nothing(main: Path, file: ConfigFile) -> None:
    outcome = file.change(setting(PORT, 587), dry_run=True)
    assert outcome.diff.splitlines()[2:] == [
        "@@ -2,2 +2,3 @@",
        " [smtp.servers.main]",
        ' host = "mail.example.com" # new',
        "+port = 587",
    ]
    assert main.read_text() == MAIN
    assert sorted(path.name for path in main.parent.iterdir()) == ["config.toml"]


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_the_systems_first_file_can_be_read_by_all_and_written_by_none(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir(mode=0o755)
    scope = find_scope(
        config=None, state_dir=None, system=True, user=False, environ={}, root=False, homes=user_homes, prefix=tmp_path
    )
    history = History(scope.state, clock=MovingClock())
    ConfigFile(scope, history, environ={}, presets=PRESETS.get, root=False).change(setting(HOST, "mail.example.com"))
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (scope.main, scope.main.parent)]
    assert modes == [0o644, 0o755]


@pytest.mark.usefixtures("umask")
def test_a_first_file_is_private_and_so_is_its_directory(tmp_path: Path) -> None:
    main = tmp_path / "new" / "config.toml"
    config_file(main).change(setting(HOST, "mail.example.com"))
    assert main.read_text() == '[smtp.servers.main]\nhost = "mail.example.com"\n'
    assert (stat.S_IMODE(main.stat().st_mode), stat.S_IMODE(main.parent.stat().st_mode)) == (0o600, 0o700)


def test_the_mode_of_a_file_stays(main: Path, file: ConfigFile) -> None:
    main.chmod(0o400)
    file.change(setting(PORT, 587))
    assert stat.S_IMODE(main.stat().st_mode) == 0o400


def test_a_change_that_would_be_invalid_is_refused_and_nothing_is_written(main: Path, file: ConfigFile) -> None:
    with pytest.raises(ConfigError, match=r"nothing was changed: smtp\.servers\.main\.port must be from 1 to 65535"):
        file.change(setting(PORT, 0))
    with pytest.raises(ConfigError, match=r"config\.toml:1: smtp\.servers\.main\.host must"):
        file.replace("smtp.servers.main.host = 5\n")
    assert main.read_text() == MAIN
    assert file.copies() == []


def test_a_change_is_judged_together_with_the_drop_ins(main: Path) -> None:
    write(main.parent / "conf.d" / "x.toml", '[smtp]\ndefault = "main"\n')
    with pytest.raises(ConfigError, match=r"x\.toml: smtp\.default: there is no server named main"):
        config_file(main).change(lambda draft: draft.rename(("smtp", "servers", "main"), "other"))


def test_a_key_that_a_drop_in_overrides_is_written_with_a_warning_that_names_it(main: Path) -> None:
    drop_in = write(main.parent / "conf.d" / "x.toml", "[smtp.servers.main]\nport = 25\n")
    outcome = config_file(main).change(setting(PORT, 587))
    assert main.read_text().endswith("port = 587\n")
    assert [(warning.code, str(drop_in) in warning.message) for warning in outcome.warnings] == [
        ("config.overridden", True)
    ]


def test_a_key_that_the_environment_overrides_is_written_with_a_warning(main: Path) -> None:
    outcome = config_file(main, environ={"POSTROOM_SMTP_PORT": "26"}).change(setting(PORT, 587))
    assert [warning.message for warning in outcome.warnings] == [
        "smtp.servers.main.port is overridden by POSTROOM_SMTP_PORT"
    ]


def test_a_server_that_another_file_defines_is_not_removed(main: Path) -> None:
    drop_in = write(main.parent / "conf.d" / "x.toml", '[smtp.servers.other]\nhost = "o.example"\n')
    with pytest.raises(ConfigError) as caught:
        config_file(main).change(lambda draft: draft.unset(("smtp", "servers", "other")))
    assert (caught.value.code, caught.value.exit) == ("config.defined_elsewhere", Exit.CONFIG)
    assert str(drop_in) in caught.value.message


def test_a_problem_can_be_mended_while_another_is_left(main: Path) -> None:
    write(main, MAIN + "port = 0\ntimeout = 0\n")
    outcome = config_file(main).change(setting(PORT, 587))
    assert main.read_text().endswith("port = 587\ntimeout = 0\n")
    assert [warning.code for warning in outcome.warnings] == ["config.still_invalid"]
    with pytest.raises(ConfigError, match="timeout"):
        _ = outcome.settings


def test_an_invalid_configuration_does_not_take_changes_that_mend_nothing(main: Path) -> None:
    text = write(main, MAIN + "port = 0\n").read_text()
    with pytest.raises(ConfigError, match="port must be"):
        config_file(main).change(setting(HOST, "other.example"))
    assert main.read_text() == text


def test_secrets_are_told_as_set_or_unset(file: ConfigFile) -> None:
    first = file.change(setting(PASSWORD, "env:X"))
    second = file.change(setting(PASSWORD, "env:Y"))

    def unset(draft: Draft) -> None:
        draft.unset(PASSWORD)

    third = file.change(unset)
    told = [(change["old"], change["new"]) for outcome in (first, second, third) for change in outcome.changes]
    assert told == [("unset", "set"), ("set", "set"), ("set", "unset")]


def test_a_secret_in_the_wrong_place_shows_nowhere_and_does_not_live_on(main: Path) -> None:
    write(main, MAIN + 'password = "hunter2"\npasswort = "hunter3"\n')
    file = config_file(main)

    def mend(draft: Draft) -> None:
        draft.set(PASSWORD, "env:X")
        draft.unset((*PASSWORD[:-1], "passwort"))

    for dry_run in (True, False):
        outcome = file.change(mend, dry_run=dry_run)
        assert "hunter" not in f"{outcome.changes} {outcome.diff} {outcome.warnings}"
    (copy,) = file.copies()
    assert "hunter2" not in copy.path.read_text()


def test_the_file_is_read_again_under_the_lock(main: Path, file: ConfigFile) -> None:
    seen = []

    def mutate(draft: Draft) -> None:
        seen.append(draft.get(PORT))
        draft.set(PORT, 587)

    other = config_file(main)
    other.change(setting(PORT, 465))
    file.change(mutate)
    assert seen == [465]


def test_an_editor_that_takes_no_lock_is_not_overwritten(main: Path, file: ConfigFile) -> None:
    def mutate(draft: Draft) -> None:
        draft.set(PORT, 587)
        main.write_text(MAIN + "timeout = 5\n")

    with pytest.raises(ConfigError) as caught:
        file.change(mutate)
    assert caught.value.exit == Exit.TRY_AGAIN
    assert main.read_text() == MAIN + "timeout = 5\n"


def test_a_text_made_from_an_older_one_does_not_replace_a_newer_one(main: Path, file: ConfigFile) -> None:
    file.change(setting(PORT, 587))
    with pytest.raises(ConfigError) as caught:
        file.replace(MAIN + "timeout = 5\n", over=MAIN)
    assert caught.value.code == "config.changed_meanwhile"
    assert main.read_text() == MAIN + "port = 587\n"


def test_a_rollback_brings_the_very_bytes_back_and_can_be_undone(main: Path, file: ConfigFile) -> None:
    file.change(setting(PORT, 587))
    file.change(setting(PORT, 588))
    copy, outcome = file.rollback(1)
    assert (copy.number, main.read_text()) == (1, MAIN)
    assert outcome.changes == ({"key": "smtp.servers.main.port", "old": 588, "new": None},)
    file.rollback(None)
    assert main.read_text() == MAIN + "port = 588\n"


def test_a_rollback_mends_a_file_that_is_no_toml(main: Path, file: ConfigFile) -> None:
    file.change(setting(PORT, 587))
    main.write_bytes(b"[smtp\n\xff")
    file.rollback(1)
    assert main.read_text() == MAIN
    assert file.copies()[-1].path.read_bytes() == b"[smtp\n\xff"


@pytest.mark.parametrize(("number", "message"), [(None, "there is no earlier version"), (7, "there is no copy 7")])
def test_a_copy_that_is_not_there_is_told(file: ConfigFile, number: int | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        file.rollback(number)


def test_the_history_is_numbered_dated_private_and_bounded(tmp_path: Path) -> None:
    clock = MovingClock()
    history = History(tmp_path / "state", clock=clock)
    for number in range(KEPT_COPIES + 3):
        history.keep("config.toml", str(number).encode())
        clock.advance(60)
    history.keep("other.toml", b"other")
    copies = history.copies("config.toml")
    assert [copy.number for copy in copies] == list(range(4, KEPT_COPIES + 4))
    assert (copies[1].moment - copies[0].moment).total_seconds() == 60
    assert history.read("config.toml", None)[1] == str(KEPT_COPIES + 2).encode()
    assert {stat.S_IMODE(copy.path.stat().st_mode) for copy in copies} == {0o600}
    assert stat.S_IMODE(copies[0].path.parent.stat().st_mode) == 0o700


def test_a_merge_sets_what_is_named_and_keeps_the_rest(main: Path, file: ConfigFile) -> None:
    given = b'[smtp.servers.main]\nport = 587\n[smtp.servers.b]\nhost = "b.example"\n'
    outcome = file.merge("x.toml", given, prune=False, dry_run=False)
    assert [change["key"] for change in outcome.changes] == ["smtp.servers.main.port", "smtp.servers.b.host"]
    assert main.read_text() == MAIN + 'port = 587\n\n[smtp.servers.b]\nhost = "b.example"\n'
    assert not file.merge("x.toml", given, prune=False, dry_run=False).changed


def test_a_pruning_merge_removes_servers_and_profiles_that_are_not_named(main: Path, file: ConfigFile) -> None:
    write(main, MAIN + '[tls.profiles.p]\nminimum = "1.3"\n[desk]\noperator = "o@example.com"\n')
    given = b'[smtp.servers.b]\nhost = "b.example"\n'
    file.merge("x.toml", given, prune=True, dry_run=False)
    assert file.text().startswith("# ours\n# new\n")
    settings = file.merge("x.toml", given, prune=True, dry_run=True).settings
    assert (list(settings.servers), list(settings.profiles)) == (["b"], [])
    assert str(settings.desk.operator) == "o@example.com"


def test_a_broken_document_is_told_by_its_own_name_and_merges_nothing(main: Path, file: ConfigFile) -> None:
    with pytest.raises(ConfigError) as caught:
        file.merge("x.toml", b"[desk]\noperator = 'o@example.com'\nnonsense = 1\n", prune=False, dry_run=False)
    assert (caught.value.message, caught.value.hint) == ("x.toml:3: unknown key desk.nonsense", "")
    assert main.read_text() == MAIN


def test_an_export_holds_all_files_and_can_be_applied(main: Path, tmp_path: Path) -> None:
    write(main, MAIN + 'password = "env:X"\n')
    write(main.parent / "conf.d" / "x.toml", "[smtp.servers.main]\nport = 587\ntimeout = 90\n")
    text = config_file(main).export()
    assert text == ('[smtp.servers.main]\nhost = "mail.example.com"\npassword = "env:X"\nport = 587\ntimeout = "90s"\n')
    other = config_file(tmp_path / "other" / "config.toml")
    other.merge("x", text.encode(), prune=True, dry_run=False)
    assert other.export() == text
