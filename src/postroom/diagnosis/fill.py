"""Owns the filling of a cause's sentences with what is known of the failure. It judges nothing."""

import re
from collections.abc import Mapping

from postroom.diagnosis.facts import answering_ports
from postroom.domain.reply import Cause, Signs

_SPEAKS = {
    "http": "a web server",
    "imap": "an IMAP server, from which mail is read",
    "pop3": "a POP3 server, from which mail is fetched",
    "ssh": "an SSH server",
}
_PLACEHOLDER = re.compile(r"(?P<space> ?)\{(?P<name>\w+)\}")


def fill(cause: Cause, signs: Signs, *, provider: str = "") -> Cause:
    """The cause with host, port, provider, server, mechanisms and what the certificate says in its texts.

    `provider` is how the provider is called. What is not known is said in general words, in commands as HOST and PORT;
    an unknown server's name is left out of a command, which then means the default server. Foreign names come in as
    they are: the renderer makes them safe for a terminal.
    """
    certificate = signs.evidence.get("certificate") or {}
    elsewhere = answering_ports(signs)
    port, security = elsewhere[0] if elsewhere else (587, "starttls")
    clock = signs.evidence.get("clock") or {}
    words = {
        "host": signs.host or provider or "the server",
        "port": str(signs.port or "PORT"),
        "provider": provider or "the provider",
        "server": signs.server,
        "mechanisms": _listed(signs.evidence.get("offered"), "none that can be used here"),
        "name": str(signs.evidence.get("expected_name") or signs.host or "the server"),
        "pin": str(certificate.get("pin") or "sha256/BASE64"),
        "cert_names": _listed(certificate.get("names"), "other names"),
        "open_port": str(port),
        "open_security": security,
        "open_ports": " and ".join(f"{port} ({security})" for port, security in elsewhere) or "another",
        "preset_host": str(signs.evidence.get("preset_host") or "HOST"),
        "speaks": _SPEAKS.get(str(signs.evidence.get("port_speaks")), "a server of another kind"),
        "issuer_urls": _listed(signs.evidence.get("issuer_urls"), "its authority's page"),
        "clock_difference": _duration(clock.get("difference_seconds")),
    }
    if not signs.port:
        # "The port of HOST", where nobody has told which.
        cause = cause._replace(title=cause.title.replace("Port {port} of", "The port of"))
    in_commands = {**words, "host": signs.host or "HOST"}
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
    """The text with its placeholders replaced; an empty word takes the space before it along."""

    def word(found: re.Match[str]) -> str:
        return found["space"] + words[found["name"]] if words[found["name"]] else ""

    whole = _PLACEHOLDER.sub(word, text)
    return "T" + whole[1:] if whole.startswith("the ") else whole
