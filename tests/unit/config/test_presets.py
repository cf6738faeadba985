"""The bundled providers, the user's own, and how one is found. Run as a program it writes the index anew."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import tomli_w

from postroom.config import presets
from postroom.config.presets import (
    all_presets,
    known_domains,
    load_preset,
    preset_aliases,
    preset_for_address,
    preset_for_exchanger,
    preset_for_host,
    preset_ids,
    read_preset,
)
from postroom.domain.preset import Preset
from postroom.errors import ConfigError, FileError

BUNDLED = Path(presets.__file__).with_suffix("")
INDEX = BUNDLED / "_index.toml"
TODAY = date(2026, 11, 20)

# What a port stands for wherever it is used: 465 is implicit TLS (RFC 8314), and its look-alikes follow it.
TLS_PORTS = {465, 2465, 8465}


def index_text() -> str:
    """What the index must hold, made from the providers' files."""
    rows = [read_preset(path) for path in sorted(BUNDLED.glob("[!_]*.toml"))]
    aliases = sorted((alias, row.id) for row in rows for alias in row.aliases)
    domains = sorted((domain, row.id) for row in rows for domain in row.domains)
    exchangers = sorted((name, row.id) for row in rows for name in row.mx)
    hosts: dict[str, str] = {}
    # A host that somebody uses is nobody's old one, and of several providers with one host the first stands for it.
    for names in ("hosts", "retired_hosts"):
        for row in rows:
            for host in getattr(row, names):
                hosts.setdefault(host, row.id)
    return "\n".join(
        [
            "# Made from the files beside it by `python tests/unit/config/test_presets.py`; a test compares them.",
            "",
            "[aliases]",
            *(f'{alias} = "{id_}"' for alias, id_ in aliases),
            "",
            "[domains]",
            *(f'"{domain}" = "{id_}"' for domain, id_ in domains),
            "",
            "[mx]",
            *(f'"{name}" = "{id_}"' for name, id_ in exchangers),
            "",
            "[hosts]",
            *(f'"{host}" = "{id_}"' for host, id_ in sorted(hosts.items()) if host not in ("localhost", "127.0.0.1")),
            "",
        ]
    )


ROWS = all_presets()


def row_id(row: Preset) -> str:
    return row.id


def test_there_are_enough_providers() -> None:
    assert len(ROWS) >= 60


def test_the_index_is_that_of_the_files() -> None:
    assert INDEX.read_text(encoding="utf-8") == index_text()


@pytest.mark.parametrize("what", ["aliases", "domains", "mx"])
def test_no_two_providers_share_an_alias_a_domain_or_an_exchanger(what: str) -> None:
    taken = Counter(word for row in ROWS for word in getattr(row, what))
    if what == "aliases":
        taken.update(row.id for row in ROWS)
    assert [word for word, times in taken.items() if times > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=row_id)
class TestEveryBundledProvider:
    def test_names_its_sources_and_the_day_of_the_check(self, row: Preset) -> None:
        assert row.sources
        assert date.fromisoformat(row.checked) <= TODAY

    def test_has_a_security_that_its_ports_can_have(self, row: Preset) -> None:
        for port, security in ((row.port, row.security), *row.alternatives):
            if security == "none":
                assert row.host in ("localhost", "127.0.0.1")
            else:
                assert security == ("tls" if port in TLS_PORTS else "starttls"), port

    def test_has_alternatives_that_differ(self, row: Preset) -> None:
        ports = [row.port, *(port for port, _ in row.alternatives)]
        assert len(ports) == len(set(ports))

    def test_says_what_the_password_is_and_only_where_there_is_one(self, row: Preset) -> None:
        assert bool(row.secret) == ("password" in row.auth)
        assert len(set(row.auth)) == len(row.auth)

    def test_says_who_logs_in(self, row: Preset) -> None:
        if row.auth != ("none",):
            assert bool(row.username) != bool(row.username_hint)

    def test_has_words_without_leftovers_of_editing(self, row: Preset) -> None:
        for text in (row.title, row.secret, row.username_hint, *row.limits, *row.notes, *row.sources):
            assert text == text.strip()
            assert not re.search(r"  |\(K\)|TODO", text)

    def test_has_its_default_region_among_its_regions(self, row: Preset) -> None:
        assert bool(row.region) == bool(row.regions)
        assert row.regions.get(row.region, row.host) == row.host
        assert len(set(row.regions.values())) == len(row.regions)

    def test_is_found_by_id_alias_and_domain(self, row: Preset) -> None:
        assert load_preset(row.id) == row
        for alias in row.aliases:
            assert load_preset(alias) == row
        for domain in row.domains:
            assert preset_for_address(f"somebody@{domain}") == row
        for name in row.mx:
            found = preset_for_exchanger(f"mx1.{name}")
            assert found is not None
            assert found.id == row.id

    def test_names_hosts_in_use_for_those_that_are_old(self, row: Preset) -> None:
        assert {*row.retired_hosts.values()} <= {*row.hosts}
        if row.retirement is not None:
            date.fromisoformat(row.retirement.on)
            assert row.retirement.what in row.auth or date.fromisoformat(row.retirement.on) < TODAY

    def test_tells_of_oauth_where_it_is_a_way_to_log_in(self, row: Preset) -> None:
        assert bool(row.oauth) == ("oauth2" in row.auth)
        if row.oauth:
            assert any("OAuth" in source for source in row.sources)
            assert all(text == text.strip() and not text.endswith(".") for text in row.oauth.refused.values())
            assert "@" not in row.oauth.redirect_uri.removeprefix("http://")
            assert not re.search(r":\d", row.oauth.redirect_uri.removeprefix("http://")), "the port is ours to choose"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("gmail", "gmail"),
        ("google", "gmail"),
        ("Office365", "microsoft365"),
        ("O365", "microsoft365"),
        ("exchange-online", "microsoft365"),
        ("sendinblue", "brevo"),
        ("mailpit", "dev-sink"),
    ],
)
def test_the_words_of_other_products_are_understood(word: str, expected: str) -> None:
    found = load_preset(word)
    assert found is not None
    assert found.id == expected


@pytest.mark.parametrize(
    "word", ["custom", "CUSTOM", "", "_index", "../presets/gmail", "gmail.toml", "no-such", "gmäil"]
)
def test_what_is_no_provider_is_none(word: str) -> None:
    assert load_preset(word) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@gmail.com", "gmail"),
        ("a@GMAIL.com", "gmail"),
        ("a@gmx.net", "gmx-de"),
        ("a@gmx.com", "gmx"),
        ("a@example.com", None),
        ("a@mail.gmail.com", None),
        ("", None),
    ],
)
def test_a_provider_is_found_by_the_domain_of_an_address(address: str, expected: str | None) -> None:
    found = preset_for_address(address)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("exchanger", "expected"),
    [
        ("aspmx.l.google.com", "google-workspace"),
        ("alt1.aspmx.l.google.com", "google-workspace"),
        ("customer-com.mail.protection.outlook.com", "microsoft365"),
        ("outlook-com.olc.protection.outlook.com", None),
        ("notaspmx.l.google.com", None),
        ("l.google.com", None),
        ("mail.protonmail.ch.example", None),
        ("", None),
    ],
)
def test_a_provider_is_found_by_an_exchanger_at_or_under_its_names(exchanger: str, expected: str | None) -> None:
    found = preset_for_exchanger(exchanger)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("exchanger", "region"),
    [
        ("mx.zoho.com", "us"),
        ("mx2.zoho.com.au", "au"),
        ("mx00.ionos.co.uk", "uk"),
        ("mx00.kundenserver.de", "de"),
        ("mx.yandex.net", "com"),
    ],
)
def test_an_exchanger_tells_the_region_where_it_can(exchanger: str, region: str) -> None:
    found = preset_for_exchanger(exchanger)
    assert found is not None
    assert (found.region, found.host) == (region, found.regions[region])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("smtp.office365.com", "microsoft365"),
        ("smtp-legacy.office365.com", "microsoft365"),
        ("smtp.live.com", "outlook-com"),
        ("email-smtp.eu-west-1.amazonaws.com", "ses"),
        ("mail.gmx.com", "gmx"),
        ("smtp.gmail.com", "gmail"),
        ("localhost", None),
        ("mail.example.com", None),
    ],
)
def test_a_provider_is_found_by_its_hosts_and_its_old_ones(host: str, expected: str | None) -> None:
    found = preset_for_host(host)
    assert (found.id if found else None) == expected


def test_a_users_own_provider_wins_by_its_host(tmp_path: Path) -> None:
    own(tmp_path, OWN + '[retired_hosts]\n"smtp.live.com" = "relay.corp.example"\n')
    for host in ("relay.corp.example", "smtp.live.com"):
        found = preset_for_host(host, tmp_path)
        assert found is not None
        assert found.id == "corp"


def test_the_end_of_a_way_to_log_in_is_read() -> None:
    found = load_preset("microsoft365")
    assert found is not None
    assert found.retirement is not None
    assert found.retirement[:2] == ("password", "2026-12-31")
    assert found.retirement.final is False
    for fact in ("2026-01-27", "administrators can switch it on again", "second half of 2027"):
        assert fact in found.retirement.note


@pytest.mark.parametrize("word", ["gmail", "google-workspace", "google-relay"])
def test_google_gives_a_refresh_token_each_time_and_none_to_a_device(word: str) -> None:
    found = load_preset(word)
    assert found is not None
    assert found.oauth is not None
    assert dict(found.oauth.parameters) == {"access_type": "offline", "prompt": "consent"}
    assert "invalid_scope" in found.oauth.refused["device"]
    assert ("service-account" in found.oauth.flows) == (word != "gmail")
    assert found.oauth.confidential == "yes"


def test_microsoft_is_asked_as_its_portal_registers() -> None:
    work, home = load_preset("microsoft365"), load_preset("outlook-com")
    assert work is not None
    assert work.oauth is not None
    assert home is not None
    assert home.oauth is not None
    assert (work.oauth.tenant, home.oauth.tenant) == ("organizations", "consumers")
    assert work.oauth.redirect_uri == home.oauth.redirect_uri == "http://localhost"
    assert work.oauth.scope == "https://outlook.office.com/SMTP.Send offline_access"
    assert work.oauth.machine_scope == "https://outlook.office365.com/.default"
    assert "client-credentials" in home.oauth.refused


OFFER = {
    "scope": "mail",
    "flows": ["browser"],
    "authorization_endpoint": "https://login.corp.example/authorize",
    "token_endpoint": "https://login.corp.example/token",
}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"flows": []}, "at least one flow"),
        ({"authorization_endpoint": None}, "must have authorization_endpoint, or an issuer, for the flow browser"),
        ({"flows": ["device"]}, "must have device_authorization_endpoint, or an issuer"),
        ({"flows": ["client-credentials"], "token_endpoint": None}, "must have token_endpoint"),
        ({"refused": {"telepathy": "not yet"}}, "what is no flow: telepathy"),
        ({"refused": {"browser": "no"}}, "that is taken: browser"),
        ({"machine_scope": "all"}, "machine_scope is only for"),
        ({"tenant": "corp"}, "need each other"),
        ({"token_endpoint": "https://login.corp.example/{tenant}/token"}, "need each other"),
        ({"redirect_uri": "http://corp.example/callback"}, "an address of this machine"),
        ({"redirect_uri": "https://127.0.0.1/callback"}, "must be a URL that begins with http://"),
        ({"token_endpoint": "http://login.corp.example/token"}, "must be a URL that begins with https://"),
        ({"idle_days": 0}, "idle_days"),
        ({"sope": "mail"}, "must be a table of"),
    ],
)
def test_an_offer_that_contradicts_itself_is_told(tmp_path: Path, change: dict[str, object], rule: str) -> None:
    table = {key: value for key, value in {**OFFER, **change}.items() if value is not None}
    text = OWN.replace('["password"]', '["password", "oauth2"]') + tomli_w.dumps({"oauth": table})
    with pytest.raises(ConfigError) as caught:
        read_preset(own(tmp_path, text))
    assert rule in caught.value.message
    assert "oauth" in caught.value.message


def test_an_offer_needs_a_login_that_takes_it_and_an_issuer_tells_the_endpoints(tmp_path: Path) -> None:
    table = tomli_w.dumps({"oauth": {"scope": "mail", "flows": ["device"], "issuer": "https://login.corp.example"}})
    with pytest.raises(ConfigError, match="auth does not name oauth2"):
        read_preset(own(tmp_path, OWN + table))
    found = read_preset(own(tmp_path, OWN.replace('["password"]', '["oauth2", "password"]') + table))
    assert found.oauth is not None
    assert found.oauth.flows == ("device",)


def test_a_users_own_provider_wins_by_its_exchanger(tmp_path: Path) -> None:
    own(tmp_path, OWN + 'mx = ["google.com"]\n')
    found = preset_for_exchanger("aspmx.l.google.com", tmp_path)
    assert found is not None
    assert found.id == "corp"
    assert preset_for_exchanger("mx.zoho.eu", tmp_path) == preset_for_exchanger("mx.zoho.eu")


def test_a_lookup_by_id_reads_one_file_and_one_by_alias_the_index_too(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    really = Path.read_bytes

    def noting(path: Path) -> bytes:
        read.append(path.name)
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", noting)
    load_preset("gmail")
    assert read == ["gmail.toml"]
    read.clear()
    load_preset("google")
    assert read == ["_index.toml", "gmail.toml"]


def test_a_region_chooses_the_host() -> None:
    ses = load_preset("ses")
    assert ses is not None
    assert ses.region == "us-east-1"
    assert ses.regions["eu-west-1"] == "email-smtp.eu-west-1.amazonaws.com"


def test_microsoft_is_told_with_its_dates_and_its_rate() -> None:
    found = load_preset("microsoft365")
    assert found is not None
    assert (found.rate, found.max_connections, found.from_policy) == ("30/min", 3, "force")
    basic = next(note for note in found.notes if note.startswith("Basic authentication"))
    for fact in ("2026-01-27", "2026-11-20", "end of December 2026", "administrators can switch it on again"):
        assert fact in basic


OWN = """\
title = "Company relay"
aliases = ["relay"]
domains = ["corp.example"]
host = "Relay.Corp.Example"
port = 465
security = "tls"
alternatives = ["587 starttls"]
auth = ["password"]
username = "address"
secret = "domain password"
sources = ["the intranet"]
checked = 2026-10-01
"""


def own(directory: Path, text: str = OWN, name: str = "corp") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_own_provider_is_found_like_a_bundled_one(tmp_path: Path) -> None:
    own(tmp_path)
    found = load_preset("corp", tmp_path)
    assert found is not None
    assert (found.host, found.checked) == ("relay.corp.example", "2026-10-01")
    assert found.alternatives == ((587, "starttls"),)
    assert load_preset("relay", tmp_path) == found
    assert preset_for_address("a@corp.example", tmp_path) == found
    assert "corp" in preset_ids(tmp_path)
    assert "corp" not in preset_ids()
    assert "corp.example" in known_domains(tmp_path)
    assert found in all_presets(tmp_path)


def test_a_users_file_wins_over_the_bundled_one_of_its_name(tmp_path: Path) -> None:
    own(tmp_path, name="gmail")
    found = load_preset("gmail", tmp_path)
    assert found is not None
    assert found.title == "Company relay"
    assert [row.title for row in all_presets(tmp_path) if row.id == "gmail"] == ["Company relay"]
    assert load_preset("gmail") != found


def test_a_missing_directory_of_the_user_is_an_empty_one(tmp_path: Path) -> None:
    assert load_preset("gmail", tmp_path / "none") == load_preset("gmail")
    assert preset_ids(tmp_path / "none") == preset_ids()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('host = "https://relay"', "host"),
        ("port = 70000", "port"),
        ('port = "465"', "port"),
        ('security = "maybe"', "security"),
        ('security = "none"', "security"),
        ('alternatives = ["587"]', "alternatives"),
        ('alternatives = ["0 tls"]', "alternatives"),
        ('alternatives = ["25 none"]', "alternatives"),
        ('auth = ["guess"]', "auth"),
        ("auth = []", "auth"),
        ('auth = ["password"]\nsecret = ""', "secret"),
        ('from_policy = "replace"', "from_policy"),
        ('rate = "often"', "rate"),
        ("max_connections = 0", "max_connections"),
        ('checked = "last week"', "checked"),
        ('docs = "http://insecure.example"', "docs"),
        ("confirmed = 1", "confirmed"),
        ('regions = ["eu"]', "regions"),
        ('regions = { eu = "eu.corp.example" }', "host"),
        ('hots = "relay"', "hots"),
        ('mx = ["mx.corp.example."]', "mx"),
        ('aliases = ["Not A Name"]', "aliases"),
        ('retirement = "soon"', "retirement"),
        ('retirement = { what = "password", on = 2027-01-31 }', "retirement"),
        ('retirement = { what = "guess", on = 2027-01-31, note = "x" }', "retirement"),
        ('retirement = { what = "password", on = 2027-01-31, note = "x", by = "us" }', "retirement"),
        ('retired_hosts = ["old.corp.example"]', "retired_hosts"),
        ('retired_hosts = { "relay.corp.example" = "x.example" }', "retired_hosts"),
        ('spf_include = "include:spf.corp.example"', "spf_include"),
        ('dkim_selectors = ["S 1"]', "dkim_selectors"),
        ('title = "two\\nlines"', "title"),
    ],
)
def test_a_broken_rule_is_told_with_its_key_and_line(tmp_path: Path, line: str, key: str) -> None:
    given = {each.partition(" ")[0] for each in line.splitlines()}
    kept = [each for each in OWN.splitlines() if each.partition(" ")[0] not in given]
    path = own(tmp_path, "\n".join([*kept, line, ""]))
    with pytest.raises(ConfigError) as caught:
        load_preset("corp", tmp_path)
    (problem,) = caught.value.data["problems"]
    assert (problem["file"], problem["key"]) == (str(path), key)
    assert str(path) in caught.value.message
    assert problem["line"] is not None


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    own(tmp_path, OWN.replace("465", "0").replace('"tls"', '"ssl3"').replace("host =", "hots ="))
    with pytest.raises(ConfigError) as caught:
        load_preset("corp", tmp_path)
    assert {problem["key"] for problem in caught.value.data["problems"]} == {"host", "hots", "port", "security"}
    assert "Did you mean host?" in {problem["hint"] for problem in caught.value.data["problems"]}


@pytest.mark.parametrize("content", [b"title = ", b"\xff\xfe", b"a = " + b"[" * 5000])
def test_what_is_no_toml_is_a_configuration_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "corp.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"corp\.toml"):
        load_preset("corp", tmp_path)


def test_a_preset_cannot_be_named_custom(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="custom"):
        read_preset(own(tmp_path, name="custom"))


def test_a_file_that_cannot_be_read_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        read_preset(tmp_path / "gone.toml")


@pytest.mark.needs("root")
def test_root_does_not_obey_a_preset_that_others_may_write(tmp_path: Path) -> None:
    own(tmp_path).chmod(0o666)
    with pytest.raises(FileError) as caught:
        load_preset("corp", tmp_path)
    assert caught.value.code == "file.unsafe"


def test_the_aliases_are_those_of_the_files() -> None:
    assert preset_aliases() == {alias: row.id for row in ROWS for alias in row.aliases}


if __name__ == "__main__":
    INDEX.write_text(index_text(), encoding="utf-8")
