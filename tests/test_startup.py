"""No command pays for what it does not use: help, the version and reading the configuration load nothing heavy."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from postroom.cli.lazy import COMMANDS
from tests.support.program import clean_environment

# Libraries that one adapter needs when it works, and the standard library's slow ones.
HEAVY = frozenset(
    {
        *("rich", "keyring", "tomlkit", "cryptography", "aiosmtpd", "python_socks", "authlib", "requests", "jinja2"),
        *("joserfc", "urllib3"),
        *("dns", "regex", "pydantic", "sqlite3", "psycopg", "ssl", "asyncio", "smtplib"),
    }
)

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
