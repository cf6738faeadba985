"""Tokens and a store that fails: before the provider is asked nothing is risked, afterwards it is tried on."""

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest

from postroom.domain.secret import Secret
from postroom.secrets.credential import SystemdCredential
from postroom.secrets.encrypted import EncryptedFile
from tests.integration.oauth.logged_in import Home, assert_documented, home_in
from tests.integration.oauth.test_refresh_race import (
    consent_at,
    in_flight,
    is_free,
    logged_in,
    renewals,
    token_of,
    wait_for,
)
from tests.support.keyring_session import home as keyring_home
from tests.support.keyring_session import keyring_session
from tests.support.openid_provider import NATIVE, OpenidProvider, Options, RunOpenidProvider
from tests.support.program import Completed, program
from tests.support.terminal import run_on_terminal

TOKENS = "smtp/main/oauth/tokens"
ROOT = os.geteuid() == 0
# A keyring and the files of the state are tried for 20 s with a token that exists nowhere else.
TRIED_SECONDS = 20


@pytest.fixture
def rotating(openid_provider_with: RunOpenidProvider) -> Iterator[OpenidProvider]:
    with openid_provider_with(Options()) as provider:
        yield provider


class Small(Home):
    """A home whose state is on a small disk of its own, which only its commands see."""

    @property
    def inside(self) -> Path:
        """The state as it is seen from outside."""
        keeper = self.before[1].removeprefix("--target=")
        return Path(f"/proc/{keeper}/root{self.state}")

    def fill(self) -> None:
        """Leave no room."""
        with (self.inside / "filler").open("wb", buffering=0) as file:
            while _fits(file):
                pass

    def make_room(self) -> None:
        (self.inside / "filler").unlink()


def _fits(file: FileIO) -> bool:
    try:
        return file.write(bytes(1024)) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(home: Home) -> Iterator[Small]:
    saved = home.path / "saved"
    lines = (
        f"cp -a {home.state} {saved} && mount -t tmpfs -o size=128k,mode=700 none {home.state}",
        f"cp -a {saved}/. {home.state} && echo ready && exec sleep 120",
    )
    with subprocess.Popen(
        ["unshare", "--mount", "/bin/sh", "-c", " && ".join(lines)], stdout=subprocess.PIPE, text=True
    ) as keeper:
        try:
            assert keeper.stdout
            assert keeper.stdout.readline() == "ready\n"
            yield Small(home.path, home.environment, ("nsenter", f"--target={keeper.pid}", "--mount", "--root"))
        finally:
            keeper.kill()


def code_of(done: Completed) -> str:
    error = assert_documented(done)["error"]
    return str(error["code"]) if isinstance(error, dict) else ""


disk = pytest.mark.needs("root", "namespaces")


@disk
def test_a_full_disk_is_found_before_the_refresh_token_is_shown(rotating: OpenidProvider, tmp_path: Path) -> None:
    with small_disk(logged_in(tmp_path / "home", rotating)) as home:
        token = token_of(home)
        home.fill()
        done = home.run("oauth", "refresh", "main", "--json")
        assert (code_of(done), renewals(rotating).total()) == ("secret.file_cannot_write", 0), done
        assert "df " in done.json["error"]["hint"]
        assert token_of(home) == token
        home.make_room()
        assert home.run("oauth", "refresh", "main").exit == 0
        assert token_of(home) != token


@disk
def test_a_disk_that_fills_up_while_the_provider_answers_is_waited_for(
    rotating: OpenidProvider, tmp_path: Path
) -> None:
    with small_disk(logged_in(tmp_path / "home", rotating)) as home:
        token = token_of(home)
        process = home.start("oauth", "refresh", "main", "--json")
        wait_for(in_flight(rotating, 0))
        home.fill()
        time.sleep(2)
        assert process.poll() is None
        home.make_room()
        out, err = process.communicate(timeout=TRIED_SECONDS)
        assert code_of(Completed(out, err, process.returncode)) == ""
        assert token_of(home) != token
        assert home.run("oauth", "refresh", "main").exit == 0
        assert rotating.revoked_grants() == 0


@disk
def test_what_waits_for_a_full_disk_goes_on_when_its_program_is_killed(
    rotating: OpenidProvider, tmp_path: Path
) -> None:
    with small_disk(logged_in(tmp_path / "home", rotating)) as home:
        token = token_of(home)
        process = home.start("oauth", "refresh", "main", "--json")
        wait_for(in_flight(rotating, 0))
        home.fill()
        process.kill()
        process.communicate()
        time.sleep(1)
        assert token_of(home) == token
        seen = home.environment | {"POSTROOM_STATE_DIR": str(home.inside)}  # type: ignore[operator]  # it is a dict
        assert not is_free(home._replace(environment=seen))
        home.make_room()
        wait_for(lambda: token_of(home) != token)
        assert home.run("oauth", "refresh", "main").exit == 0
        assert rotating.revoked_grants() == 0


@disk
@pytest.mark.parametrize("seconds", [3600, 400])
def test_a_store_that_is_only_read_serves_a_living_token_and_risks_none(
    openid_provider_with: RunOpenidProvider, tmp_path: Path, seconds: int
) -> None:
    with openid_provider_with(Options(access_token_seconds=seconds)) as provider:
        home = logged_in(tmp_path / "home", provider)
        token = token_of(home)
        lines = f"mount --bind {home.state} {home.state} && mount -o remount,ro,bind {home.state}"
        fixed = home._replace(before=("unshare", "--mount", "/bin/sh", "-c", f'{lines} && exec "$0" "$@"'))
        assert token_of(fixed) == token
        ahead = home._replace(before=(*fixed.before, "faketime", "-f", "+250s"))
        assert token_of(ahead) == token  # the shorter one is past half of its life
        done = fixed.run("oauth", "refresh", "main", "--json")
        assert code_of(done) in {"file.cannot_write", "file.cannot_create"}
        assert "findmnt" in done.json["error"]["hint"] or "read-only" in done.json["error"]["message"].lower()
        assert renewals(provider).total() == 0
        assert home.run("oauth", "refresh", "main").exit == 0


# A real keyring.


@contextmanager
def kept_in_a_keyring(provider: OpenidProvider, directory: Path) -> Iterator[Home]:
    with keyring_home(os.geteuid()) as place, keyring_session(place) as running:
        bus = running.environment["DBUS_SESSION_BUS_ADDRESS"]
        home = home_in(directory).with_environment(DBUS_SESSION_BUS_ADDRESS=bus)
        home.setting(provider.issuer, NATIVE)
        done = home.log_in(consent_at(provider), "--store", "keyring").done
        assert done.exit == 0, done.stderr
        provider.change(token_delay_seconds=0.5)
        yield home


def lock_keyring(home: Home) -> None:
    done = subprocess.run(
        [
            *("gdbus", "call", "--address", home.environment["DBUS_SESSION_BUS_ADDRESS"]),
            *("--dest", "org.freedesktop.secrets", "--object-path", "/org/freedesktop/secrets"),
            *("--method", "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/collection/login']"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "collection/login" in done.stdout, done


keyring = pytest.mark.needs("gnome-keyring-daemon", "dbus-daemon", "gdbus")


@keyring
def test_a_locked_keyring_is_found_before_the_refresh_token_is_shown(rotating: OpenidProvider, tmp_path: Path) -> None:
    with kept_in_a_keyring(rotating, tmp_path / "home") as home:
        assert home.run("oauth", "refresh", "main").exit == 0
        lock_keyring(home)
        assert code_of(home.run("oauth", "refresh", "main", "--json")) == "secret.store_locked"
        assert renewals(rotating).total() == 1


@keyring
def test_a_keyring_that_is_locked_while_the_provider_answers_is_told_as_the_loss_that_it_is(
    rotating: OpenidProvider, tmp_path: Path
) -> None:
    with kept_in_a_keyring(rotating, tmp_path / "home") as home:
        process = home.start("oauth", "refresh", "main", "--json")
        wait_for(in_flight(rotating, 0))
        lock_keyring(home)
        began = time.monotonic()
        out, err = process.communicate(timeout=3 * TRIED_SECONDS)
        assert TRIED_SECONDS - 1 < time.monotonic() - began < TRIED_SECONDS + 10
        done = Completed(out, err, process.returncode)
        assert code_of(done) == "oauth.not_kept"
        assert "postroom oauth login main" in done.json["error"]["hint"]


# A passphrase.


def with_passphrase(home: Home) -> None:
    """Seal the secrets anew, with a passphrase in the place of the key file."""

    def store(ask: Callable[[str], str] | None, *, as_root: bool) -> EncryptedFile:
        nowhere = SystemdCredential("", as_root=as_root)
        files = (home.state / "secrets", home.state / "secrets.key")
        return EncryptedFile(*files, credential=nowhere, ask=ask, as_root=as_root)

    record = store(None, as_root=ROOT).read(TOKENS).reveal()
    for name in ("secrets", "secrets.key"):
        (home.state / name).unlink()
    store(lambda _: "a passphrase", as_root=False).write(TOKENS, Secret(record))


def test_a_passphrase_is_asked_once_and_before_anything_is_risked(rotating: OpenidProvider, tmp_path: Path) -> None:
    home = logged_in(tmp_path / "home", rotating)
    with_passphrase(home)
    assert code_of(home.run("oauth", "refresh", "main", "--json")) == "secret.store_locked"
    assert renewals(rotating).total() == 0
    for words, status in (("a passphrase", 0), ("a passphrase", 0)):
        typed = [("Passphrase of", f"{words}\n")]
        argv = [*program(), "oauth", "refresh", "main"]
        done = run_on_terminal(argv, environment=home.environment, directory=home.path, answers=typed)
        assert done.exit == status, done.text
        assert done.text.count("Passphrase of") == 1
    assert (renewals(rotating).total(), rotating.revoked_grants()) == (2, 0)
