"""Owns hints about a server that stands in no file: a command that would change it becomes options of this call.

Refuses to know what a hint advises.
"""

import re
from collections.abc import Mapping

from postroom.domain.settings import key_of

_COMMAND = "postroom smtp set|postroom smtp test"
_SECRET = re.compile(r"postroom secrets set smtp/\S+/(\w+)")


def as_options(hint: str, server: str) -> str:
    """The hint with options in the place of commands that name the server."""
    name = re.escape(server)
    hint = re.sub(rf"postroom smtp set {name} --unset ([\w.]+)", _left_out, hint)
    hint = re.sub(rf"postroom config set smtp\.servers\.{name}\.([\w.]+)", _option, hint)
    hint = re.sub(rf"(?:{_COMMAND}) {name} (?=--)", "", hint)
    hint = re.sub(rf": postroom smtp test {name}(?![\w-])", " with the same command", hint)
    hint = re.sub(rf"postroom smtp test {name}(?![\w-])", "the same command", hint)
    hint = re.sub(
        rf"postroom oauth login {name}(?![\w-])",
        "save it, postroom smtp set NAME with the same options, then postroom oauth login NAME",
        hint,
    )
    hint = _SECRET.sub(_other_secret, hint)
    return f"Add {hint}" if hint.startswith("--") else hint


def _left_out(found: re.Match[str]) -> str:
    return f"leave out {_option(found)}"


def _option(found: re.Match[str]) -> str:
    key = key_of(("smtp", "servers", "any", *found[1].split(".")))
    return key.option if key else f"--{found[1]}"


def _other_secret(found: re.Match[str]) -> str:
    option = "--" + found[1].replace("_", "-")
    return f"Give the other one as well: {option}-stdin, {option}-file, {option}-command or {option}-env"


def as_variables(hint: str, server: str, variables: Mapping[str, str]) -> str:
    """The hint with environment variables where there are some; `variables` has the variable of an option."""
    for option, variable in variables.items():
        secret = option.endswith("-stdin")
        hint = hint.replace(option if secret else f"{option} ", f"{variable}=..." if secret else f"{variable}=")
    hint = re.sub(rf"postroom smtp set {re.escape(server)} (?=POSTROOM_)", "", hint)
    hint = re.sub(
        rf"postroom oauth login {re.escape(server)}(?![\w-])",
        "POSTROOM_OAUTH_FLOW=client-credentials, for a login without a person, or POSTROOM_OAUTH_ACCESS_TOKEN=...",
        hint,
    )
    return as_options(f"Set {hint}" if hint.startswith("POSTROOM_") else hint, server)
