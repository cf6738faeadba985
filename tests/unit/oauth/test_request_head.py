"""The one request that the listener takes, and everything else that comes to a port."""

import pytest

from postroom.oauth.request_head import BadRequest, end_of_head, query_of

AUTHORITY = "127.0.0.1:4711"


def read(head: bytes) -> str:
    return query_of(head, authorities={AUTHORITY}, path="/callback")


def request(first: str, *fields: str) -> bytes:
    return "\r\n".join([first, *(fields or (f"Host: {AUTHORITY}",)), "", ""]).encode()


@pytest.mark.parametrize(
    "head",
    [
        request("GET /callback?code=a HTTP/1.1"),
        request("GET /callback?code=a HTTP/1.0"),
        request("GET /callback?code=a HTTP/1.1", "Accept: */*", f"hOST:{AUTHORITY}  ", "Cookie:"),
    ],
)
def test_a_request_of_the_redirect_address_has_its_query_read(head: bytes) -> None:
    assert end_of_head(head) == len(head)
    assert read(head) == "code=a"


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"\r\n\r\n"),
        (400, b"GET /callback?code=a\r\n\r\n"),
        (400, request("GET  /callback?code=a HTTP/1.1")),
        (400, request("GET /callback?code=a HTTP/2.0")),
        (400, request("GET /callback?code=a http/1.1")),
        (400, request("G@T /callback?code=a HTTP/1.1")),
        (400, request("GET http://127.0.0.1:4711/callback?code=a HTTP/1.1")),
        (400, request("GET callback?code=a HTTP/1.1")),
        (400, request("GET /callback?code=\x01 HTTP/1.1")),
        (400, request("GET /callback?code=\u00e4 HTTP/1.1")),
        (400, request("GET /callback?code=a HTTP/1.1", "Accept: */*")),
        (400, request("GET /callback?code=a HTTP/1.1", "Host: evil.example.test")),
        (400, request("GET /callback?code=a HTTP/1.1", "Host: evil.example.test:4711")),
        (400, request("GET /callback?code=a HTTP/1.1", "Host: 127.0.0.1")),
        (400, request("GET /callback?code=a HTTP/1.1", "Host: 127.0.0.1:4712")),
        (400, request("GET /callback?code=a HTTP/1.1", "Host: localhost:4711")),
        (400, request("GET /callback?code=a HTTP/1.1", f"Host: {AUTHORITY}", "Host: evil.example.test")),
        (400, request("GET /callback?code=a HTTP/1.1", f"Host: {AUTHORITY}", f"Host: {AUTHORITY}")),
        (400, request("GET /callback?code=a HTTP/1.1", f"Host: {AUTHORITY}", " folded: yes")),
        (400, request("GET /callback?code=a HTTP/1.1", f"Host : {AUTHORITY}")),
        (400, request("GET /callback?code=a HTTP/1.1", "no field")),
        (400, b"GET /callback?code=a HTTP/1.1\nHost: 127.0.0.1:4711\n\n"),
        (400, b"GET /callback?code=a HTTP/1.1\r\nA: b\nHost: 127.0.0.1:4711\r\n\r\n"),
        (405, request("POST /callback?code=a HTTP/1.1")),
        (405, request("HEAD /callback?code=a HTTP/1.1")),
        (405, request("OPTIONS * HTTP/1.1")),
        (404, request("GET / HTTP/1.1")),
        (404, request("GET /favicon.ico HTTP/1.1")),
        (404, request("GET /callback/ HTTP/1.1")),
        (404, request("GET /%63allback?code=a HTTP/1.1")),
        (404, request("GET /a/../callback?code=a HTTP/1.1")),
        (404, request("GET //callback?code=a HTTP/1.1")),
    ],
)
def test_every_other_is_refused(status: int, head: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        read(head)
    assert refused.value.status == status


def test_an_empty_path_is_asked_for_as_a_slash() -> None:
    head = b"GET /?code=a HTTP/1.1\r\nHost: localhost:4711\r\n\r\n"
    assert query_of(head, authorities={"localhost:4711"}, path="") == "code=a"


def test_a_head_that_has_not_ended_is_waited_for() -> None:
    whole = request("GET /callback HTTP/1.1")
    assert {end_of_head(whole[:end]) for end in range(len(whole))} == {-1}
    assert end_of_head(whole + b"body\r\n\r\n") == len(whole)
