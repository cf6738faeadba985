"""Owns what every writable secret store promises, as checks that a store is handed to. Knows no store."""

from collections.abc import Callable

import pytest

from postroom.domain.ports import SecretStore
from postroom.domain.secret import Secret
from postroom.errors import SecretError

Promise = Callable[[SecretStore], None]

PATH = "smtp/main/password"


def it_gives_back_what_it_was_given(store: SecretStore) -> None:
    for text in ("secret", " spaces \t", "pä\N{SNOWMAN}\N{GRINNING FACE}", '"\\$`', "x" * 8192):
        store.write(PATH, Secret(text))
        assert store.read(PATH).reveal() == text


def it_keeps_paths_apart(store: SecretStore) -> None:
    paths = (PATH, "smtp/main/oauth/client_secret", "smtp/Main/password", "smtp/main")
    for path in paths:
        store.write(path, Secret(f"secret of {path}"))
    assert [store.read(path).reveal() for path in paths] == [f"secret of {path}" for path in paths]


def it_finds_nothing_where_nothing_is(store: SecretStore) -> None:
    with pytest.raises(SecretError) as refused:
        store.read("smtp/nobody/password")
    assert refused.value.code == "secret.not_found"
    assert "smtp/nobody/password" in refused.value.message
    assert refused.value.hint


def it_forgets(store: SecretStore) -> None:
    store.write(PATH, Secret("secret"))
    assert store.remove(PATH) is True
    assert store.remove(PATH) is False
    with pytest.raises(SecretError):
        store.read(PATH)


def it_refuses_what_cannot_be_a_secret(store: SecretStore) -> None:
    for text in ("", "two\nlines", "a\rb", "nul\0", "\udcff", "x" * 8193):
        with pytest.raises(SecretError) as refused:
            store.write("smtp/refused/password", Secret(text))
        assert refused.value.code in {"secret.empty", "secret.malformed"}
    with pytest.raises(SecretError):
        store.read("smtp/refused/password")


def it_is_usable(store: SecretStore) -> None:
    assert store.writable
    store.write(PATH, Secret("secret"))
    assert store.state().state == "usable"


PROMISES: tuple[Promise, ...] = (
    it_gives_back_what_it_was_given,
    it_keeps_paths_apart,
    it_finds_nothing_where_nothing_is,
    it_forgets,
    it_refuses_what_cannot_be_a_secret,
    it_is_usable,
)
