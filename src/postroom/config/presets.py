"""Owns the mail providers that are known by name: one TOML file each, beside this module and in the user's `presets`.

It reads the files that are asked for and no more; it refuses to know settings, servers and the network.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from postroom.config import offers
from postroom.config.problems import Problem, invalid
from postroom.domain.kinds import (
    NAME,
    Boolean,
    Choice,
    Date,
    Host,
    Integer,
    Kind,
    Listing,
    RateKind,
    RecordName,
    Text,
    Url,
)
from postroom.domain.preset import Preset, Retirement
from postroom.errors import Exit, FileError
from postroom.files import read_checked

CUSTOM = "custom"
"""The word for a server of no known provider; never a preset."""

_BUNDLED = Path(__file__).with_suffix("")
# No id can reach it: ids do not begin with an underscore.
_INDEX = _BUNDLED / "_index.toml"

_SECURITY = Choice("tls", "starttls", "none")
_AUTH = Choice("oauth2", "password", "external", "none")
_LINE = Text(longest=300)
_NOTE = Text(longest=1000)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Id(Kind[str]):
    """The id, alias or region of a provider."""

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise ValueError(f"must match {NAME.pattern}")
        return value


class _Port(Kind[tuple[int, str]]):
    """A port with its security, written `465 tls`."""

    def parse(self, value: object) -> tuple[int, str]:
        port, _, security = value.partition(" ") if isinstance(value, str) else ("", "", "")
        if not security:
            raise ValueError('must be a port and its security, like "465 tls"')
        return Integer(1, 65535).read(port), _SECURITY.parse(security)


class _Regions(Kind[Mapping[str, str]]):
    """The host of each region."""

    def parse(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise ValueError("must be a table of regions and hosts")  # noqa: TRY004 - one type for all broken rules
        return {_Id().parse(region): Host().parse(host) for region, host in value.items()}


class _RetiredHosts(Kind[Mapping[str, str]]):
    """The host to use now in the place of each old one."""

    def parse(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise ValueError("must be a table of old hosts and new ones")  # noqa: TRY004 - as above
        return {Host().parse(old): Host().parse(new) for old, new in value.items()}


class _Retirement(Kind[Retirement]):
    """The end of a way to log in."""

    def parse(self, value: object) -> Retirement:
        if not isinstance(value, dict) or not {"what", "on", "note"} <= value.keys() <= {*Retirement._fields}:
            raise ValueError("must be a table of what, on, note and, where it is not the end, final = false")
        return Retirement(
            _AUTH.parse(value["what"]),
            Date().parse(value["on"]),
            _NOTE.parse(value["note"]),
            Boolean().parse(value.get("final", True)),
        )


_REQUIRED: Mapping[str, Kind[Any]] = {
    "title": Text(longest=80),
    "host": Host(),
    "port": Integer(1, 65535),
    "security": _SECURITY,
    "auth": Listing(_AUTH),
    "sources": Listing(_LINE),
    "checked": Date(),
}
_OPTIONAL: Mapping[str, Kind[Any]] = {
    "username": Text(longest=320),
    "username_hint": _LINE,
    "secret": Text(longest=80),
    "aliases": Listing(_Id()),
    "domains": Listing(Host()),
    "mx": Listing(Host()),
    "alternatives": Listing(_Port()),
    "regions": _Regions(),
    "from_policy": Choice("keep", "force", "domain"),
    "rate": RateKind(),
    "max_connections": Integer(1, 100),
    "limits": Listing(_LINE),
    "notes": Listing(_NOTE),
    "docs": Url("https"),
    "confirmed": Boolean(),
    "retirement": _Retirement(),
    "retired_hosts": _RetiredHosts(),
    "spf_include": RecordName(),
    "dkim_selectors": Listing(RecordName()),
    "oauth": offers.OfferKind(),
}

_KINDS = {**_REQUIRED, **_OPTIONAL}


def load_preset(word: str, user_dir: Path | None = None) -> Preset | None:
    """Find a provider by its id or one of its aliases, in any case; None where there is none (`custom` is never one).

    Only the named file is read, for an alias the index as well. A file in `user_dir` wins over the bundled one of the
    same id. Raise ConfigError `config.invalid` with every problem of a file that breaks the rules, FileError for one
    that cannot be read or is unsafe.
    """
    name = word.lower()
    if not NAME.fullmatch(name):
        return None
    for path in (directory / f"{name}.toml" for directory in (user_dir, _BUNDLED) if directory):
        if path.is_file():
            return read_preset(path)
    for preset in _user_presets(user_dir):
        if name in preset.aliases:
            return preset
    return _indexed("aliases", name)


def preset_for_address(address: str, user_dir: Path | None = None) -> Preset | None:
    """The provider to whose own domains a mail address belongs, or None. Nothing is looked up on the network."""
    domain = address.rpartition("@")[2].lower()
    for preset in _user_presets(user_dir):
        if domain in preset.domains:
            return preset
    return _indexed("domains", domain)


def preset_for_host(host: str, user_dir: Path | None = None) -> Preset | None:
    """The provider whose submission server `host` is, or was, or None. Of several with the same host the first by id.

    Nothing is looked up on the network.
    """
    for preset in _user_presets(user_dir):
        if host in (*preset.hosts, *preset.retired_hosts):
            return preset
    return _indexed("hosts", host)


def preset_for_exchanger(exchanger: str, user_dir: Path | None = None) -> Preset | None:
    """The provider that runs a mail exchanger, in the exchanger's region, or None. Nothing is looked up on the network.

    `exchanger` is a host name in lower case, without the final dot.
    """
    labels = exchanger.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels))]
    for preset in _user_presets(user_dir):
        if not set(names).isdisjoint(preset.mx):
            return preset.beside(exchanger)
    index = _index("mx")
    found = next((name for name in names if name in index), None)
    preset_found = _indexed("mx", found) if found else None
    return preset_found.beside(exchanger) if preset_found else None


def preset_ids(user_dir: Path | None = None) -> Sequence[str]:
    """Every provider's id, sorted, without reading a file."""
    return sorted({path.stem for directory in (user_dir, _BUNDLED) if directory for path in _files(directory)})


def preset_aliases() -> Mapping[str, str]:
    """The id behind each alias of the bundled providers."""
    return dict(_index("aliases"))


def known_domains(user_dir: Path | None = None) -> Sequence[str]:
    """The domains in which providers give out addresses, sorted; to question a near miss such as `gmai.com`."""
    own = {domain for preset in _user_presets(user_dir) for domain in preset.domains}
    return sorted(own | _index("domains").keys())


def all_presets(user_dir: Path | None = None) -> Sequence[Preset]:
    """Every provider, sorted by id. Raises as `load_preset` does."""
    paths = {path.stem: path for directory in (_BUNDLED, user_dir) if directory for path in _files(directory)}
    return [read_preset(paths[name]) for name in sorted(paths)]


def read_preset(path: Path) -> Preset:
    """Read one provider's file; the id is its name without `.toml`. Raises as `load_preset` does."""
    text = _read(path)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid([Problem(str(path), (), f"is not valid TOML: {error}")], {}) from error
    values, problems = _values(str(path), table)
    if not problems:
        preset = Preset(id=path.stem, **values)
        problems = [Problem(str(path), (key,), f"{key} {rule}") for key, rule in _contradictions(preset)]
        if not problems:
            return preset
    raise invalid(problems, {str(path): text})


def _read(path: Path) -> str:
    """The text of a preset's file. A user's file is obeyed like the configuration, so it is checked like it."""
    bundled = path.parent == _BUNDLED
    data = path.read_bytes() if bundled else read_checked(path, private=False, as_root=os.geteuid() == 0)
    if data is None:
        raise FileError("file.unreadable", f"{path} is not there any more", exit=Exit.NO_INPUT)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid([Problem(str(path), (), "is not UTF-8")], {}) from error


def _values(file: str, table: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = [Problem(file, (key,), f"{key} is missing") for key in _REQUIRED if key not in table]
    for key, value in table.items():
        kind = _KINDS.get(key)
        if kind is None:
            near = difflib.get_close_matches(key, _KINDS, n=1)
            problems.append(Problem(file, (key,), f"unknown key {key!r}", f"Did you mean {near[0]}?" if near else ""))
            continue
        try:
            values[key] = kind.parse(value)
        except ValueError as error:
            problems.append(Problem(file, (key,), f"{key} {error}"))
    if "rate" in values:
        values["rate"] = str(values["rate"])
    return values, problems


def _contradictions(preset: Preset) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(preset.id) or preset.id == CUSTOM:
        yield "id", f"(the file's name) must match {NAME.pattern} and not be {CUSTOM}"
    if not preset.auth:
        yield "auth", "must name at least one way to log in"
    if "password" in preset.auth and not preset.secret:
        yield "secret", 'must say what the provider wants as the password, like "app password"'
    if preset.security == "none" and preset.host not in _LOOPBACK:
        yield "security", "must be tls or starttls: only a loopback host may go without"
    if any(security == "none" for _, security in preset.alternatives) and preset.host not in _LOOPBACK:
        yield "alternatives", "must be tls or starttls: only a loopback host may go without"
    if not set(preset.retired_hosts).isdisjoint(preset.hosts):
        yield "retired_hosts", "must not name a host that is in use"
    if preset.regions and preset.host not in preset.regions.values():
        yield "host", "must be the host of one of the regions"
    if preset.oauth:
        if "oauth2" not in preset.auth:
            yield "oauth", "is there, but auth does not name oauth2"
        yield from (("oauth", rule) for rule in offers.contradictions(preset.oauth))


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.glob("*.toml") if path != _INDEX] if directory.is_dir() else []


def _user_presets(user_dir: Path | None) -> Iterator[Preset]:
    return (read_preset(path) for path in sorted(_files(user_dir))) if user_dir else iter(())


def _index(part: str) -> Mapping[str, str]:
    table: Mapping[str, Mapping[str, str]] = tomllib.loads(_read(_INDEX))
    return table[part]


def _indexed(part: str, word: str) -> Preset | None:
    name = _index(part).get(word)
    return read_preset(_BUNDLED / f"{name}.toml") if name else None
