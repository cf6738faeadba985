"""From layers to settings: who wins, where each value came from, and everything that is wrong at once."""

from pathlib import Path

import pytest

from postroom.domain.settings import Server, Source, Value
from postroom.errors import ConfigError
from tests.support.config_files import PRESETS, config_file, problems, read, write

MAIN = '[smtp.servers.main]\nhost = "mail.example.com"\n'


@pytest.fixture
def main(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_any_file_there_are_defaults(main: Path) -> None:
    settings = read(main)
    assert settings.servers == {}
    assert settings.smtp.enabled is True
    assert settings.smtp.source("enabled") == Source("default")


def test_a_later_drop_in_wins_and_is_named_as_the_source(main: Path) -> None:
    write(main.parent / "conf.d" / "10.toml", "[smtp.servers.main]\nport = 2000\ntimeout = 10\n")
    last = write(main.parent / "conf.d" / "20.toml", "[smtp.servers.main]\nport = 2001\n")
    server = read(main, MAIN + "port = 587\n").servers["main"]
    assert (server.host, server.port, server.timeout) == ("mail.example.com", 2001, 10)
    assert server.source("port") == Source("file", str(last))
    assert server.source("host") == Source("file", str(main))


def test_an_option_wins_over_the_environment_and_that_over_the_file(main: Path) -> None:
    path = ("smtp", "servers", "main", "port")
    environ = {"POSTROOM_SMTP_PORT": "2002"}
    over: dict[tuple[str, ...], Value] = {path: Value(2003, Source("option", "--port"))}
    assert read(main, MAIN + "port = 587\n", environ).servers["main"].source("port").where == "POSTROOM_SMTP_PORT"
    server = read(main, MAIN + "port = 587\n", environ, over).servers["main"]
    assert (server.port, str(server.source("port"))) == (2003, "option --port")


def test_the_options_alone_can_make_a_server(main: Path) -> None:
    over: dict[tuple[str, ...], Value] = {
        ("smtp", "servers", "default", "host"): Value("h.example", Source("option", "--host"))
    }
    settings = read(main, None, {"POSTROOM_SMTP_USERNAME": "u"}, over)
    assert settings.smtp.default == "default"
    assert settings.servers["default"].username == "u"


def test_the_only_server_is_the_default(main: Path) -> None:
    assert read(main, MAIN).smtp.default == "main"
    assert read(main, MAIN).smtp.source("default") == Source("derived", "the only server")
    assert read(main, MAIN + MAIN.replace("main", "other")).smtp.default is None


def test_a_profile_lies_under_the_servers_own_tls_settings(main: Path) -> None:
    text = (
        MAIN + 'tls_profile = "p"\n[smtp.servers.main.tls]\nminimum = "1.3"\n'
        '[tls.profiles.p]\nminimum = "1.2"\nca_file = "/ca.pem"\n'
    )
    tls = read(main, text).servers["main"].tls
    assert (tls.minimum, tls.ca_file) == ("1.3", "/ca.pem")


def test_a_preset_is_asked_for_by_any_of_its_names(main: Path) -> None:
    assert read(main, '[smtp.servers.main]\nprovider = "acme365"\n').servers["main"].host == "smtp.acme.example"
    assert PRESETS["acme365"].id == "acme"


def test_custom_is_no_preset(main: Path) -> None:
    assert read(main, MAIN + 'provider = "custom"\n').servers["main"].port == 465


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (MAIN + "prot = 25\n", "3: unknown key smtp.servers.main.prot (did you mean smtp.servers.main.port?)"),
        (MAIN + "xyzzy = 25\n", "3: unknown key smtp.servers.main.xyzzy (postroom config edit)"),
        ("[smpt]\n", "1: unknown key smpt (did you mean smtp?)"),
        (
            MAIN + 'ca_file = "/x"\n',
            "3: unknown key smtp.servers.main.ca_file (it belongs one table deeper: smtp.servers.main.tls.ca_file)",
        ),
        (MAIN + '"my secret" = 1\n', "3: unknown key smtp.servers.main.... (postroom config edit)"),
        ("smtp = 5\n", "1: smtp must be a table (postroom config edit)"),
        ("[smtp]\nservers = 5\n", "2: smtp.servers must be a table (postroom config edit)"),
        ("[smtp.servers]\nmain = 5\n", "2: smtp.servers.main must be a table (postroom config edit)"),
        ("[[smtp.servers.main]]\n", "1: smtp.servers.main must be a table (postroom config edit)"),
        (
            "[smtp.servers.Main]\n",
            "1: smtp.servers.Main: a name must match [a-z0-9][a-z0-9_-]{0,62} (postroom config edit)",
        ),
        (
            MAIN + "port = 0\n",
            "3: smtp.servers.main.port must be from 1 to 65535 (postroom config set smtp.servers.main.port N)",
        ),
        (
            MAIN + 'port = "25"\n',
            "3: smtp.servers.main.port must be a whole number (postroom config set smtp.servers.main.port N)",
        ),
        (
            MAIN + "enabled = 1\n",
            (
                "3: smtp.servers.main.enabled must be true or false"
                " (postroom config set smtp.servers.main.enabled true|false)"
            ),
        ),
        (
            '[store]\nurl = "postgresql://u:p/w@h/db"\n',
            (
                "2: store.url must not contain a password: give that as a secret of its own"
                " (postroom config set store.url URL)"
            ),
        ),
        ("a = " + "[" * 5000, "None: is nested too deeply (postroom config edit)"),
        (
            "\ufeff" + MAIN,
            "1: begins with a byte order mark, which TOML does not allow (sed -i '1s/^\\xef\\xbb\\xbf//' {main})",
        ),
        ("a = " + "9" * 5000, "None: is not valid TOML (postroom config edit)"),
    ],
)
def test_a_broken_file_is_told_with_line_key_rule_and_remedy(main: Path, text: str, found: str) -> None:
    assert problems(main, text) == [found.replace("{main}", str(main))]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [("# ok\n[smtp\n", 2, "expected ']'"), ('\n\na = "x\n', 3, "illegal character ..."), ("[a]\n[a]\n", 2, "...")],
)
def test_a_file_that_is_no_toml_is_told_with_its_line_and_the_parsers_words(
    main: Path, text: str, line: int, said: str
) -> None:
    (found,) = problems(main, text)
    assert found.startswith(f"{line}: is not valid TOML: ")
    assert said in found


def test_a_password_in_the_file_is_refused_and_not_repeated(main: Path) -> None:
    (found,) = problems(main, MAIN + 'password = "hunter2"\n')
    remedy = "postroom config unset smtp.servers.main.password, then postroom smtp set main --password-stdin"
    assert f"never the secret itself ({remedy})" in found
    assert "hunter2" not in found


def test_a_file_that_is_not_utf_8_is_told_with_its_line(main: Path) -> None:
    main.write_bytes(b"# ok\n[smtp] # \xff\n")
    main.chmod(0o600)
    with pytest.raises(ConfigError, match=r":2: is not UTF-8"):
        read(main)


def test_all_problems_are_told_at_once_the_first_in_the_message(main: Path) -> None:
    write(main.parent / "conf.d" / "z.toml", "nonsense = 1\n")
    with pytest.raises(ConfigError) as caught:
        read(main, MAIN + 'port = 0\nsecurity = "x"\n', {"POSTROOM_SMTP_TIMEOUT": "soon"})
    error = caught.value
    assert error.code == "config.invalid"
    assert [found["key"] for found in error.data["problems"]] == [
        "nonsense",
        "smtp.servers.main.port",
        "smtp.servers.main.security",
        "smtp.servers.main.timeout",
    ]
    assert error.message.endswith("(and 3 more problems)")
    assert error.hint == "postroom config validate"
    assert len(error.detail.splitlines()) == 3


CONTRADICTIONS = [
    (
        '[smtp]\ndefault = "x"\n' + MAIN,
        "2: smtp.default: there is no server named x (postroom config unset smtp.default)",
    ),
    (
        '[smtp.routes]\nalert = "x"\n' + MAIN,
        "2: smtp.routes.alert: there is no server named x (postroom config unset smtp.routes.alert)",
    ),
    (
        '[smtp]\nfailover = ["main", "x"]\n' + MAIN,
        "2: smtp.failover: there is no server named x (postroom config unset smtp.failover)",
    ),
    (
        MAIN + 'tls_profile = "x"\n',
        (
            "3: smtp.servers.main.tls_profile: there is no TLS profile named x"
            " (postroom config unset smtp.servers.main.tls_profile)"
        ),
    ),
    (
        '[smtp.servers.main]\nprovider = "nope"\n',
        "2: smtp.servers.main.provider: no such provider is known (postroom smtp providers)",
    ),
    (
        '[smtp.servers.main]\nprovider = "acme"\nregion = "mars"\n',
        "3: smtp.servers.main.region: the provider has no such region; known: us, eu (postroom smtp providers)",
    ),
    (
        MAIN + 'region = "eu"\n',
        "3: smtp.servers.main.region: the provider has no such region; known: none (postroom smtp providers)",
    ),
    (
        "[smtp.servers.main]\nport = 25\n",
        "1: smtp.servers.main.host: no host is given (postroom config set smtp.servers.main.host HOST)",
    ),
    (
        MAIN + 'mechanism = "xoauth2"\nusername = "u"\n',
        (
            "3: smtp.servers.main.mechanism: xoauth2 is a way of auth oauth2, but auth is password"
            " (postroom config set smtp.servers.main.auth oauth2)"
        ),
    ),
    (
        MAIN + 'auth = "external"\n',
        (
            "3: smtp.servers.main.auth: external needs a client certificate:"
            " client_cert and client_key in its tls table"
            " (postroom config edit)"
        ),
    ),
    (
        MAIN + '[smtp.servers.main.tls]\nclient_cert = "/c"\n',
        (
            "4: smtp.servers.main.tls.client_cert needs client_key beside it"
            " (postroom config set smtp.servers.main.tls.client_key FILE)"
        ),
    ),
    (
        MAIN + '[tls.profiles.p]\nclient_key = "/c"\n',
        (
            "4: tls.profiles.p.client_key needs client_cert beside it"
            " (postroom config set tls.profiles.p.client_cert FILE)"
        ),
    ),
    (
        MAIN + 'security = "none"\n',
        (
            "3: smtp.servers.main.security: none would send mail in the clear to mail.example.com;"
            " allow_cleartext must allow that (postroom config set smtp.servers.main.security starttls)"
        ),
    ),
    (
        MAIN + 'security = "none"\nallow_cleartext = "mail"\nusername = "u"\n',
        (
            "3: smtp.servers.main.security: none would send the login in the clear to mail.example.com;"
            " allow_cleartext allows it for mail alone (postroom config set smtp.servers.main.security starttls)"
        ),
    ),
]


@pytest.mark.parametrize(("text", "found"), CONTRADICTIONS)
def test_keys_that_contradict_each_other_are_told(main: Path, text: str, found: str) -> None:
    assert problems(main, text) == [found]


@pytest.mark.parametrize(
    "text", [text for text, found in CONTRADICTIONS if "postroom config set" in found or "unset" in found]
)
def test_the_command_that_a_problem_names_mends_it_in_the_broken_file(main: Path, text: str) -> None:
    write(main, text)
    with pytest.raises(ConfigError) as caught:
        read(main)
    _, _, verb, key, *value = caught.value.hint.split()
    path = tuple(key.split("."))
    good = {"HOST": "mail.example.com", "FILE": "/etc/ssl/x.pem"}
    file = config_file(main)
    if verb == "set":
        file.change(lambda draft: draft.set(path, good.get(value[0], value[0])))
    else:
        file.change(lambda draft: draft.unset(path))
    read(main)


@pytest.mark.parametrize(
    "text",
    [
        MAIN + 'security = "none"\nallow_cleartext = "mail"\n',
        MAIN + 'security = "none"\nallow_cleartext = "login"\nusername = "u"\n',
        '[smtp.servers.main]\nhost = "127.0.0.1"\nsecurity = "none"\nusername = "u"\n',
        MAIN + 'mechanism = "cram-md5"\nusername = "u"\n',
        MAIN + 'auth = "external"\n[smtp.servers.main.tls]\nclient_cert = "/c"\nclient_key = "/k"\n',
        '[smtp]\ndefault = "main"\nfailover = ["main"]\n[smtp.routes]\nalert = "main"\n' + MAIN,
    ],
)
def test_what_is_allowed_is_not_a_problem(main: Path, text: str) -> None:
    assert problems(main, text) == []


def test_a_faulty_server_is_not_also_blamed_for_what_its_fault_hides(main: Path) -> None:
    assert len(problems(main, '[smtp.servers.main]\nhost = "not a host"\n')) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (MAIN + 'port = 465\nsecurity = "starttls"\n', "config.port_security_mismatch"),
        (MAIN + 'port = 587\nsecurity = "tls"\n', "config.port_security_mismatch"),
        (MAIN + 'port = 25\nsecurity = "none"\nallow_cleartext = "mail"\n', None),
        ('[smtp.servers.main]\nprovider = "acme"\nport = 2525\nsecurity = "tls"\n', None),
        (MAIN + 'security = "none"\nallow_cleartext = "login"\nusername = "u"\n', "config.cleartext_login"),
    ],
)
def test_what_is_allowed_but_likely_to_hurt_is_warned_about(main: Path, text: str, code: str | None) -> None:
    assert [warning.code for warning in read(main, text).warnings] == ([code] if code else [])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_personal_file_that_others_may_write_is_refused(main: Path, mode: int) -> None:
    write(main, MAIN, mode=mode)
    with pytest.raises(ConfigError, match="can be written by others") as caught:
        read(main)
    assert caught.value.hint == f"chmod 600 {main}"


def test_a_personal_file_that_others_may_read_is_warned_about(main: Path) -> None:
    write(main, MAIN, mode=0o644)
    assert [warning.code for warning in read(main).warnings] == ["config.readable_by_others"]


def test_every_declared_key_can_be_read_from_a_file(main: Path) -> None:
    values = {"port": "587", "enabled": "true", "connect_timeout": '"5s"', "timeout": "60", "max_connections": "3"}
    special = {
        "provider": None,  # each needs something else beside it
        "region": None,
        "tls_profile": None,
        "mechanism": None,
        "allow_cleartext": '"mail"',
        "security": '"tls"',
        "auth": '"none"',
        "from_policy": '"keep"',
        "proxy": '"socks5://p.example:1080"',
        "rate": '"30/min"',
        "from": '"a@example.com"',
        "reply_to": '"a@example.com"',
        "host": '"mail.example.com"',
        "tls_server_name": '"x.example.com"',
        "helo": '"x.example.com"',
    }
    lines = []
    for key in Server.declared():
        value = values.get(key.name, special.get(key.name, '"env:X"' if key.secret else '"text"'))
        if value is not None:
            lines.append(f"{key.name} = {value}")
    assert problems(main, "[smtp.servers.main]\n" + "\n".join(lines) + "\n") == []
