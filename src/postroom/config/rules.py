"""Owns the rules that span several keys: names that must exist, ways to log in that exclude each other, cleartext.

It refuses to know files; a rule that is only advice is a warning. The hint of a problem is a command that works while
the configuration is broken: of those that write, only the group `config` does.
"""

from collections.abc import Iterator, Mapping

from postroom.config.problems import Problem
from postroom.domain.derive import NO_PRESET, SECURITIES, is_loopback
from postroom.domain.preset import Preset
from postroom.domain.settings import Server, Settings, Source, Value
from postroom.result import Warn

_AUTH_OF_MECHANISM = {
    "plain": "password",
    "login": "password",
    "scram-sha-256": "password",
    "cram-md5": "password",
    "xoauth2": "oauth2",
    "oauthbearer": "oauth2",
    "external": "external",
}


def file_of(source: Source) -> str:
    """Where a problem with a value of that source is told to be."""
    return source.where if source.layer == "file" else source.layer


def desk_problems(settings: Settings) -> Iterator[Problem]:
    """Names in `[smtp]` and `[smtp.routes]` that no server has."""
    named: dict[tuple[str, ...], Value] = {
        **{("smtp", key): value for key, value in settings.smtp.values.items() if key == "default"},
        **{("smtp", "routes", kind): value for kind, value in settings.routes.values.items()},
    }
    for path, value in named.items():
        if value.value not in settings.servers:
            yield _no_server(path, value.value, value.source)
    for name in settings.smtp.failover:
        if name not in settings.servers:
            yield _no_server(("smtp", "failover"), name, settings.smtp.source("failover"))


def _no_server(path: tuple[str, ...], name: str, source: Source) -> Problem:
    key = ".".join(path)
    return Problem(file_of(source), path, f"{key}: there is no server named {name}", f"postroom config unset {key}")


def server_problems(server: Server, settings: Settings, preset: Preset | None) -> Iterator[Problem]:
    """What contradicts itself in one server."""
    broken = _ServerRules(server)
    here = f"smtp.servers.{server.name}"
    if server.provider and server.provider != NO_PRESET and preset is None:
        yield broken("provider", "no such provider is known", "postroom smtp providers")
    elif not server.host:
        yield broken("host", "no host is given", f"postroom config set {here}.host HOST")
    if server.region and not (preset and server.region in preset.regions):
        known = ", ".join(preset.regions) if preset and preset.regions else "none"
        yield broken("region", f"the provider has no such region; known: {known}", "postroom smtp providers")
    if server.tls_profile and server.tls_profile not in settings.profiles:
        name = server.tls_profile
        yield broken(
            "tls_profile", f"there is no TLS profile named {name}", f"postroom config unset {here}.tls_profile"
        )
    needed = _AUTH_OF_MECHANISM[server.mechanism] if server.mechanism else server.auth
    if needed != server.auth:
        yield broken(
            "mechanism",
            f"{server.mechanism} is a way of auth {needed}, but auth is {server.auth}",
            f"postroom config set {here}.auth {needed}",
        )
    yield from _cleartext(server, broken)
    yield from tls_problems(("smtp", "servers", server.name, "tls"), server.tls.values)
    if server.auth == "external" and not server.tls.client_cert:
        yield broken(
            "auth",
            "external needs a client certificate: client_cert and client_key in its tls table",
            "postroom config edit",
        )


class _ServerRules:
    """Makes the problems of one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self, key: str, rule: str, hint: str) -> Problem:
        path: tuple[str, ...] = ("smtp", "servers", self.server.name, key)
        source = self.server.source(key)
        if source.layer == "environment":
            hint = f"unset {source.where}"
        if source.layer != "file":  # then the table is the place, where a file holds it
            files = (value.source for value in self.server.values.values() if value.source.layer == "file")
            source, place = next(files, source), path[:3]
        else:
            place = path
        return Problem(file_of(source), place, f"{'.'.join(path)}: {rule}", hint)


def _cleartext(server: Server, broken: _ServerRules) -> Iterator[Problem]:
    if server.security != "none":
        return
    safer = f"postroom config set smtp.servers.{server.name}.security starttls"
    if server.auth == "external":
        yield broken("auth", "external needs TLS, but security is none", safer)
    if not server.host or is_loopback(server.host) or server.allow_cleartext == "login":
        return
    if server.allow_cleartext is None:
        yield broken(
            "security",
            f"none would send mail in the clear to {server.host}; allow_cleartext must allow that",
            safer,
        )
    elif server.auth not in ("none", "external"):
        yield broken(
            "security",
            f"none would send the login in the clear to {server.host}; allow_cleartext allows it for mail alone",
            safer,
        )


def tls_problems(path: tuple[str, ...], values: Mapping[str, Value]) -> Iterator[Problem]:
    """A client certificate without its key, or the other way round, in the TLS settings at `path`."""
    for given, missing in (("client_cert", "client_key"), ("client_key", "client_cert")):
        if given in values and missing not in values:
            yield Problem(
                file_of(values[given].source),
                (*path, given),
                f"{'.'.join((*path, given))} needs {missing} beside it",
                f"postroom config set {'.'.join((*path, missing))} FILE",
            )


def warnings_about(server: Server, preset: Preset | None) -> Iterator[Warn]:
    """What is allowed but is likely to hurt."""
    known = ((preset.port, preset.security), *preset.alternatives) if preset else ()
    usual = SECURITIES.get(server.port)
    if (server.port, server.security) not in known and usual and (usual == "tls") != (server.security == "tls"):
        yield Warn(
            "config.port_security_mismatch",
            f"server {server.name}: port {server.port} usually speaks {usual}, but security is {server.security}",
            f"postroom smtp set {server.name} --security {usual}",
        )
    exposed = server.security == "none" and bool(server.host) and not is_loopback(server.host)
    if exposed and server.auth == "password":
        yield Warn(
            "config.cleartext_login",
            f"server {server.name}: the password for {server.host} crosses the network in the clear",
            f"postroom smtp set {server.name} --security starttls",
        )
