"""Owns the state of an SMTP dialogue (RFC 5321, 2920, 3207, 4954): what was said, what is outstanding, what may follow.

Bytes in, answers out; commands in, bytes out. It refuses to know sockets, TLS and time. Replies are matched to commands
in their order; one that answers nothing ends the session, for after it nobody knows which reply means what.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from postroom.domain.characters import decode
from postroom.domain.message import Composed
from postroom.domain.reply import Reply
from postroom.transport.blotting import Blotter
from postroom.transport.commands import command_line, mail_line, rcpt_line, stuffed
from postroom.transport.extensions import parse_extensions
from postroom.transport.replies import NotSmtp, ReplyReader, reply_of
from postroom.transport.transcript import Transcript

Verb = Literal["greeting", "EHLO", "HELO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "body", "closing"]

_INTERMEDIATE: Mapping[Verb, int] = {"AUTH": 334, "DATA": 354}
"""The only commands that go on after their reply; anywhere else a 3yz shows that the two sides are out of step."""


class TalkAfterStarttls(Exception):
    """Bytes stand behind the 220 to STARTTLS: somebody wrote into the clear part to have it read inside TLS."""


class Transaction:
    """One message on its way: its commands, all checked before the first is sent, and what the server said to each.

    `handed_over` is set by the session once the last byte of the data is written; from then on a lost connection leaves
    the outcome unknown (RFC 1047).
    """

    def __init__(self, message: Composed, extensions: Mapping[str, str]) -> None:
        self.message = message
        self.mail_line = mail_line(message, extensions)
        self.rcpt_lines = [rcpt_line(recipient, utf8=message.utf8) for recipient in message.envelope.recipients]
        self.mail: Reply | None = None
        self.recipients: list[Reply | None] = [None] * len(message.envelope.recipients)
        self.data: Reply | None = None
        self.final: Reply | None = None
        self.body_begun = False
        self.handed_over = False

    @property
    def accepted_recipients(self) -> int:
        """How many recipients the server has taken."""
        return sum(1 for reply in self.recipients if reply is not None and reply.positive)


class Outstanding(NamedTuple):
    """A command that waits for its reply."""

    verb: Verb
    transaction: Transaction | None = None
    number: int = 0


class Answer(NamedTuple):
    """A reply with the command that it answers. `verb` is `closing` for a 421 that answers nothing."""

    verb: Verb
    reply: Reply


class Protocol:
    """The client's side of one connection. After TalkAfterStarttls, NotSmtp or `closing` it is of no further use."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.extensions: dict[str, str] = {}
        self.encrypted = False
        self.closing = False
        self._reader = ReplyReader()
        self._outstanding: deque[Outstanding] = deque([Outstanding("greeting")])
        self._out = bytearray()
        self.blotter = Blotter()
        self._begun = False

    # What the session reads.

    @property
    def waiting(self) -> bool:
        """Whether a reply is outstanding."""
        return bool(self._outstanding)

    @property
    def pipelining(self) -> bool:
        """Whether commands may be sent without waiting (RFC 2920)."""
        return "PIPELINING" in self.extensions

    @property
    def fragment(self) -> str:
        """What came after the last whole reply, for the evidence; nothing while a login is under way."""
        pending = b"" if self.blotter.in_login else self.blotter.blot(self._reader.pending)
        return decode(pending[:200])

    def take(self) -> bytes:
        """The bytes to write now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    # Bytes in.

    def receive(self, data: bytes) -> None:
        """Take what the socket gave."""
        self._reader.feed(data)

    def answer(self) -> Answer | None:
        """The next answer, or None when more bytes are needed. Raise NotSmtp or TalkAfterStarttls."""
        try:
            raw = self._reader.next()
        except NotSmtp as error:
            # It may be an echo of what was said in the login, cut off in the middle of it.
            received = b"" if self.blotter.in_login else self.blotter.blot(error.received)
            raise NotSmtp(error.why, received) from None
        if raw is None:
            return None
        texts = raw.texts if raw.code == 334 else [self.blotter.blot(text) for text in raw.texts]
        self._record(raw.code, texts)
        reply = reply_of(raw._replace(texts=texts))
        if not self._outstanding:
            if raw.code != 421:
                raise NotSmtp("a reply came that answers nothing", f"{raw.code} ".encode() + texts[0])
            self.closing = True
            return Answer("closing", reply)
        asked = self._outstanding.popleft()
        if raw.code == 421:
            self.closing = True
        self._settle(asked, reply)
        return Answer(asked.verb, reply)

    def _settle(self, asked: Outstanding, reply: Reply) -> None:
        if reply.code // 100 == 3 and _INTERMEDIATE.get(asked.verb) != reply.code:
            raise NotSmtp("an intermediate reply where none belongs", f"{reply.code} {reply.text}".encode())
        if asked.verb == "STARTTLS" and reply.code == 220 and self._reader.within_reply:
            raise TalkAfterStarttls
        if asked.verb == "EHLO" and reply.positive:
            self.extensions = parse_extensions(reply)
        if asked.verb == "AUTH" and reply.code != 334:
            self.blotter.in_login = False
        transaction = asked.transaction
        if transaction is None:
            return
        if asked.verb == "MAIL":
            transaction.mail = reply
        elif asked.verb == "RCPT":
            transaction.recipients[asked.number] = reply
        elif asked.verb == "DATA":
            transaction.data = reply
        elif asked.verb == "body":
            transaction.final = reply

    def _record(self, code: int, texts: Sequence[bytes]) -> None:
        if code == 334:
            texts = [b"[challenge]"]
        for number, text in enumerate(texts, start=1):
            dash = "-" if number < len(texts) else " "
            self.transcript.received(f"{code}{dash}{decode(text)}", encrypted=self.encrypted)

    # Commands in.

    def ehlo(self, name: str) -> None:
        """EHLO. The extensions are those of its answer alone."""
        self.extensions = {}
        self._command("EHLO", f"EHLO {name}")

    def helo(self, name: str) -> None:
        """HELO, for servers that know nothing later."""
        self.extensions = {}
        self._command("HELO", f"HELO {name}")

    def starttls(self) -> None:
        """STARTTLS; nothing may be outstanding."""
        self._command("STARTTLS", "STARTTLS")

    def secured(self) -> None:
        """TLS now protects every byte: what was learned before is forgotten (RFC 3207 4.2)."""
        self.encrypted = True
        self.extensions = {}

    def auth(self, mechanism: str, initial: bytes | None, secrets: list[bytes]) -> None:
        """AUTH, with the base64 of the initial response or without. `secrets` are blotted out of the answers."""
        self.blotter.in_login = True
        self.blotter.learn(secrets)
        line = f"AUTH {mechanism}"
        if initial is None:
            self._command("AUTH", line)
        else:
            self.blotter.learn_spoken(initial)
            self._command("AUTH", f"{line} {initial.decode('ascii')}", shown=f"{line} [initial response]")

    def respond(self, response: bytes) -> None:
        """One line of a login: base64, or `*` to give up."""
        self.blotter.learn_spoken(response)
        self._outstanding.append(Outstanding("AUTH"))
        self._out += response + b"\r\n"
        self.transcript.sent("*" if response == b"*" else "[response]", encrypted=self.encrypted)

    def mail(self, transaction: Transaction) -> None:
        """MAIL. From the second on behind a RSET: a server that refused all of one message's recipients may otherwise
        keep its sender for the next.
        """
        if self._begun:
            self.reset()
        self._begun = True
        self._queue(Outstanding("MAIL", transaction), transaction.mail_line)

    def rcpt(self, transaction: Transaction, index: int) -> None:
        """RCPT for one recipient of the message."""
        self._queue(Outstanding("RCPT", transaction, index), transaction.rcpt_lines[index])

    def data(self, transaction: Transaction) -> None:
        """DATA."""
        self._queue(Outstanding("DATA", transaction), b"DATA\r\n")

    def body(self, transaction: Transaction, block_bytes: int) -> Iterator[memoryview]:
        """The stuffed data in blocks. The final reply is outstanding from the first on: a server may refuse early."""
        transaction.body_begun = True
        self._outstanding.append(Outstanding("body", transaction))
        whole = memoryview(stuffed(transaction.message.data))
        self.transcript.sent(f"[{len(transaction.message.data)} octets]", encrypted=self.encrypted)
        for start in range(0, len(whole), block_bytes):
            yield whole[start : start + block_bytes]

    def nothing(self, transaction: Transaction) -> None:
        """A lone dot: the server wants data although no recipient is left (RFC 2920 3.1)."""
        transaction.body_begun = True
        self._outstanding.append(Outstanding("body", transaction))
        self._out += b".\r\n"
        self.transcript.sent(".", encrypted=self.encrypted)

    def reset(self) -> None:
        """RSET."""
        self._command("RSET", "RSET")

    def quit(self) -> None:
        """QUIT. Its answer is not waited for."""
        self._command("closing", "QUIT")

    def _command(self, verb: Verb, line: str, *, shown: str = "") -> None:
        self._queue(Outstanding(verb), command_line(line), shown=shown)

    def _queue(self, outstanding: Outstanding, line: bytes, *, shown: str = "") -> None:
        self._out += line
        self._outstanding.append(outstanding)
        self.transcript.sent(shown or line[:-2].decode(), encrypted=self.encrypted)
