"""Owns the handing over of one message: MAIL, RCPT, DATA and the body, in one go where the server pipelines (RFC 2920).

A refusal is a receipt, not an exception. Once the last byte is written, an end without a final reply
is an unknown outcome (RFC 1047), never a failure.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from postroom.domain.message import Composed
from postroom.domain.reply import Receipt, Reply, Verdict
from postroom.errors import DataError
from postroom.transport.commands import check_text
from postroom.transport.connection import Broken
from postroom.transport.dialogue import Dialogue, accept, said
from postroom.transport.extensions import size_limit
from postroom.transport.protocol import Transaction
from postroom.transport.queue_id import queue_id

BLOCK_BYTES = 65536
GO_AHEAD = 354
GROUP_RECIPIENTS = 100
"""So many RCPT are written before their replies are read: more could fill the buffers of both sides (RFC 2920 3.1)."""


class Submission:
    """One message on one dialogue. `until` is the last step to take. Raise DataError when it cannot go on the wire."""

    def __init__(self, dialogue: Dialogue, message: Composed, *, until: str) -> None:
        self._dialogue = dialogue
        self._smtp = dialogue.smtp
        self._until = until
        if not message.envelope.recipients:
            raise DataError("message.no_recipient", "the message has no recipient", hint="Name one.")
        check_text(message.data, eight_bit=message.eight_bit)
        self._transaction = Transaction(message, self._smtp.extensions)
        self._message = message

    @property
    def handed_over(self) -> bool:
        """Whether the whole message was written: from then on it may be delivered, whatever comes."""
        return self._transaction.handed_over

    def run(self) -> Receipt:
        """Hand it over. Raise TransportError."""
        dialogue, transaction = self._dialogue, self._transaction
        dialogue.begin("mail")
        try:
            self._check_offers()
        except Broken as broken:
            raise dialogue.failed(broken, close=False) from broken
        try:
            receipt = self._converse()
        except Broken as broken:
            if not transaction.handed_over:
                raise dialogue.failed(broken) from broken
            failure = dialogue.failed(broken)
            return self._receipt("unknown", None)._replace(signs=failure.signs)
        if self._smtp.closing:
            dialogue.close()
        return receipt

    def _check_offers(self) -> None:
        if self._dialogue.connection is None:
            raise Broken("closed", "the session is closed")
        extensions, message = self._smtp.extensions, self._message
        limit = size_limit(extensions)
        if limit is not None and len(message.data) > limit:
            raise Broken(
                "size-exceeded",
                f"the message has {len(message.data)} octets, the server takes {limit}",
                {"message_bytes": len(message.data), "limit_bytes": limit},
            )
        if message.utf8 and "SMTPUTF8" not in extensions:
            raise Broken("smtputf8-not-offered", "an address outside ASCII needs SMTPUTF8")
        if message.eight_bit and "8BITMIME" not in extensions:
            raise Broken("8bitmime-not-offered", "the message has 8-bit bytes")

    def _converse(self) -> Receipt:
        transaction = self._transaction
        self._smtp.mail(transaction)
        if self._smtp.pipelining and self._until != "mail":
            self._queue_recipients(0)
        self._read_until(lambda: transaction.mail is not None)
        if transaction.mail is None or not transaction.mail.positive:
            return self._refused(transaction.mail, self._mail_detail())
        self._dialogue.end(self._mail_detail())
        if self._until == "mail":
            return self._receipt("stopped", transaction.mail)
        return self._recipients()

    def _recipients(self) -> Receipt:
        transaction = self._transaction
        self._dialogue.begin("rcpt")
        for start in range(0, len(transaction.rcpt_lines), self._group):
            if start or not self._smtp.pipelining:
                self._queue_recipients(start)
            self._read_until(partial(self._answered, start))
        if self._smtp.closing or not transaction.accepted_recipients:
            return self._refused(self._first_refusal(), self._rcpt_detail())
        self._dialogue.end(self._rcpt_detail())
        if self._until == "rcpt":
            return self._receipt("stopped", self._first_refusal())
        return self._data()

    def _data(self) -> Receipt:
        transaction = self._transaction
        self._dialogue.begin("data")
        if not self._smtp.pipelining:
            self._smtp.data(transaction)
        self._read_until(lambda: transaction.data is not None)
        if transaction.data is None or not transaction.data.positive:
            return self._refused(transaction.data, self._data_detail(transaction.data))
        if transaction.data.code != GO_AHEAD:
            raise Broken("not-smtp", "the answer to DATA is neither 354 nor a refusal", reply=transaction.data)
        self._write_body()
        final = self._dialogue.answer(self._dialogue.limits.final_reply).reply
        if not final.positive:
            return self._refused(final, self._data_detail(final))
        if not transaction.handed_over:
            raise Broken("closed", "the server closed the connection before the end of the data", reply=final)
        self._dialogue.end(self._data_detail(final))
        return self._receipt("accepted", final)

    def _write_body(self) -> None:
        for block in self._smtp.body(self._transaction, BLOCK_BYTES):
            if not self._dialogue.write(block, self._dialogue.limits.data_block):
                return
        self._transaction.handed_over = True

    @property
    def _group(self) -> int:
        return GROUP_RECIPIENTS if self._smtp.pipelining else 1

    def _queue_recipients(self, start: int) -> None:
        stop = min(start + self._group, len(self._transaction.rcpt_lines))
        for index in range(start, stop):
            self._smtp.rcpt(self._transaction, index)
        if self._smtp.pipelining and self._until == "data" and stop == len(self._transaction.rcpt_lines):
            self._smtp.data(self._transaction)

    def _answered(self, start: int) -> bool:
        return None not in self._transaction.recipients[start : start + self._group]

    def _read_until(self, done: Callable[[], bool]) -> None:
        while not done() and not self._smtp.closing:
            answer = self._dialogue.answer()
            if answer.verb == "RSET":
                accept(answer.reply)

    def _refused(self, reply: Reply | None, detail: Mapping[str, Any]) -> Receipt:
        self._dialogue.end(detail, ok=False)
        signs = self._dialogue.signs("refused-by-reply", reply)
        self._finish_group()
        return self._receipt("refused", reply)._replace(signs=signs)

    def _finish_group(self) -> None:
        # What was pipelined behind the refused command is still to be answered. Whatever happens now, the refusal
        # stands; a session that breaks here is merely of no further use.
        transaction = self._transaction
        try:
            while self._smtp.waiting and not self._smtp.closing:
                self._dialogue.answer()
                if transaction.data and transaction.data.code == GO_AHEAD and not transaction.body_begun:
                    self._smtp.nothing(transaction)
        except Broken:
            self._dialogue.close()

    def _receipt(self, outcome: Literal["accepted", "refused", "unknown", "stopped"], reply: Reply | None) -> Receipt:
        recipients = self._message.envelope.recipients
        verdicts = [
            Verdict(str(recipient), said)
            for recipient, said in zip(recipients, self._transaction.recipients, strict=True)
        ]
        refused = self._first_refusal()
        signs = self._dialogue.signs("refused-by-reply", refused)._replace(step="rcpt") if refused else None
        found = queue_id(reply) if reply and outcome == "accepted" else ""
        return Receipt(outcome, reply, found, verdicts, signs)

    def _first_refusal(self) -> Reply | None:
        # A 421 says why there will be no more answers; otherwise the first refusal stands for all.
        refusals = [reply for reply in self._transaction.recipients if reply is not None and not reply.positive]
        last = refusals[-1:] if self._smtp.closing else refusals[:1]
        return last[0] if last else None

    def _mail_detail(self) -> dict[str, Any]:
        sender = self._message.envelope.sender
        reply = self._transaction.mail
        return {"from": str(sender) if sender else "", **_words(reply)}

    def _rcpt_detail(self) -> dict[str, Any]:
        pairs = zip(self._message.envelope.recipients, self._transaction.recipients, strict=True)
        return {
            "recipients": [{"address": str(recipient), **_words(reply), "class": None} for recipient, reply in pairs]
        }

    def _data_detail(self, reply: Reply | None) -> dict[str, Any]:
        found = queue_id(reply) if reply and reply.positive else ""
        return {"bytes": len(self._message.data), **_words(reply), "queue_id": found}


def _words(reply: Reply | None) -> dict[str, Any]:
    return said(reply) if reply else {"code": None, "enhanced": "", "text": ""}
