"""Secrets that others keep: files, systemd credentials, the environment. Commands are an integration."""

from pathlib import Path

import pytest

from postroom.domain.ports import SecretStore
from postroom.domain.secret import Secret
from postroom.errors import PostroomError, SecretError
from postroom.secrets.command import Command
from postroom.secrets.credential import SystemdCredential
from postroom.secrets.env import Environment
from postroom.secrets.file import SecretFile

SENTINEL = "s3ntinel-value"


def file_with(directory: Path, content: bytes, mode: int = 0o600, name: str = "secret") -> Path:
    path = directory / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"pass word\n", "pass word"),
        (b"pass\r\nmore\n", "pass"),
        (b"no line feed", "no line feed"),
        (b" spaces belong to it \t\n", " spaces belong to it \t"),
        ("pä\N{SNOWMAN}".encode(), "pä\N{SNOWMAN}"),
        (b"a" * 8192 + b"\n", "a" * 8192),
    ],
)
def test_the_first_line_is_the_secret_and_nothing_else_is_taken_away(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    path = file_with(tmp_path, content)
    assert SecretFile(as_root=False).read(str(path)).reveal() == secret
    assert SystemdCredential(str(tmp_path), as_root=False).read("secret").reveal() == secret


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "secret.not_found"),
        (b"\n" + SENTINEL.encode(), "secret.not_found"),
        (SENTINEL.encode() + b"\xff\n", "secret.malformed"),
        (SENTINEL.encode() + b"\0\n", "secret.malformed"),
        (SENTINEL.encode() * 1000, "secret.malformed"),
    ],
)
def test_a_line_that_cannot_be_a_secret_is_refused_and_never_repeated(
    tmp_path: Path, content: bytes, code: str
) -> None:
    path = file_with(tmp_path, content)
    with pytest.raises(SecretError) as refused:
        SecretFile(as_root=False).read(str(path))
    assert refused.value.code == code
    assert str(path) in refused.value.message
    assert_nothing_leaks(refused.value)


def assert_nothing_leaks(error: BaseException | None) -> None:
    """Neither the exception nor any that it is chained to."""
    while error is not None:
        attributes = {**vars(error), **{name: getattr(error, name, None) for name in ("object", "doc")}}
        assert SENTINEL not in repr((error.args, attributes))
        error = error.__cause__ or error.__context__


def test_a_file_open_to_the_world_is_refused_with_the_command_that_closes_it(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"secret\n", 0o644)
    with pytest.raises(SecretError) as refused:
        SecretFile(as_root=False).read(str(path))
    assert refused.value.code == "secret.file_unsafe"
    assert refused.value.hint in {f"chmod 600 {path}", f"chmod 640 {path}"}


@pytest.mark.needs("root")
def test_roots_file_may_be_open_to_a_group(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"secret\n", 0o640)
    assert SecretFile(as_root=True).read(str(path)) == Secret("secret")


def test_an_ordinary_user_may_name_a_link_that_moves_with_each_change(tmp_path: Path) -> None:
    file_with(tmp_path, b"secret\n")
    (tmp_path / "link").symlink_to("secret")
    assert SecretFile(as_root=False).read(str(tmp_path / "link")) == Secret("secret")


@pytest.mark.needs("root")
def test_root_follows_no_link_to_a_secret(tmp_path: Path) -> None:
    file_with(tmp_path, b"secret\n")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(SecretError, match="symbolic link"):
        SecretFile(as_root=True).read(str(tmp_path / "link"))


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SecretError) as refused:
        SecretFile(as_root=False).read(str(tmp_path / "nothing"))
    assert refused.value.code == "secret.not_found"


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".", "..", ".hidden", "a\0b"])
def test_a_credential_is_never_a_path(tmp_path: Path, name: str) -> None:
    file_with(tmp_path, b"secret\n")
    with pytest.raises(SecretError) as refused:
        SystemdCredential(str(tmp_path / "sub"), as_root=False).read(name)
    assert refused.value.code == "secret.malformed"


def test_outside_of_a_unit_there_are_no_credentials() -> None:
    store = SystemdCredential("", as_root=False)
    assert store.state().state == "absent"
    with pytest.raises(SecretError) as refused:
        store.read("name")
    assert refused.value.code == "secret.store_absent"
    assert "LoadCredentialEncrypted" in refused.value.hint


def test_a_credential_that_the_unit_was_not_given_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SecretError) as refused:
        SystemdCredential(str(tmp_path), as_root=False).read("name")
    assert refused.value.code == "secret.not_found"


def test_a_variable_is_gone_from_the_environment_once_read_and_still_known() -> None:
    environment = {"MAIL_PASSWORD": SENTINEL, "PATH": "/bin"}
    store = Environment(environment)
    assert store.read("MAIL_PASSWORD") == store.read("MAIL_PASSWORD") == Secret(SENTINEL)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("value", "code"),
    [("", "secret.not_found"), ("two\nlines", "secret.malformed"), ("\udcff", "secret.malformed")],
)
def test_a_variable_without_a_usable_secret_is_refused(value: str, code: str) -> None:
    with pytest.raises(SecretError) as refused:
        Environment({"NAME": value}).read("NAME")
    assert refused.value.code == code


def test_the_name_of_a_variable_is_no_expression() -> None:
    with pytest.raises(SecretError, match="name of a variable"):
        Environment({}).read("A=B")


@pytest.mark.parametrize(
    "store",
    [Environment({}), SecretFile(as_root=False), SystemdCredential("", as_root=False), Command({})],
    ids=lambda store: str(store.scheme),
)
def test_what_others_keep_is_never_written(store: SecretStore) -> None:
    assert not store.writable
    for change in (lambda: store.write("name", Secret(SENTINEL)), lambda: store.remove("name")):
        with pytest.raises(PostroomError) as refused:
            change()
        assert refused.value.code == "secret.read_only"
        assert refused.value.hint
        assert_nothing_leaks(refused.value)
