"""Owns postroom.toml(5): every table and key of the configuration, from their declarations.

Refuses to know commands.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.cli.manual.roff import Page, bold, italic, placeholder
from postroom.cli.manual.surroundings import FILES
from postroom.cli.settings_options import SERVER_OPTIONS
from postroom.domain.settings import TABLES, Key, Server, Table

_DESCRIPTION = (
    (
        "The configuration is TOML 1.0 in UTF-8. A key that is not described here is an error, and so is a value that "
        "breaks its rule; all problems are reported at once, each with file, line and key."
    ),
    (
        "Commands edit the file in place: comments and order survive. A copy of the file as it was is kept "
        "before each change, see config history and config rollback in postroom-config(1). A change that would "
        "not read back is not written."
    ),
)

_LAYERS = (
    (
        "A value comes from the highest of these layers that has it: the built-in default or what follows from other "
        "values, the preset of the provider, the system's files, the user's files, the environment, the options of the "
        "command. postroom config show tells the source of each."
    ),
    (
        "For root, and with `--system`, only the system's files are read, and config.toml there is written; for "
        "everybody else, and with `--user`, the user's files are read after them, and the user's config.toml is "
        "written. With `--config FILE` or POSTROOM_CONFIG only FILE and the directory conf.d beside it are "
        "read; the state then lies in the directory state beside FILE, unless `--state-dir` or "
        "POSTROOM_STATE_DIR names another."
    ),
    "As root, a file that others may write, or that others could put another one in the place of, is refused.",
)

EXAMPLE = """\
[desk]
operator = "it@example.com"

[smtp]
default = "main"

[smtp.routes]
alert = "backup"

[smtp.servers.main]
title = "Company relay"
provider = "microsoft365"
auth = "oauth2"
username = "noreply@example.com"
access_token = "command:/usr/local/bin/mail-token"
from_name = "Example IT"

[smtp.servers.backup]
host = "relay.example.com"
port = 465
security = "tls"
username = "noreply@example.com"
password = "keyring:smtp/backup/password"
tls_profile = "internal"

[tls.profiles.internal]
minimum = "1.3"
ca_file = "/etc/ssl/internal-ca.pem"
"""

REFERENCES = {
    "keyring": ("PATH", "The keyring of the user's desktop session. Never chosen for root."),
    "encrypted": (
        "PATH",
        (
            "Postroom's own encrypted file in the state directory, opened by a key file, a systemd "
            "credential or a passphrase."
        ),
    ),
    "credential": ("NAME", "A credential that systemd hands to the service; see systemd.exec(5)."),
    "file": ("/ABSOLUTE/PATH", "The first line of a file."),
    "command": ("CMD [ARG]...", "The first line of what a command prints. It is started without a shell."),
    "env": ("NAME", "An environment variable."),
    "plain": ("PATH", "A readable file in the state directory; only after `--insecure-storage`."),
}
"""What stands behind each scheme of a reference, and what it means."""

_RESERVED = "Reserved: it is checked, but no command of this release reads it."

PRESET = """\
title = "Our relay"
host = "relay.example.com"
port = 587
security = "starttls"
auth = ["password"]
secret = "directory password"
alternatives = ["465 tls"]
domains = ["example.com"]
from_policy = "force"
rate = "30/min"
sources = ["the mail team"]
checked = 2026-11-01
"""
"""A provider's file, as an example."""

_PRESETS = (
    (
        "A file of the directory presets beside the configuration describes a provider of your own, for "
        "`--provider`; its id is the file's name without .toml. It wins over a built-in preset of the same id."
    ),
    (
        "Needed are title, host, port, security, auth (a list, the usual way first), sources and checked (who says "
        "so, and when it was last looked at), and secret (what the provider calls the password) where one can log in "
        "with a password. There may be username, username_hint, aliases, domains, mx (names under which the "
        "provider's mail exchangers stand), alternatives (other ports, each with its security), regions (a table of "
        "hosts), from_policy, rate, max_connections, limits, notes, docs, confirmed, retirement (a table of what, on, "
        "note and final: a way to log in that ends on a day), retired_hosts (a table: the host to use in the place of "
        "an old one), and for `smtp test --online` spf_include (what the SPF record of a customer's domain includes) "
        "and dkim_selectors (where its DKIM keys stand)."
    ),
    (
        "The table oauth tells of the login by OAuth 2.0. Needed are scope (for a person's login) and flows (those "
        "that the provider takes for mail, the advised one first). There may be issuer, authorization_endpoint, "
        "token_endpoint, device_authorization_endpoint and revocation_endpoint (in each, {tenant} stands for the "
        "tenant), tenant (the usual one), machine_scope (for a login without a person), parameters (a table of what is "
        "added to the authorization request), redirect_uri, refused (a table: why a flow is not to be had), "
        "confidential (no, optional or yes: whether an application for persons has a client secret), idle_days (a "
        "refresh token dies after so many days without use), console (where applications are registered) and delegates "
        "(true where one account may log in to send for another mailbox)."
    ),
)

_NAMES = {"servers": "NAME", "profiles": "PROFILE"}


def settings_page(variables: Mapping[str, tuple[str, ...]]) -> Page:
    """postroom.toml(5). `variables` are the environment's, each with the path of its key in a server's table."""
    page = Page("postroom.toml", 5, "configuration of postroom")
    page.heading("SYNOPSIS")
    page.synopsis(italic(path) for path, _ in FILES if path.endswith(".toml") and "presets" not in path)
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.heading("FILES AND LAYERS")
    for text in _LAYERS:
        page.paragraph(text)
    for path, text in FILES:
        page.tagged(italic(path), text)
    page.heading("TABLES AND KEYS")
    page.paragraph("NAME and PROFILE stand for names of your own: lower-case letters, digits, - and _.")
    for table in TABLES:
        _table(page, table)
    page.heading("REFERENCES TO SECRETS")
    page.paragraph(
        "A key of the type REFERENCE says where a secret is kept; what looks like the secret itself is refused. A "
        "secret is used only for the host and the username that it was stored for. PATH is smtp/NAME/FIELD."
    )
    for scheme, (locator, text) in REFERENCES.items():
        page.tagged(bold(f"{scheme}:") + italic(locator), text)
    _environment(page, variables)
    page.heading("PRESETS OF YOUR OWN")
    for text in _PRESETS:
        page.paragraph(text)
    page.example(PRESET)
    page.heading("EXAMPLES")
    page.example(EXAMPLE)
    page.see_also(("postroom", 1), ("postroom-config", 1), ("postroom-smtp", 1), ("postroom-faults", 7))
    return page


def dotted(table: Table) -> str:
    """The path of a table as it stands in the manual: `smtp.servers.NAME`."""
    return ".".join(_NAMES[table.path[place - 1]] if part == "*" else part for place, part in enumerate(table.path))


def _table(page: Page, table: Table) -> None:
    page.subheading(f"[{dotted(table)}]")
    page.paragraph((table.section.__doc__ or "").replace("\n", " "))
    options = {path: key.option for path, key in SERVER_OPTIONS}
    prefix = table.path[3:]
    for key in table.section.declared():
        option = options.get((*prefix, key.name)) if table.path[:3] == ("smtp", "servers", "*") else None
        page.tagged(f"{bold(key.name)} = {placeholder(key.kind.word)}", *_about(key, option))


def _about(key: Key[Any], option: str | None) -> Iterable[str]:
    yield key.help
    if key.kind.rule and not key.kind.choices:
        yield f"Rule: {key.kind.rule}."
    if key.default_note:
        yield f"Default: {key.default_note}."
    elif key.default is not None and key.default != ():
        yield f"Default: {_toml(key)}."
    if option:
        yield f"Option of smtp set: {option}."
    if key.reserved:
        yield _RESERVED


def _toml(key: Key[Any]) -> str:
    value = key.kind.toml(key.default)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(page: Page, variables: Mapping[str, tuple[str, ...]]) -> None:
    page.heading("ENVIRONMENT")
    page.paragraph(
        "With POSTROOM_SMTP_HOST or POSTROOM_SMTP_PROVIDER the environment describes a whole server, which is named "
        "environment and is the default. Without them the other variables win over the default server's keys. An "
        "empty variable counts as unset. A variable that holds a secret is hidden from the programs that Postroom "
        "starts."
    )
    for variable, path in variables.items():
        section: type[Any] = next(
            table.section for table in TABLES if table.path == ("smtp", "servers", "*", *path[:-1])
        )
        key = section.key(path[-1])
        page.tagged(bold(variable), f"Key {'.'.join(path)}.", *_of_variable(variable, key))
    page.paragraph(
        "A systemd credential named postroom.SERVER.FIELD is read for the key FIELD of that server: "
        + ", ".join(key.name for key in Server.declared() if key.secret)
        + " or client_secret."
    )


def _of_variable(variable: str, key: Key[Any]) -> Iterable[str]:
    if key.secret:
        yield "The secret is the first line of this file." if variable.endswith("_FILE") else "The secret itself."
    else:
        yield key.help
    if key.reserved:
        yield _RESERVED
