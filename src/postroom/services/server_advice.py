"""Says what a server still needs, and what is likely to go wrong with it. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Protocol

from postroom.domain.address import near_miss
from postroom.domain.derive import NO_PRESET
from postroom.domain.oauth import is_for_many_tenants
from postroom.domain.preset import Preset
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference
from postroom.domain.settings import WITHOUT_A_PERSON, Server, key_of
from postroom.errors import PostroomError, UsageError
from postroom.result import Warn
from postroom.services.server_values import KeyPath

WITH_A_GUIDE = ("microsoft365", "gmail", "google-workspace")
"""The providers that `oauth setup` knows."""
_GOOGLE = "https://console.cloud.google.com/"
"""Where an application comes with a file."""


class Presets(Protocol):
    """What is known of mail providers."""

    def preset(self, word: str) -> Preset | None: ...
    def preset_for(self, address: str) -> Preset | None: ...
    def preset_for_host(self, host: str) -> Preset | None: ...
    def known_domains(self) -> Sequence[str]: ...


class ListedPresets(Presets, Protocol):
    """The same, with all their names."""

    def preset_ids(self) -> Sequence[str]: ...


class Providers(NamedTuple):
    """Whose the server is, by its provider or its host; whose the account, by the domain of the username; and whose the
    domain of the From. None where no preset knows it.
    """

    server: Preset | None = None
    account: Preset | None = None
    sender: Preset | None = None


def providers_of(server: Server, presets: Presets) -> Providers:
    """The providers that have to do with a server. A broken preset of the user's counts as none, for this is advice."""
    username = server.username or ""
    try:
        own = presets.preset(server.provider) if server.provider else presets.preset_for_host(server.host)
        sender = presets.preset_for(str(server.from_)) if server.from_ else None
        if username == str(server.from_):  # as it mostly is; then the index is not read again
            return Providers(own, sender, sender)
        account = presets.preset_for(username) if "@" in username else None
        return Providers(own, account, sender)
    except PostroomError:
        return Providers()


def check_provider(provider: str | None, presets: ListedPresets) -> None:
    """Raise UsageError for a provider without a preset, before anything reads the settings with it."""
    if provider is None or provider == NO_PRESET or presets.preset(provider) is not None:
        return
    near = get_close_matches(provider.lower(), presets.preset_ids(), n=1)
    hint = f"did you mean {near[0]}?" if near else "postroom smtp providers"
    raise UsageError("usage.bad_value", f"--provider {provider!r}: no such provider is known", hint=hint)


def login_needs(server: Server, preset: Preset | None = None) -> list[str]:
    """The options of smtp set of which a login still needs one; none where it has all."""
    if server.auth in ("password", "oauth2") and not server.username:
        return ["--username NAME"]
    if server.auth == "password" and server.password is None:
        return ["--password-stdin"]
    if server.own_tokens and not server.oauth.client_id and not server.oauth.service_account:
        also = preset is not None and "password" in preset.auth
        return ["--client-id ID", "--access-token-command 'CMD'", *(["--password-stdin"] if also else [])]
    return []


def login_command(server: Server, preset: Preset | None = None) -> str | None:
    """The command that a person has to run before the server can log in; None where there is none to run."""
    settings = server.oauth
    done = settings.tokens is not None or settings.flow in WITHOUT_A_PERSON
    if done or not server.own_tokens:
        return None
    options = ""
    if not settings.client_id:
        offer = preset.oauth if preset else None
        options = " --client-file FILE" if offer and offer.console.startswith(_GOOGLE) else " --client-id ID"
    if is_for_many_tenants(server):
        options += " --tenant TENANT"
    return f"postroom oauth login {server.name}{options}"


def setup_command(server: Server) -> str | None:
    """The command that tells how an application is registered, where the server lacks one and it is known."""
    lacking = server.own_tokens and not server.oauth.client_id and not server.oauth.service_account
    return f"postroom oauth setup {server.provider}" if lacking and server.provider in WITH_A_GUIDE else None


def notes(server: Server, preset: Preset | None) -> list[str]:
    """What the provider wants as the password, and what else its preset says."""
    if preset is None:
        return []
    wanted = []
    if server.auth == "password" and preset.secret:
        wanted.append(f"{preset.title} wants this as the password: {preset.secret}")
    return [*wanted, *preset.notes]


def near_misses(values: Mapping[KeyPath, str], known_domains: Callable[[], Sequence[str]]) -> dict[str, str]:
    """The domains of the given addresses that look like a slip of the fingers, each with what may be meant."""
    found = {}
    for path in (("username",), ("from",), ("reply_to",)):
        domain = values.get(path, "").rpartition("@")[2].lower() if "@" in values.get(path, "") else ""
        meant = near_miss(domain, known_domains()) if domain else None
        if meant:
            found[domain] = meant
    return found


def bound_elsewhere(
    server: Server, references: Mapping[KeyPath, Reference], bound_to: Callable[[Reference], Binding | None]
) -> list[Warn]:
    """Say that a recorded secret is for another host or username than the server has now."""
    reference = server.password
    if reference is None or ("password",) in references or reference.scheme not in STORED_SCHEMES:
        return []
    bound, now = bound_to(reference), Binding(server.host, server.username or "")
    if bound is None or bound == now:
        return []
    return [
        Warn(
            "secret.bound_elsewhere",
            f"the stored password is for {bound.username} at {bound.host} and will not be used for "
            f"{now.username} at {now.host}",
            f"postroom smtp set {server.name} --password-stdin",
        )
    ]


def not_read_yet(base: KeyPath, paths: Sequence[KeyPath]) -> list[Warn]:
    """Say which of the given settings no command of this release reads."""
    keys = [key for path in paths if (key := key_of((*base, *path))) is not None and key.reserved]
    return [
        Warn("config.not_read_yet", f"{key.option} is recorded, but no command of this release reads it")
        for key in keys
    ]


def outdated_host(server: Server, providers: Providers) -> list[Warn]:
    """Say that the host is one that only old guides and lists give for the accounts of its provider."""
    for preset in (providers.server, providers.account):
        if preset is not None and server.host in preset.retired_hosts:
            new = preset.retired_hosts[server.host]
            return [
                Warn(
                    "provider.retired_host",
                    f"server {server.name}: {server.host} stands in old guides; the host of {preset.title} is {new} "
                    f"(as checked on {preset.checked})",
                    f"postroom smtp set {server.name} --host {new}",
                )
            ]
    return []


def foreign_from(server: Server, providers: Providers) -> list[Warn]:
    """Say that the From is not that of the account, where the provider rewrites or refuses such a sender."""
    preset, sender, username = providers.server, server.from_, server.username
    if preset is None or preset.from_policy != "force" or server.auth == "none":
        return []
    if sender is None or not username or preset.username not in ("address", "local"):
        return []
    full = "@" in username
    own = str(sender) if full or (preset.domains and sender.domain not in preset.domains) else sender.local
    if own.lower() == username.lower():
        return []
    alias = f"have {sender} made an alias of the account at the provider, or give the account the right to send as it"
    return [
        Warn(
            "provider.foreign_from",
            f"server {server.name}: the From {sender} is not the account {username}; {preset.title} replaces or "
            "refuses a sender that it does not know as the account's own",
            f"postroom smtp set {server.name} --from {username}, or {alias}" if full else alias.capitalize(),
        )
    ]
