"""Owns the filling of a cause's sentences with what is known of the failure, and the words in braces that stand for it.

It judges nothing.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from postroom.diagnosis.facts import answering_ports
from postroom.domain.reply import Cause, Signs

_SPEAKS = {
    "http": "a web server",
    "imap": "an IMAP server, from which mail is read",
    "pop3": "a POP3 server, from which mail is fetched",
    "ssh": "an SSH server",
}
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}")
_PLACEHOLDER = re.compile(r"(?P<space> ?)\{(?P<name>\w+)\}")


class Placeholder(NamedTuple):
    """A word in braces that stands for what is known. `word` makes it of the signs and what the provider is called;
    `in_command` does where a command would need another word.
    """

    meaning: str
    word: Callable[[Signs, str], str]
    in_command: Callable[[Signs, str], str] | None = None


def _certificate(signs: Signs) -> Mapping[str, Any]:
    return signs.evidence.get("certificate") or {}


def _elsewhere(signs: Signs) -> tuple[int, str]:
    return next(iter(answering_ports(signs)), (587, "starttls"))


def _endpoint(signs: Signs) -> str:
    return str(signs.evidence.get("endpoint") or f"https://{signs.host or 'HOST'}")


def _again(signs: Signs) -> str:
    return f"postroom oauth {'login' if signs.evidence.get('logging_in') else 'refresh'} {signs.server}".strip()


def _address_option(signs: Signs) -> str:
    return f"--{signs.evidence.get('address_set_as') or 'issuer'} URL".replace("_", "-")


def _ports(signs: Signs) -> str:
    return " and ".join(f"{port} ({security})" for port, security in answering_ports(signs)) or "another"


PLACEHOLDERS: Mapping[str, Placeholder] = {
    "host": Placeholder(
        "the server's host name; in next_steps HOST where it is unknown",
        lambda signs, provider: signs.host or provider or "the server",
        lambda signs, _: shlex.quote(signs.host) if signs.host else "HOST",
    ),
    "port": Placeholder("its port; PORT where it is unknown", lambda signs, _: str(signs.port or "PORT")),
    "server": Placeholder(
        "its name in the configuration; nothing where it is unknown, for a command then means the default server",
        lambda signs, _: signs.server,
    ),
    "provider": Placeholder("who runs the server", lambda _, provider: provider or "the provider"),
    "mechanisms": Placeholder(
        "the ways to log in that the server offers",
        lambda signs, _: _listed(signs.evidence.get("offered"), "none that can be used here"),
    ),
    "name": Placeholder(
        "the name that the certificate should have",
        lambda signs, _: str(signs.evidence.get("expected_name") or signs.host or "the server"),
    ),
    "cert_names": Placeholder(
        "the names that the certificate has", lambda signs, _: _listed(_certificate(signs).get("names"), "other names")
    ),
    "pin": Placeholder(
        "the pin of the certificate's key", lambda signs, _: str(_certificate(signs).get("pin") or "sha256/BASE64")
    ),
    "issuer_urls": Placeholder(
        "where the certificate of its issuer lies",
        lambda signs, _: _listed(signs.evidence.get("issuer_urls"), "its authority's page"),
    ),
    "speaks": Placeholder(
        "what answers in the place of a mail server",
        lambda signs, _: _SPEAKS.get(str(signs.evidence.get("port_speaks")), "a server of another kind"),
    ),
    "open_port": Placeholder(
        "another port of the host that takes mail; 587 where none is known", lambda signs, _: str(_elsewhere(signs)[0])
    ),
    "open_security": Placeholder("the security of that port", lambda signs, _: _elsewhere(signs)[1]),
    "open_ports": Placeholder("all such ports, each with its security", lambda signs, _: _ports(signs)),
    "tried_ports": Placeholder(
        "the other ports of the host that were tried",
        lambda signs, _: _listed([row["port"] for row in signs.evidence.get("other_ports") or ()], "the usual ones"),
    ),
    "account": Placeholder(
        "the address that logs in; ADDRESS where that is none",
        lambda signs, _: signs.username if _ADDRESS.fullmatch(signs.username) else "ADDRESS",
    ),
    "preset_host": Placeholder(
        "the host that the provider's preset names", lambda signs, _: str(signs.evidence.get("preset_host") or "HOST")
    ),
    "missing_scopes": Placeholder(
        "the scopes that were asked for and not granted",
        lambda signs, _: _listed(signs.evidence.get("missing"), "the scope for sending"),
    ),
    "logged_in_as": Placeholder(
        "the mailbox that somebody logged in as", lambda signs, _: str(signs.evidence.get("account") or "somebody else")
    ),
    "mailbox": Placeholder(
        "the mailbox that the server sends as",
        lambda signs, _: str(signs.evidence.get("mailbox") or "the server's own"),
    ),
    "endpoint": Placeholder(
        "the provider's address that was asked",
        lambda signs, _: _endpoint(signs),
        lambda signs, _: shlex.quote(_endpoint(signs)),
    ),
    "address_option": Placeholder(
        "the option that sets that address, with URL for its value", lambda signs, _: _address_option(signs)
    ),
    "client_id": Placeholder(
        "the client ID that the provider was shown; in next_steps ID where it is unknown",
        lambda signs, _: str(signs.evidence.get("client_id") or "in the settings"),
        lambda signs, _: str(signs.evidence.get("client_id") or "ID"),
    ),
    "again": Placeholder(
        "the command that asks the provider anew: oauth login where somebody was logging in, else oauth refresh",
        lambda signs, _: _again(signs),
    ),
    "clock_difference": Placeholder(
        "by how much this machine's clock differs from the server's",
        lambda signs, _: _duration((signs.evidence.get("clock") or {}).get("difference_seconds")),
    ),
}
"""What may stand in braces in a cause's sentences, by name."""


def unknown_placeholders(text: str) -> Sequence[str]:
    """The words in braces that stand for nothing."""
    return [name for _, name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def fill(cause: Cause, signs: Signs, *, provider: str = "") -> Cause:
    """The cause with what is known in the place of the placeholders in its texts.

    `provider` is how the provider is called. What is not known is said in general words, in commands as HOST and PORT;
    an unknown server's name is left out of a command, which then means the default server. Foreign names come in as
    they are: the renderer makes them safe for a terminal.
    """
    words = {name: placeholder.word(signs, provider) for name, placeholder in PLACEHOLDERS.items()}
    in_commands = {
        name: (placeholder.in_command or placeholder.word)(signs, provider)
        for name, placeholder in PLACEHOLDERS.items()
    }
    if not signs.port:
        # "The port of HOST", where nobody has told which.
        cause = cause._replace(title=cause.title.replace("Port {port} of", "The port of"))
    if not signs.host:
        cause = cause._replace(title=cause.title.replace("The host name {host}", "The server's host name"))
    return cause._replace(
        title=_filled(cause.title, words),
        cause=_filled(cause.cause, words),
        next_steps=tuple(_filled(step, in_commands) for step in cause.next_steps),
    )


def _listed(names: object, otherwise: str) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list | tuple) and names else otherwise


def _duration(seconds: object) -> str:
    if not isinstance(seconds, int):
        return "some time"
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if abs(seconds) >= 2 * size:
            return f"{abs(seconds) // size} {unit}"
    return f"{abs(seconds)} seconds"


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its placeholders replaced; an empty word takes the space before it along. What stands for nothing
    stays as it is.
    """

    def word(found: re.Match[str]) -> str:
        known = words.get(found["name"])
        return found[0] if known is None else found["space"] + known if known else ""

    whole = _PLACEHOLDER.sub(word, text)
    return "T" + whole[1:] if whole.startswith("the ") else whole
