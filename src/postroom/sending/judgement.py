"""Owns what the server's words mean for a mail: the cause of each refusal, and the fate of each recipient."""

from collections.abc import Mapping
from typing import Any

from postroom.domain.message import Composed
from postroom.domain.ports import Classify, Look
from postroom.domain.reply import Cause, Receipt, Reply, Signs
from postroom.domain.settings import Server
from postroom.errors import Exit, Fault
from postroom.result import Step, Watch
from postroom.sending.route import Posting, RecipientVerdict

LOOK_SECONDS = 5.0
"""For a look around after a failure: a person waits, and knows already that it failed."""


_OF_THE_TOKEN = ("auth.xoauth2_token_rejected", "auth.bad_credentials", "oauth.wrong_account")


class Judge:
    """Judges replies and failures of sessions."""

    def __init__(self, classify: Classify) -> None:
        self._classify = classify

    def watching(self, watch: Watch, server: Server) -> Watch:
        """Give each refused recipient of the `rcpt` step its cause class."""

        def judge(step: Step) -> None:
            rows = step.detail.get("recipients")
            if step.name != "rcpt" or not rows:
                watch(step)
                return
            judged = [{**row, "class": self._class_of(row, server)} for row in rows]
            watch(step._replace(detail={**step.detail, "recipients": judged}))

        return judge

    def _class_of(self, row: Mapping[str, Any], server: Server) -> str | None:
        if not row["code"] or row["code"] < 400:
            return None
        reply = Reply(row["code"], row["enhanced"], row["text"].split("\n"))
        return self._cause(Signs("rcpt", "refused-by-reply", reply=reply), server).code

    def refuses_token(self, signs: Signs, server: Server) -> bool:
        """Whether the server refused the login for its access token: not for a policy, and not for the time being."""
        refused = signs.step == "auth" and signs.reply is not None and signs.reply.code == 535
        return refused and self._cause(signs, server).code in _OF_THE_TOKEN

    def posting(self, receipt: Receipt, server: Server, composed: Composed, transcript: str) -> Posting:
        """What became of a message. Raise Fault when nobody got it."""
        verdicts = [
            RecipientVerdict(
                verdict.address,
                None
                if verdict.reply is None or verdict.reply.positive
                else self._cause(Signs("rcpt", "refused-by-reply", reply=verdict.reply), server),
            )
            for verdict in receipt.recipients
        ]
        if receipt.outcome in ("refused", "unknown"):
            signs = receipt.signs or Signs("data", "closed", reply=receipt.reply)
            passing = next((verdict for verdict in verdicts if verdict.cause and verdict.cause.retry != "never"), None)
            if signs.step == "rcpt" and passing and self._cause(signs, server).retry == "never":
                # The first was refused for good, but not every one: what may pass later is worth another try.
                said = receipt.recipients[verdicts.index(passing)].reply
                receipt, signs = receipt._replace(reply=said), signs._replace(reply=said)
            raise self.fault(signs, server, composed, receipt=receipt, transcript=transcript)
        return Posting(composed.message_id, receipt, verdicts, transcript)

    def _cause(self, signs: Signs, server: Server) -> Cause:
        return self._classify(_with_server(signs, server))

    def fault(
        self,
        signs: Signs,
        server: Server,
        composed: Composed | None = None,
        *,
        receipt: Receipt | None = None,
        transcript: str,
        look: Look | None = None,
    ) -> Fault:
        """The failure in words, with its cause class and all that is known, and all that a `look` finds."""
        own_sender = composed is not None and composed.envelope.sender == server.from_
        signs = _with_server(signs, server)._replace(own_sender=own_sender)
        if look is not None:
            signs = look(signs, server, LOOK_SECONDS)
        cause = self._classify(signs)
        where = f"{server.host} port {server.port}"
        message = f"{cause.title} ({where}, step {signs.step})"
        in_doubt = receipt is not None and receipt.outcome == "unknown"
        if in_doubt:
            message += ". The whole message had been handed over before: it may have been delivered all the same."
        data = {
            "message_id": composed.message_id if composed else None,
            "receipt": receipt_data(receipt),
            "queue_id": None,
            "transcript": transcript,
            "evidence": dict(signs.evidence) | ({"handed_over": True} if in_doubt else {}),
            "diagnosis": cause.as_data(),
        }
        return Fault(
            cause.code,
            message,
            step=signs.step,
            hint=cause.next_steps[0],
            detail=str(signs.reply) if signs.reply else signs.text,
            retry=cause.retry,
            exit=Exit(cause.exit),
            data=data,
        )


def receipt_data(receipt: Receipt | None) -> dict[str, Any] | None:
    """The final reply as it stands in JSON."""
    if receipt is None or receipt.reply is None:
        return None
    return {"code": receipt.reply.code, "enhanced": receipt.reply.enhanced, "text": receipt.reply.text}


def _with_server(signs: Signs, server: Server) -> Signs:
    """Signs with what the settings tell; behind the login the session was what the settings demand."""
    behind = signs.step in ("mail", "rcpt", "data")
    own_tokens = {"own_tokens": True} if signs.step == "auth" and server.own_tokens else {}
    return signs._replace(
        evidence={**own_tokens, **signs.evidence},
        provider=server.provider or "",
        server=server.name,
        username=server.username or "",
        host=server.host,
        port=server.port,
        security=server.security,
        encrypted=signs.encrypted or (behind and server.security != "none"),
        logged_in=signs.logged_in or (behind and server.auth != "none"),
    )
