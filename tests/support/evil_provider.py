"""Owns an OAuth provider that does wrong what a test says, in its metadata, callbacks and answers, and keeps what came.

It refuses to know who is right: nothing is checked here, and one token is as good as another.
"""

import base64
import json
import ssl
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.certificates import CertificateFiles

OTHER_HOST = "127.0.0.2"  # another host, as HTTP sees it, and on loopback all the same
CODE = "code-of-the-evil-provider"
ACCESS_TOKEN = "access-token-of-the-evil-provider"
REFRESH_TOKEN = "refresh-token-of-the-evil-provider"
DEVICE_CODE = "device-code-of-the-evil-provider"
USER_CODE = "EVIL-CODE"

HOSTILE_TEXT = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\x1b]8;;http://evil.test\x07\x9b2J\r\n\x00\u202e[/x]"
)
"""What may come as an error_description: HTML, control characters of a terminal, a line end, a turn of direction."""

_PATIENCE_SECONDS = 15.0  # for a request that begins and does not go on
_MOST_HANGING_SECONDS = 60.0
_CREDENTIALS = (
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "token",
)


class Reply(NamedTuple):
    """An HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Drip(NamedTuple):
    """The head at once, and then one octet after another, each after a pause."""

    body: bytes
    every_seconds: float = 1.0


class Hang(NamedTuple):
    """No answer, until the client or the test goes away."""


class Wire(NamedTuple):
    """These octets instead of HTTP, and the end of the connection."""

    octets: bytes


Answer = Reply | Drip | Hang | Wire


class Kept(Enum):
    """In a callback, the value that an honest provider would give."""

    KEPT = auto()


KEPT = Kept.KEPT
CallbackValue = str | Kept | None | tuple[str | Kept, ...]
"""What becomes of a parameter: another value, the right one, none at all, or several times."""


def _changed(members: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def json_reply(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """JSON, as the specifications want it."""
    return Reply(json.dumps(value).encode(), status, headers=tuple((headers or {}).items()))


def tokens(**changes: object) -> Reply:
    """A good answer of the token endpoint (RFC 6749 5.1), with changes; None takes a member out."""
    answer = {
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": REFRESH_TOKEN,
        "scope": "smtp",
    }
    return json_reply(_changed(answer, changes))


def oauth_error(error: str, description: str = "", *, status: int = 400, **more: object) -> Reply:
    """An error of the token endpoint (RFC 6749 5.2)."""
    return json_reply(
        {"error": error, **({"error_description": description} if description else {}), **more}, status=status
    )


def redirect(location: str, *, status: int = 307) -> Reply:
    """To another place; 307 and 308 ask to send everything again there."""
    return Reply(b"", status, headers=(("Location", location),))


ANSWER_FAULTS: Mapping[str, Answer] = {
    "500": Reply(b"<html>Internal Server Error</html>", 500, "text/html"),
    "503": Reply(b"", 503, headers=(("Retry-After", "7"),)),
    "429": json_reply({"error": "temporarily_unavailable"}, status=429, headers={"Retry-After": "7"}),
    "broken JSON": Reply(b'{"access_token": "' + ACCESS_TOKEN.encode()),
    "not an object": json_reply([ACCESS_TOKEN]),
    "deep JSON": Reply(b"[" * 100_000),
    "no UTF-8": Reply(b'{"access_token": "\xff\xfe"}'),
    "wrong content type": tokens()._replace(content_type="text/html"),
    "empty": Reply(b""),
    "nothing, said well": Reply(b"", 204),
    "300 KiB": tokens(padding="x" * 300 * 1024),
    "no HTTP": Wire(b"220 mail.example.test ESMTP\r\n"),
    "cut short": Wire(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"),
    "gone": Wire(b""),
    "hanging": Hang(),
    "one octet a second": Drip(tokens().body),
}
"""What any endpoint may answer that does not work, by name. Where there is JSON in it, it is that of tokens."""

TOKEN_FAULTS: Mapping[str, Answer] = {
    **ANSWER_FAULTS,
    "not Bearer": tokens(token_type="mac"),
    "no token_type": tokens(token_type=None),
    "no access_token": tokens(access_token=None),
    "access_token is empty": tokens(access_token=""),
    "access_token is a number": tokens(access_token=42),
    "access_token ends the line": tokens(access_token=f"{ACCESS_TOKEN}\r\nMAIL FROM:<evil@example.test>"),
    "access_token ends the field": tokens(access_token=f"{ACCESS_TOKEN}\1\1user=root"),
    "less scope": tokens(scope="openid"),
    "no expires_in": tokens(expires_in=None),
    "expires_in below zero": tokens(expires_in=-1),
    "expires_in absurd": tokens(expires_in=10**30),
    "expires_in is text": tokens(expires_in="3600"),
    "expires_in is no number": tokens(expires_in="soon"),
    "invalid_grant": oauth_error("invalid_grant", "Token has been expired or revoked."),
    "invalid_client": oauth_error("invalid_client", "The client secret is expired.", status=401),
    "interaction_required": oauth_error(
        "interaction_required", "AADSTS50076: Due to a configuration change", suberror="x"
    ),
    "hostile description": oauth_error("invalid_grant", HOSTILE_TEXT),
    "hostile error": oauth_error(HOSTILE_TEXT),
}
"""What a token endpoint may answer, by name. Some are harmless (text for a number): a test says which it wants."""

CALLBACK_FAULTS: Mapping[str, Mapping[str, CallbackValue]] = {
    "state wrong": {"state": "wrong"},
    "state missing": {"state": None},
    "state empty": {"state": ""},
    "state twice": {"state": (KEPT, KEPT)},
    "state right, then wrong": {"state": (KEPT, "wrong")},
    "state wrong, then right": {"state": ("wrong", KEPT)},
    "iss wrong": {"iss": "https://accounts.example.test"},
    "iss missing": {"iss": None},
    "iss empty": {"iss": ""},
    "iss twice": {"iss": (KEPT, KEPT)},
    "iss right, then wrong": {"iss": (KEPT, "https://accounts.example.test")},
    "code missing": {"code": None},
    "code empty": {"code": ""},
    "code twice": {"code": (KEPT, "other")},
    "code and error": {"error": "access_denied"},
    "error twice": {"code": None, "error": ("access_denied", "server_error")},
    "error with a wrong state": {"code": None, "error": "access_denied", "state": "wrong"},
    "hostile description and a wrong state": {
        "code": None,
        "error": "access_denied",
        "error_description": HOSTILE_TEXT,
        "state": "wrong",
    },
}
"""Callbacks that must not be believed, by name. `iss missing` is a fault where the metadata promise it, as here."""


METADATA_FAULTS: Mapping[str, Mapping[str, object]] = {
    "issuer of another": {"issuer": "https://accounts.example.test"},
    "issuer missing": {"issuer": None},
    "issuer empty": {"issuer": ""},
    "issuer is a list": {"issuer": ["https://accounts.example.test"]},
    "no token endpoint": {"token_endpoint": None},
    "token endpoint is a number": {"token_endpoint": 42},
    "token endpoint is a file": {"token_endpoint": "file:///etc/passwd"},
    "token endpoint without a scheme": {"token_endpoint": "accounts.example.test/token"},
    "token endpoint in the clear": {"token_endpoint": "http://accounts.example.test/token"},
    "token endpoint with a line end": {"token_endpoint": "https://accounts.example.test/token\r\nX: y"},
    "no authorization endpoint": {"authorization_endpoint": None},
    "authorization endpoint is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "authorization endpoint is a file": {"authorization_endpoint": "file:///etc/passwd"},
    "authorization endpoint is an option": {"authorization_endpoint": "--user-data-dir=/tmp/evil"},
    "authorization endpoint in the clear": {"authorization_endpoint": "http://accounts.example.test/authorize"},
    "authorization endpoint is hostile": {"authorization_endpoint": f"https://accounts.example.test/{HOSTILE_TEXT}"},
}
"""Metadata that no browser may be opened for and no code sent to, by name, for the browser flow."""

DEVICE_FAULTS: Mapping[str, Mapping[str, object]] = {
    "no device_code": {"device_code": None},
    "no user_code": {"user_code": None},
    "hostile user_code": {"user_code": HOSTILE_TEXT},
    "no verification_uri": {"verification_uri": None},
    "verification_uri is a script": {"verification_uri": "javascript:alert(1)", "verification_uri_complete": None},
    "hostile verification_uri": {"verification_uri": f"https://accounts.example.test/{HOSTILE_TEXT}"},
    "no expires_in": {"expires_in": None},
    "expires_in below zero": {"expires_in": -1},
    "expires_in absurd": {"expires_in": 10**30},
    "expires_in is no number": {"expires_in": "soon"},
    "no interval": {"interval": None},
    "interval zero": {"interval": 0},
    "interval below zero": {"interval": -5},
    "interval absurd": {"interval": 10**30},
    "interval is no number": {"interval": "often"},
}
"""What a device may be told, by name, for `device_told`. Without an interval 5 s are meant: that is no fault."""


class Received(NamedTuple):
    """A request as it came. `time` is that of the monotonic clock; names of headers are in lower case."""

    time: float
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The form in the body."""
        return parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of all that would let somebody in, wherever in the request."""
        names = self.parameters.keys() | self.query.keys()
        found = [name for name in _CREDENTIALS if name in names]
        return ("Authorization", *found) if "authorization" in self.headers else tuple(found)


class EvilProvider:
    """Answers on loopback as it is told, for a with statement. What it is told may be changed at any time.

    `metadata` and `callback` are changes of what an honest one would say; `token` and `device` are answers in the order
    of the requests, the last one for all that follow; `metadata_answer` stands for the metadata as a whole. With a
    certificate it speaks TLS. Paths: /authorize, /token, /device, /revoke, /jwks (which knows no key), and the metadata
    of OpenID and of RFC 8414.
    """

    def __init__(
        self,
        *,
        metadata: Mapping[str, object] | None = None,
        callback: Mapping[str, CallbackValue] | None = None,
        token: Sequence[Answer] = (),
        device: Sequence[Answer] = (),
        metadata_answer: Answer | None = None,
        revocation: Answer = Reply(b""),  # noqa: B008 - immutable
        host: str = "127.0.0.1",
        certificate: CertificateFiles | None = None,
    ) -> None:
        self.metadata = metadata or {}
        self.callback = callback or {}
        self.token = list(token) or [tokens()]
        self.device = list(device)
        self.metadata_answer = metadata_answer
        self.revocation = revocation
        self.requests: list[Received] = []
        self.over = threading.Event()
        self._server = _Server(self, host)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            plain = self._server.socket
            # The handshake waits for the first read, which is in the request's own thread.
            self._server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.issuer = f"{'https' if certificate else 'http'}://{host}:{self.port}"
        self.token_endpoint = f"{self.issuer}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._lock = threading.Lock()
        self._served: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert kind is not None or not self._server.faults, self._server.faults

    def to(self, path: str) -> list[Received]:
        """The requests to a path, oldest first."""
        return [request for request in self.requests if request.path == path]

    def polls(self) -> list[float]:
        """The seconds between one request to the token endpoint and the next."""
        times = (request.time for request in self.to("/token"))
        return [later - earlier for earlier, later in pairwise(times)]

    def credentials(self) -> set[str]:
        """The names of all credentials that came here."""
        return {name for request in self.requests for name in request.credentials}

    def redirect_of(self, authorization_url: str) -> str:
        """Where a browser ends that opens this address: the callback, as it is told."""
        query = parse_qs(urlsplit(authorization_url).query)
        honest = {"code": CODE, "state": query.get("state", [""])[0], "iss": self.issuer}
        pairs = []
        for name in {**honest, **self.callback}:
            value = self.callback.get(name, KEPT)
            values = value if isinstance(value, tuple) else () if value is None else (value,)
            pairs += [(name, honest[name] if isinstance(one, Kept) else one) for one in values]
        place = query["redirect_uri"][0]
        return f"{place}{'&' if '?' in place else '?'}{urlencode(pairs)}"

    def answer(self, request: Received) -> Answer:
        """What to answer to a request."""
        answer: Answer = Reply(b"", 404)
        match request.path:
            case "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server":
                # Hang is an empty tuple, which counts as false.
                answer = json_reply(self._metadata()) if self.metadata_answer is None else self.metadata_answer
            case "/authorize":
                answer = redirect(self.redirect_of(f"?{urlencode(request.query, doseq=True)}"), status=302)
            case "/token":
                answer = self._next("token", self.token)
            case "/device":
                answer = self._next("device", self.device or [self.device_told()])
            case "/jwks":
                answer = json_reply({"keys": []})
            case "/revoke":
                answer = self.revocation
            case _:
                pass
        return answer

    def device_told(self, **changes: object) -> Reply:
        """A good answer to a device (RFC 8628 3.2), with changes; None takes a member out."""
        place = f"{self.issuer}/activate"
        told = {
            "device_code": DEVICE_CODE,
            "user_code": USER_CODE,
            "verification_uri": place,
            "verification_uri_complete": f"{place}?user_code={USER_CODE}",
            "expires_in": 60,
            "interval": 1,
        }
        return json_reply(_changed(told, changes))

    def id_token(self, audience: str, *, header: Mapping[str, object] | None = None, **changes: object) -> str:
        """An ID token that nobody signed, with changes of its claims; `header` is {"alg": "none"} unless given."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": audience, "sub": "1", "iat": now, "exp": now + 3600, **changes}
        parts = (header or {"alg": "none"}, _changed(claims, {}))
        return ".".join([*(_base64url(json.dumps(part).encode()) for part in parts), ""])

    def _metadata(self) -> dict[str, object]:
        honest = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": self.token_endpoint,
            "device_authorization_endpoint": f"{self.issuer}/device",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return _changed(honest, self.metadata)

    def _next(self, name: str, answers: Sequence[Answer]) -> Answer:
        with self._lock:
            position = self._served.get(name, 0)
            self._served[name] = position + 1
        return answers[min(position, len(answers) - 1)]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # the end of the test waits for all of them
    request_queue_size = 128

    def __init__(self, provider: EvilProvider, host: str) -> None:
        self.provider = provider
        self.faults: list[str] = []
        super().__init__((host, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the standard library's own
        error = sys.exception()
        if not isinstance(error, OSError):  # a client may go away, or refuse our certificate
            self.faults.append(repr(error))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        place = urlsplit(self.path)
        query = parse_qs(place.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        provider = self.server.provider
        request = Received(time.monotonic(), self.command, place.path, query, headers, body)
        provider.requests.append(request)
        match provider.answer(request):
            case Reply(body=text, status=status, content_type=content_type, headers=more):
                self._head(status, content_type, len(text), more)
                self.wfile.write(text)
            case Drip(body=text, every_seconds=every_seconds):
                self._head(200, "application/json", len(text), ())
                for octet in text:
                    self.wfile.write(bytes([octet]))
                    if provider.over.wait(every_seconds):
                        return
            case Hang():
                provider.over.wait(_MOST_HANGING_SECONDS)
            case Wire(octets=octets):
                self.wfile.write(octets)

    def _head(self, status: int, content_type: str, length: int, headers: Sequence[tuple[str, str]]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass
