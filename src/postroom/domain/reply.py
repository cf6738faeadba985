"""Owns what a mail server says (RFC 5321 4.2, RFC 3463) and what is known about a failure. Judges nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

STEPS = (
    "config",
    "secret",
    "token",
    "resolve",
    "connect",
    "tls",
    "greeting",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
)
"""The steps of a submission, in their order; the EHLO after STARTTLS is part of `starttls`."""


class Reply(NamedTuple):
    """One reply. `code` is the three digits; `enhanced` is like "5.7.8" or empty; `lines` are the texts, decoded,
    without codes.
    """

    code: int
    enhanced: str
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """The texts of all lines, joined by line feeds."""
        return "\n".join(self.lines)

    @property
    def positive(self) -> bool:
        """2yz or 3yz."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.code, self.enhanced, self.text) if part)


class Signs(NamedTuple):
    """All that is known about a failure, for the diagnosis to judge.

    `sign` is what the transport saw, one of SIGNS. `reply` is the server's reply where there was one. `text` is the
    text of the exception underneath. `server` is the server's name in the configuration; `own_sender` tells that the
    envelope sender is the server's own configured From, so that a fault of the sender is one of the server.
    `username` is who logs in. `step` is "" and `logged_in` None where nobody knows.
    """

    step: str
    sign: str
    reply: Reply | None = None
    text: str = ""
    provider: str = ""
    host: str = ""
    port: int = 0
    security: str = ""
    encrypted: bool = False
    logged_in: bool | None = False
    evidence: Mapping[str, Any] = {}
    server: str = ""
    own_sender: bool = False
    username: str = ""


SIGNS = (
    "refused-by-reply",  # the server answered with 4yz or 5yz where 2yz or 3yz was wanted
    "host-not-found",
    "resolver-failed",
    "connection-refused",
    "connection-timeout",
    "unreachable",
    "proxy-failed",
    "greeting-timeout",
    "reply-timeout",
    "closed",  # the peer closed or reset the connection
    "not-smtp",  # a reply that is none: no digits, too long, too many lines
    "talk-after-starttls",  # bytes behind the 220 to STARTTLS
    "tls-plain-peer",  # the peer answered the TLS handshake in clear text
    "tls-certificate-expired",
    "tls-certificate-name",
    "tls-certificate-untrusted",
    "tls-pin-mismatch",
    "tls-version",
    "tls-handshake",
    "tls-client-certificate",
    "starttls-not-offered",
    "auth-not-offered",
    "auth-no-common-mechanism",
    "auth-challenge",  # the server's part of a mechanism was wrong (SCRAM signature, ...)
    "size-exceeded",  # the message is larger than the server's SIZE; nothing was sent
    "smtputf8-not-offered",
    "8bitmime-not-offered",
    "cleartext-not-allowed",  # mail or a login would go over an open connection off this machine
    "provider-busy",  # the token endpoint says that now is a bad time: 5yz, 429, temporarily_unavailable
    "not-oauth",  # an answer of the token endpoint that is none of OAuth's
    "redirected",  # a redirect in the place of an answer of the token endpoint
    "issuer-mismatch",  # metadata, or an authorization, of another issuer than the configured one
    "scope-missing",  # less was granted than mail needs
    "wrong-account",  # somebody logged in as another mailbox than the server's
)


class TransportError(Exception):
    """The session failed at a step. Not a PostroomError yet: the diagnosis names the cause class.

    `transcript` is the dialogue up to there, without secrets.
    """

    def __init__(self, signs: Signs, transcript: str = "") -> None:
        super().__init__(f"{signs.step}: {signs.sign}")
        self.signs = signs
        self.transcript = transcript


class Other(NamedTuple):
    """Another cause class that fits nearly as well, and what would tell it from the likelier one."""

    code: str
    tell_apart: str


class Cause(NamedTuple):
    """A cause class: why mail does not go out, as it fits one failure.

    `scope` is whom it concerns. `next_steps` are in the order of advice; the first can stand alone. `tell_apart` says
    how one sees that it is this class and no other. `docs` are addresses of pages to read; `checked` is the day on
    which somebody last saw that they and the steps are right, "" where they are no provider's own. `provider` is whose
    words or settings they are. `others` fit nearly as well, the likelier first.
    """

    code: str
    exit: int
    retry: Literal["now", "later", "never"]
    scope: Literal["server", "message", "recipient"]
    title: str
    cause: str
    next_steps: Sequence[str]
    tell_apart: str = ""
    docs: Sequence[str] = ()
    checked: str = ""
    provider: str = ""
    others: Sequence[Other] = ()

    def as_data(self) -> dict[str, Any]:
        """The diagnosis as it stands in JSON."""
        return {
            "class": self.code,
            "title": self.title,
            "cause": self.cause,
            "retry": self.retry,
            "scope": self.scope,
            "exit": self.exit,
            "next_steps": list(self.next_steps),
            "docs": list(self.docs),
            "checked": self.checked or None,
            "provider": self.provider or None,
            "others": [{"class": other.code, "tell_apart": other.tell_apart} for other in self.others],
        }


class Finding(NamedTuple):
    """What a pasted text tells of a failure; `cause` is None where it tells of none.

    `judged` are the words of the text that decided, `more` is how many other failures it tells of, `left_out` that
    the text was too long to be looked at whole.
    """

    signs: Signs
    cause: Cause | None
    judged: str = ""
    more: int = 0
    left_out: bool = False


class Verdict(NamedTuple):
    """The server's word on one recipient; `reply` is None while the server has not said it."""

    address: str
    reply: Reply | None


class Receipt(NamedTuple):
    """What the server said to one message. `reply` is the reply that decided: the final one to the data, or the refusal
    of MAIL, of DATA or of the first recipient where all were refused.

    `outcome` is "unknown" when the data was handed over and no final reply came: the message may be delivered
    (RFC 1047); "stopped" when the session was opened only until `mail` or `rcpt`. `queue_id` is the server's, "" when
    its reply names none. `signs` tell the diagnosis what went wrong: the step and the reply that refused, or what ended
    an unknown outcome; for an accepted message the refusal of its first refused recipient; None when all went well.
    """

    outcome: Literal["accepted", "refused", "unknown", "stopped"]
    reply: Reply | None
    queue_id: str
    recipients: Sequence[Verdict]
    signs: Signs | None = None
