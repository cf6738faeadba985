"""Servers, and what stands before them, that break off, talk nonsense or never end."""

from tests.integration.matrix.case import IMPATIENT, Case, Scripted
from tests.support.faulty_server import Action, Body, Drip, Flood, Line, Reset, Send, Silence

_BANNER = (Send(b"220 mail.example.test ESMTP\r\n"),)
_GREETED = (*_BANNER, Line(b"EHLO "), Send(b"250 mail.example.test\r\n"))
_MAIL = (*_GREETED, Line(b"MAIL FROM:"), Send(b"250 2.1.0 Ok\r\n"))
_RCPT = (*_MAIL, Line(b"RCPT TO:"), Send(b"250 2.1.5 Ok\r\n"))
_DATA = (*_RCPT, Line(b"DATA"), Send(b"354 go\r\n"))
_BODY = (*_DATA, Body())
_LOGIN = (*_BANNER, Line(b"EHLO "), Send(b"250-mail.example.test\r\n250 AUTH PLAIN\r\n"))
_STARTTLS = (*_BANNER, Line(b"EHLO "), Send(b"250-mail.example.test\r\n250 STARTTLS\r\n"))
_PASSWORD = {"--auth": "password", "--username": "alice@example.test", "--password-env": "PW"}
_NONSENSE = Send(b"what was that, please?\r\n")

_UNTIL: dict[str, tuple[Action, ...]] = {
    "greeting": (),
    "ehlo": (*_BANNER, Line(b"EHLO ")),
    "starttls": (*_STARTTLS, Line(b"STARTTLS")),
    "auth": (*_LOGIN, Line(b"AUTH PLAIN ")),
    "mail": (*_GREETED, Line(b"MAIL FROM:")),
    "rcpt": (*_MAIL, Line(b"RCPT TO:")),
    "data": (*_RCPT, Line(b"DATA")),
}
_OPTIONS = {"starttls": {"--security": "starttls"}, "auth": _PASSWORD}

BROKEN = (
    *(
        Case(
            f"closed at {step}",
            Scripted(script),
            "connect.closed_early",
            step,
            _OPTIONS.get(step, {}),
            says=("--trace",),
            as_text=step in ("greeting", "data"),
        )
        for step, script in _UNTIL.items()
    ),
    Case("reset at mail", Scripted((*_UNTIL["mail"], Reset())), "connect.closed_early", "mail", says=("--trace",)),
    Case(
        "reset while the message is read",  # a short one: the client has written its last dot by then
        Scripted((*_DATA, Line(), Line(), Reset())),
        "connect.closed_early",
        "data",
        says=("--trace",),
        unknown=True,
    ),
    Case(
        "closed after the message",
        Scripted(_BODY),
        "connect.closed_early",
        "data",
        says=("--trace",),
        unknown=True,
        as_text=True,
    ),
    Case(
        "silent after the message",
        Scripted((*_BODY, Silence())),
        "server.temporary",
        "data",
        IMPATIENT,
        seconds=8,
        unknown=True,
        as_text=True,
    ),
    Case(
        "farewell instead of an answer",
        Scripted((*_GREETED, Line(b"MAIL FROM:"), Send(b"421 4.3.0 mail.example.test shutting down\r\n"))),
        "server.temporary",
        "mail",
        heard="421 4.3.0",
    ),
    # Nonsense.
    Case("nonsense for a greeting", Scripted((_NONSENSE, Silence())), "greeting.rejected", "greeting"),
    Case("nonsense at ehlo", Scripted((*_UNTIL["ehlo"], _NONSENSE, Silence())), "protocol.bad_command", "ehlo"),
    Case(
        "nonsense at rcpt",
        Scripted((*_UNTIL["rcpt"], _NONSENSE, Silence())),
        "protocol.bad_command",
        "rcpt",
        says=("--trace",),
        as_text=True,
    ),
    Case(
        "command unknown",
        Scripted((*_UNTIL["mail"], Send(b"500 5.5.2 Error: command not recognized\r\n"), Silence())),
        "protocol.bad_command",
        "mail",
        heard="500 5.5.2",
    ),
    Case(
        "reply without end at ehlo",
        Scripted((*_UNTIL["ehlo"], Flood(b"250-mail.example.test\r\n"))),
        "protocol.bad_command",
        "ehlo",
        says=("--trace",),
    ),
    Case("line without end at ehlo", Scripted((*_UNTIL["ehlo"], Flood(b"250-x"))), "protocol.bad_command", "ehlo"),
    # Slowness.
    Case(
        "a byte a second at ehlo",
        Scripted((*_UNTIL["ehlo"], Drip(b"250-mail.example.test\r\n" * 9, 1.0))),
        "server.temporary",
        "ehlo",
        IMPATIENT,
        seconds=10,
        as_text=True,
    ),
    Case(
        "silent at auth",
        Scripted((*_UNTIL["auth"], Silence())),
        "server.temporary",
        "auth",
        {**_PASSWORD, **IMPATIENT},
        seconds=10,
    ),
)
