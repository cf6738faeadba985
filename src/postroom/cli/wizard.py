"""Owns the questions of `smtp set` on a terminal: an address first, then only what is missing. Saves nothing itself."""

import shlex

from postroom.cli.frame import Front
from postroom.cli.trial import prove, try_values
from postroom.domain.address import near_miss, parse_address
from postroom.domain.derive import PORTS
from postroom.domain.kinds import Choice, Host, Integer
from postroom.domain.preset import Preset
from postroom.domain.secret import Secret
from postroom.domain.settings import key_of
from postroom.errors import ConfigError, PostroomError, SecretError, Stopped
from postroom.services.oauth_setup import PROVIDERS
from postroom.services.server_advice import near_misses
from postroom.services.servers import choose_server
from postroom.services.smtp_set import Request, choose_name
from postroom.services.smtp_test import Request as TestRequest


def wanted(front: Front, request: Request) -> bool:
    """Whether nothing was given and somebody can answer."""
    nothing = not (request.values or request.secrets or request.unset or request.make_default)
    return nothing and front.prompt.possible


def ask(front: Front, request: Request) -> Request:
    """Ask for a server, test it, and give the completed request."""
    prompt, desk = front.prompt, front.desk
    front.talk("The address that this system's mail comes from decides most of the settings.")
    address = str(prompt.ask("Address", option="--username", check=parse_address))
    meant = near_miss(address.rpartition("@")[2], desk.known_domains())
    if meant and prompt.confirm(
        f"Did you mean {address.rpartition('@')[0]}@{meant}?", option="--username", default=True
    ):
        address = f"{address.rpartition('@')[0]}@{meant}"
    preset = desk.preset_for(address)
    values = _from_preset(front, preset, address) if preset else _by_hand(front, address)
    request = request._replace(values=values)
    try:
        trial = try_values(front, choose_name(desk.settings, request), values, {})
    except ConfigError as error:  # answers that contradict each other, or that no file may hold
        error.hint = _again(front, request)
        raise
    server = choose_server(trial.settings, trial.name)
    if server.auth == "oauth2":
        return request._replace(values=values | _application(front, preset))
    if server.auth == "password" and server.username:
        request = request._replace(store=_store_for(front, request))
        what = preset.secret if preset and preset.secret else "password"
        question = f"{what[0].upper()}{what[1:]} of {server.username} at {server.host} (not shown)"
        request = request._replace(secrets={("password",): Secret(prompt.secret(question, option="--password-stdin"))})
    _offer_test(front, request)
    return request


def _application(front: Front, preset: Preset | None) -> dict[tuple[str, ...], str]:
    """The client ID of the application that logs in, where it is registered already."""
    where = f": postroom oauth setup {preset.id} says how" if preset and preset.id in PROVIDERS else ""
    front.talk(f"OAuth 2.0 wants an application that is registered at the provider once{where}.")
    client = front.prompt.ask("Its client ID (empty for later)", option="--client-id", check=str)
    return {("oauth", "client_id"): client} if client else {}


def _store_for(front: Front, request: Request) -> str:
    """The store for the password, settled before it is typed. Raise Stopped when the person wants none."""
    try:
        return front.desk.vault.choose_store(request.store, insecure=request.insecure)
    except SecretError as error:
        front.talk(error.message)
        choices = (
            ("encrypted", "an encrypted file, opened by a passphrase that is asked each time, or by its key file"),
            ("cancel", "nowhere; --password-file, -command or -env can say where it is read"),
        )
        choice = front.prompt.choose("Where is the password kept?", choices, option="--store", default="cancel")
        if choice == "cancel":
            raise Stopped("stopped.cancelled", "cancelled; nothing was changed", hint=error.hint) from error
        return choice


def _from_preset(front: Front, preset: Preset, address: str) -> dict[tuple[str, ...], str]:
    front.talk(f"{preset.title}: {preset.host} port {preset.port}, {preset.security}.")
    for note in preset.notes:
        front.talk(f"  {note}")
    values: dict[tuple[str, ...], str] = {("provider",): preset.id, ("from",): address}
    if not front.prompt.confirm("Use these settings?", option="--provider", default=True):
        return _by_hand(front, address)
    values["username",] = address.rpartition("@")[0] if preset.username == "local" else address
    if len(preset.auth) > 1:
        words = {"oauth2": "log in with OAuth 2.0", "password": f"log in with: {preset.secret}", "none": "no login"}
        choices = [(way, words.get(way, way)) for way in preset.auth]
        # The way that can be walked to its end here: a token has to come from elsewhere.
        default = "password" if "password" in preset.auth else preset.auth[0]
        values["auth",] = front.prompt.choose("How does it log in?", choices, option="--auth", default=default)
    return values


def _by_hand(front: Front, address: str) -> dict[tuple[str, ...], str]:
    prompt, domain = front.prompt, address.rpartition("@")[2]
    host = prompt.ask("Mail server", option="--host", default=f"mail.{domain}", check=Host().read)
    security = prompt.choose(
        "How is the connection protected?",
        (
            ("tls", "TLS from the first byte, usually on port 465"),
            ("starttls", "STARTTLS, usually on port 587"),
            ("none", "not at all"),
        ),
        option="--security",
        default="tls",
    )
    usual = PORTS[security]
    port = prompt.ask("Port", option="--port", default=str(usual), check=Integer(1, 65535).read)
    values: dict[tuple[str, ...], str] = {("host",): host, ("security",): security, ("from",): address}
    if port != usual:
        values["port",] = str(port)
    auth = prompt.choose(
        "How does it log in?",
        (("password", "username and password"), ("none", "not at all")),
        option="--auth",
        default="password",
    )
    values["auth",] = Choice("password", "none").read(auth)
    if auth == "password":
        values["username",] = prompt.ask("Username", option="--username", default=address, check=str)
    return values


def question_domains(front: Front, request: Request) -> None:
    """Ask about domains that look like a slip, where somebody can answer; elsewhere the result warns."""
    if not front.prompt.possible:
        return
    for domain, meant in near_misses(request.values, front.desk.known_domains).items():
        if not front.prompt.confirm(f"{domain} looks like a slip for {meant}. Is {domain} right?", option="--username"):
            raise Stopped("stopped.cancelled", "cancelled; nothing was changed")


def test_first(front: Front, request: Request) -> None:
    """Test the values before they are saved. Raise what the test raises: then nothing is saved."""
    trial = try_values(front, choose_name(front.desk.settings, request), request.values, request.secrets)
    prove(trial, TestRequest(until="auth"), live=True)  # nobody asked for a mail yet


def _offer_test(front: Front, request: Request) -> None:
    try:
        test_first(front, request)
    except PostroomError as error:
        front.renderer.error(error, front.command)
        if not front.prompt.confirm("It does not work yet. Save it all the same?"):
            hint = _again(front, request)
            raise Stopped("stopped.cancelled", "cancelled; nothing was changed", hint=hint) from error


def _again(front: Front, request: Request) -> str:
    """The command that says what was answered, so that nothing is typed twice; a secret is asked for again."""
    words = ["postroom", "smtp", "set", choose_name(front.desk.settings, request)]
    for path, text in request.values.items():
        key = key_of(("smtp", "servers", "any", *path))
        words += [key.option, text] if key else []
    words += ["--store", request.store] if request.secrets and request.store else []
    words += ["--insecure-storage"] if request.secrets and request.insecure else []
    words += [f"--{path[-1].replace('_', '-')}-stdin" for path in request.secrets]
    return f"The answers as a command, to be corrected: {shlex.join(words)}"
