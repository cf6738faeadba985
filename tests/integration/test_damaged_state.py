"""Rubbish in the files of the state: told in words, or taken for no memory; never a bug."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunPostroom

RUBBISH = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "half": b'{"version": 1, "secrets": {',
    "nested": b"[" * 100_000,
    "another form": b'{"version": 1, "main": 3, "secrets": {"smtp/main/password": 3}}',
    "no rows": b'{"version": 1, "main": {}, "secrets": []}',
    "no time zone": b'[secrets."plain:smtp/main/password"]\nset_at = "2026-01-01"\nhost = "h"\nusername = "u"\n',
}
READERS = {
    "secrets.plain": ["smtp test --until token --to a@b.example"],
    "secrets": ["secrets stores", "secrets move main.password --store encrypted"],
    "secrets.key": ["secrets stores"],
    "secrets.toml": ["secrets list", "smtp show", "status"],
    "last-tests.json": ["status"],
}


@pytest.fixture
def state(run_postroom: RunPostroom) -> Path:
    """The state of a desk with one server and its password in plain text."""
    options = ("--host", "h.example", "--username", "u", "--password-stdin", "--store", "plain", "--insecure-storage")
    assert run_postroom("smtp", "set", "main", *options, input="swordfish\n").exit == 0
    return Path(run_postroom("config", "path", "--json").json["data"]["state"])


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize(("file", "line"), [(file, line) for file, lines in READERS.items() for line in lines])
def test_rubbish_in_a_file_of_the_state_is_no_bug(
    run_postroom: RunPostroom, state: Path, file: str, line: str, rubbish: bytes
) -> None:
    (state / file).write_bytes(rubbish)
    (state / file).chmod(0o600)
    done = run_postroom(*line.split(), "--json")
    found = json.loads(done.stdout)
    assert done.exit in (0, 78), done.stdout
    assert found["error"] is None or found["error"]["hint"]


@pytest.mark.parametrize("line", ["smtp remove main --yes", "smtp set main --unset password"])
def test_a_secret_that_its_store_keeps_does_not_fail_the_change(
    run_postroom: RunPostroom, state: Path, line: str
) -> None:
    (state / "secrets.plain").write_bytes(b"half")
    done = run_postroom(*line.split(), "--json")
    assert done.exit == 0, done.stdout
    assert done.json["data"]["changed"]
    assert [(warning["code"], warning["hint"]) for warning in done.json["warnings"]] == [
        ("secret.left", "postroom secrets remove plain:smtp/main/password")
    ]


def test_a_key_of_a_thousand_parts_is_told_and_can_be_edited_away(run_postroom: RunPostroom, state: Path) -> None:
    main = Path(run_postroom("config", "path", "--json").json["data"]["main"])
    main.write_text(".".join("a" * 3000) + " = 1\n")
    assert run_postroom("smtp", "list").exit == 78
    refused = run_postroom("config", "set", "desk.operator", "it@example.com", "--json").json["error"]
    assert (refused["code"], refused["hint"]) == ("config.not_editable", "postroom config edit")
    emptied = run_postroom("config", "edit", env={"EDITOR": "sh -c ': > \"$0\"'"})
    assert (emptied.exit, main.read_text()) == (0, ""), emptied.stderr


def test_a_foreign_name_in_the_history_is_passed_over(run_postroom: RunPostroom, state: Path) -> None:
    assert run_postroom("smtp", "set", "main", "--port", "587").exit == 0
    (state / "history" / "000999-20269999T000000Z-config.toml").write_bytes(b"")
    copies = run_postroom("config", "history", "--json").json["data"]["copies"]
    assert [copy["number"] for copy in copies] == [1]
