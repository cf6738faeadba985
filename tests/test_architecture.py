"""The import table, where libraries live, what code may not stand, how large a module may be.

The rules are the house's; a find is mended in the source, not here.
"""

import ast
import sys

import pytest

from tests.support.source import LAZY_SEAMS, PINNED_TLS, Module, banned, imports, modules

MODULES = modules()

LEAVES = frozenset({"errors", "result", "clock", "files"})
ADAPTERS = frozenset({"config", "secrets", "oauth", "transport", "diagnosis", "compose", "sandbox"})
STORE_USERS = frozenset({"outbox", "accounts", "alerts", "audit"})
BELOW_SERVICES = LEAVES | {"domain", "sending"}
FRONT_ENDS = frozenset({"cli", "portal", "submission", "sendmail"})

# Room -> the rooms that it may import, besides itself. Siblings meet in domain/ports.py and in arguments.
TABLE: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    "errors": frozenset(),
    "clock": frozenset(),
    "result": frozenset({"errors"}),
    "files": frozenset({"errors"}),
    "domain": frozenset({"errors", "result"}),
    **dict.fromkeys(ADAPTERS, LEAVES | {"domain"}),
    "store": LEAVES | {"domain"},
    **dict.fromkeys(STORE_USERS, LEAVES | {"domain", "store"}),
    "sending": LEAVES | {"domain"},
    "services": BELOW_SERVICES,
    "desk": BELOW_SERVICES | ADAPTERS | STORE_USERS | {"store", "__init__"},
    "ui": frozenset({"errors", "result"}),
    **dict.fromkeys(FRONT_ENDS, BELOW_SERVICES | {"services", "desk", "ui", "__init__"}),
    "__main__": frozenset({"cli", "__init__"}),
}

# Library -> where it may be imported; a path that ends in a slash is a directory.
HOMES = {
    "typer": ("cli/",),
    "rich": ("ui/console.py",),
    "keyring": ("secrets/keyring.py",),
    "tomlkit": ("config/edit.py",),
    "tomli_w": ("config/edit.py", "secrets/ledger.py"),
    "regex": ("diagnosis/timed.py",),
    "platformdirs": ("config/homes.py",),
    "cryptography": ("secrets/encrypted.py", "transport/pin.py", "oauth/proof.py", "sandbox/"),
    "idna": ("domain/",),
    "aiosmtpd": ("sandbox/",),
    "python_socks": ("transport/proxy.py",),
    "dns": ("transport/mx.py", "transport/dns_questions.py"),
    "authlib": ("oauth/http.py",),
    "joserfc": ("oauth/http.py",),
    "requests": ("oauth/http.py", "oauth/wire.py"),
    "ssl": ("transport/", "oauth/", "portal/", "sandbox/"),
    "sqlite3": ("store/",),
    "psycopg": ("store/",),
}

# Rules and values: they touch no file, no network, no process, no environment.
PURE = ("domain/", "diagnosis/", "compose/", "ui/views/")
IMPURE_LIBRARIES = {"socket", "subprocess", "os", "shutil", "tempfile", "select", "signal", "threading", "sys"}

PINNED_NAMES = tuple(f"postroom.{path.removesuffix('.py').replace('/', '.')}" for path in PINNED_TLS)

# What fits into one look; a longer module has two jobs.
LONGEST_MODULE_LINES = 400

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def room(name: str) -> str:
    """The room of a path (`transport/tls.py`) or of an imported name (`postroom.transport.tls`)."""
    if name.endswith(".py"):
        return name.removesuffix(".py").partition("/")[0]
    first = name.split(".")[1] if "." in name else "__init__"
    return "__init__" if first == "__version__" else first


def wrong_imports(module: Module) -> list[str]:
    own = room(module.path)
    allowed = TABLE.get(own, frozenset()) | {own}
    return [
        module.at(found.node, f"{own} may not import {found.name}")
        for found in imports(module)
        if found.name.split(".")[0] == "postroom" and room(found.name) not in allowed
    ]


def stray_libraries(module: Module) -> list[str]:
    finds = []
    for found in imports(module):
        library = found.name.split(".")[0]
        if library in HOMES:
            if not module.path.startswith(HOMES[library]):
                finds.append(module.at(found.node, f"{library} lives in {' and '.join(HOMES[library])}"))
        elif library != "postroom" and library not in sys.stdlib_module_names:
            finds.append(module.at(found.node, f"{library} has no home in the table"))
        elif library in IMPURE_LIBRARIES and module.path.startswith(PURE):
            finds.append(module.at(found.node, f"{library} in a room that touches nothing"))
    return finds


def late_imports(module: Module) -> list[str]:
    if module.path.startswith(LAZY_SEAMS):
        return []
    return [module.at(found.node, f"{found.name} inside a function") for found in imports(module) if found.in_function]


RULES = {
    "the import table": wrong_imports,
    "the homes of libraries": stray_libraries,
    "imports at the top": late_imports,
    "banned code": banned,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps(rule: str) -> None:
    assert not [find for module in MODULES for find in RULES[rule](module)]


def test_every_room_is_in_the_table() -> None:
    assert not {module.path for module in MODULES if room(module.path) not in TABLE}


def test_no_module_is_too_long() -> None:
    assert not {module.path: module.lines for module in MODULES if module.lines > LONGEST_MODULE_LINES}


def test_every_module_says_what_it_owns() -> None:
    assert not [module.path for module in MODULES if module.tree.body and not ast.get_docstring(module.tree)]


def test_only_the_module_that_compares_the_pin_takes_the_context_without_authorities() -> None:
    takers = {module.path for module in MODULES for found in imports(module) if found.name.startswith(PINNED_NAMES)}
    assert takers == {"transport/tls.py"}
    pinned = next(module for module in MODULES if module.path in PINNED_TLS)
    assert len([node for node in pinned.tree.body if isinstance(node, ast.FunctionDef)]) == 1


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [module.path for module in MODULES if VAGUE_NAMES & set(module.path.removesuffix(".py").split("/"))]


def test_the_modules_are_all_there() -> None:
    paths = {module.path for module in MODULES}
    assert {"__main__.py", "errors.py", "domain/settings.py", "cli/main.py"} <= paths


SEEDS = [
    ("the import table", "transport/tls.py", "from postroom.config.load import load"),
    ("the import table", "transport/tls.py", "import postroom.secrets.keyring"),
    ("the import table", "transport/tls.py", "from ..config import load"),
    ("the import table", "transport/tls.py", "from postroom import config"),
    ("the import table", "domain/reply.py", "from postroom.transport.replies import decode"),
    ("the import table", "services/smtp_set.py", "from postroom.config.edit import ConfigFile"),
    ("the import table", "services/smtp_set.py", "if TYPE_CHECKING:\n from postroom.desk import Desk"),
    ("the import table", "ui/views/smtp.py", "from postroom.domain.settings import Server"),
    ("the import table", "desk/__init__.py", "from postroom.cli.frame import Front"),
    ("the import table", "cli/commands/smtp.py", "from postroom.transport.session import open_session"),
    ("the import table", "errors.py", "from postroom.result import Result"),
    ("the import table", "result.py", "from postroom.nowhere import Result"),
    ("the homes of libraries", "services/smtp_set.py", "import typer"),
    ("the homes of libraries", "cli/main.py", "from rich.table import Table"),
    ("the homes of libraries", "config/load.py", "import tomlkit"),
    ("the homes of libraries", "secrets/vault.py", "import keyring.errors"),
    ("the homes of libraries", "domain/secret.py", "import ssl"),
    ("the homes of libraries", "cli/main.py", "import click"),
    ("the homes of libraries", "diagnosis/classify.py", "import os"),
    ("imports at the top", "secrets/vault.py", "def f():\n import json"),
    ("imports at the top", "secrets/vault.py", "class A:\n async def f(self):\n  if self:\n   from json import loads"),
    ("banned code", "secrets/command.py", "subprocess.run(command, shell=True)"),
    ("banned code", "secrets/command.py", "Popen(command, shell=as_asked)"),
    ("banned code", "secrets/command.py", "os.system(command)"),
    ("banned code", "secrets/command.py", "from os import system"),
    ("banned code", "config/test_records.py", "import pickle"),
    ("banned code", "config/test_records.py", "from yaml import load"),
    ("banned code", "config/load.py", "eval(text)"),
    ("banned code", "domain/secret.py", "import random"),
    ("banned code", "domain/secret.py", "from random import choice"),
    ("banned code", "transport/tls.py", "context.verify_mode = ssl.CERT_NONE"),
    ("banned code", "transport/tls.py", "context.check_hostname = False"),
    ("banned code", "transport/tls.py", "ssl._create_unverified_context()"),
    ("banned code", "transport/tls.py", "ssl.wrap_socket(sock)"),
    ("banned code", "transport/tls.py", "context.wrap_socket(sock)"),
    ("banned code", "transport/tls.py", "context.wrap_bio(incoming, outgoing)"),
    ("banned code", "transport/session.py", "import smtplib"),
    ("banned code", "domain/address.py", "host.encode('idna')"),
    ("banned code", "domain/address.py", "host.decode(encoding='x') or host.decode('idna')"),
    ("banned code", "domain/address.py", "from email.utils import parseaddr"),
    ("banned code", "domain/address.py", "email.utils.formataddr(pair)"),
    ("banned code", "store/rows.py", "tx.execute(f'SELECT * FROM {table}')"),
    ("banned code", "store/rows.py", "tx.execute('SELECT * FROM ' + table)"),
    ("banned code", "files.py", "tempfile.mktemp()"),
    ("banned code", "secrets/vault.py", "assert user.may_read"),
    ("banned code", "services/status.py", "print('done')"),
    ("banned code", "services/status.py", "datetime.now(UTC)"),
    ("banned code", "transport/session.py", "Clock()"),
    ("banned code", "services/status.py", "os.environ.get('HOME')"),
    ("banned code", "transport/proxy.py", "from os import environ"),
    ("banned code", "cli/main.py", "importlib.import_module(name)"),
]


@pytest.mark.parametrize(("rule", "path", "code"), SEEDS)
def test_a_seeded_offence_is_found(rule: str, path: str, code: str) -> None:
    finds = RULES[rule](Module.parse(path, code))
    assert finds
    assert all(find.startswith(f"{path}:") for find in finds)


INNOCENT = [
    ("desk/__init__.py", "from postroom.transport.session import open_session\nclock = Clock()"),
    ("desk/secret_stores.py", "def f():\n from postroom.secrets.keyring import Keyring"),
    ("services/status.py", "from postroom.sending import Mailer\nfrom postroom.services.servers import brief"),
    ("transport/tls.py", "import ssl\ncontext.wrap_socket(sock, server_hostname=name)"),
    ("sandbox/server.py", "import aiosmtpd\ncontext.wrap_socket(sock, server_side=True)"),
    ("cli/commands/smtp.py", "import typer\nfrom postroom.domain.settings import Server"),
    ("secrets/command.py", "subprocess.run(argv, shell=False)"),
    ("ui/console.py", "import rich\nself._out.print('x')\nprint('x')"),
    ("clock.py", "datetime.now(UTC)"),
    ("store/rows.py", "tx.execute('SELECT 1 FROM a WHERE b = ?', (c,))"),
    ("domain/address.py", "import idna\nidna.encode(host)\nhost.encode('utf-8')"),
    ("result.py", "# print(1); import pickle\nx = 'assert eval(1)'"),
]


@pytest.mark.parametrize(("path", "code"), INNOCENT)
def test_what_is_allowed_is_not_found(path: str, code: str) -> None:
    assert not [find for rule in RULES.values() for find in rule(Module.parse(path, code))]
