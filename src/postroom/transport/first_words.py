"""Owns the telling of a protocol by the first octets that its server sends. Reads nothing else of it."""

import re

_STARTS = (
    (re.compile(rb"220|[45][0-9][0-9][ -]"), "smtp"),  # a greeting, or a refusal in its place
    (re.compile(rb"HTTP/|<"), "http"),
    (re.compile(rb"\* "), "imap"),
    (re.compile(rb"\+OK"), "pop3"),
    (re.compile(rb"SSH-"), "ssh"),
    (re.compile(rb"[\x15\x16]\x03"), "tls"),  # an alert, or a part of a handshake (RFC 8446 5.1)
)


def protocol_of(received: bytes) -> str:
    """`smtp`, `http`, `imap`, `pop3`, `ssh` or `tls`; "" for what is none of them."""
    return next((name for start, name in _STARTS if start.match(received)), "")
