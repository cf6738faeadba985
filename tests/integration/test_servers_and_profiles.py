"""`smtp list|show|use|rename|remove|enable|disable|providers`, `tls ...` and `set`, as a script uses them."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.certificates import Authority
from tests.support.program import clean_environment, program


def add(run: RunPostroom, name: str, *extra: str) -> None:
    done = run("smtp", "set", name, "--host", f"{name}.example.com", "--auth", "none", *extra)
    assert done.exit == 0, done.stderr


def names(run: RunPostroom) -> dict[str, bool]:
    return {row["name"]: row["default"] for row in run("smtp", "list", "--json").json["data"]["servers"]}


def test_the_first_server_is_the_default_and_use_changes_it(run_postroom: RunPostroom) -> None:
    add(run_postroom, "a")
    add(run_postroom, "b")
    assert names(run_postroom) == {"a": True, "b": False}
    assert run_postroom("smtp", "use", "b", "--json").json["data"]["changed"] is True
    assert run_postroom("smtp", "use", "b", "--json").json["data"]["changed"] is False
    add(run_postroom, "c", "--default")
    assert names(run_postroom) == {"a": False, "b": False, "c": True}


def test_a_name_is_made_of_the_title(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "--title", "Company relay", "--host", "r.example.com", "--json")
    assert done.json["data"]["server"]["name"] == "company-relay"
    again = run_postroom("smtp", "set", "--host", "s.example.com", "--json")
    assert again.json["data"]["server"]["name"] == "company-relay"


def test_every_mention_of_a_server_follows_its_name(run_postroom: RunPostroom) -> None:
    add(run_postroom, "a")
    add(run_postroom, "b")
    run_postroom("config", "set", "smtp.failover", "a,b")
    run_postroom("config", "set", "smtp.routes.alert", "a")
    assert run_postroom("smtp", "rename", "a", "relay").exit == 0

    def get(key: str) -> object:
        return run_postroom("config", "get", key, "--json").json["data"]["value"]

    assert get("smtp.failover") == ["relay", "b"]
    assert get("smtp.routes.alert") == "relay"
    assert get("smtp.default") == "relay"
    assert run_postroom("smtp", "remove", "relay", "--yes").exit == 0
    assert get("smtp.failover") == ["b"]
    assert run_postroom("config", "validate").exit == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("smtp rename a b", "usage.name_taken"),
        ("smtp rename a B", "usage.bad_name"),
        ("smtp rename x y", "config.unknown_server"),
        ("smtp remove a", "usage.not_confirmed"),
        ("smtp use x", "config.unknown_server"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_lost(run_postroom: RunPostroom, line: str, code: str) -> None:
    add(run_postroom, "a")
    add(run_postroom, "b")
    done = run_postroom(*line.split(), "--json")
    assert done.json["error"]["code"] == code
    assert names(run_postroom) == {"a": True, "b": False}


def test_switching_off_keeps_the_settings(run_postroom: RunPostroom) -> None:
    add(run_postroom, "a")
    assert run_postroom("smtp", "disable", "a", "--json").json["data"]["changed"] is True
    assert run_postroom("status", "--json").json["data"]["missing"] == "postroom smtp enable a"
    run_postroom("smtp", "enable", "a")
    run_postroom("smtp", "disable")
    status = run_postroom("status", "--json")
    assert (status.exit, status.json["data"]["missing"]) == (78, "postroom smtp enable")
    run_postroom("smtp", "enable")
    nameless = run_postroom("status", "--json")
    assert (nameless.exit, nameless.json["data"]["missing"]) == (78, "postroom smtp set a --from ADDRESS")
    run_postroom("smtp", "set", "a", "--from", "it@example.com")
    assert run_postroom("status").exit == 0


def test_each_value_is_shown_with_its_source(run_postroom: RunPostroom) -> None:
    run_postroom("smtp", "set", "main", "--provider", "microsoft365", "--username", "a@example.com")
    done = run_postroom("smtp", "show", "--json", env={"POSTROOM_SMTP_TIMEOUT": "90s"})
    rows = {row["key"]: (row["value"], row["source"].split()[0]) for row in done.json["data"]["server"]["settings"]}
    assert rows["host"] == ("smtp.office365.com", "preset")
    assert rows["username"] == ("a@example.com", "file")
    assert rows["from"] == ("a@example.com", "derived")
    assert rows["auth"] == ("oauth2", "preset")
    assert rows["timeout"] == ("90s", "environment") or rows["timeout"][1] == "environment"
    assert rows["connect_timeout"] == ("30s", "default")
    assert rows["rate"] == ("30/min", "preset")
    assert rows["from_policy"] == ("force", "preset")


def test_a_dry_run_shows_the_difference_and_writes_nothing(run_postroom: RunPostroom, tmp_home: Path) -> None:
    add(run_postroom, "a")
    config = Path(clean_environment(tmp_home, "")["POSTROOM_CONFIG"])
    before = config.read_bytes()
    done = run_postroom("smtp", "set", "a", "--port", "2525", "--dry-run", "--json")
    assert done.json["data"]["changed"] is True
    assert "+port = 2525" in done.json["data"]["diff"]
    assert config.read_bytes() == before


def test_other_products_words_are_understood(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "m", "--provider", "office365", "--security", "SSL", "--port", "465", "--json")
    assert done.exit == 0, done.stdout
    assert done.json["data"]["server"]["security"] == "tls"
    custom = run_postroom("smtp", "set", "m", "--provider", "custom", "--host", "own.example.com", "--json")
    assert custom.json["data"]["server"]["provider"] is None


def test_comments_survive_set_and_remove(run_postroom: RunPostroom, tmp_home: Path) -> None:
    config = Path(clean_environment(tmp_home, "")["POSTROOM_CONFIG"])
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("# the desk of host07\n[smtp.servers.a]\nhost = 'a.example.com' # do not touch\nauth = 'none'\n")
    config.chmod(0o600)
    assert run_postroom("smtp", "set", "a", "--port", "2525").exit == 0
    add(run_postroom, "b")
    assert run_postroom("smtp", "remove", "b", "--yes").exit == 0
    text = config.read_text()
    assert "# the desk of host07" in text
    assert "# do not touch" in text


def test_a_profile_is_shared_and_its_servers_win(run_postroom: RunPostroom, tmp_path: Path) -> None:
    authority = Authority(tmp_path).ca_file
    assert run_postroom("tls", "set", "site", "--ca-file", str(authority), "--min", "1.3").exit == 0
    add(run_postroom, "a", "--tls-profile", "site", "--tls-min", "1.2")
    rows = {row["key"]: row for row in run_postroom("smtp", "show", "a", "--json").json["data"]["server"]["settings"]}
    assert rows["tls.ca_file"]["value"] == str(authority)
    assert rows["tls.minimum"]["value"] == "1.2"
    in_use = run_postroom("tls", "remove", "site", "--yes", "--json")
    assert (in_use.exit, in_use.json["error"]["code"]) == (78, "config.profile_in_use")
    assert run_postroom("tls", "list", "--json").json["data"]["profiles"][0]["used_by"] == ["a"]
    run_postroom("smtp", "set", "a", "--unset", "tls_profile")
    assert run_postroom("tls", "remove", "site", "--yes", "--json").json["data"]["removed"] == "site"
    bad = run_postroom("tls", "set", "site", "--min", "1.1", "--json")
    assert bad.exit in {2, 78}


def test_a_hundred_at_once_all_get_through(run_postroom: RunPostroom, tmp_home: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_home, os.environ["PATH"])
    argv = [*program(), "smtp", "set", "--host", "mail.example.com", "--auth", "none", "--quiet"]
    running = [
        subprocess.Popen([*argv, f"s{number}"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE)
        for number in range(100)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert {status for _, status in ends} == {0}, [text for text, status in ends if status]
    assert len(names(run_postroom)) == 100
    assert run_postroom("config", "validate").exit == 0


def test_presets_are_found_by_id_alias_and_address(run_postroom: RunPostroom) -> None:
    everything = run_postroom("smtp", "providers", "--json").json["data"]["providers"]
    assert len(everything) >= 60
    for wanted, found in (
        ("gmail", "gmail"),
        ("google", "gmail"),
        ("x@googlemail.com", "gmail"),
        ("office365", "microsoft365"),
    ):
        data = run_postroom("smtp", "providers", wanted, "--json").json["data"]
        assert [preset["id"] for preset in data["providers"]] == [found]


def test_an_address_alone_is_answered_with_its_preset(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "main", "--username", "alice@gmail.com", "--json")
    assert (done.exit, done.json["error"]["code"]) == (2, "usage.missing_value")
    assert done.json["error"]["hint"] == "postroom smtp set main --provider gmail"


def test_both_ways_to_log_in_are_named_where_the_provider_has_both(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "main", "--provider", "gmail", "--username", "alice@gmail.com", "--json")
    assert done.json["data"]["missing"] == ["--access-token-command", "--password-stdin"]
    given = run_postroom("smtp", "set", "main", "--password-env", "PW", "--json")
    assert (given.json["data"]["missing"], given.json["data"]["server"]["auth"]) == ([], "password")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("smtp show relaay", "did you mean relay?"),
        ("smtp use zzz", "postroom smtp list"),
        ("smtp tset", "did you mean postroom smtp set or postroom smtp test?"),
        ("smtp providers gmial", "did you mean gmail?"),
        ("smtp providers a@example.invalid", "postroom smtp providers a@example.invalid --online looks up"),
        ("smtp set x --provider gmial", "did you mean gmail?"),
        ("smtp set x --provider zzz", "postroom smtp providers"),
        ("smtp test --provider gmial", "did you mean gmail?"),
        ("smtp use", "postroom smtp use --help"),
        ("config rollback 7", "postroom config history"),
    ],
)
def test_a_slip_is_answered_with_what_to_type(run_postroom: RunPostroom, line: str, hint: str) -> None:
    add(run_postroom, "relay")
    error = run_postroom(*line.split(), "--json").json["error"]
    assert error["hint"].startswith(hint)


@pytest.mark.parametrize(
    ("line", "missing"),
    [("smtp rename a", "NEW"), ("sandbox run", "-- CMD [ARG]..."), ("secrets move main.password", "--store")],
)
def test_what_is_missing_is_named_as_the_help_names_it(run_postroom: RunPostroom, line: str, missing: str) -> None:
    done = run_postroom(*line.split())
    assert done.exit == 2
    command = " ".join(line.split()[:2])
    assert done.stderr.startswith(f"error: postroom {command} needs {missing}\n")


def test_the_help_shows_required_arguments_bare_and_the_others_in_brackets(run_postroom: RunPostroom) -> None:
    assert "smtp rename [OPTIONS] OLD NEW\n" in run_postroom("smtp", "rename", "--help").stdout
    assert "smtp show [OPTIONS] [NAME]\n" in run_postroom("smtp", "show", "--help").stdout


def test_an_option_that_nothing_reads_yet_is_recorded_with_a_warning(run_postroom: RunPostroom) -> None:
    done = run_postroom("smtp", "set", "--host", "a.example.com", "--rate", "30/min", "--json")
    assert [warning["code"] for warning in done.json["warnings"]] == ["config.not_read_yet"]


def test_a_configuration_that_came_without_its_secret_is_not_ready(run_postroom: RunPostroom, tmp_path: Path) -> None:
    run_postroom("smtp", "set", "main", "--host", "a.example.com", "--username", "alice@example.com")
    given = ("secrets", "set", "main.password", "--stdin", "--store", "encrypted")
    assert run_postroom(*given, input="secret\n").exit == 0
    assert run_postroom("status", "--json").json["data"]["ready"] is True
    exported = tmp_path / "moved.toml"
    exported.write_text(run_postroom("config", "export").stdout)
    elsewhere = ("--config", str(tmp_path / "other.toml"), "--state-dir", str(tmp_path / "state"))
    applied = run_postroom(*elsewhere, "config", "apply", str(exported))
    assert "next: postroom status" in applied.stderr
    status = run_postroom(*elsewhere, "status", "--json")
    assert (status.exit, status.json["data"]["missing"]) == (78, "postroom secrets set main.password")
    assert run_postroom(*elsewhere, *given, input="secret\n").exit == 0
    assert run_postroom(*elsewhere, "status", "--json").json["data"]["ready"] is True


def test_a_preset_is_set_up_under_a_name_of_its_own(run_postroom: RunPostroom) -> None:
    add(run_postroom, "main")
    shown = run_postroom("smtp", "providers", "alice@gmail.com")
    command = shown.stderr.partition("next: postroom ")[2].partition("  (")[0]
    assert run_postroom(*command.split()).exit == 0
    assert names(run_postroom) == {"main": True, "gmail": False}


def test_a_terminal_is_told_which_secret_it_is_asked_for(run_postroom: RunPostroom) -> None:
    line = ("smtp", "set", "main", "--host", "a.example.com", "--username", "alice", "--store", "plain")
    asked = run_postroom(
        *line, "--insecure-storage", "--password-stdin", tty=True, answers=[("Password (not shown): ", "secret\n")]
    )
    assert asked.exit == 0, asked.stdout


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["--host", "smtp.live.com"], ["provider.retired_host"]),
        (["--host", "mail.gmx.com", "--username", "a@gmx.net"], ["provider.retired_host"]),
        (["--provider", "gmail", "--username", "a@gmail.com", "--from", "b@corp.net"], ["provider.foreign_from"]),
        (["--provider", "gmail", "--username", "a@gmail.com"], []),
    ],
)
def test_set_says_at_once_what_the_provider_will_mind(
    run_postroom: RunPostroom, words: list[str], codes: list[str]
) -> None:
    done = run_postroom("smtp", "set", "main", *words, "--json")
    assert done.exit == 0, done.stdout
    assert [warning["code"] for warning in done.json["warnings"]] == codes


@pytest.mark.parametrize("line", ["smtp set main", "tls set site"])
def test_a_ca_file_that_is_none_is_not_saved(run_postroom: RunPostroom, tmp_path: Path, line: str) -> None:
    add(run_postroom, "main")
    other = tmp_path / "README.md"
    other.write_text("# no certificate\n")
    refused = run_postroom(*line.split(), "--ca-file", str(other), "--json")
    assert (refused.exit, refused.json["error"]["code"]) == (66, "file.tls_unusable")
    assert "holds no certificate" in refused.json["error"]["message"]
    assert str(other) not in run_postroom("config", "export").stdout


def test_a_ca_file_that_has_become_none_fails_at_its_step(run_postroom: RunPostroom, tmp_path: Path) -> None:
    authority = Authority(tmp_path).ca_file
    add(run_postroom, "main", "--ca-file", str(authority), "--security", "starttls")
    authority.write_text("# no certificate\n")
    failed = run_postroom("smtp", "test", "--json")
    steps = {step["name"]: step["ok"] for step in failed.json["data"]["steps"]}
    assert (failed.exit, steps["config"], steps["starttls"]) == (66, True, False)
    assert failed.json["error"]["hint"].endswith("postroom smtp set main --ca-file FILE")
    shown = run_postroom("smtp", "test").stdout
    assert "FAIL  starttls" in shown


@pytest.mark.parametrize("value", ["--host HOST", "--username NAME", "--from ADDRESS", "--provider ID"])
def test_a_hint_that_is_typed_as_it_stands_is_refused(run_postroom: RunPostroom, value: str) -> None:
    add(run_postroom, "main")
    for command in ("set", "test"):
        error = run_postroom("smtp", command, "main", *value.split(), "--json").json["error"]
        assert "stands for a value" in error["message"]


def test_a_secret_that_is_missing_is_told_in_words(run_postroom: RunPostroom) -> None:
    add(run_postroom, "main", "--auth", "password", "--username", "alice@example.com")
    line = next(line for line in run_postroom("smtp", "test").stdout.splitlines() if line.startswith("FAIL"))
    assert line.endswith("server main has no password for alice@example.com")
