"""Changes while the environment or a drop-in says something else: nothing is written that only works today."""

from pathlib import Path

import pytest

from tests.conftest import RunPostroom

HOST = {"POSTROOM_SMTP_HOST": "today.example.com"}


@pytest.fixture
def main(run_postroom: RunPostroom) -> Path:
    """The configuration file, with the servers a (the default) and b."""
    for name in ("a", "b"):
        assert run_postroom("smtp", "set", name, "--host", f"{name}.example.com").exit == 0
    return Path(run_postroom("config", "path", "--json").json["data"]["main"])


def drop_in(main: Path, text: str) -> Path:
    path = main.parent / "conf.d" / "10-site.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def give_password(run: RunPostroom) -> None:
    options = ("--username", "u", "--password-stdin", "--store", "plain", "--insecure-storage")
    assert run("smtp", "set", "a", *options, input="swordfish\n").exit == 0


@pytest.mark.parametrize(
    "line",
    [
        "smtp set --port 587",
        "smtp set environment --port 587",
        "smtp rename environment other",
        "smtp remove environment --yes",
        "smtp disable environment",
        "smtp use environment",
        "secrets set environment.password --stdin --store plain --insecure-storage",
        "secrets remove environment.password --yes",
    ],
)
def test_the_environments_server_gets_into_no_file(run_postroom: RunPostroom, main: Path, line: str) -> None:
    before = main.read_bytes()
    done = run_postroom(*line.split(), env=HOST, input="swordfish\n")
    assert done.exit == 78, done.stderr
    assert "environment" in done.stderr
    assert main.read_bytes() == before


def test_what_is_valid_only_in_this_environment_is_refused(run_postroom: RunPostroom, main: Path) -> None:
    before = main.read_bytes()
    done = run_postroom("config", "set", "smtp.servers.environment.port", "587", env=HOST)
    assert done.exit == 78
    assert "smtp.servers.environment.host: no host is given" in done.stderr
    assert main.read_bytes() == before


def test_a_value_that_a_drop_in_overrides_is_warned_about_even_when_it_was_there(
    run_postroom: RunPostroom, main: Path
) -> None:
    over = drop_in(main, '[smtp]\ndefault = "b"\n')
    warned = run_postroom("smtp", "use", "a", "--json").json
    assert warned["data"]["changed"] is False
    assert [warning["message"] for warning in warned["warnings"]] == [f"smtp.default is overridden by {over}"]


def test_a_stored_secret_is_in_use_while_the_environment_gives_another(run_postroom: RunPostroom, main: Path) -> None:
    give_password(run_postroom)
    over = {"POSTROOM_SMTP_PASSWORD": "another"}
    listed = run_postroom("secrets", "list", "--json", env=over).json
    assert [warning["code"] for warning in listed["warnings"]] == []
    assert {row["reference"]: row["used"] for row in listed["data"]["secrets"]} == {
        "env:POSTROOM_SMTP_PASSWORD": True,
        "plain:smtp/a/password": True,
    }
    assert run_postroom("secrets", "remove", "plain:smtp/a/password", "--yes", env=over).exit == 0
    assert "password" not in main.read_text()


@pytest.mark.parametrize("line", ["smtp list", "config set desk.operator it@example.com", "smtp set a --port 587"])
def test_a_broken_drop_in_is_to_be_changed_itself(run_postroom: RunPostroom, main: Path, line: str) -> None:
    over = drop_in(main, "[smtp]\nenabled = 3\n")
    done = run_postroom(*line.split())
    assert done.exit == 78
    assert f"hint: Change it in {over}" in done.stderr.splitlines()


def test_a_refused_renaming_moves_no_secret(run_postroom: RunPostroom, main: Path) -> None:
    give_password(run_postroom)
    over = drop_in(main, '[smtp.routes]\nalert = "a"\n')
    refused = run_postroom("smtp", "rename", "a", "relay")
    assert (refused.exit, f"hint: Change {over} first." in refused.stderr) == (78, True)
    listed = run_postroom("secrets", "list", "--json").json
    assert [row["reference"] for row in listed["data"]["secrets"]] == ["plain:smtp/a/password"]


@pytest.mark.parametrize("line", ["smtp rename a relay", "smtp remove a --yes", "smtp set a --unset password"])
def test_a_secret_that_another_server_shares_stays(run_postroom: RunPostroom, main: Path, line: str) -> None:
    give_password(run_postroom)
    assert run_postroom("config", "set", "smtp.servers.b.password", "plain:smtp/a/password").exit == 0
    assert run_postroom(*line.split()).exit == 0
    held = run_postroom("secrets", "list", "--json").json["data"]["secrets"]
    assert "plain:smtp/a/password" in {row["reference"] for row in held if row["set_at"]}


def test_a_dry_run_tells_that_a_secret_would_change(run_postroom: RunPostroom, main: Path) -> None:
    give_password(run_postroom)
    options = ("smtp", "set", "a", "--password-stdin", "--store", "plain", "--insecure-storage", "--dry-run", "--json")
    told = {text: run_postroom(*options, input=f"{text}\n").json["data"]["changed"] for text in ("swordfish", "tuna")}
    assert told == {"swordfish": False, "tuna": True}
    assert run_postroom(*options[:-2], "--json", input="swordfish\n").json["data"]["changed"] is False


def test_nothing_to_change_needs_no_right_to_write(run_postroom: RunPostroom, main: Path) -> None:
    lock = main.with_name("config.toml.lock")
    lock.unlink()
    lock.mkdir()  # as root could write wherever a mode forbids it
    same = run_postroom("smtp", "set", "a", "--host", "a.example.com", "--json")
    assert (same.exit, same.json["data"]["changed"]) == (0, False)
    assert run_postroom("smtp", "set", "a", "--port", "587").exit == 73


def test_renaming_the_only_server_writes_no_default_that_nobody_chose(run_postroom: RunPostroom, main: Path) -> None:
    assert run_postroom("smtp", "remove", "a", "--yes").exit == 0
    renamed = run_postroom("smtp", "rename", "b", "relay", "--json").json
    assert {change["key"] for change in renamed["data"]["changes"]} == {
        "smtp.servers.b.host",
        "smtp.servers.relay.host",
    }
