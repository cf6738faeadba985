"""Secrets outlive crashes and crowds: real processes, really killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from postroom.domain.secret import Binding, Reference, Secret
from postroom.secrets.credential import SystemdCredential
from postroom.secrets.encrypted import EncryptedFile
from postroom.secrets.ledger import Ledger
from postroom.secrets.vault import Vault
from tests.support.moving_clock import MovingClock

ROOT = os.geteuid() == 0
ALICE = Binding("mail.example.com", "alice@example.com")

# Puts one secret after another and says so after each, until it is killed or told to stop.
WRITER = """
import sys
from pathlib import Path
from tests.integration.secrets.test_durability import ALICE, vault_in
from postroom.domain.secret import Secret
name, count = sys.argv[2], int(sys.argv[3])
vault = vault_in(Path(sys.argv[1]))
for number in range(count):
    vault.put(f"smtp/{name}/{number}", Secret(f"secret {number}"), "encrypted", ALICE)
    print(number, flush=True)
"""


def vault_in(state: Path) -> Vault:
    store = EncryptedFile(
        state / "secrets",
        state / "secrets.key",
        credential=SystemdCredential("", as_root=ROOT),
        ask=None,
        as_root=ROOT,
    )
    return Vault(lambda _: store, Ledger(state / "secrets.toml", as_root=ROOT), MovingClock(), as_root=ROOT)


def writer(state: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state), name, str(count)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_was_said_to_be_stored_is_there_after_a_kill(tmp_path: Path) -> None:
    stored: set[str] = set()
    for round_ in range(6):
        process = writer(tmp_path, f"r{round_}", 10_000)
        assert process.stdout
        for _ in range(3 + round_):
            stored.add(f"smtp/r{round_}/{process.stdout.readline().strip()}")
        process.send_signal(signal.SIGKILL)
        stored |= {f"smtp/r{round_}/{line.strip()}" for line in process.stdout if line.strip()}
        process.wait()
        process.stdout.close()
        vault = vault_in(tmp_path)
        for path in stored:
            assert vault.read(Reference("encrypted", path), ALICE).reveal() == f"secret {path.rpartition('/')[2]}"
    vault_in(tmp_path).put("smtp/last/password", Secret("secret"), "encrypted", ALICE)
    assert [path.name for path in tmp_path.glob(".*.tmp")] == []


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [writer(tmp_path, f"p{number}", 10) for number in range(5)]
    for process in processes:
        with process:
            process.communicate()
        assert process.returncode == 0
    vault = vault_in(tmp_path)
    entries = vault.entries()
    assert len(entries) == 50
    for entry in entries:
        assert vault.read(entry.reference, ALICE)
