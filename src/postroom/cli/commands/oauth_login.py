"""`oauth login`: its options are those of a server's application."""

import re
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from postroom.cli.conversation import Conversation
from postroom.cli.frame import Front, front_of
from postroom.cli.settings_options import given_secrets, given_values, takes_application_options
from postroom.cli.trial import Trial, prove
from postroom.domain.google_files import read_client_file
from postroom.domain.kinds import Duration
from postroom.domain.oauth import Client, Consent, DeviceCode, Granted, Proof
from postroom.domain.oauth_promises import Grants
from postroom.domain.secret import Reference, Secret
from postroom.domain.settings import Server
from postroom.errors import Exit, FileError, PostroomError, UsageError
from postroom.result import Result
from postroom.services.oauth_login import Desk, Request, Ways, oauth_login
from postroom.services.smtp_test import Request as Testing
from postroom.ui.views import oauth as views

KeyPath = tuple[str, ...]


@takes_application_options
def login(
    ctx: typer.Context,
    word: Annotated[
        str | None, typer.Argument(metavar="[NAME|ADDRESS]", help="A server's name, or the address to send from.")
    ] = None,
    *,
    client_file: Annotated[
        Path | None, typer.Option(help="Google's downloaded client file (JSON).", metavar="FILE")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address; open no browser.")] = False,
    listen_port: Annotated[
        int, typer.Option(help="Wait for the browser at this port.", metavar="N", min=0, max=65535)
    ] = 0,
    timeout: Annotated[
        str | None,
        typer.Option(
            help="How long to wait for a person; without it 3m, with device as long as the code lives.",
            metavar="DURATION",
        ),
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="The store for the tokens: keyring, encrypted or plain.", metavar="STORE")
    ] = None,
    insecure_storage: Annotated[
        bool, typer.Option("--insecure-storage", help="Allow --store plain: the tokens in a readable file.")
    ] = False,
    **given: Any,
) -> None:
    """Log in to a mail provider with OAuth 2.0.

    A person consents once; from then on everything that sends through this server gets its access tokens by itself.
    With an address the server is made from the provider's preset where there is none, and the login is tested.

    The flow browser opens one on this machine; paste is for a machine without: the page is opened elsewhere, and the
    address that the browser ends on is pasted here. One of the two is taken where no flow is set. device shows a code
    to enter on another device; it is never taken by itself, for whoever sends such a code to you wants your mailbox.
    client-credentials and service-account need no person: the application proves itself, with a client secret, a
    certificate, or an assertion from a file or a command.

    The settings that are given are recorded, as postroom smtp set records them, once the login has succeeded; a login
    that fails changes nothing. Where the provider tells that another account has logged in than the mailbox that sends,
    it is refused, but for Microsoft 365, where one account may send for another. The address to open, and the redirect
    address, go to standard error, a line each, also with --json.

    JSON data: changed, changes, server, flow, username, account (of the ID token; null where the
    provider did not tell it), scopes, store,
    access_token_expires_at, refresh_token (whether there is one), test (null, or the data of postroom smtp test),
    diagnosis (where that test fails).

    Exit status: 0, 4 nobody consented or the provider refused, 75 the provider is out of reach, 78 something is
    missing or wrong in the settings or at the application.

    Examples:
      postroom oauth login noreply@example.com --provider microsoft365 --client-id ID --tenant TENANT
      postroom oauth login alice@gmail.com --client-file client_secret.json
      postroom oauth login main --flow paste
      postroom oauth login main --flow client-credentials --tenant example.com --client-secret-file /run/secret
    """
    front = front_of(ctx)
    values, secrets = given_values(given), given_secrets(front, given)
    if client_file is not None:
        _add_client_file(client_file, values, secrets)
    request = Request(word, values, secrets, store, insecure_storage)
    desk = front.desk
    parts = Desk(lambda: desk.settings_with({}), desk.file.change, desk.vault, desk.oauth.tokens, desk)
    ways = _ways(front, opens=not no_browser, port=listen_port, seconds=None if timeout is None else _seconds(timeout))
    try:
        result = oauth_login(parts, request, ways)
    except PostroomError as error:
        if word is not None and "@" in word:
            _name_the_address(error, word, desk.settings_with({}).servers)
        raise
    if word is not None and "@" in word:
        result = _tested(front, result)
    front.finish(result, views.login)


def _name_the_address(error: PostroomError, address: str, servers: Collection[str]) -> None:
    """Advice that can be typed: a server that was to be made of an address is not there yet."""

    def typed(found: re.Match[str]) -> str:
        return found[0] if found[1] in servers else f"postroom oauth login {address}"

    def mend(hint: str) -> str:
        return re.sub(r"postroom (?:oauth login|smtp set) ([a-z0-9][a-z0-9_-]*)(?![\w@.])", typed, hint)

    error.hint = mend(error.hint)
    if diagnosis := error.data.get("diagnosis"):
        error.data["diagnosis"] = {**diagnosis, "next_steps": [mend(step) for step in diagnosis["next_steps"]]}


def _ways(front: Front, *, opens: bool, port: int, seconds: float | None) -> Ways:
    """The ways to tokens, with what is said to the person on them."""
    oauth = front.desk.oauth

    def consent(server: Server, client: Client, grants: Grants) -> AbstractContextManager[Consent]:
        shown = opens and client.flow == "browser"
        talk = Conversation(front)
        return oauth.ask_consent(client, grants, talk, server=server, opens=shown, port=port, seconds=seconds)

    def device(client: Client, proof: Proof, code: DeviceCode) -> Granted:
        Conversation(front).show_code(code)
        return oauth.wait_for_device(client, proof, code, seconds=seconds)

    return Ways(
        lambda: oauth.grants, oauth.proof_of, consent, device, lambda: oauth.usual_flow, oauth.explain, front.tell
    )


def _add_client_file(file: Path, values: dict[KeyPath, str], secrets: dict[KeyPath, Secret | Reference]) -> None:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        raise FileError(
            "file.missing",
            what,
            hint="name the file that Google's console gave: --client-file FILE",
            exit=Exit.NO_INPUT,
        ) from error
    found = read_client_file(text)
    values.setdefault(("oauth", "client_id"), found.client_id)
    secrets.setdefault(("oauth", "client_secret"), found.client_secret)


def _tested(front: Front, result: Result) -> Result:
    """The proof of the pudding: a login at the mail server with the new token."""
    settings = front.desk.settings_with({})
    trial = Trial(settings, str(result.data["server"]), unsaved=False, secrets={}, front=front)
    try:
        tested = prove(trial, Testing(until="auth"), live=not front.flags.json)
    except PostroomError as error:  # the login is made all the same
        front.show(views.login(result.data))
        error.data = {**result.data, "test": error.data, "diagnosis": error.data.get("diagnosis")}
        error.warnings = (*result.warnings, *error.warnings)
        raise
    return result._replace(data={**result.data, "test": tested.data}, warnings=[*result.warnings, *tested.warnings])


def _seconds(text: str) -> float:
    try:
        return Duration(1, 3600).read(text)
    except ValueError as error:
        raise UsageError("usage.bad_value", f"--timeout {text!r} {error}") from error
