"""Owns the making of what a desk needs for OAuth 2.0: the keeper of tokens, the ways to get them.

The room's modules are loaded when they are needed: while an access token is good, only the keeper is.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from postroom.clock import Clock
from postroom.domain.oauth import Client, Consent, DeviceCode, Granted, GrantError, Proof, client_of, grant_fault
from postroom.domain.oauth_promises import Grants, Notices
from postroom.domain.ports import Classify, Vault
from postroom.domain.preset import Offer, Preset
from postroom.domain.secret import Binding, Reference, Secret
from postroom.domain.settings import Server, Settings
from postroom.errors import ConfigError, PostroomError
from postroom.files import Owner, locked, make_directory
from postroom.oauth.apart import done_apart
from postroom.oauth.keeper import Surroundings, TokenKeeper

NOTHING_GIVEN: Mapping[Reference, Secret] = {}


class Talk(Protocol):
    """What a front end says to the person who consents, and reads of them."""

    def show(self, address: str, redirect_uri: str) -> None: ...
    def say(self, text: str) -> None: ...
    def pasted(self, seconds: float) -> str | None: ...


class OAuth:
    """The logins of a desk."""

    def __init__(
        self,
        vault: Vault,
        *,
        clock: Clock,
        classify: Classify,
        preset: Callable[[str], Preset | None],
        environ: Mapping[str, str],
        settings: Callable[[], Settings],
        state: Path,
        owner: Owner | None,
        sleep: Callable[[float], None],
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._classify = classify
        self._preset = preset
        self._environ = environ
        self._settings = settings
        self._state = state
        self._owner = owner
        self._sleep = sleep

    @cached_property
    def tokens(self) -> TokenKeeper:
        """The tokens of servers."""
        return TokenKeeper(
            self._vault,
            Surroundings(
                client_of=lambda server: client_of(server, self.offer(server)),
                proof_of=self.proof_of,
                grants=lambda: self.grants,
                locked=self._locked,
                refers=self._refers,
                apart=done_apart,
                classify=self._classify,
                clock=self._clock,
                sleep=self._sleep,
            ),
        )

    @cached_property
    def notices(self) -> Notices:
        """What the operator has been told of logins."""
        from postroom.oauth.notices import Notices as Kept

        return Kept(self._state, as_root=os.geteuid() == 0, owner=self._owner)

    def _locked(self, name: str, seconds: float) -> AbstractContextManager[None]:
        make_directory(self._state, owner=self._owner)
        return locked(self._state / f"tokens-{name}", seconds, owner=self._owner)

    def _refers(self, server: Server) -> bool:
        try:
            now = self._settings().servers.get(server.name)
        except ConfigError:  # somebody is at work on them: what was read before they broke holds
            return True
        return now is not None and now.oauth.tokens == server.oauth.tokens

    @cached_property
    def grants(self) -> Grants:
        """Asks providers for tokens."""
        from postroom import __version__
        from postroom.oauth.http import HttpGrants

        return HttpGrants(self._clock, __version__)

    def offer(self, server: Server) -> Offer | None:
        """What the preset of a server tells of OAuth 2.0."""
        preset = self._preset(server.provider) if server.provider else None
        return preset.oauth if preset else None

    def proof_of(
        self, server: Server, flow: str | None = None, given: Mapping[Reference, Secret] = NOTHING_GIVEN
    ) -> Proof:
        """How a server's application proves itself; `flow` is one for this call, `given` are secrets that no store has.

        Raise SecretError, ConfigError, FileError.
        """
        from postroom.oauth.proof import read_proof

        binding = Binding(server.host, server.username or "")
        return read_proof(
            server,
            lambda reference: given[reference] if reference in given else self._vault.read(reference, binding),
            flow=flow,
            as_root=os.geteuid() == 0,
            owner=self._owner,
        )

    def explain(self, server: Server, error: GrantError) -> PostroomError:
        """What a provider's refusal of a login means."""
        return grant_fault(error, server, self._classify, logging_in=True)

    @property
    def usual_flow(self) -> str:
        """The way in which a person can log in here."""
        from postroom.oauth.flow import chosen_flow

        return chosen_flow(self._environ, sys.platform)

    def ask_consent(
        self,
        client: Client,
        grants: Grants,
        talk: Talk,
        *,
        server: Server,
        opens: bool,
        port: int,
        seconds: float | None,
    ) -> AbstractContextManager[Consent]:
        """Have a person consent in a browser."""
        from postroom.desk.browser import open_browser
        from postroom.oauth.consent import TIME_LIMIT_SECONDS, ask_consent
        from postroom.oauth.consent import Surroundings as Around

        around = Around(
            show=talk.show,
            open_browser=partial(open_browser, environ=self._environ) if opens else None,
            pasted=talk.pasted,
            say=talk.say,
            explain=partial(self.explain, server),
            random=os.urandom,
            monotonic=self._clock.monotonic,
        )
        request = partial(grants.authorization_request, client)
        limit = TIME_LIMIT_SECONDS if seconds is None else seconds
        return ask_consent(client, around, request=request, listen_port=port, time_limit=limit)

    def wait_for_device(self, client: Client, proof: Proof, code: DeviceCode, *, seconds: float | None) -> Granted:
        """Wait until the person has entered the code somewhere; None waits as long as the code lives.

        Raise GrantError, and PostroomError `oauth.consent_timeout`.
        """
        from postroom.oauth.device import wait_for_consent

        now, sleep = self._clock.monotonic, self._sleep
        return wait_for_consent(self.grants, client, proof, code, monotonic=now, sleep=sleep, time_limit=seconds)

    def certificate_ends(self, server: Server) -> date | None:
        """The last day of the certificate with which a server's application proves itself; None where none is read."""
        if server.oauth.certificate is None:
            return None
        from postroom.oauth.proof import certificate_ends

        return certificate_ends(Path(server.oauth.certificate))
