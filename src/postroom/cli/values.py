"""Owns what a shell can offer in the place of an option's value or of an argument. Refuses to know shells.

Most of it follows from the placeholder in the help: FILE is a file, `tls|starttls|none` one of these words.
"""

import re
from typing import Literal, NamedTuple

from postroom.cli.lazy import COMMANDS
from postroom.domain.reply import STEPS
from postroom.domain.secret import STORED_SCHEMES
from postroom.domain.settings import KINDS_OF_MAIL, TABLES, Tls


class Values(NamedTuple):
    """What can be offered: nothing, files, directories, commands, the `words`, or what the program answers when it is
    asked for `words[0]`, one of ASKED.
    """

    kind: Literal["nothing", "files", "directories", "commands", "words", "ask"]
    words: tuple[str, ...] = ()


ASKED = ("servers", "profiles", "presets", "providers", "keys", "secrets")
"""What a completion script can ask the program for: it depends on the configuration."""

SHELLS = ("bash", "zsh", "fish")

GROUPS = tuple(name for name, (_, second) in COMMANDS.items() if isinstance(second, dict))

ALONE = tuple(name for name in COMMANDS if name not in GROUPS)
"""The commands of no group."""

GUIDES = ("postroom-oauth-google", "postroom-oauth-microsoft", "postroom-oauth-tokens")

PAGES = ("postroom", *(f"postroom-{name}" for name in (*GROUPS, *ALONE)), "postroom.toml", *GUIDES, "postroom-faults")
"""The manual pages, without their sections."""

NOTHING = Values("nothing")

SERVERS = Values("ask", ("servers",))

# By placeholder.
_PLACEHOLDERS = {
    "FILE": Values("files"),
    "DIR": Values("directories"),
    "STEP": Values("words", STEPS),
    "KIND": Values("words", KINDS_OF_MAIL),
    "STORE": Values("words", STORED_SCHEMES),
    "PAGE": Values("words", PAGES),
    "KEY": Values("ask", ("keys",)),
    "SECRET": Values("ask", ("secrets",)),
    "CMD": Values("commands"),
}
_CHOICE = re.compile(r"[a-z0-9.-]+(\|[a-z0-9.-]+)+")

_SERVER = ("smtp", "servers", "*")
_SERVER_KEYS = tuple(
    ".".join((*table.path[3:], key.name))
    for table in TABLES
    if table.path[:3] == _SERVER
    for key in table.section.declared()
)

# By command and parameter, where the placeholder does not tell: the name of what?
_PARAMETERS = {
    ("smtp", "name"): SERVERS,
    ("smtp rename", "old"): SERVERS,
    ("smtp test", "words"): SERVERS,
    ("smtp providers", "wanted"): Values("ask", ("presets",)),
    ("smtp", "--provider"): Values("ask", ("presets",)),
    ("smtp", "--tls-profile"): Values("ask", ("profiles",)),
    ("smtp set", "--unset"): Values("words", _SERVER_KEYS),
    ("explain", "--step"): Values("words", ("connect", "tls", "auth", "rcpt", "data")),
    ("explain", "--provider"): Values("ask", ("providers",)),
    ("tls", "profile"): Values("ask", ("profiles",)),
    ("tls set", "--unset"): Values("words", tuple(key.name for key in Tls.declared())),
}


def values_of(command: str, parameter: str, placeholder: str) -> Values:
    """What can be offered for a parameter of `command` ("smtp set"): `parameter` is its long option or its name."""
    for place in ((command, parameter), (command.partition(" ")[0], parameter)):
        if place in _PARAMETERS:
            return _PARAMETERS[place]
    if _CHOICE.fullmatch(placeholder):
        return Values("words", tuple(placeholder.split("|")))
    words = re.findall(r"[A-Z]+", placeholder)
    return next((_PLACEHOLDERS[word] for word in words if word in _PLACEHOLDERS), NOTHING)
