"""A secret goes where it was meant to go, and is used only for whom it was given."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postroom.domain.ports import SecretStore, StoreState
from postroom.domain.secret import SCHEMES, Binding, Reference, Secret
from postroom.errors import Exit, SecretError
from postroom.secrets import refusals
from postroom.secrets.ledger import Ledger
from postroom.secrets.vault import Vault
from tests.support.moving_clock import MovingClock
from tests.unit.secrets.test_written_files import encrypted

SENTINEL = "s3ntinel-value"
PATH = "smtp/main/password"
ALICE = Binding("mail.example.com", "alice@example.com")
EVIL = Binding("mail.example.net", "alice@example.com")


class Shelf:
    """A store in memory that can be out of order."""

    writable = True

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.held: dict[str, Secret] = {}
        self.now = StoreState("usable")
        self.writes = 0

    def state(self) -> StoreState:
        return self.now

    def read(self, locator: str) -> Secret:
        self._look()
        if locator not in self.held:
            raise refusals.not_found(self.scheme, locator)
        return self.held[locator]

    def write(self, locator: str, secret: Secret) -> None:
        self._look()
        self.writes += 1
        self.held[locator] = secret

    def remove(self, locator: str) -> bool:
        self._look()
        return self.held.pop(locator, None) is not None

    def _look(self) -> None:
        if self.now.state != "usable":
            raise refusals.unusable(self.scheme, self.now)


class Desk:
    """A vault over shelves."""

    def __init__(self, state: Path, *, as_root: bool = False, default_store: str | None = None) -> None:
        self.shelves = {scheme: Shelf(scheme) for scheme in SCHEMES}
        self.ledger = Ledger(state / "secrets.toml", as_root=False)
        self.clock = MovingClock()
        self.vault = Vault(self.store, self.ledger, self.clock, as_root=as_root, default_store=default_store)

    def store(self, scheme: str) -> SecretStore:
        return self.shelves[scheme]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


def code_of(error: pytest.ExceptionInfo[SecretError]) -> str:
    return error.value.code


def test_a_secret_is_used_for_whom_it_was_given(desk: Desk) -> None:
    reference, changed = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    assert (str(reference), changed) == ("keyring:smtp/main/password", True)
    assert desk.vault.read(reference, ALICE) == Secret(SENTINEL)
    assert desk.vault.bound_to(reference) == ALICE


@pytest.mark.parametrize("wanted", [EVIL, ALICE._replace(username="bob@example.com"), Binding("", "")])
def test_it_is_used_for_nobody_else_and_the_refusal_names_both(desk: Desk, wanted: Binding) -> None:
    reference, _ = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    with pytest.raises(SecretError) as refused:
        desk.vault.read(reference, wanted)
    assert (code_of(refused), refused.value.exit) == ("secret.bound_elsewhere", Exit.CONFIG)
    assert "alice@example.com at mail.example.com" in refused.value.message
    assert wanted.host in refused.value.message
    assert refused.value.hint == "postroom secrets set smtp/main/password"
    assert refused.value.data == {"recorded": ALICE._asdict(), "wanted": wanted._asdict()}


@pytest.mark.parametrize("scheme", ["keyring", "encrypted", "plain"])
def test_a_stored_secret_that_nobody_recorded_is_used_for_nobody(desk: Desk, scheme: str) -> None:
    desk.shelves[scheme].held[PATH] = Secret(SENTINEL)
    with pytest.raises(SecretError) as refused:
        desk.vault.read(Reference(scheme, PATH), ALICE)
    assert code_of(refused) == "secret.unrecorded"


@pytest.mark.parametrize("scheme", ["file", "command", "env", "credential"])
def test_what_others_keep_is_bound_by_nobody(desk: Desk, scheme: str) -> None:
    desk.shelves[scheme].held["/where"] = Secret(SENTINEL)
    assert desk.vault.read(Reference(scheme, "/where"), ALICE) == Secret(SENTINEL)


def test_the_same_secret_again_changes_nothing(desk: Desk) -> None:
    desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    before = desk.vault.entries()
    desk.clock.advance(60)
    assert desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE) == (Reference("keyring", PATH), False)
    assert desk.vault.entries() == before
    assert desk.shelves["keyring"].writes == 1


@pytest.mark.parametrize(("secret", "binding"), [("other", ALICE), (SENTINEL, EVIL)])
def test_another_secret_or_another_host_is_a_change(desk: Desk, secret: str, binding: Binding) -> None:
    reference, _ = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    first = desk.vault.entries()[0]
    desk.clock.advance(60)
    assert desk.vault.put(PATH, Secret(secret), "keyring", binding)[1] is True
    assert desk.vault.read(reference, binding) == Secret(secret)
    assert desk.vault.entries()[0].set_at > first.set_at


def test_a_write_that_fails_for_a_new_host_leaves_the_old_secret_unusable_for_both(desk: Desk) -> None:
    reference, _ = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    desk.shelves["keyring"].now = StoreState("locked", "locked")
    with pytest.raises(SecretError):
        desk.vault.put(PATH, Secret("new"), "keyring", EVIL)
    desk.shelves["keyring"].now = StoreState("usable")
    for binding in (ALICE, EVIL):
        with pytest.raises(SecretError):
            desk.vault.read(reference, binding)


def test_a_damaged_secret_can_be_given_again(desk: Desk, tmp_path: Path) -> None:
    store = encrypted(tmp_path / "state")
    vault = Vault(lambda _: store, desk.ledger, desk.clock, as_root=False)
    reference, _ = vault.put(PATH, Secret(SENTINEL), "encrypted", ALICE)
    file = tmp_path / "state" / "secrets"
    document = json.loads(file.read_bytes())
    document["secrets"][PATH] = "A" * 64
    file.write_text(json.dumps(document))
    with pytest.raises(SecretError) as refused:
        vault.read(reference, ALICE)
    assert code_of(refused) == "secret.damaged"
    assert vault.put(PATH, Secret(SENTINEL), "encrypted", ALICE)[1] is True
    assert vault.read(reference, ALICE) == Secret(SENTINEL)


@pytest.mark.parametrize("text", ["", "two\nlines"])
def test_what_cannot_be_a_secret_reaches_no_store_and_no_ledger(desk: Desk, text: str) -> None:
    with pytest.raises(SecretError):
        desk.vault.put(PATH, Secret(text), "keyring", ALICE)
    assert desk.vault.entries() == []
    assert desk.shelves["keyring"].writes == 0


def test_removal_is_from_store_and_ledger(desk: Desk) -> None:
    reference, _ = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    assert desk.vault.remove(reference) is True
    assert desk.vault.remove(reference) is False
    assert (desk.vault.entries(), desk.shelves["keyring"].held) == ([], {})


@pytest.mark.parametrize(
    ("as_root", "default_store", "requested", "chosen"),
    [
        (False, None, None, "keyring"),
        (True, None, None, "encrypted"),
        (False, "encrypted", None, "encrypted"),
        (True, "keyring", None, "keyring"),
        (False, None, "encrypted", "encrypted"),
        (True, "encrypted", "keyring", "keyring"),
    ],
)
def test_the_store_is_the_asked_one_else_the_configured_one_else_the_accounts(
    tmp_path: Path, as_root: bool, default_store: str | None, requested: str | None, chosen: str
) -> None:
    desk = Desk(tmp_path, as_root=as_root, default_store=default_store)
    assert desk.vault.choose_store(requested) == chosen


@pytest.mark.parametrize("state", ["locked", "absent", "hanging", "unsafe"])
def test_without_a_usable_keyring_nothing_else_is_tried_and_the_ways_out_are_named(desk: Desk, state: str) -> None:
    desk.shelves["keyring"].now = StoreState(state, "the reason", "The hint.")  # type: ignore[arg-type]  # the parameters are its values
    with pytest.raises(SecretError) as refused:
        desk.vault.choose_store(None)
    assert (code_of(refused), refused.value.exit) == ("secret.no_store", Exit.CONFIG)
    assert refused.value.message == "no secret store usable here: keyring: the reason"
    for way in ("The hint.", "--store encrypted", "--password-file", "--password-env", "--password-command"):
        assert way in refused.value.hint
    assert "plain" not in refused.value.hint


def test_plain_text_is_only_for_whoever_insists(desk: Desk) -> None:
    with pytest.raises(SecretError) as refused:
        desk.vault.choose_store("plain")
    assert code_of(refused) == "secret.insecure"
    assert desk.vault.choose_store("plain", insecure=True) == "plain"


@pytest.mark.parametrize("scheme", ["file", "env", "command", "credential"])
def test_a_store_that_is_only_read_is_no_choice(desk: Desk, scheme: str) -> None:
    with pytest.raises(SecretError) as refused:
        desk.vault.choose_store(scheme)
    assert code_of(refused) == "secret.read_only"


def test_the_states_of_all_stores_are_told(desk: Desk) -> None:
    desk.shelves["keyring"].now = StoreState("absent", "no bus")
    states = desk.vault.states()
    assert list(states) == list(SCHEMES)
    assert states["keyring"].state == "absent"


def test_the_ledger_is_private_and_never_has_the_value(desk: Desk) -> None:
    desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    text = desk.ledger.path.read_text()
    assert SENTINEL not in text
    assert ALICE.host in text
    assert stat.S_IMODE(desk.ledger.path.stat().st_mode) == 0o600


def test_names_that_toml_would_trip_over_come_back_whole(desk: Desk) -> None:
    binding = Binding("host", 'a"b\\c\N{SNOWMAN} = \N{EMOJI MODIFIER FITZPATRICK TYPE-3}')
    reference, _ = desk.vault.put('smtp/"x"\\y/password', Secret(SENTINEL), "encrypted", binding)
    assert desk.vault.entries()[0][0] == reference
    assert desk.vault.bound_to(reference) == binding


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "secrets = 1",
        "[secrets]\nx = 1",
        '[secrets."nowhere"]\nset_at = "2026-01-01T00:00:00Z"\nhost = "h"\nusername = "u"',
        '[secrets."keyring:a"]\nset_at = "yesterday"\nhost = "h"\nusername = "u"',
        '[secrets."keyring:a"]\nset_at = "2026-01-01T00:00:00Z"\nhost = "h"',
        "\xff",
    ],
)
def test_a_damaged_ledger_lets_no_secret_be_used(desk: Desk, text: str) -> None:
    reference, _ = desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE)
    desk.ledger.path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SecretError) as refused:
        desk.vault.read(reference, ALICE)
    assert code_of(refused) == "secret.ledger_damaged"


def test_a_store_is_opened_once(desk: Desk) -> None:
    opened: list[str] = []

    def open_store(scheme: str) -> SecretStore:
        opened.append(scheme)
        return desk.store(scheme)

    vault = Vault(open_store, desk.ledger, desk.clock, as_root=False)
    reference, _ = vault.put(PATH, Secret(SENTINEL), vault.choose_store(None), ALICE)
    vault.read(reference, ALICE)
    assert opened == ["keyring"]


def test_fifty_puts_at_once_are_all_recorded(desk: Desk) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: desk.vault.put(f"smtp/s{n}/password", Secret(str(n)), "keyring", ALICE), range(50)))
    assert len(desk.vault.entries()) == len(desk.shelves["keyring"].held) == 50


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("smtp/main/password", "--password-file FILE"),
        ("smtp/main/oauth/client_secret", "--client-secret-env NAME"),
        ("smtp/main/oauth/tokens", "postroom oauth login main --store encrypted"),
    ],
)
def test_where_else_a_secret_may_be_fits_the_secret(path: str, told: str) -> None:
    assert told in refusals.elsewhere(path)
    assert ("FILE" in refusals.elsewhere(path)) is not path.endswith("tokens")
