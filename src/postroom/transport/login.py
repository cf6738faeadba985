"""Owns the AUTH step (RFC 4954): which mechanism, and the exchange. A refused credential is never tried another way."""

import binascii
from contextlib import suppress
from typing import Any

from postroom.domain.secret import Credential
from postroom.transport.commands import COMMAND_LIMIT_BYTES
from postroom.transport.connection import Broken
from postroom.transport.dialogue import Dialogue
from postroom.transport.extensions import mechanisms
from postroom.transport.mechanisms import MakeMechanism, choose
from postroom.transport.mechanisms.base import ChallengeError, Mechanism

MOST_CHARACTERS = 500
"""Of each field of a refusal's reason: enough for a status and a few scopes."""
MOST_CHALLENGES = 8
"""SCRAM, the longest, has three."""
RESPONSE_LIMIT_BYTES = 12288
"""RFC 4954 4."""


def log_in(dialogue: Dialogue, credential: Credential, make: MakeMechanism) -> dict[str, Any]:
    """Log in; the detail of the step. Raise Broken."""
    offered = mechanisms(dialogue.smtp.extensions)
    if not offered:
        raise Broken("auth-not-offered")
    server = dialogue.server
    name = choose(credential.kind, offered, server.mechanism)
    if name is None:
        raise Broken(
            "auth-no-common-mechanism",
            evidence={"offered": list(offered), "named": server.mechanism, "kind": credential.kind},
        )
    dialogue.evidence |= {"mechanism": name, "offered": list(offered), "kind": credential.kind}
    mechanism = make(name, credential, server.host, server.port)
    secret = credential.secret.reveal().encode("utf-8", "surrogatepass") if credential.secret else b""
    _exchange(dialogue, name, mechanism, [secret])
    dialogue.logged_in = True
    return {"mechanism": name, "offered": list(offered)}


def _exchange(dialogue: Dialogue, name: str, mechanism: Mechanism, secrets: list[bytes]) -> None:
    initial = None if mechanism.initial is None else _encoded(mechanism.initial) or b"="
    if initial is not None and len(f"AUTH {name} ") + len(initial) + 2 <= COMMAND_LIMIT_BYTES:
        dialogue.smtp.auth(name, initial, secrets)
        initial = None
    else:
        dialogue.smtp.auth(name, None, secrets)
    for _ in range(MOST_CHALLENGES):
        reply = dialogue.answer().reply
        if reply.code != 334:
            if not reply.positive:
                raise Broken("refused-by-reply", evidence=_told(dialogue, mechanism), reply=reply)
            _finish(mechanism)
            return
        try:
            response = _encoded(mechanism.respond(_decoded(reply.text))) if initial is None else initial
        except ChallengeError as error:
            dialogue.smtp.respond(b"*")
            with suppress(Broken):  # a server that hangs up now has still sent a wrong challenge
                dialogue.answer()
            raise Broken("auth-challenge", str(error), _told(dialogue, mechanism)) from error
        initial = None
        if len(response) > RESPONSE_LIMIT_BYTES:
            raise Broken("auth-challenge", f"the response has more than {RESPONSE_LIMIT_BYTES} octets")
        dialogue.smtp.respond(b"" if response == b"=" else response)
    raise Broken("auth-challenge", f"the server has sent more than {MOST_CHALLENGES} challenges")


def _told(dialogue: Dialogue, mechanism: Mechanism) -> dict[str, Any]:
    """What a mechanism learned of the refusal, without what the server repeats of the login."""
    blot = dialogue.smtp.blotter.blot_text
    return {
        name: {key: blot(text)[:MOST_CHARACTERS] for key, text in told.items()} if isinstance(told, dict) else told
        for name, told in mechanism.evidence.items()
    }


def _finish(mechanism: Mechanism) -> None:
    try:
        mechanism.finish()
    except ChallengeError as error:
        raise Broken("auth-challenge", str(error), mechanism.evidence) from error


def _encoded(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True) if text else b""
    except ValueError as error:
        raise ChallengeError("a challenge that is not base64") from error
