"""`postroom config ...` as a person and a script meet it."""

from pathlib import Path

import pytest

from postroom.cli.lazy import COMMANDS
from tests.conftest import RunPostroom
from tests.support.config_files import write

MAIN = '# ours\n[smtp.servers.main]\nhost = "mail.example.com" # new\n'


@pytest.fixture
def main(tmp_home: Path) -> Path:
    return write(tmp_home / ".config" / "postroom" / "config.toml", MAIN)


def test_path_names_the_files_in_their_order(run_postroom: RunPostroom, main: Path) -> None:
    write(main.parent / "conf.d" / "x.toml", "")
    data = run_postroom("config", "path", "--json").json["data"]
    assert (data["scope"], data["main"]) == ("file", str(main))
    assert [(Path(row["file"]).name, row["exists"], row["written"]) for row in data["files"]] == [
        ("config.toml", True, True),
        ("x.toml", True, False),
    ]


def test_get_prints_the_value_alone(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "get", "smtp.servers.main.port")
    assert (done.stdout, done.exit) == ("465\n", 0)
    data = run_postroom("config", "get", "smtp.servers.main.port", "--json").json["data"]
    assert data == {
        "key": "smtp.servers.main.port",
        "value": 465,
        "source": {"layer": "derived", "where": "security tls"},
    }


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("smtp.servers.main.helo", 1, ""),
        ("smtp.servers.main.hots", 2, "did you mean smtp.servers.main.host?"),
        ("smtp.servers.other.host", 78, "there is no server 'other'; known: main"),
        ("tls.profiles.p.pin", 78, "there is no TLS profile 'p'; known: none"),
    ],
)
def test_get_of_what_is_not_there(run_postroom: RunPostroom, main: Path, key: str, status: int, said: str) -> None:
    done = run_postroom("config", "get", key)
    assert (done.stdout, done.exit) == ("", status)
    assert said in done.stderr


def test_show_gives_each_value_with_its_source(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "show", env={"POSTROOM_SMTP_FROM_NAME": "Ops"})
    assert f"smtp.servers.main.host\tmail.example.com\tfile {main}\n" in done.stdout
    assert "smtp.servers.main.from_name\tOps\tenvironment POSTROOM_SMTP_FROM_NAME\n" in done.stdout
    assert "smtp.servers.main.tls.minimum\t1.2\tdefault\n" in done.stdout
    assert "max_connections" not in done.stdout  # nothing reads it yet, and nobody set it


def test_set_and_unset_tell_what_changed(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "set", "smtp.servers.main.timeout", "90", "--json")
    assert done.json["data"] == {
        "changed": True,
        "changes": [{"key": "smtp.servers.main.timeout", "old": None, "new": "90s"}],
        "dry_run": False,
        "diff": None,
    }
    assert main.read_text() == MAIN + 'timeout = "90s"\n'
    assert run_postroom("config", "set", "smtp.servers.main.timeout", "90s").stdout == "unchanged\n"
    assert run_postroom("config", "unset", "smtp.servers.main.timeout").exit == 0
    assert main.read_text() == MAIN


def test_a_key_that_no_command_reads_yet_is_recorded_with_a_warning(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "set", "smtp.servers.main.rate", "30/min", "--json")
    assert [warning["code"] for warning in done.json["warnings"]] == ["config.not_read_yet"]


def test_set_refuses_a_bad_value_with_the_rule(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "set", "smtp.servers.main.port", "99999")
    assert done.exit == 2
    assert "'99999' must be from 1 to 65535" in done.stderr
    assert main.read_text() == MAIN


def test_set_refuses_a_secret_without_repeating_it(run_postroom: RunPostroom, main: Path, sentinel: str) -> None:
    for key in ("smtp.servers.main.password", "smtp.servers.main.oauth.client_secret"):
        done = run_postroom("config", "set", key, sentinel)
        assert done.exit == 2
        assert "never the secret itself" in done.stderr
        assert "-stdin" in done.stderr
        assert sentinel not in done.stdout + done.stderr


def test_a_password_in_an_address_is_not_repeated(run_postroom: RunPostroom, main: Path, sentinel: str) -> None:
    done = run_postroom("config", "set", "smtp.servers.main.proxy", f"http://me:{sentinel}@proxy.example:8080")
    assert done.exit == 2
    assert "must not contain a password" in done.stderr
    assert sentinel not in done.stderr


def test_the_dry_run_of_a_change_is_its_difference(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "set", "smtp.servers.main.port", "587", "--dry-run")
    assert "+port = 587\n" in done.stdout
    assert main.read_text() == MAIN


def test_validate_tells_every_problem_and_exits_78(run_postroom: RunPostroom, main: Path) -> None:
    assert run_postroom("config", "validate").exit == 0
    write(main, MAIN + "port = 0\nprot = 1\n")
    done = run_postroom("config", "validate")
    assert done.exit == 78
    assert f"  | {main}:4: smtp.servers.main.port must be from 1 to 65535" in done.stderr
    assert f"  | {main}:5: unknown key smtp.servers.main.prot" in done.stderr
    envelope = run_postroom("config", "validate", "--json").json
    assert envelope["error"]["code"] == "config.invalid"
    assert [(found["line"], found["key"]) for found in envelope["data"]["problems"]] == [
        (4, "smtp.servers.main.port"),
        (5, "smtp.servers.main.prot"),
    ]


@pytest.mark.parametrize("argv", [("path",), ("history",), ("edit",), ("unset", "smtp.servers.main.port")])
def test_what_helps_to_mend_works_on_a_broken_configuration(
    run_postroom: RunPostroom, main: Path, argv: tuple[str, ...]
) -> None:
    write(main, MAIN + "port = 0\n")
    done = run_postroom("config", *argv, env={"EDITOR": "sed -i /port/d"})
    assert (done.exit, done.stderr) == (0, "")


def test_everything_else_refuses_a_broken_configuration(run_postroom: RunPostroom, main: Path) -> None:
    write(main, MAIN + "port = 0\n")
    for argv in (("show",), ("get", "smtp.default"), ("export",)):
        assert run_postroom("config", *argv).exit == 78


def test_edit_replaces_the_file_by_what_the_editor_left(run_postroom: RunPostroom, main: Path) -> None:
    done = run_postroom("config", "edit", env={"VISUAL": "sed -i s/mail.example/smtp.example/", "EDITOR": "false"})
    assert "smtp.servers.main.host: mail.example.com -> smtp.example.com" in done.stdout
    assert main.read_text() == MAIN.replace("mail.example", "smtp.example")
    assert sorted(path.name for path in main.parent.iterdir()) == ["config.toml", "config.toml.lock"]


@pytest.mark.parametrize(
    ("editor", "status", "said"),
    [
        ("sed -i s/host/hots/", 78, "did you mean smtp.servers.main.host?"),
        ("false", 2, "ended with status 1; nothing was changed"),
        ("no-such-editor", 2, "cannot be started"),
        ("'", 2, "EDITOR has an open quote"),
        ("rm", 74, "the edited copy is gone"),
        (None, 2, "there is no terminal for an editor"),
    ],
)
def test_an_edit_that_fails_changes_nothing(
    run_postroom: RunPostroom, main: Path, editor: str | None, status: int, said: str
) -> None:
    done = run_postroom("config", "edit", env={"EDITOR": editor})
    assert done.exit == status
    assert said in done.stderr
    assert main.read_text() == MAIN
    assert not list(main.parent.glob(".edit-*"))


def test_on_a_terminal_an_invalid_edit_is_offered_again(run_postroom: RunPostroom, main: Path, tmp_path: Path) -> None:
    editor = write(
        tmp_path / "editor",
        "#!/bin/sh\nif grep -q nonsense $1; then sed -i s/nonsense/timeout/ $1; else echo 'nonsense = 9' >> $1; fi\n",
        mode=0o700,
    )
    done = run_postroom("config", "edit", tty=True, env={"EDITOR": str(editor)}, answers=[("open it again?", "y\n")])
    assert done.exit == 0
    assert main.read_text() == MAIN + "timeout = 9\n"
    refused = run_postroom(
        "config", "edit", tty=True, env={"EDITOR": "sed -i s/host/hots/"}, answers=[("open it again?", "n\n")]
    )
    assert refused.exit == 78


def test_apply_check_apply_and_again(run_postroom: RunPostroom, main: Path, tmp_path: Path) -> None:
    given = write(tmp_path / "x.toml", '[smtp.servers.b]\nhost = "b.example"\n')
    check = run_postroom("config", "apply", str(given), "--check")
    assert (check.exit, main.read_text()) == (1, MAIN)
    assert '+host = "b.example"' in check.stdout
    assert run_postroom("config", "apply", str(given)).exit == 0
    assert run_postroom("config", "apply", str(given), "--check").exit == 0
    assert run_postroom("config", "apply", str(given)).stdout == "unchanged\n"
    pruned = run_postroom("config", "apply", "-", "--prune", input=given.read_text())
    assert "smtp.servers.main.host: mail.example.com -> -" in pruned.stdout


def test_apply_of_a_file_that_is_not_there(run_postroom: RunPostroom, main: Path) -> None:
    assert run_postroom("config", "apply", "/no/such/file").exit == 66


def test_export_history_and_rollback(run_postroom: RunPostroom, main: Path) -> None:
    assert run_postroom("config", "export").stdout == '[smtp.servers.main]\nhost = "mail.example.com"\n'
    assert run_postroom("config", "export", "--json").json["data"]["text"].startswith("[smtp.servers.main]")
    run_postroom("config", "set", "smtp.servers.main.port", "587")
    (copy,) = run_postroom("config", "history", "--json").json["data"]["copies"]
    assert copy["number"] == 1
    assert Path(copy["file"]).read_text() == MAIN
    done = run_postroom("config", "rollback", "1", "--json").json
    assert (done["data"]["number"], done["data"]["changed"]) == (1, True)
    assert main.read_text() == MAIN
    assert run_postroom("config", "rollback", "9").exit == 78


def test_each_command_documents_its_data_and_gives_an_example(run_postroom: RunPostroom) -> None:
    group = COMMANDS["config"][1]
    assert isinstance(group, dict)
    for name in group:
        text = run_postroom("config", name, "--help").stdout
        assert "JSON data:" in text, name
        assert f"postroom config {name}" in text, name
