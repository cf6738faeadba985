"""Owns the reading of the one request that the callback listener takes: a GET of the redirect address (RFC 9112).

It refuses to know sockets. Invariant: the host must be the redirect address's, so that no page of another site can
have this machine asked under a name of its own (DNS rebinding).
"""

import re
from collections.abc import Collection
from http import HTTPStatus

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_TARGET = re.compile(rb"/[\x21-\x7e]*")  # origin-form; a fragment never comes over the wire
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")


class BadRequest(Exception):
    """Not the request that is waited for; `status` is what it is answered with."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def end_of_head(received: bytes) -> int:
    """Where the empty line behind the head ends; -1 while it has not come. Bare line feeds end a head too: it is whole,
    and malformed.
    """
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := received.find(mark)) >= 0]
    return min(ends, default=-1)


def query_of(head: bytes, *, authorities: Collection[str], path: str) -> str:
    """The query of a whole head that asks for `path` at one of `authorities`. Raise BadRequest."""
    first, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or words[2] not in _VERSIONS or not _TOKEN.fullmatch(words[0]):
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    if _host(fields) not in authorities:
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    if words[0] != b"GET":
        raise BadRequest(HTTPStatus.METHOD_NOT_ALLOWED)
    if not _TARGET.fullmatch(words[1]):
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    asked, _, query = words[1].decode("ascii").partition("?")
    if asked != (path or "/"):
        raise BadRequest(HTTPStatus.NOT_FOUND)
    return query


def _host(fields: list[bytes]) -> str:
    """What the one header Host says, in lower case."""
    hosts = []
    for field in fields:
        name, colon, value = field.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or b"\n" in value or b"\r" in value or b"\0" in value:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        if name.lower() == b"host":
            hosts.append(value.strip(b" \t"))
    if len(hosts) != 1:
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    return hosts[0].decode("latin-1").lower()
