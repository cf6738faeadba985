"""Sets up a mail server, or changes one: values, secrets and the default, all or nothing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from postroom.domain.address import near_miss
from postroom.domain.kinds import NAME
from postroom.domain.kinds import Path as PathKind
from postroom.domain.preset import Preset
from postroom.domain.secret import STORED_SCHEMES, Binding, Reference, Secret
from postroom.domain.settings import Key, Server, Settings, key_of
from postroom.errors import DataError, Exit, FileError, PostroomError, UsageError
from postroom.result import Result, Warn, changes_data
from postroom.services.secrets_places import forget, places
from postroom.services.servers import brief, refuse_environment

COMMAND = "smtp set"
FIRST_NAME = "default"
KeyPath = tuple[str, ...]


class Request(NamedTuple):
    """What to set. Keys of `values`, `unset` and `secrets` are paths within the server's table: `("tls", "pin")`.

    A Secret is put into a store (`store`, or the usual one); a Reference is recorded as it is. Values are as typed.
    """

    name: str | None = None
    values: Mapping[KeyPath, str] = {}
    unset: Sequence[KeyPath] = ()
    secrets: Mapping[KeyPath, Secret | Reference] = {}
    store: str | None = None
    insecure: bool = False
    make_default: bool = False
    dry_run: bool = False


class Draft(Protocol):
    """The configuration file while it is being changed; paths are full."""

    def set(self, path: KeyPath, value: Any) -> None: ...
    def unset(self, path: KeyPath) -> bool: ...
    def get(self, path: KeyPath) -> Any: ...


class Outcome(Protocol):
    """What a change did, or would do: `settings` is the configuration as it reads afterwards."""

    @property
    def changes(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def diff(self) -> str: ...
    @property
    def warnings(self) -> Sequence[Warn]: ...
    @property
    def settings(self) -> Settings: ...


class File(Protocol):
    """The configuration file that is written."""

    def change(self, mutate: Callable[[Draft], None], *, dry_run: bool = False) -> Outcome: ...


class Vault(Protocol):
    """Where secrets are put."""

    def choose_store(self, requested: str | None, *, insecure: bool = False) -> str: ...
    def put(self, path: str, secret: Secret, scheme: str, binding: Binding) -> tuple[Reference, bool]: ...
    def remove(self, reference: Reference) -> bool: ...
    def holds(self, reference: Reference, secret: Secret, binding: Binding) -> bool: ...
    def bound_to(self, reference: Reference) -> Binding | None: ...


class Presets(Protocol):
    """What is known of mail providers."""

    def preset(self, word: str) -> Preset | None: ...
    def preset_for(self, address: str) -> Preset | None: ...
    def known_domains(self) -> Sequence[str]: ...


def smtp_set(
    settings: Settings,
    file: File,
    vault: Vault,
    request: Request,
    *,
    presets: Presets,
) -> Result:
    """Merge the values into the server. Nothing is written when anything is wrong.

    Raise UsageError with every bad value, ConfigError when the result would be invalid, SecretError when a secret
    cannot be stored.
    """
    name = choose_name(settings, request)
    refuse_environment(settings, name)
    base: KeyPath = ("smtp", "servers", name)
    values = read_values(base, request.values)
    _refuse_contradictions(settings, request, name, values, presets)
    references = _references(request, vault, name)

    def mutate(draft: Draft) -> None:
        for path, value in values.items():
            if path == ("provider",) and value == "custom":
                draft.unset((*base, *path))
            else:
                draft.set((*base, *path), value)
        for path, reference in references.items():
            draft.set((*base, *path), str(reference))
        for path in request.unset:
            draft.unset((*base, *path))
        if request.make_default or not settings.servers:
            draft.set(("smtp", "default"), name)

    outcome = file.change(mutate, dry_run=True)
    server = outcome.settings.servers[name]
    changes = list(outcome.changes)
    changes += _store(request, references, vault, name, server, already=changes)
    left: list[Warn] = []
    if not request.dry_run:
        outcome = file.change(mutate)
        _, left = forget(vault.remove, _replaced(settings, name, references, request.unset))
    preset = presets.preset(server.provider) if server.provider else None
    return Result(
        COMMAND,
        {
            **changes_data(changes),
            "server": {**brief(server), "advice": _advice(server, preset)},
            "created": name not in settings.servers,
            "dry_run": request.dry_run,
            "diff": outcome.diff if request.dry_run else None,
            "missing": _missing(server, preset),
        },
        [
            *outcome.warnings,
            *left,
            *(
                Warn("address.near_miss", f"{domain!r} looks like a slip for {meant!r}")
                for domain, meant in near_misses(request.values, presets.known_domains).items()
            ),
            *_unbound(server, references, vault),
            *_unread(base, (*request.values, *request.secrets)),
        ],
    )


def _check_provider(provider: str | None, presets: Presets) -> None:
    """Raise UsageError for a provider without a preset, before anything reads the file with it."""
    if provider is not None and provider != "custom" and presets.preset(provider) is None:
        what = f"--provider {provider!r}: no such provider is known"
        raise UsageError("usage.bad_value", what, hint="postroom smtp providers")


def _unread(base: KeyPath, paths: Sequence[KeyPath]) -> list[Warn]:
    """Say which of the given settings no command of this release reads."""
    keys = [key for path in paths if (key := key_of((*base, *path))) is not None and key.reserved]
    return [
        Warn("config.not_read_yet", f"{key.option} is recorded, but no command of this release reads it")
        for key in keys
    ]


def _refuse_contradictions(
    settings: Settings, request: Request, name: str, values: Mapping[KeyPath, Any], presets: Presets
) -> None:
    if name not in settings.servers and not {("host",), ("provider",)} & values.keys():
        known = presets.preset_for(str(values.get(("username",), "")))
        what = f"--provider {known.id}" if known else "--host HOST; postroom smtp providers lists the presets"
        hint = f"postroom smtp set {name} {what}"
        raise UsageError("usage.missing_value", f"the new server {name} needs --host or --provider", hint=hint)
    _check_provider(values.get(("provider",)), presets)
    for path in request.unset:
        if path in values or path in request.secrets:
            raise UsageError("usage.conflict", f"{'.'.join(path)} is given and unset at once")


def unset_paths(names: Sequence[str]) -> list[KeyPath]:
    """The paths of settings to remove, as typed: `tls.pin`, `reply-to`. Raise UsageError for an unknown one."""
    paths = []
    for name in names:
        path = tuple(name.replace("-", "_").split("."))
        if key_of(("smtp", "servers", "x", *path)) is None:
            raise UsageError(
                "usage.unknown_key", f"--unset {name!r}: a server has no such setting", hint="postroom smtp show"
            )
        paths.append(path)
    return paths


def choose_name(settings: Settings, request: Request) -> str:
    """The server's name: as given, else the default server's, else made of the title, else `default`."""
    if request.name is not None:
        if not NAME.fullmatch(request.name):
            raise UsageError("usage.bad_name", f"the name {request.name!r} must match {NAME.pattern}")
        return request.name
    if settings.smtp.default in settings.servers and settings.smtp.default is not None:
        return settings.smtp.default
    if len(settings.servers) == 1:
        return next(iter(settings.servers))
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in request.values.get(("title",), ""))
    return "-".join(words.lower().split())[:63] or FIRST_NAME


def read_values(base: KeyPath, values: Mapping[KeyPath, str]) -> dict[KeyPath, Any]:
    """Check every value; all problems at once."""
    read: dict[KeyPath, Any] = {}
    problems: list[tuple[Key[Any], str]] = []
    for path, text in values.items():
        key = key_of((*base, *path))
        if key is None:
            raise AssertionError(f"no such key: {path}")
        if path == ("provider",) and text.lower() == "custom":
            read[path] = "custom"
            continue
        try:
            read[path] = key.kind.toml(key.kind.read(text))
        except ValueError as error:
            told = key.option if "://" in text else f"{key.option} {text!r}"  # a URL may hold a password
            problems.append((key, f"{told} {error}"))
            continue
        if isinstance(key.kind, PathKind) and not Path(text).is_file():
            raise FileError("file.missing", f"{key.option}: there is no file {text}", exit=Exit.NO_INPUT)
    if problems:
        raise _bad_values(problems)
    return read


def _bad_values(problems: Sequence[tuple[Key[Any], str]]) -> PostroomError:
    text = "; ".join(message for _, message in problems)
    if all(key.kind.word == "ADDRESS" for key, _ in problems):
        return DataError("address.invalid", text, hint="one plain address like user@example.com")
    return UsageError("usage.bad_value", text, hint="postroom smtp set --help tells what each option takes")


def _references(request: Request, vault: Vault, name: str) -> dict[KeyPath, Reference]:
    scheme = ""
    found = {}
    for path, secret in request.secrets.items():
        if isinstance(secret, Reference):
            found[path] = secret
        else:
            scheme = scheme or vault.choose_store(request.store, insecure=request.insecure)
            found[path] = Reference(scheme, "/".join(("smtp", name, *path)))
    return found


def _store(
    request: Request,
    references: Mapping[KeyPath, Reference],
    vault: Vault,
    name: str,
    server: Server,
    *,
    already: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Put the given secrets into their store, in a dry run only look; one that replaces another of the same place is a
    change too.
    """
    changes = []
    for path, secret in request.secrets.items():
        if isinstance(secret, Reference):
            continue
        reference = references[path]
        binding = Binding(server.host, server.username or "")
        if request.dry_run:
            changed = not vault.holds(reference, secret, binding)
        else:
            _, changed = vault.put(reference.locator, secret, reference.scheme, binding)
        key = ".".join(("smtp", "servers", name, *path))
        if changed and not any(change["key"] == key for change in already):
            changes.append({"key": key, "old": "set", "new": "set"})
    return changes


def _replaced(
    settings: Settings, name: str, references: Mapping[KeyPath, Reference], unset: Sequence[KeyPath]
) -> list[Reference]:
    """The secrets in our stores that the server used and no longer does, nor any other."""
    shared = {place.reference for place in places(settings) if place.server.name != name}
    return [
        place.stored
        for place in places(settings)
        if place.server.name == name
        and place.stored
        and place.stored not in shared
        and (place.field in unset or references.get(place.field, place.stored) != place.stored)
    ]


def _missing(server: Server, preset: Preset | None) -> list[str]:
    """The options of which a login still needs one."""
    if server.auth in ("password", "oauth2") and not server.username:
        return ["--username"]
    if server.auth == "password" and server.password is None:
        return ["--password-stdin"]
    if server.auth == "oauth2" and server.access_token is None:
        other = preset is not None and "password" in preset.auth
        return ["--access-token-command", *(["--password-stdin"] if other else [])]
    return []


def _advice(server: Server, preset: Preset | None) -> list[str]:
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


def _unbound(server: Server, references: Mapping[KeyPath, Reference], vault: Vault) -> list[Warn]:
    """Say that a recorded secret is for another host or username than the server has now."""
    reference = server.password
    if reference is None or ("password",) in references or reference.scheme not in STORED_SCHEMES:
        return []
    bound, now = vault.bound_to(reference), Binding(server.host, server.username or "")
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
