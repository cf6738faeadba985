"""No command pays for what it does not use: help, the version and reading the configuration load nothing heavy."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from postroom.cli.lazy import COMMANDS
from postroom.clock import Clock
from postroom.domain.oauth import TokenRecord, client_of
from postroom.domain.secret import Binding, Secret
from postroom.domain.settings import OAuth, Server, Source, Value
from postroom.oauth.record import encode
from postroom.secrets.ledger import Ledger
from postroom.secrets.plain import PlainFile
from postroom.secrets.vault import Vault
from tests.support.program import clean_environment

# Libraries that one adapter needs when it works, and the standard library's slow ones.
HEAVY = frozenset(
    {
        *("rich", "keyring", "tomlkit", "cryptography", "aiosmtpd", "python_socks", "authlib", "requests", "jinja2"),
        *("joserfc", "urllib3"),
        *("dns", "regex", "pydantic", "sqlite3", "psycopg", "ssl", "asyncio", "smtplib"),
    }
)

FILE = Source("file", "config.toml")
HOSTED = {name: Value(value, FILE) for name, value in {"host": "mail.example.com", "username": "a@example.com"}.items()}
APPLICATION = {
    name: Value(value, FILE)
    for name, value in {"client_id": "id", "issuer": "https://login.example.com", "scope": "mail"}.items()
}
CONFIGURED = """
[smtp]
default = "main"
[smtp.servers.main]
host = "mail.example.com"
auth = "oauth2"
username = "a@example.com"
[smtp.servers.main.oauth]
client_id = "id"
issuer = "https://login.example.com"
scope = "mail"
tokens = "plain:smtp/main/oauth/tokens"
"""

# Runs the program as its console script does, then writes down what was loaded, one module a line.
_RUN = """
import sys
try:
    from postroom.__main__ import main
    main()
finally:
    with open({listing!r}, "w") as listing:
        print(*sys.modules, sep="\\n", file=listing)
"""


def leaves(table: Mapping[str, Any] = COMMANDS, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command of the table, as its words."""
    for name, (_, second) in table.items():
        if isinstance(second, dict):
            yield from leaves(second, *before, name)
        else:
            yield (*before, name)


def loaded(argv: tuple[str, ...], home: Path) -> set[str]:
    """The top-level names of all modules that a run of the program loads, in a fresh interpreter."""
    listing = home / "listing"
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(listing=str(listing)), *argv],
        env=clean_environment(home, os.environ["PATH"]),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in listing.read_text().split()}


def test_the_version_loads_no_command_line(tmp_home: Path) -> None:
    found = loaded(("--version",), tmp_home)
    assert "postroom" in found
    assert (
        sorted(found & (HEAVY | {"typer", "click", "dataclasses", "inspect", "typing", "pathlib", "json", "re"})) == []
    )


@pytest.mark.parametrize("argv", [(), *leaves()], ids=" ".join)
def test_help_loads_nothing_heavy(argv: tuple[str, ...], tmp_home: Path) -> None:
    assert sorted(loaded((*argv, "--help"), tmp_home) & HEAVY) == []


@pytest.mark.parametrize(
    "line", ["smtp show", "smtp list", "config get smtp.servers.main.host", "config show", "status"]
)
def test_reading_the_configuration_loads_nothing_heavy(line: str, tmp_home: Path) -> None:
    config = Path(clean_environment(tmp_home, "")["POSTROOM_CONFIG"])
    config.parent.mkdir(parents=True)
    server = 'host = "mail.example.com"\nauth = "none"\nfrom = "a@example.com"\n'
    config.write_text(f'[smtp]\ndefault = "main"\n[smtp.servers.main]\n{server}')
    config.chmod(0o600)
    assert sorted(loaded(tuple(line.split()), tmp_home) & HEAVY) == []


@pytest.mark.parametrize("line", ["oauth token main", "smtp test main --until token", "oauth status --offline"])
def test_an_access_token_that_is_good_loads_no_library_for_oauth(line: str, tmp_home: Path) -> None:
    environment = clean_environment(tmp_home, os.environ["PATH"])
    server = Server("main", HOSTED, oauth=OAuth(APPLICATION))
    state = Path(environment["POSTROOM_STATE_DIR"])
    client, now = client_of(server, None), datetime.now(UTC)
    record = TokenRecord(
        client.fingerprint("mail.example.com"), "browser", "", client.scopes, now, now,
        access_token=Secret("a token"), expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    root = os.geteuid() == 0
    vault = Vault(
        lambda _: PlainFile(state / "secrets.plain", as_root=root),
        Ledger(state / "secrets.toml", as_root=root),
        Clock(),
        as_root=root,
    )
    vault.put("smtp/main/oauth/tokens", encode(record), "plain", Binding("mail.example.com", "a@example.com"))
    config = Path(environment["POSTROOM_CONFIG"])
    config.parent.mkdir(parents=True)
    config.write_text(CONFIGURED)
    config.chmod(0o600)
    found = loaded(tuple(line.split()), tmp_home)
    assert sorted(found & {"authlib", "requests", "joserfc", "urllib3", "http", "webbrowser", "cryptography"}) == []


@pytest.mark.parametrize("library", ["ssl", "rich", "sqlite3"])
def test_the_guard_sees_what_is_loaded(library: str, tmp_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {library}\n" + _RUN.format(listing=str(tmp_home / "listing")), "--version"],
        env=clean_environment(tmp_home, os.environ["PATH"]),
        check=True,
        capture_output=True,
    )
    assert done.stdout
    assert library in (tmp_home / "listing").read_text().split()
