"""The demo: the README's first command, on a machine with nothing."""

from pathlib import Path

import pytest

from tests.conftest import RunPostroom


def test_the_demo_shows_the_whole_way_in_80_columns(run_postroom: RunPostroom) -> None:
    done = run_postroom("demo")

    assert done.exit == 0
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line[:2] in ("1.", "2.", "3.", "4.")] == [
        "1. A mail server for tests starts",
        "2. It is set up",
        "3. It is tested",
        "4. The mail is there",
    ]
    assert "FAIL" not in done.stdout
    assert [line for line in lines if line.startswith("   ok    starttls") and "TLSv1.3" in line]
    assert [line for line in lines if line.startswith("   ok    auth") and "PLAIN" in line]
    assert "postroom smtp set" in done.stderr


def test_the_demo_takes_the_real_road(run_postroom: RunPostroom) -> None:
    data = run_postroom("demo", "--json").json["data"]

    steps = {step["name"]: step for step in data["steps"]}
    assert {name for name, step in steps.items() if not step["ok"]} == {"token", "tls"}
    assert (data["server"]["security"], data["server"]["port"] > 1023) == ("starttls", True)
    assert (data["receipt"]["code"], data["queue_id"]) == (250, "1")
    mail = data["mail"]
    assert (mail["tls"], mail["username"]) == ("TLSv1.3", "demo@example.test")
    assert mail["message_id"] == data["message_id"]
    assert mail["recipients"] == ["you@example.test"]
    assert {change["key"] for change in data["changes"]} >= {"smtp.servers.demo.host", "smtp.servers.demo.tls.ca_file"}


def test_the_demo_leaves_nothing_behind(run_postroom: RunPostroom, tmp_path: Path, tmp_home: Path) -> None:
    before = sorted(tmp_home.rglob("*"))
    place = tmp_path / "tmp"
    place.mkdir()

    assert run_postroom("demo", env={"TMPDIR": str(place)}).exit == 0
    assert list(place.iterdir()) == []
    assert sorted(tmp_home.rglob("*")) == before


@pytest.mark.parametrize(
    "environment",
    [
        {"POSTROOM_SMTP_HOST": "smtp.example.com", "POSTROOM_SMTP_PASSWORD": "x", "POSTROOM_SMTP_USERNAME": "ann"},
        {"POSTROOM_SMTP_PORT": "no port"},
        {"POSTROOM_CONFIG": "/nonexistent/config.toml"},
        {"HOME": None, "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None},
    ],
    ids=["another-server", "invalid", "no-config", "no-home"],
)
def test_the_demo_minds_nobodys_configuration(run_postroom: RunPostroom, environment: dict[str, str | None]) -> None:
    done = run_postroom("demo", "--json", env=environment)

    assert (done.exit, done.json["data"]["server"]["host"]) == (0, "localhost")


def test_the_demo_minds_no_broken_configuration_file(run_postroom: RunPostroom, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("this is no TOML")

    assert run_postroom("demo", "--config", str(tmp_path / "config.toml")).exit == 0
    assert (tmp_path / "config.toml").read_text() == "this is no TOML"
