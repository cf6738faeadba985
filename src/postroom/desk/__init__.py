"""Owns the composition: the one object that a front end, or a program that embeds Postroom, holds.

It alone constructs adapters, each when it is first used: the imports stand inside the methods for that reason.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from postroom.clock import Clock, rfc3339
from postroom.config.environment import VARIABLES
from postroom.config.load import load
from postroom.config.paths import Scope, find_scope
from postroom.desk.extras import missing_extra
from postroom.desk.known_providers import KnownProviders
from postroom.domain.settings import Server, Settings, Tls, Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from postroom.config.file import ConfigFile
    from postroom.config.history import History
    from postroom.config.test_records import TestRecords
    from postroom.desk.oauth import OAuth
    from postroom.desk.site_faults import SiteFaults
    from postroom.desk.wire import Wire
    from postroom.diagnosis.entry import Advice
    from postroom.diagnosis.site import Terms
    from postroom.domain.dns import AskDns
    from postroom.domain.message import Composed, Identity, Message
    from postroom.domain.oauth import TokenRecord
    from postroom.domain.ports import Look, OpenSandbox
    from postroom.domain.reply import Cause, Finding, Signs
    from postroom.domain.secret import Reference, Secret
    from postroom.result import Warn
    from postroom.sandbox.mailbox import Mailbox
    from postroom.secrets.ledger import Ledger
    from postroom.secrets.vault import Vault
    from postroom.sending import Mailer

SECRET_VARIABLES = (
    "POSTROOM_SMTP_PASSWORD",
    "POSTROOM_OAUTH_CLIENT_SECRET",
    "POSTROOM_OAUTH_CLIENT_ASSERTION",
    "POSTROOM_OAUTH_ACCESS_TOKEN",
)
"""Variables that hold a secret itself: taken out of the environment before any child could inherit them."""

EXCHANGERS_SECONDS = 5.0
"""For the look-up of mail exchangers: what the system's resolver waits for one answer (resolv.conf(5))."""


DNS_SECONDS = 5.0
"""For one of many look-ups: likewise."""
ALL_DNS_SECONDS = 10.0
"""For all look-ups of a command together, some of which follow from others: what a person waits for advice."""


class Desk(KnownProviders):
    """The mail desk of one configuration.

    `config`, `state_dir`, `system` and `user` are those of the command line. `ask_secret` asks a person for a secret;
    it is None where nobody can answer. `name_server`, an IP address and a port, is asked instead of the system's
    resolvers whatever the DNS is asked for advice: for programs and tests, the command line has no option for it.
    """

    def __init__(
        self,
        *,
        config: str | None = None,
        state_dir: str | None = None,
        system: bool = False,
        user: bool = False,
        clock: Clock | None = None,
        name_server: tuple[str, int] | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._name_server = name_server
        self.root = os.geteuid() == 0
        self.environ = dict(os.environ)
        for name in SECRET_VARIABLES:
            os.environ.pop(name, None)
        self._find_scope = partial(find_scope, config=config, state_dir=state_dir, system=system, user=user)
        self.ask_secret: Callable[[str], str] | None = None

    @cached_property
    def scope(self) -> Scope:
        """Which files are read and written."""
        return self._find_scope(environ=self.environ, root=self.root, homes=_user_homes)

    @cached_property
    def settings(self) -> Settings:
        """What all layers say. Raise ConfigError with every problem."""
        return self.settings_with({})

    @cached_property
    def recorded(self) -> Settings:
        """What the files alone say, whatever the environment of this run overrides. Raise ConfigError."""
        return load(self.scope, {}, {}, presets=self.preset, root=self.root)

    def settings_with(self, overrides: Mapping[tuple[str, ...], Value]) -> Settings:
        """The same with values of the command line on top."""
        return load(self.scope, self.environ, overrides, presets=self.preset, root=self.root)

    @property
    def presets_directory(self) -> Path:
        """Where a site keeps presets of its own."""
        return self.scope.main.parent / "presets"

    def mail_exchangers(self, domain: str) -> "Sequence[str]":
        """Ask the DNS who takes a domain's mail. Raise Fault, and ConfigError where the extra is not installed."""
        try:
            from postroom.transport.mx import mail_exchangers
        except ImportError as error:
            raise missing_extra("dns", error) from error
        return mail_exchangers(domain, EXCHANGERS_SECONDS, name_server=self._name_server)

    @property
    def open_dns(self) -> "Callable[[], AskDns]":
        """Makes a way to ask the DNS many things at once. Raise ConfigError where the extra is not installed."""
        try:
            from postroom.transport.dns_questions import DnsQuestions
        except ImportError as error:
            raise missing_extra("dns", error) from error
        return partial(
            DnsQuestions,
            self.clock,
            question_seconds=DNS_SECONDS,
            total_seconds=ALL_DNS_SECONDS,
            name_server=self._name_server,
        )

    @property
    def causes(self) -> "Mapping[str, Cause]":
        """Every cause class by its code, for the manual; the texts still have their placeholders."""
        from postroom.diagnosis.catalogue import causes

        return causes()

    @property
    def provider_advice(self) -> "Mapping[str, Sequence[tuple[str, Advice]]]":
        """For each cause class what the users of single providers do, with the providers' names, for the manual."""
        from postroom.diagnosis.catalogue import provider_advice
        from postroom.diagnosis.providers import families

        found: dict[str, list[tuple[str, Advice]]] = {}
        for row in provider_advice():
            who = ", ".join(families()[name].title for name in row.providers)
            who += " with logins of Postroom's own" if row.facts.get("own_tokens") else ""
            found.setdefault(row.cause, []).append((who, row.advice))
        return found

    @property
    def entry_terms(self) -> "Terms":
        """The words that a site's own entries may use, for the manual."""
        from postroom.diagnosis.site import terms

        return terms()

    environment_variables = VARIABLES

    @cached_property
    def hostname(self) -> str:
        """What this machine calls itself. No name server is asked: a broken one would delay every test."""
        return os.uname().nodename

    @property
    def default_recipients(self) -> "Sequence[str]":
        """Who gets a test where nobody is named: POSTROOM_SMTP_TO."""
        return [part.strip() for part in self.environ.get("POSTROOM_SMTP_TO", "").split(",") if part.strip()]

    @property
    def child_environment(self) -> dict[str, str]:
        """The environment for programs that are started: without any secret that the settings read from it."""
        hidden = set(SECRET_VARIABLES)
        for server in self.settings.servers.values():
            application = (server.oauth.client_secret, server.oauth.assertion)
            for reference in (server.password, server.access_token, server.proxy_password, *application):
                if reference is not None and reference.scheme == "env":
                    hidden.add(reference.locator)
        return {name: value for name, value in os.environ.items() if name not in hidden}

    @cached_property
    def history(self) -> "History":
        """The earlier versions of the configuration file."""
        from postroom.config.history import History

        return History(self.scope.state, clock=self.clock, owner=self.owner)

    @cached_property
    def file(self) -> "ConfigFile":
        """The configuration file that is written."""
        from postroom.config.file import ConfigFile

        return ConfigFile(self.scope, self.history, environ=self.environ, presets=self.preset, root=self.root)

    @cached_property
    def tests(self) -> "TestRecords":
        """How the servers' last tests ended, and the dialogues of those that failed."""
        from postroom.config.test_records import TestRecords

        return TestRecords(self.scope.state, clock=self.clock, root=self.root, owner=self.owner)

    @cached_property
    def vault(self) -> "Vault":
        """The secrets."""
        from postroom.desk.secret_stores import SecretStores
        from postroom.secrets.process import forbid_dumps
        from postroom.secrets.vault import Vault

        forbid_dumps()
        stores = SecretStores(
            self.scope,
            environ=self.environ,
            child_environment=lambda: self.child_environment,
            ask=self.ask_secret,
            as_root=self.root,
            owner=self.owner,
        )
        default = self.settings.secrets.store
        return Vault(stores, self.ledger, self.clock, as_root=self.root, default_store=default)

    @cached_property
    def ledger(self) -> "Ledger":
        """What is known about stored secrets, without opening a store."""
        from postroom.secrets.ledger import Ledger

        return Ledger(self.scope.state / "secrets.toml", as_root=self.root, owner=self.owner)

    @cached_property
    def owner(self) -> tuple[int, int] | None:
        """The account that the system's state belongs to besides root: `postroom`, where it exists."""
        if not self.root or self.scope.name != "system":
            return None
        try:
            import pwd

            found = pwd.getpwnam("postroom")
        except KeyError:
            return None
        return found.pw_uid, found.pw_gid

    def secret_age_seconds(self, reference: "Reference") -> float | None:
        """How long ago a secret was set, by the ledger alone; None where that is not known."""
        row = self.ledger.rows().get(reference)
        return None if row is None else (self.clock.now() - datetime.fromisoformat(row.set_at)).total_seconds()

    @cached_property
    def mailer(self) -> "Mailer":
        """The one door for mail."""
        from postroom.sending import Mailer

        return Mailer(
            open_session=self._wire.open_session,
            read_secret=self.vault.read,
            usable_token=self._usable_token,
            compose=self._compose,
            classify=self.classify,
            monotonic=self.clock.monotonic,
        )

    def _usable_token(self, server: "Server", *, refused: "Secret | None" = None) -> "TokenRecord":
        # Loaded by a login with a token of our own alone.
        return self.oauth.tokens.usable(server, refused=refused)

    def drop_tokens(self, server: "Server") -> bool | None:
        """Throw a server's tokens away, and have the provider take them back where it can."""
        return self.oauth.tokens.forget(server, revoke=True)

    @cached_property
    def oauth(self) -> "OAuth":
        """The logins with OAuth 2.0."""
        from postroom.desk.oauth import OAuth

        return OAuth(
            self.vault,
            clock=self.clock,
            classify=self.classify,
            preset=self.preset,
            environ=self.child_environment,
            settings=lambda: self.settings_with({}),
            state=self.scope.state,
            owner=self.owner,
            sleep=self.sleep,
        )

    @cached_property
    def site_faults(self) -> "SiteFaults":
        """The site's own entries for faults."""
        from postroom.desk.site_faults import SiteFaults

        return SiteFaults(self.scope.main.parent / "faults", as_root=self.root, presets=self.preset_ids)

    @property
    def noticed(self) -> "Sequence[Warn]":
        """What is to be mended in the site's own entries, as far as a diagnosis came upon it."""
        return self.site_faults.warnings if "site_faults" in self.__dict__ else ()

    def classify(self, signs: "Signs") -> "Cause":
        """The cause class of a failure."""
        # Loaded by a failure alone.
        from postroom.diagnosis.classify import classify

        return classify(signs, self.site_faults.entries)

    def diagnose(self, text: str, step: str, provider: str) -> "Finding":
        """What a pasted text tells of a failure, and its cause."""
        from postroom.diagnosis.pasted.judge import diagnose

        return diagnose(text, step=step, provider=provider, site=self.site_faults.entries)

    @property
    def look(self) -> "Look":
        """Looks around after a test that failed."""
        return self._wire.look

    def check_tls(self, settings: Tls) -> None:
        """Raise FileError for a certificate, key or authority file that cannot be used."""
        self._wire.check_tls(settings)

    @cached_property
    def _wire(self) -> "Wire":
        from postroom.desk.wire import Wire

        return Wire(self.clock, hostname=self.hostname, read_secret=self.vault.read, preset=self.preset)

    def _compose(self, message: "Message", identity: "Identity") -> "Composed":
        from postroom.compose.identifier import message_identifier
        from postroom.compose.message import build

        now = self.clock.now()
        identifier = message_identifier(identity.address.domain, now=now, random=os.urandom)
        return build(message, identity, now=now, message_id=identifier, recipients=message.to)

    @cached_property
    def open_sandbox(self) -> "OpenSandbox":
        """The embedded mail server. Raise ConfigError where its extra is not installed."""
        try:
            from postroom.sandbox.server import Server as SandboxServer
        except ImportError as error:
            raise missing_extra("sandbox", error) from error
        return partial(SandboxServer, now=self.clock.now, stamp=rfc3339)

    @property
    def sandbox_directory(self) -> Path:
        """Where the sandbox keeps its mails: beside a program that `sandbox run` started, that sandbox's own place."""
        return Path(self.environ.get("POSTROOM_SANDBOX_DIR") or self.scope.state / "sandbox").absolute()

    @cached_property
    def mailbox(self) -> "Mailbox":
        """The mails of the sandbox; its server need not run, nor its extra be installed."""
        from postroom.sandbox.mailbox import MAILDIR, Mailbox

        return Mailbox(self.sandbox_directory / MAILDIR)

    @property
    def stop_signals(self) -> "Callable[[Callable[[str], object]], AbstractContextManager[None]]":
        """Has a function called with the name of the signal that asks for an end."""
        from postroom.sandbox.signals import stop_signals

        return stop_signals

    def run_child(self, argv: "Sequence[str]", variables: Mapping[str, str], *, stdout_to_stderr: bool) -> int:
        """Run a command that shall send to the sandbox of these variables; return its status as a shell would."""
        from postroom.sandbox.signals import run_child

        return run_child(argv, self.child_environment, variables, stdout_to_stderr=stdout_to_stderr)

    sleep = staticmethod(time.sleep)


def _user_homes() -> tuple[Path, Path]:
    # Loaded for ordinary users alone.
    from postroom.config.homes import user_homes

    return user_homes()


__all__ = ["Desk"]
