"""The layer of the environment: the documented variables, and systemd's credentials."""

from pathlib import Path
from typing import Any

import pytest

from postroom.config import environment
from postroom.domain.settings import Server, Settings, key_of
from postroom.errors import ConfigError
from tests.support.config_files import problems, read, write

MAIN = '[smtp.servers.main]\nhost = "mail.example.com"\nusername = "file"\n'

COMPLETE = {"POSTROOM_SMTP_HOST": "env.example.com"}


@pytest.fixture
def main(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def value(settings: Settings, *path: str) -> Any:
    section: Any = settings.servers[settings.smtp.default or ""]
    for name in path[:-1]:
        section = getattr(section, name)
    found = section.values.get(path[-1])
    return None if found is None else str(found.value)


VARIABLES = [
    ("POSTROOM_SMTP_PORT", "2500", ("port",), "2500"),
    ("POSTROOM_SMTP_SECURITY", "ssl", ("security",), "tls"),
    ("POSTROOM_SMTP_AUTH", "none", ("auth",), "none"),
    ("POSTROOM_SMTP_USERNAME", "env", ("username",), "env"),
    ("POSTROOM_SMTP_FROM", "env@example.com", ("from",), "env@example.com"),
    ("POSTROOM_SMTP_FROM_NAME", "Env", ("from_name",), "Env"),
    ("POSTROOM_SMTP_CA_FILE", "/ca.pem", ("tls", "ca_file"), "/ca.pem"),
    ("POSTROOM_SMTP_TIMEOUT", "2m", ("timeout",), "120"),
    ("POSTROOM_SMTP_PASSWORD", "hunter2", ("password",), "env:POSTROOM_SMTP_PASSWORD"),
    ("POSTROOM_SMTP_PASSWORD_FILE", "/run/pw", ("password",), "file:/run/pw"),
    ("POSTROOM_OAUTH_CLIENT_ID", "id", ("oauth", "client_id"), "id"),
    ("POSTROOM_OAUTH_TENANT", "t", ("oauth", "tenant"), "t"),
    ("POSTROOM_OAUTH_FLOW", "browser", ("oauth", "flow"), "browser"),
    ("POSTROOM_OAUTH_SCOPE", "a b", ("oauth", "scope"), "a b"),
    ("POSTROOM_OAUTH_CLIENT_SECRET", "hunter2", ("oauth", "client_secret"), "env:POSTROOM_OAUTH_CLIENT_SECRET"),
    ("POSTROOM_OAUTH_CLIENT_SECRET_FILE", "/cs", ("oauth", "client_secret"), "file:/cs"),
    ("POSTROOM_OAUTH_ACCESS_TOKEN", "hunter2", ("access_token",), "env:POSTROOM_OAUTH_ACCESS_TOKEN"),
    ("POSTROOM_OAUTH_ACCESS_TOKEN_FILE", "/at", ("access_token",), "file:/at"),
]


@pytest.mark.parametrize(("variable", "text", "path", "expected"), VARIABLES, ids=[row[0] for row in VARIABLES])
def test_a_variable_overrides_the_default_server(
    main: Path, variable: str, text: str, path: tuple[str, ...], expected: str
) -> None:
    settings = read(main, MAIN, {variable: text})
    assert settings.smtp.default == "main"
    assert value(settings, *path) == expected
    assert value(settings, "host") == "mail.example.com"


@pytest.mark.parametrize(("variable", "text", "path", "expected"), VARIABLES, ids=[row[0] for row in VARIABLES])
def test_a_variable_describes_the_environments_own_server(
    main: Path, variable: str, text: str, path: tuple[str, ...], expected: str
) -> None:
    settings = read(main, MAIN, {**COMPLETE, variable: text})
    assert settings.smtp.default == "environment"
    assert value(settings, *path) == expected
    assert settings.servers["main"].values.keys() == read(main, MAIN).servers["main"].values.keys()


def test_each_variable_names_a_declared_key() -> None:
    tables = {**environment._PLAIN, **environment._SECRET, **environment._FIELDS}
    assert not [name for name, path in tables.items() if key_of(("smtp", "servers", "x", *path)) is None]


def test_the_environments_server_has_nothing_of_a_servers_of_the_same_name(main: Path) -> None:
    text = '[smtp.servers.environment]\nhost = "file.example.com"\nusername = "file"\n[smtp.servers.environment.tls]\n'
    found = read(main, text, COMPLETE).servers["environment"]
    assert (found.host, found.username) == ("env.example.com", None)


def test_a_provider_alone_is_a_complete_server(main: Path) -> None:
    settings = read(main, None, {"POSTROOM_SMTP_PROVIDER": "acme"})
    assert settings.servers["environment"].host == "smtp.acme.example"
    assert str(settings.smtp.source("default")) == "environment POSTROOM_SMTP_PROVIDER"


def test_the_files_default_gives_way_to_the_environments_server(main: Path) -> None:
    assert read(main, '[smtp]\ndefault = "main"\n' + MAIN, COMPLETE).smtp.default == "environment"


def test_variables_touch_the_default_server_alone(main: Path) -> None:
    text = '[smtp]\ndefault = "b"\n' + MAIN + '[smtp.servers.b]\nhost = "b.example"\n'
    settings = read(main, text, {"POSTROOM_SMTP_USERNAME": "env"})
    assert [server.username for server in settings.servers.values()] == ["file", "env"]


def test_without_a_default_server_the_variables_change_nothing(main: Path) -> None:
    assert read(main, "", {"POSTROOM_SMTP_USERNAME": "env"}).servers == {}


@pytest.mark.parametrize("variable", [row[0] for row in VARIABLES] + ["POSTROOM_SMTP_HOST", "POSTROOM_SMTP_PROVIDER"])
def test_an_empty_variable_counts_as_unset(main: Path, variable: str) -> None:
    before = read(main, MAIN).servers["main"]
    after = read(main, MAIN, {variable: ""}).servers["main"]
    assert after.values == before.values


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"POSTROOM_SMTP_PORT": "x"}, "POSTROOM_SMTP_PORT must be a whole number from 1 to 65535"),
        ({"POSTROOM_SMTP_PASSWORD_FILE": "rel"}, "POSTROOM_SMTP_PASSWORD_FILE file: takes an absolute path"),
        (
            {"POSTROOM_SMTP_PASSWORD": "hunter2", "POSTROOM_SMTP_PASSWORD_FILE": "/x"},
            "POSTROOM_SMTP_PASSWORD and POSTROOM_SMTP_PASSWORD_FILE are both set",
        ),
    ],
)
def test_a_bad_variable_is_named_with_what_mends_it(main: Path, environ: dict[str, str], found: str) -> None:
    assert problems(main, MAIN, environ) == [f"None: {found} (unset {next(iter(environ))})"]


def test_credentials_of_systemd_win_over_the_variables(main: Path, tmp_path: Path) -> None:
    directory = tmp_path / "credentials"
    for name in ("postroom.main.password", "postroom.other.password", "postroom.secrets.key", "x.main.password"):
        write(directory / name, "s")
    write(directory / "postroom.main.client_secret", "s")
    environ = {"CREDENTIALS_DIRECTORY": str(directory), "POSTROOM_SMTP_PASSWORD": "hunter2"}
    settings = read(main, MAIN, environ)
    assert value(settings, "password") == "credential:postroom.main.password"
    assert value(settings, "oauth", "client_secret") == "credential:postroom.main.client_secret"
    assert list(settings.servers) == ["main"]


def test_credentials_reach_the_environments_server(main: Path, tmp_path: Path) -> None:
    write(tmp_path / "credentials" / "postroom.environment.password", "s")
    environ = {**COMPLETE, "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert value(read(main, None, environ), "password") == "credential:postroom.environment.password"


def test_a_credentials_directory_that_is_gone_is_none(main: Path, tmp_path: Path) -> None:
    assert problems(main, MAIN, {"CREDENTIALS_DIRECTORY": str(tmp_path / "gone")}) == []


def test_a_credentials_directory_that_cannot_be_read_is_told(main: Path) -> None:
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY cannot be read"):
        read(main, MAIN, {"CREDENTIALS_DIRECTORY": str(main)})


def test_every_secret_of_a_server_can_be_a_credential() -> None:
    assert {key.name for key in Server.declared() if key.secret} <= environment._FIELDS.keys()
