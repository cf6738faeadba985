"""What `secrets set`, `move`, `remove`, `list` and `stores` do, to the configuration and to the stores."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from postroom.domain.ports import StoreState
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Desk as DeskSection
from postroom.domain.settings import OAuth, Routes, Secrets, Server, Settings, Smtp, Source, Value
from postroom.errors import ConfigError, PostroomError, SecretError, UsageError
from postroom.result import Result, Warn
from postroom.services import secrets_list, secrets_move, secrets_remove, secrets_set, secrets_stores
from tests.unit.secrets.test_vault import ALICE, PATH, SENTINEL, Desk

KEY = "smtp.servers.main.password"


class Outcome(NamedTuple):
    """What a change of the fake configuration tells; the services look at the settings and the warnings."""

    settings: Settings
    changes: Sequence[Mapping[str, Any]] = ()
    changed: bool = True
    diff: str = ""
    warnings: Sequence[Warn] = ()


class Config:
    """A configuration of two servers; a change is a change of `secrets`, by dotted key."""

    def __init__(self, **secrets: str) -> None:
        self.secrets = {name.replace("__", "."): value for name, value in secrets.items()}
        self.calls: list[str] = []
        self.broken = False

    def change(self, mutate: Callable[[Any], object], *, dry_run: bool = False) -> Outcome:
        self.calls.append("check" if dry_run else "change")
        if self.broken:
            raise ConfigError("config.invalid", "invalid")
        if not dry_run:
            mutate(self)
        return Outcome(self.settings)

    def set(self, path: tuple[str, ...], value: str) -> None:
        self.secrets[".".join(path[2:])] = value

    def unset(self, path: tuple[str, ...]) -> bool:
        return self.secrets.pop(".".join(path[2:]), None) is not None

    @property
    def settings(self) -> Settings:
        return Settings(
            desk=DeskSection(),
            smtp=Smtp(),
            routes=Routes(),
            secrets=Secrets(),
            servers={name: self._server(name) for name in ("main", "spare")},
            profiles={},
        )

    def _server(self, name: str) -> Server:
        source = Source("file")
        values = {"host": Value(ALICE.host, source), "username": Value(ALICE.username, source)}
        oauth = {}
        for key, text in self.secrets.items():
            server, _, field = key.partition(".")
            if server == name and field.startswith("oauth."):
                oauth[field.removeprefix("oauth.")] = Value(Reference.parse(text), source)
            elif server == name:
                values[field] = Value(Reference.parse(text), source)
        return Server(name, values, oauth=OAuth(oauth))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


Log = list[tuple[tuple[str, ...], dict[str, str]]]


def hold(desk: Desk, log: Log | None = None) -> Callable[..., AbstractContextManager[None]]:
    """Remembers whose tokens were held, and what was in the stores when that began and ended."""
    seen = log if log is not None else []

    @contextmanager
    def holding(*names: str) -> Iterator[None]:
        seen.append((names, held(desk)))
        yield
        seen.append((names, held(desk)))

    return holding


def put(
    config: Config,
    desk: Desk,
    name: str = "main.password",
    text: str = SENTINEL,
    *,
    store: str | None = None,
    insecure: bool = False,
) -> Result:
    return secrets_set.set_secret(
        config.settings, config.change, desk.vault, name, store=store, insecure=insecure, ask=lambda _: Secret(text)
    )


def remove(config: Config, desk: Desk, name: str, asked: list[str] | None = None) -> Result:
    confirm = (asked if asked is not None else []).append
    return secrets_remove.remove(config.settings, config.change, desk.vault, name, confirm=confirm, hold=hold(desk))


def move(config: Config, desk: Desk, store: str, name: str = "main.password", *, log: Log | None = None) -> Result:
    holding = hold(desk, log)
    return secrets_move.move(
        config.settings, config.change, desk.vault, name, store=store, insecure=False, hold=holding
    )


def held(desk: Desk) -> dict[str, str]:
    return {
        f"{shelf.scheme}:{path}": secret.reveal()
        for shelf in desk.shelves.values()
        for path, secret in shelf.held.items()
    }


@pytest.mark.parametrize("name", ["main.password", "smtp/main/password"])
def test_a_new_secret_is_stored_bound_and_referred_to(desk: Desk, name: str) -> None:
    config = Config()
    result = put(config, desk, name)
    assert config.secrets == {"main.password": "keyring:smtp/main/password"}
    assert desk.vault.read(Reference("keyring", PATH), ALICE) == Secret(SENTINEL)
    assert result.data["changes"] == [{"key": KEY, "old": "unset", "new": "set"}]
    assert SENTINEL not in repr(result)


def test_a_nested_secret_has_a_nested_path(desk: Desk) -> None:
    config = Config()
    put(config, desk, "main.oauth.client_secret")
    assert config.secrets == {"main.oauth.client_secret": "keyring:smtp/main/oauth/client_secret"}


def test_the_same_secret_again_is_unchanged_and_another_is_set(desk: Desk) -> None:
    config = Config()
    put(config, desk)
    assert put(config, desk).data["changed"] is False
    assert put(config, desk, text="other").data["changes"] == [{"key": KEY, "old": "set", "new": "set"}]


def test_it_stays_in_its_store_and_a_named_store_forgets_the_old_one(desk: Desk) -> None:
    config = Config()
    put(config, desk, store="encrypted")
    put(config, desk, text="second")
    assert held(desk) == {"encrypted:smtp/main/password": "second"}
    put(config, desk, text="third", store="keyring")
    assert held(desk) == {"keyring:smtp/main/password": "third"}
    assert [str(entry.reference) for entry in desk.vault.entries()] == ["keyring:smtp/main/password"]


def test_a_secret_in_plain_text_is_replaced_there_without_insisting_again(desk: Desk) -> None:
    config = Config()
    put(config, desk, store="plain", insecure=True)
    put(config, desk, text="second")
    assert held(desk) == {"plain:smtp/main/password": "second"}


def test_what_others_keep_is_replaced_by_a_stored_one(desk: Desk) -> None:
    config = Config(main__password="file:/run/secret")
    put(config, desk)
    assert config.secrets == {"main.password": "keyring:smtp/main/password"}


def test_a_secret_that_another_server_uses_too_is_not_forgotten(desk: Desk) -> None:
    config = Config(spare__password="keyring:smtp/main/password")
    put(config, desk)
    put(config, desk, text="second", store="encrypted")
    assert held(desk) == {"keyring:smtp/main/password": SENTINEL, "encrypted:smtp/main/password": "second"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("main", UsageError),
        ("", UsageError),
        (".password", UsageError),
        ("main.port", UsageError),
        ("main.pasword", UsageError),
        ("smtp/main", UsageError),
        ("nobody.password", ConfigError),
    ],
)
def test_an_unknown_place_is_refused_before_anything_is_asked(desk: Desk, name: str, error: type[Exception]) -> None:
    config = Config()
    with pytest.raises(error) as refused:
        secrets_set.set_secret(
            config.settings, config.change, desk.vault, name, store=None, insecure=False, ask=pytest.fail
        )
    assert isinstance(refused.value, PostroomError)
    assert refused.value.hint


@pytest.mark.parametrize("trouble", ["store", "configuration"])
def test_nothing_is_asked_or_stored_where_it_could_not_be_kept(desk: Desk, trouble: str) -> None:
    config = Config()
    config.broken = trouble == "configuration"
    if trouble == "store":
        desk.shelves["keyring"].now = StoreState("locked", "locked", "Unlock it.")
    with pytest.raises(PostroomError):
        secrets_set.set_secret(
            config.settings, config.change, desk.vault, "main.password", store=None, insecure=False, ask=pytest.fail
        )
    assert (held(desk), config.secrets) == ({}, {})


def test_a_move_takes_the_secret_along_and_leaves_nothing(desk: Desk) -> None:
    config = Config()
    put(config, desk)
    result = move(config, desk, "encrypted")
    assert config.secrets == {"main.password": "encrypted:smtp/main/password"}
    assert held(desk) == {"encrypted:smtp/main/password": SENTINEL}
    assert desk.vault.read(Reference("encrypted", PATH), ALICE) == Secret(SENTINEL)
    assert result.data["changes"] == [
        {"key": KEY, "old": "keyring:smtp/main/password", "new": "encrypted:smtp/main/password"}
    ]


def test_a_move_to_where_it_is_changes_nothing(desk: Desk) -> None:
    config = Config()
    put(config, desk)
    assert move(config, desk, "keyring").data["changed"] is False


def test_a_move_that_the_configuration_refuses_leaves_the_secret_where_it_was(desk: Desk) -> None:
    config = Config()
    put(config, desk)
    config.broken = True
    with pytest.raises(ConfigError):
        move(config, desk, "encrypted")
    assert held(desk) == {"keyring:smtp/main/password": SENTINEL}


def test_of_what_others_keep_a_copy_is_stored_and_that_is_said(desk: Desk) -> None:
    config = Config(main__password="file:/run/secret")
    desk.shelves["file"].held["/run/secret"] = Secret(SENTINEL)
    result = move(config, desk, "encrypted")
    assert held(desk)["encrypted:smtp/main/password"] == SENTINEL
    assert [warning.code for warning in result.warnings] == ["secret.copied"]


def test_a_secret_for_another_host_is_not_moved_into_this_ones_hands(desk: Desk) -> None:
    config = Config()
    put(config, desk)
    desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE._replace(host="elsewhere.example.com"))
    with pytest.raises(SecretError) as refused:
        move(config, desk, "encrypted")
    assert refused.value.code == "secret.bound_elsewhere"


def test_nothing_to_move_is_not_found(desk: Desk) -> None:
    with pytest.raises(SecretError) as refused:
        move(Config(), desk, "encrypted")
    assert (refused.value.code, refused.value.hint) == ("secret.not_found", "postroom secrets set smtp/main/password")


@pytest.mark.parametrize("name", ["main.password", "smtp/main/password", "keyring:smtp/main/password"])
def test_a_removal_is_complete_and_tells_of_backups(desk: Desk, name: str) -> None:
    config = Config()
    put(config, desk)
    asked: list[str] = []
    result = remove(config, desk, name, asked)
    assert (config.secrets, held(desk), desk.vault.entries(), len(asked)) == ({}, {}, [], 1)
    assert result.data["changes"] == [{"key": KEY, "old": "set", "new": "unset"}]
    assert [warning.code for warning in result.warnings] == ["secret.backups"]


def test_nothing_to_remove_is_unchanged_and_not_asked_about(desk: Desk) -> None:
    asked: list[str] = []
    assert remove(Config(), desk, "main.password", asked).data["changed"] is False
    assert asked == []


def test_a_refused_confirmation_removes_nothing(desk: Desk) -> None:
    config = Config()
    put(config, desk)

    def refuse(question: str) -> None:
        raise UsageError("usage.not_confirmed", question)

    with pytest.raises(UsageError, match=r"main\.password"):
        secrets_remove.remove(
            config.settings, config.change, desk.vault, "main.password", confirm=refuse, hold=hold(desk)
        )
    assert len(held(desk)) == len(config.secrets) == 1


@pytest.mark.parametrize("name", ["keyring:smtp/gone/password", "smtp/gone/password"])
def test_what_no_setting_refers_to_can_be_removed(desk: Desk, name: str) -> None:
    desk.vault.put("smtp/gone/password", Secret(SENTINEL), "keyring", ALICE)
    result = remove(Config(), desk, name)
    assert result.data["removed"] == ["keyring:smtp/gone/password"]
    assert (result.data["changed"], held(desk)) == (True, {})


def test_of_what_others_keep_only_the_reference_goes(desk: Desk) -> None:
    config = Config(main__password="file:/run/secret")
    desk.shelves["file"].held["/run/secret"] = Secret(SENTINEL)
    result = remove(config, desk, "main.password")
    assert (config.secrets, len(held(desk))) == ({}, 1)
    assert [warning.code for warning in result.warnings] == ["secret.left"]


def test_a_secret_that_another_server_uses_stays(desk: Desk) -> None:
    config = Config(spare__password="keyring:smtp/main/password")
    put(config, desk)
    remove(config, desk, "main.password")
    assert config.secrets == {"spare.password": "keyring:smtp/main/password"}
    assert len(held(desk)) == 1


def test_the_list_tells_where_how_old_and_for_whom_and_opens_no_store(desk: Desk) -> None:
    config = Config(spare__password="file:/run/secret")
    put(config, desk)
    for shelf in desk.shelves.values():
        shelf.now = StoreState("hanging", "would take three seconds")
    result = secrets_list.list_secrets(
        config.settings, config.settings, desk.vault, now=desk.clock.now() + timedelta(days=3)
    )
    stored, read = result.data["secrets"]
    assert (stored["reference"], stored["age_seconds"], stored["bound"]) == ("keyring:smtp/main/password", 259200, True)
    assert (stored["host"], stored["username"]) == ALICE
    assert (read["reference"], read["set_at"], read["bound"]) == ("file:/run/secret", None, None)
    assert list(result.warnings) == []


def test_the_list_warns_of_what_is_unused_unrecorded_or_for_another_host(desk: Desk) -> None:
    config = Config(main__password="keyring:smtp/main/password", spare__password="encrypted:smtp/spare/password")
    desk.vault.put(PATH, Secret(SENTINEL), "keyring", ALICE._replace(host="old.example.com"))
    desk.vault.put("smtp/gone/password", Secret(SENTINEL), "keyring", ALICE)
    result = secrets_list.list_secrets(config.settings, config.settings, desk.vault, now=desk.clock.now())
    assert {warning.code: warning.hint for warning in result.warnings} == {
        "secret.bound_elsewhere": "postroom secrets set smtp/main/password",
        "secret.unrecorded": "postroom secrets set smtp/spare/password",
        "secret.unused": "postroom secrets remove keyring:smtp/gone/password",
    }
    assert [row["used"] for row in result.data["secrets"]] == [True, True, False]


def test_the_stores_are_told_with_the_one_that_new_secrets_go_to(desk: Desk) -> None:
    desk.shelves["keyring"].now = StoreState("locked", "locked", "Unlock it.")
    rows = {row["store"]: row for row in secrets_stores.stores(desk.vault).data["stores"]}
    assert rows["keyring"]["default"]
    assert (rows["keyring"]["state"], rows["keyring"]["hint"]) == ("locked", "Unlock it.")
    assert [name for name, row in rows.items() if row["writable"]] == ["keyring", "encrypted", "plain"]


TOKENS_PATH = "smtp/main/oauth/tokens"


def logged_in(desk: Desk) -> Config:
    desk.vault.put(TOKENS_PATH, Secret("a login"), "encrypted", ALICE)
    return Config(main__oauth__tokens=f"encrypted:{TOKENS_PATH}")


def test_tokens_move_and_go_while_nobody_renews_them(desk: Desk) -> None:
    config = logged_in(desk)
    log: Log = []
    move(config, desk, "keyring", "main.oauth.tokens", log=log)
    before, after = {f"encrypted:{TOKENS_PATH}": "a login"}, {f"keyring:{TOKENS_PATH}": "a login"}
    assert log == [(("main",), before), (("main",), after)]
    log.clear()
    secrets_remove.remove(
        config.settings, config.change, desk.vault, "main.oauth.tokens", confirm=print, hold=hold(desk, log)
    )
    assert log == [(("main",), after), (("main",), {})]


def test_a_password_moves_without_anybody_waiting(desk: Desk) -> None:
    config = Config()
    log: Log = []
    put(config, desk)
    move(config, desk, "encrypted", log=log)
    assert log == []


def test_nobody_types_a_login(desk: Desk) -> None:
    config = logged_in(desk)
    with pytest.raises(UsageError, match="cannot be typed") as refused:
        put(config, desk, "main.oauth.tokens", "rubbish")
    assert refused.value.hint.startswith("postroom oauth login main,")
    assert held(desk) == {f"encrypted:{TOKENS_PATH}": "a login"}


def test_the_list_never_advises_to_type_a_login(desk: Desk) -> None:
    config = logged_in(desk)
    desk.ledger.forget(Reference("encrypted", TOKENS_PATH))
    result = secrets_list.list_secrets(config.settings, config.settings, desk.vault, now=desk.clock.now())
    assert [(one.code, one.hint) for one in result.warnings] == [("secret.unrecorded", "postroom oauth login main")]
