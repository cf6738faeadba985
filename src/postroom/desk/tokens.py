"""Owns the making of the token keeper for a desk: its locks, its way to providers, its secrets."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from postroom.domain.oauth import Client, Proof, client_of
from postroom.domain.settings import Server
from postroom.files import locked, make_directory
from postroom.oauth.apart import done_apart
from postroom.oauth.keeper import Surroundings, TokenKeeper

if TYPE_CHECKING:
    from postroom.desk import Desk

LOCK_SECONDS = 60.0
"""Whoever holds it may be waiting for a provider (10 s for its metadata, 10 s for a token) and for a secret store."""


def token_keeper(desk: "Desk") -> TokenKeeper:
    """The keeper of a desk's tokens."""

    def client(server: Server) -> Client:
        preset = desk.preset(server.provider) if server.provider else None
        return client_of(server, preset.oauth if preset else None)

    def proof(server: Server) -> Proof:
        from postroom.oauth.proof import read_proof

        return read_proof(server, desk.vault.read)

    def lock(server: Server) -> AbstractContextManager[None]:
        state = desk.scope.state
        make_directory(state, owner=desk.owner)
        return locked(state / f"tokens-{server.name}", LOCK_SECONDS, owner=desk.owner)

    surroundings = Surroundings(
        client_of=client,
        proof_of=proof,
        grants=lambda: desk.grants,
        locked=lock,
        apart=done_apart,
        classify=desk.classify,
        clock=desk.clock,
    )
    return TokenKeeper(desk.vault, surroundings)
