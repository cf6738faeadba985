"""Owns the table of commands, down to the leaves, and the import of the one that runs.

Plain data: it is read before every command, so it imports nothing. Refuses to know what a command does; a test compares
each summary with the command's own first line.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would be imported before every command
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

COMMANDS: dict[str, tuple[str, Any]] = {
    "smtp": (
        "Set up, show and test mail servers.",
        {
            "set": ("postroom.cli.commands.smtp_set:set_server", "Set up a mail server, or change one."),
            "list": ("postroom.cli.commands.smtp:list_servers", "List the mail servers."),
            "show": ("postroom.cli.commands.smtp:show", "Show a server's settings, each with its source."),
            "use": ("postroom.cli.commands.smtp:use", "Make a server the default."),
            "rename": ("postroom.cli.commands.smtp:rename", "Rename a server."),
            "remove": ("postroom.cli.commands.smtp:remove", "Remove a server and its stored secrets."),
            "enable": ("postroom.cli.commands.smtp:enable", "Let mail go out: through one server, or at all."),
            "disable": ("postroom.cli.commands.smtp:disable", "Stop mail: through one server, or altogether."),
            "providers": ("postroom.cli.commands.smtp:providers", "List the presets of mail providers, or show one."),
            "test": ("postroom.cli.commands.smtp_test:test_server", "Prove that a server takes mail, step by step."),
        },
    ),
    "oauth": (
        "Log in to mail providers with OAuth 2.0.",
        {
            "setup": ("postroom.cli.commands.oauth_setup:setup", "Say what to do at the provider before a login."),
            "login": ("postroom.cli.commands.oauth_login:login", "Log in to a mail provider with OAuth 2.0."),
            "status": ("postroom.cli.commands.oauth:status", "Say whether the logins are good, and until when."),
            "refresh": ("postroom.cli.commands.oauth:refresh", "Renew access tokens, and warn before a login ends."),
            "token": ("postroom.cli.commands.oauth:token", "Print a valid access token for another program."),
            "logout": ("postroom.cli.commands.oauth:logout", "Throw the tokens of a server away."),
        },
    ),
    "tls": (
        "Keep TLS profiles that several servers share.",
        {
            "list": ("postroom.cli.commands.tls:list_profiles", "List the TLS profiles."),
            "show": ("postroom.cli.commands.tls:show", "Show a TLS profile."),
            "set": ("postroom.cli.commands.tls:set_profile", "Make a TLS profile, or change one."),
            "remove": ("postroom.cli.commands.tls:remove", "Remove a TLS profile."),
        },
    ),
    "config": (
        "Read, check, change and restore the configuration.",
        {
            "path": ("postroom.cli.commands.config:path", "Say which files are read and written."),
            "show": ("postroom.cli.commands.config:show", "Show every effective value with its source."),
            "get": ("postroom.cli.commands.config:get", "Print one effective value."),
            "set": ("postroom.cli.commands.config:set_value", "Set one value."),
            "unset": ("postroom.cli.commands.config:unset", "Remove one value."),
            "edit": ("postroom.cli.commands.config:edit", "Open the configuration in an editor and check it."),
            "validate": ("postroom.cli.commands.config:validate", "Check all configuration files."),
            "export": ("postroom.cli.commands.config:export", "Print the configuration without secrets."),
            "apply": ("postroom.cli.commands.config:apply", "Merge a configuration file into this one."),
            "history": ("postroom.cli.commands.config:history", "List the earlier versions."),
            "rollback": ("postroom.cli.commands.config:rollback", "Go back to an earlier version."),
        },
    ),
    "secrets": (
        "See, set, move and remove stored secrets.",
        {
            "list": ("postroom.cli.commands.secrets:list_secrets", "List the secrets: where each is and how old."),
            "set": ("postroom.cli.commands.secrets:set_secret", "Store a secret, or replace one."),
            "remove": ("postroom.cli.commands.secrets:remove", "Remove a stored secret."),
            "move": ("postroom.cli.commands.secrets:move", "Move a secret to another store."),
            "stores": ("postroom.cli.commands.secrets:stores", "Say which secret stores work here."),
        },
    ),
    "sandbox": (
        "Run a mail server on this machine that keeps what it gets.",
        {
            "serve": ("postroom.cli.commands.sandbox:serve", "Run the sandbox server until it is stopped."),
            "run": ("postroom.cli.commands.sandbox:run", "Run a command with a sandbox server at its side."),
            "wait": ("postroom.cli.commands.sandbox:wait", "Wait until a mail has arrived in the sandbox."),
            "list": ("postroom.cli.commands.sandbox:list_mails", "List the mails in the sandbox."),
            "show": ("postroom.cli.commands.sandbox:show", "Show a mail of the sandbox."),
            "clear": ("postroom.cli.commands.sandbox:clear", "Remove all mails from the sandbox."),
        },
    ),
    "explain": ("postroom.cli.commands.explain:explain", "Explain a failure from its text: the cause, and what to do."),
    "status": ("postroom.cli.commands.status:status", "Say whether this desk is ready to send, and what is missing."),
    "demo": ("postroom.cli.commands.demo:demo", "Show the whole way of a mail, on this machine alone."),
    "completion": ("postroom.cli.commands.completion:completion", "Print the completion script for a shell."),
    "man": ("postroom.cli.commands.man:man", "Show a manual page."),
}

ALIASES = {"rm": "remove", "delete": "remove", "secret": "secrets"}


def load(place: str) -> Any:
    """Import `module:name` and return what it names."""
    module, _, name = place.partition(":")
    __import__(module)
    return getattr(sys.modules[module], name)


def prefix(words: Iterable[str]) -> list[str]:
    """The longest run of `words` that names a command or a group, without aliases; options are passed over."""
    table: Any = COMMANDS
    found: list[str] = []
    for word in words:
        if word.startswith("-") or not isinstance(table, dict):
            continue
        name = word if word in table else ALIASES.get(word)
        if name not in table:
            break
        found.append(str(name))
        table = table[name][1]
    return found
