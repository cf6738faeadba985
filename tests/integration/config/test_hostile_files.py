"""Broken files and hostile places: no traceback, no echo of a secret, no obedience to strangers."""

import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postroom.config.homes import user_homes
from postroom.config.load import load
from postroom.config.paths import find_scope
from postroom.errors import ConfigError, FileError, PostroomError
from tests.conftest import RunPostroom
from tests.support.config_files import PRESETS, config_file, read, write
from tests.support.open_python import open_python

SECRET = "Xq7-planted-Secret-9z"
SEED = 20261120
NOBODY = 65534

GOOD = f"""# The configuration of a shop
[desk]
operator = "it@example.com"
[smtp]
default = "main"
failover = ["main", "backup"]
[smtp.servers.main]
host = "mail.example.com" # ours
port = 587
username = "noreply@example.com"
password = "{SECRET}"
from_name = "Shop"
[smtp.servers.main.tls]
minimum = "1.3"
[smtp.servers.backup]
host = "backup.example.com"
access_token = "{SECRET}"
[smtp.servers.backup.oauth]
client_secret = "{SECRET}"
"""


def mutated(random_: random.Random) -> bytes:
    """The good text with a few faults of the kinds that hands and editors make. The secret stays whole."""
    lines = GOOD.encode().split(b"\n")
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(lines))
        lines[at] = faulty(random_, lines[at], lines[random_.randrange(len(lines))])
    return b"\n".join(lines)


def faulty(random_: random.Random, line: bytes, other: bytes) -> bytes:
    """The line with one fault."""
    spot = random_.randrange(len(line) + 1)
    word = random_.choice([b"passwd", b"pasword", b"port", b"host", b"from"])
    header = random_.choice([b"[smpt", b"[[smtp", b"[", b"[smtp.x"])
    stray = bytes([random_.randrange(256)])
    while SECRET.encode() in line and SECRET.encode() not in line[:spot] + stray + line[spot:]:
        spot = random_.randrange(len(line) + 1)
    return random_.choice(
        [
            line[:spot] + stray + line[spot:],
            line + line,
            b"",
            other,
            line.replace(b'"', b"", 1),
            line.replace(b" = ", b" "),
            line.replace(b"password", word),
            line.replace(b"[smtp", header),
            b" = ".join(reversed(line.split(b" = "))),
            line.replace(b'"', b"'''"),
            line.replace(b'"', b'"""', 1),
            b"\xef\xbb\xbf" + line,
            line + b"\r",
            line.replace(b"= ", b"= [", 1),
            line.replace(b"= ", b"= {x = ", 1),
        ]
    )


def everything_told(main: Path) -> list[str]:
    """All that reading and mending this file says, refusals first. Only our own errors come out of it."""
    told: list[str] = []
    file = config_file(main)

    def set_port() -> None:
        outcome = file.change(lambda draft: draft.set(("smtp", "servers", "main", "port"), 25), dry_run=True)
        told.append(f"{outcome.changes} {outcome.warnings} {outcome.diff}")

    def replace() -> None:
        outcome = file.replace('[smtp.servers.x]\nhost = "h.example"\n', dry_run=True)
        told.append(f"{outcome.changes} {outcome.warnings} {outcome.diff}")

    for act in (lambda: read(main), set_port, replace):  # the first says nothing where nothing is wrong
        try:
            act()
        except PostroomError as error:
            told.append(f"{error.message} {error.hint} {error.detail} {error.data} {error.__cause__}")
    return told


def test_three_hundred_broken_files_give_no_traceback_and_echo_no_secret(tmp_path: Path) -> None:
    random_ = random.Random(SEED)  # noqa: S311 - faults that can be had again, no secrets
    main = tmp_path / "config.toml"
    broken = 0
    for _ in range(300):
        data = mutated(random_)
        write(main, "")
        main.write_bytes(data)
        told = everything_told(main)
        assert SECRET not in "\n".join(told), data.decode("utf-8", "replace")
        broken += len(told) == 3
    assert broken > 290


@pytest.mark.parametrize("argv", [("config", "validate"), ("config", "show"), ("smtp", "list", "--json"), ("status",)])
def test_no_command_echoes_a_secret_in_the_wrong_place(
    run_postroom: RunPostroom, tmp_home: Path, argv: tuple[str, ...]
) -> None:
    write(tmp_home / ".config" / "postroom" / "config.toml", GOOD)
    done = run_postroom(*argv)
    assert done.exit == 78
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


Place = Callable[[Path], object]


def _chown_file(main: Path) -> None:
    os.chown(main, NOBODY, NOBODY)


def _chown_directory(main: Path) -> None:
    os.chown(main.parent, NOBODY, NOBODY)


def _chown_above(main: Path) -> None:
    os.chown(main.parent.parent, NOBODY, NOBODY)


def _link(main: Path) -> None:
    main.rename(main.with_name("real.toml"))
    main.symlink_to("real.toml")


def _foreign_link(main: Path) -> None:
    _link(main)
    os.chown(main, NOBODY, NOBODY, follow_symlinks=False)


def _config_map(main: Path) -> None:
    """As Kubernetes mounts one: the file is a link into a directory that is a link to the present version."""
    version = main.parent / "..2026_11_20"
    version.mkdir()
    main.rename(version / main.name)
    (main.parent / "..data").symlink_to(version.name)
    main.symlink_to(f"..data/{main.name}")


def _fifo(main: Path) -> None:
    main.unlink()
    os.mkfifo(main, 0o600)


def _directory(main: Path) -> None:
    main.unlink()
    main.mkdir()


def _drop_in(mode: int) -> Place:
    def make(main: Path) -> None:
        write(main.parent / "conf.d" / "x.toml", "", mode=mode)

    return make


def _drop_in_of_nobody(main: Path) -> None:
    os.chown(write(main.parent / "conf.d" / "x.toml", ""), NOBODY, NOBODY)


def _drop_ins_of_all(main: Path) -> None:
    write(main.parent / "conf.d" / "x.toml", "")
    (main.parent / "conf.d").chmod(0o777)


OWNERSHIP: dict[str, tuple[Place, bool]] = {
    "root's own, 0600": (lambda main: main.chmod(0o600), True),
    "root's own, 0644": (lambda main: main.chmod(0o644), True),
    "root's own, 0640": (lambda main: main.chmod(0o640), True),
    "group may write": (lambda main: main.chmod(0o660), False),
    "all may write": (lambda main: main.chmod(0o666), False),
    "all may write, no more": (lambda main: main.chmod(0o602), False),
    "another's file": (_chown_file, False),
    "in another's directory": (_chown_directory, False),
    "below another's directory": (_chown_above, False),
    "in a directory of all": (lambda main: main.parent.chmod(0o777), False),
    "in a directory of a group": (lambda main: main.parent.chmod(0o770), False),
    "in a sticky directory of root": (lambda main: main.parent.chmod(0o1777), True),
    "below a directory of all": (lambda main: main.parent.parent.chmod(0o777), False),
    "below a sticky directory of root": (lambda main: main.parent.parent.chmod(0o1777), True),
    "a symbolic link of root": (_link, True),
    "a symbolic link of another": (_foreign_link, False),
    "a mounted ConfigMap": (_config_map, True),
    "a named pipe": (_fifo, False),
    "a directory": (_directory, False),
    "a drop-in of root": (_drop_in(0o644), True),
    "a drop-in that a group may write": (_drop_in(0o664), False),
    "a drop-in that all may write": (_drop_in(0o646), False),
    "a drop-in of another": (_drop_in_of_nobody, False),
    "drop-ins in a directory of all": (_drop_ins_of_all, False),
}


@pytest.mark.needs("root")
@pytest.mark.parametrize("place", OWNERSHIP)
def test_root_obeys_no_file_that_others_could_have_written(tmp_path: Path, place: str) -> None:
    make, allowed = OWNERSHIP[place]
    main = write(tmp_path / "above" / "etc" / "config.toml", '[smtp.servers.main]\nhost = "mail.example.com"\n')
    for directory in (main.parent, main.parent.parent):
        directory.chmod(0o755)
    make(main)

    def as_root() -> list[str]:
        scope = find_scope(
            config=str(main), state_dir=None, system=False, user=False, environ={}, root=True, homes=user_homes
        )
        return list(load(scope, {}, presets=PRESETS.get, root=True).servers)

    if allowed:
        assert as_root() == ["main"]
    else:
        with pytest.raises((FileError, ConfigError)) as caught:
            as_root()
        assert caught.value.exit == 78
        assert caught.value.hint


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every account can enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.mark.needs("root", "setpriv")
@pytest.mark.parametrize(
    ("mode", "owner", "status", "said"),
    [
        (0o600, NOBODY, 0, ""),
        (0o644, NOBODY, 0, "can be read by others"),
        (0o644, 0, 0, "can be read by others"),
        (0o600, 0, 74, "Permission denied"),
        (0o666, NOBODY, 78, "can be written by others"),
        (0o620, NOBODY, 78, "can be written by others"),
    ],
)
def test_an_ordinary_users_file(open_place: Path, mode: int, owner: int, status: int, said: str) -> None:
    main = write(open_place / "config.toml", '[smtp.servers.main]\nhost = "mail.example.com"\n', mode=mode)
    os.chown(main, owner, owner)
    done = run_as_nobody(main, "config", "show")
    assert done.returncode == status, done.stderr
    assert said in done.stderr


def run_as_nobody(main: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The program as an account without a home, as in a container."""
    python = open_python()
    return subprocess.run(
        [
            *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
            *(python.executable, "-m", "postroom", *argv),
        ],
        env={**python.environment, "PATH": os.environ["PATH"], "POSTROOM_CONFIG": str(main), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        timeout=60,
    )


SITUATIONS: dict[str, dict[str, str | None]] = {
    "LANG=C": {"LC_ALL": None, "LANG": "C"},
    "a foreign locale": {"LC_ALL": "tr_TR.UTF-8"},
    "no locale": {"LC_ALL": None, "LANG": None},
    "Latin-1": {"LC_ALL": None, "LANG": "de_DE.ISO-8859-1", "PYTHONIOENCODING": "latin-1"},
    "no HOME": {"HOME": None},
    "an empty HOME": {"HOME": ""},
    "a HOME that is not there": {"HOME": "/no/such/home"},
    "no XDG": {"XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None},
    "no HOME and no XDG": {"HOME": None, "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None},
    "no PATH": {"PATH": ""},
    "no TERM": {"TERM": None},
    "another time zone": {"TZ": "Asia/Kathmandu"},
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_reading_and_changing_work_in_every_environment(
    run_postroom: RunPostroom, tmp_home: Path, situation: str
) -> None:
    main = write(
        tmp_home / ".config" / "postroom" / "config.toml",
        '[smtp.servers.main]\nhost = "mail.example.com"\nfrom_name = "Zoë ☕"\n',
    )
    env = SITUATIONS[situation]
    assert run_postroom("config", "set", "smtp.servers.main.title", "Köln", env=env).exit == 0
    assert 'title = "Köln"' in main.read_text(encoding="utf-8")
    shown = run_postroom("config", "show", "--json", env=env).json["data"]["values"]
    assert {row["value"] for row in shown} >= {"Köln", "Zoë ☕"}
    assert run_postroom("config", "get", "smtp.servers.main.title", env=env).exit == 0
    path = run_postroom("config", "path", env={**env, "POSTROOM_CONFIG": None, "POSTROOM_STATE_DIR": None})
    assert path.exit == 0


@pytest.mark.needs("root", "setpriv")
def test_a_place_that_cannot_be_written_is_exit_73_and_named(open_place: Path) -> None:
    main = open_place / "config.toml"
    done = run_as_nobody(main, "config", "set", "smtp.servers.main.host", "mail.example.com")
    assert done.returncode == 73
    assert str(main) in done.stderr
