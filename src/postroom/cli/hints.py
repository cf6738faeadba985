"""Owns hints about a server whose settings come from elsewhere than its file: a command that would change the file
becomes options of this call, or variables of the environment.

Refuses to know what a hint advises.
"""

import re
from collections.abc import Mapping

from postroom.domain.settings import WITHOUT_A_PERSON, Key, Server, Settings, Source, key_of

_COMMAND = "postroom smtp set|postroom smtp test"
_SECRET = re.compile(r"postroom secrets set smtp/\S+/(\w+)")
UNTRIED = ("--client-secret", "--assertion")
"""Secrets that are read from a store, a file, a command or the environment alone: nothing is stored for a try."""
_LOGIN = "POSTROOM_OAUTH_FLOW=client-credentials, for a login without a person, or POSTROOM_OAUTH_ACCESS_TOKEN=..."
_WITHOUT_VARIABLE = re.compile(r", or --[^,;:(]*(?=$|[,;:(])")


def as_options(hint: str, server: Server) -> str:
    """The hint with options in the place of commands that name the server; `server` is as it is tried."""
    name = re.escape(server.name)
    hint = re.sub(rf"postroom smtp set {name} --unset ([\w.]+)", lambda found: _left_out(found, server), hint)
    hint = re.sub(rf"postroom config set smtp\.servers\.{name}\.([\w.]+)", _option, hint)
    hint = re.sub(rf"(?:{_COMMAND}) {name} (?=--(?!unset ))", "", hint)
    if server.oauth.flow in WITHOUT_A_PERSON:
        hint = re.sub(rf"postroom oauth login {name} (?=--)", "", hint)
        hint = _once_more(hint, f"oauth login {name}")
    hint = _once_more(hint, f"(?:smtp test|oauth refresh) {name}")
    known = server.name if _is_saved(server) else "NAME"
    hint = re.sub(
        rf"postroom oauth login {name}(?![\w-])",
        f"save it, postroom smtp set {known} with the same options, then postroom oauth login {known}",
        hint,
    )
    hint = _SECRET.sub(_other_secret, hint)
    for stem in UNTRIED:
        hint = hint.replace(f"{stem}-stdin", f"{stem}-env NAME")
    return f"Add {hint}" if hint.startswith("--") else hint


def _once_more(hint: str, words: str) -> str:
    """The hint with the command that was given in the place of one that tries the server."""
    command = rf"postroom {words}(?![\w-])"
    hint = re.sub(rf"\bthen: {command}", "then give the same command", hint)
    hint = re.sub(rf": {command}", " with the same command", hint)
    return re.sub(command, "the same command", hint)


def _is_saved(server: Server) -> bool:
    return any(value.source.layer == "file" for section in (server, server.oauth) for value in section.values.values())


def _left_out(found: re.Match[str], server: Server) -> str:
    """How a value is taken back that came with this call, or from the environment; the command for one in the file."""
    source = _source(server, found[1])
    if source.layer == "environment":
        return f"unset {source.where}"
    if source.layer == "file":
        return found[0]
    return f"leave out {source.where if source.layer == 'option' else _option(found)}"


def _source(server: Server, key: str) -> Source:
    table, _, name = key.rpartition(".")
    return {"": server, "tls": server.tls, "oauth": server.oauth}[table].source(name)


def _option(found: re.Match[str]) -> str:
    key: Key[object] | None = key_of(("smtp", "servers", "any", *found[1].split(".")))
    if key is None:
        return f"--{found[1]}"
    return f"{key.option}-stdin" if key.secret else key.option


def _other_secret(found: re.Match[str]) -> str:
    option = "--" + found[1].replace("_", "-")
    return f"Give the other one as well: {option}-stdin, {option}-file, {option}-command or {option}-env"


def as_it_stands(hint: str, settings: Settings, paths: Mapping[str, tuple[str, ...]]) -> str:
    """The hint for the server that variables of the environment describe, or change; `paths` has what each sets."""
    server = settings.servers.get(settings.smtp.default or "")
    if server is None or not re.search(rf"postroom [^:]*\b{re.escape(server.name)}\b", hint):
        return hint
    variables = _variables(paths)
    if settings.smtp.source("default").layer == "environment":
        return as_variables(hint, server, variables)
    set_there = {value.source.where for section in (server, server.oauth) for value in section.values.values()}
    return as_overlaid(hint, server, {option: name for option, name in variables.items() if name in set_there})


def _variables(paths: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The variable of each option that has one; a secret's is that of its form `-stdin`."""
    found = {}
    for variable, path in paths.items():
        key = key_of(("smtp", "servers", "any", *path))
        if key is not None and not (key.secret and variable.endswith("_FILE")):
            found[key.option + ("-stdin" if key.secret else "")] = variable
    return found


def as_variables(hint: str, server: Server, variables: Mapping[str, str]) -> str:
    """The hint with environment variables where there are some; `variables` has the variable of an option."""
    name = re.escape(server.name)
    if server.oauth.flow not in WITHOUT_A_PERSON:
        hint = re.sub(rf"postroom oauth login {name}(?: --flow [\w-]+)?(?![\w-]| --)", _LOGIN, hint)
    hint = re.sub(rf"postroom oauth login {name} (?=--)", f"postroom smtp set {name} ", hint)
    told = _with_variables(hint, variables)
    if told != hint:
        told = _WITHOUT_VARIABLE.sub("", told)
    told = re.sub(rf"postroom smtp set {name} (?=POSTROOM_)", "", told)
    return as_options(f"Set {told}" if told.startswith("POSTROOM_") else told, server)


def as_overlaid(hint: str, server: Server, variables: Mapping[str, str]) -> str:
    """The hint for a server of a file, where variables of the environment stand before what the file says."""
    name = re.escape(server.name)

    def unset(found: re.Match[str]) -> str:
        return _left_out(found, server) if _source(server, found[1]).layer == "environment" else found[0]

    hint = re.sub(rf"postroom smtp set {name} --unset ([\w.]+)", unset, hint)
    for option, variable in variables.items():
        alone = rf"postroom smtp set {name} (?={re.escape(option)}(?: [\w.]+)?(?! --)(?:$|[\s,.;]))"
        if re.search(alone, hint):
            hint = _with_variables(re.sub(alone, "", hint), {option: variable})
    return f"Set {hint}" if hint.startswith("POSTROOM_") else hint


def _with_variables(hint: str, variables: Mapping[str, str]) -> str:
    for option, variable in variables.items():
        stem = option.removesuffix("-stdin")
        if stem == option:
            hint = hint.replace(f"{option} ", f"{variable}=")
        else:
            hint = hint.replace(f"{stem}-command 'CMD'", f"{variable}_FILE=FILE").replace(option, f"{variable}=...")
    return hint
