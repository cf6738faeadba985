"""Owns the reading of our own source: its imports, and the code that may not stand in it. Knows no room.

What is found comes as a line `path:line: what`, so that a failing test is a list of places to go to.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / "src"

# The two places where modules are imported only when they are needed.
LAZY_SEAMS = ("cli/lazy.py", "desk/")


# The one module where a context may ask no authority, because a pinned key is the server's identity.
PINNED_TLS = ("transport/pin_context.py",)

# Where the environment is read: once, above all that is handed a mapping; and for a library that reads it itself.
_READS_ENVIRONMENT = ("desk/", "cli/", "ui/", "secrets/keyring.py")


class Module(NamedTuple):
    """One module of ours: its file relative to the package, and its parsed text."""

    path: str
    tree: ast.Module
    lines: int

    @classmethod
    def parse(cls, path: str, text: str) -> "Module":
        """A module from its text; `path` is as in `transport/tls.py`."""
        return cls(path, ast.parse(text), len(text.splitlines()))

    def at(self, node: ast.AST, what: str) -> str:
        """A find, with its place."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


class Import(NamedTuple):
    """One imported name in full, and whether the statement stands inside a function."""

    node: ast.AST
    name: str
    in_function: bool


def modules(package: Path = SOURCE / "postroom") -> list[Module]:
    """All modules of the package."""
    files = sorted(package.rglob("*.py"))
    return [Module.parse(file.relative_to(package).as_posix(), file.read_text("utf-8")) for file in files]


def imports(module: Module, package: str = "postroom") -> Iterator[Import]:
    """Every imported name, type-checking ones included: `from a import b` counts as `a.b`, module or not."""
    parent = [package, *module.path.split("/")[:-1]]
    for node, in_function in _with_functions(module.tree, in_function=False):
        if isinstance(node, ast.Import):
            yield from (Import(node, alias.name, in_function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*parent[: len(parent) - node.level + 1], *filter(None, [node.module])])
            yield from (Import(node, f"{base}.{alias.name}", in_function) for alias in node.names)


def _with_functions(node: ast.AST, *, in_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, in_function
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _with_functions(child, in_function=inside)


class Ban(NamedTuple):
    """Something that may not stand in the source: how it is recognised, and where it may after all."""

    what: str
    recognise: Callable[[ast.AST], bool]
    except_in: tuple[str, ...] = ()


def _name(node: ast.AST) -> str:
    """The dotted name of an expression, `` when it has none; what is called on a value is `.method`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return ""


def _names(*names: str) -> Callable[[ast.AST], bool]:
    """A use of one of these names; `.x` matches any attribute of that name, `a.b` also an import of b from a."""

    def recognise(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return _name(node) in names or f".{node.attr}" in names
        if isinstance(node, ast.ImportFrom):
            return any(f"{node.module}.{alias.name}" in names for alias in node.names)
        return isinstance(node, ast.Name) and node.id in names

    return recognise


def _calls(name: str, condition: Callable[[ast.Call], bool] = lambda _call: True) -> Callable[[ast.AST], bool]:
    """A call of this function, or of any method `.name`, that meets the condition."""

    def recognise(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        method = isinstance(node.func, ast.Attribute) and f".{node.func.attr}" == name
        return (method or _name(node.func) == name) and condition(node)

    return recognise


def _imports(*names: str) -> Callable[[ast.AST], bool]:
    """An import of one of these modules, or from them."""

    def recognise(node: ast.AST) -> bool:
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return any(module == name or module.startswith(name + ".") for module in found for name in names)

    return recognise


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is(value: ast.expr | None, constant: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is constant


def _sets_false(attribute: str) -> Callable[[ast.AST], bool]:
    def recognise(node: ast.AST) -> bool:
        if not isinstance(node, ast.Assign) or not _is(node.value, constant=False):
            return False
        return any(isinstance(target, ast.Attribute) and target.attr == attribute for target in node.targets)

    return recognise


def _nameless_client(call: ast.Call) -> bool:
    """TLS as a client without the name that the certificate must have."""
    return _keyword(call, "server_hostname") is None and not _is(_keyword(call, "server_side"), constant=True)


def _idna(call: ast.Call) -> bool:
    return any(isinstance(argument, ast.Constant) and argument.value == "idna" for argument in call.args)


def _built_text(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)


def _shell(call: ast.Call) -> bool:
    shell = _keyword(call, "shell")
    return shell is not None and not _is(shell, constant=False)


BANS = (
    Ban("a shell", _calls(".run", _shell)),
    Ban("a shell", _calls(".Popen", _shell)),
    Ban("a shell", _calls("Popen", _shell)),
    Ban("a shell", _calls(".check_output", _shell)),
    Ban("a shell", _calls(".call", _shell)),
    Ban("a shell", _calls(".check_call", _shell)),
    Ban("a shell", _names("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")),
    Ban("a format that runs code when it is read", _imports("pickle", "marshal", "shelve", "yaml", "dill")),
    Ban("code out of text", _calls("eval")),
    Ban("code out of text", _calls("exec")),
    Ban("chance that can be guessed; use secrets", _imports("random")),
    Ban("TLS without verification", _names(".CERT_NONE", ".CERT_OPTIONAL"), PINNED_TLS),
    Ban("TLS without verification", _names("._create_unverified_context", "._create_stdlib_context")),
    Ban("TLS without verification", _imports("ssl.CERT_NONE", "ssl.CERT_OPTIONAL", "ssl._create_unverified_context")),
    Ban("TLS without verification of the name", _sets_false("check_hostname"), PINNED_TLS),
    Ban("TLS without a context or a name", _calls("ssl.wrap_socket")),
    Ban("TLS without a context or a name", _calls(".wrap_socket", _nameless_client)),
    Ban("TLS without a context or a name", _calls(".wrap_bio", _nameless_client)),
    Ban("another SMTP client than our own", _imports("smtplib")),
    Ban("IDNA 2003; use idna", _calls(".encode", _idna)),
    Ban("IDNA 2003; use idna", _calls(".decode", _idna)),
    Ban("an address parser that guesses", _names("parseaddr", "formataddr", "getaddresses")),
    Ban("an address parser that guesses", _names(".parseaddr", ".formataddr", ".getaddresses")),
    Ban("an address parser that guesses", _names("email.utils.parseaddr", "email.utils.formataddr")),
    Ban("an address parser that guesses", _imports("email.utils.getaddresses")),
    Ban("SQL put together as text", _calls(".execute", _built_text)),
    Ban("SQL put together as text", _calls(".executemany", _built_text)),
    Ban("a temporary name that another may take", _names("tempfile.mktemp", ".mktemp")),
    Ban("assert, which -O removes", lambda node: isinstance(node, ast.Assert)),
    Ban("talk; only the renderer speaks", _calls("print"), ("ui/",)),
    Ban("the wall clock; a Clock is handed in", _names("time.time", "datetime.utcnow", "date.today"), ("clock.py",)),
    Ban("the wall clock; a Clock is handed in", _names("datetime.now", "datetime.datetime.now"), ("clock.py",)),
    Ban("an import that no reader of imports sees", _calls("__import__"), LAZY_SEAMS),
    Ban("an import that no reader of imports sees", _calls(".import_module"), LAZY_SEAMS),
    Ban("an import that no reader of imports sees", _calls("import_module"), LAZY_SEAMS),
    Ban("the environment, which is handed in", _names("os.environ", "os.getenv"), _READS_ENVIRONMENT),
    Ban("a clock of its own; a Clock is handed in", _calls("Clock"), ("desk/",)),
)


def banned(module: Module) -> list[str]:
    """Every banned piece of code in a module."""
    return [
        module.at(node, ban.what)
        for node in ast.walk(module.tree)
        for ban in BANS
        if not module.path.startswith(ban.except_in) and ban.recognise(node)
    ]
