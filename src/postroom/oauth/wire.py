"""Owns the way of a question to a provider and of the answer back: bounded in time and size, never redirected.

It refuses to know OAuth. TLS is always verified, by the authorities of this system, or those that the environment names
(SSL_CERT_FILE, REQUESTS_CA_BUNDLE); proxies are those of the environment (HTTPS_PROXY, NO_PROXY).
"""

import errno
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout

from postroom.domain.oauth import GrantError, is_safe
from postroom.oauth.question import Question

LIMIT_SECONDS = 10.0
LIMIT_BYTES = 256 * 1024
_CHUNK_BYTES = 8192

Seen = tuple[str, str, Mapping[str, Any]]
"""A sign, a text and evidence."""

# OpenSSL's numbers (x509_vfy.h).
_CERTIFICATE_SIGNS = {
    9: ("tls-certificate-expired", "not_yet_valid"),
    10: ("tls-certificate-expired", "expired"),
    18: ("tls-certificate-untrusted", "self_signed"),
    19: ("tls-certificate-untrusted", "unknown_ca"),
    20: ("tls-certificate-untrusted", "unknown_ca"),
    62: ("tls-certificate-name", "name"),
    64: ("tls-certificate-name", "name"),
}


def authorities() -> str | bool:
    """The authorities to trust where the environment names none: this system's; True for those that come along."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile
    return paths.capath if paths.capath and any(Path(paths.capath).iterdir()) else True


class Wire(HTTPAdapter):
    """Takes the requests of one question. Every failure is a GrantError.

    Time limits of the library are for each read, and it looks names up without one. So the work is done beside us and
    may be left behind.
    """

    def __init__(self, question: Question, limit_seconds: float = LIMIT_SECONDS) -> None:
        super().__init__()
        self._question = question
        self._limit_seconds = limit_seconds

    def send(  # noqa: PLR0917 - the library's own signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - it is always read whole
        timeout: Any = None,  # noqa: ARG002 - ours is one for all
        verify: bool | str | bytes = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer, with its body read."""
        if not is_safe(request.url):
            raise self._question.failed("cleartext-not-allowed", "the address is not https", definite=True)
        if urlsplit(str(request.url)).scheme == "http":
            proxies = None  # nothing of this machine's leaves it in clear text
        work = _Work(lambda until: self._whole(request, until, verify=verify, cert=cert, proxies=proxies))
        found = work.done_within(self._limit_seconds)
        if isinstance(found, requests.Response):
            return self._judged(found)
        if isinstance(found, Exception):
            found = self._failure(found)
        raise found or self._question.failed("reply-timeout", f"no answer within {self._limit_seconds:g} s")

    def _whole(
        self, request: requests.PreparedRequest, until: float, *, verify: Any, cert: Any, proxies: Any
    ) -> requests.Response:
        seconds = self._limit_seconds
        response = super().send(request, stream=True, timeout=seconds, verify=verify, cert=cert, proxies=proxies)
        body = bytearray()
        try:
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > LIMIT_BYTES:
                    raise self._question.failed("not-oauth", f"an answer of more than {LIMIT_BYTES} bytes")
                if time.monotonic() > until:
                    raise TimeoutError
        finally:
            response.close()
        whole = requests.Response()
        whole.status_code, whole.headers, whole.request, whole.url = (
            response.status_code,
            response.headers,
            request,
            response.url,
        )
        whole.raw = io.BytesIO(bytes(body))
        return whole

    def _judged(self, response: requests.Response) -> requests.Response:
        if not 300 <= response.status_code < 400:
            return response
        # Whoever redirects a request with credentials would have them sent elsewhere (RFC 9700 4.12).
        raise self._question.failed(
            "redirected",
            f"HTTP {response.status_code} to {_place(response.headers.get('Location', ''))}",
            definite=True,
            status=response.status_code,
        )

    def _failure(self, error: Exception) -> GrantError:
        if isinstance(error, GrantError):
            return error
        sign, text, evidence = _seen(error)
        return self._question.failed(sign, text, **evidence)


class _Work:
    """Something that is done in a thread of its own."""

    def __init__(self, work: Callable[[float], requests.Response]) -> None:
        self._work = work
        self._outcome: list[requests.Response | Exception] = []

    def done_within(self, seconds: float) -> requests.Response | Exception | None:
        """What came of it; None where it takes longer."""
        thread = threading.Thread(target=self._run, args=(time.monotonic() + seconds,), daemon=True)
        thread.start()
        thread.join(seconds)
        return self._outcome[0] if self._outcome else None

    def _run(self, until: float) -> None:
        try:
            self._outcome.append(self._work(until))
        except Exception as error:  # noqa: BLE001 - told to the one who waits
            self._outcome.append(error)


def _place(location: str) -> str:
    """The scheme and host of an address; its query may repeat what was sent."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "nowhere"
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "another path"


def _seen(error: BaseException) -> Seen:
    """What a failure shows. The exceptions' own texts have addresses and more in them, and are not repeated."""
    causes = list(_causes(error))
    for look in (_of_certificate, _of_proxy, _of_name, _of_time, _of_way):
        for cause in causes:
            if found := look(cause):
                return found
    return "closed", next((cause.strerror or "" for cause in causes if isinstance(cause, OSError)), "") or "closed", {}


def _of_certificate(cause: BaseException) -> Seen | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        sign, problem = _CERTIFICATE_SIGNS.get(cause.verify_code, ("tls-certificate-untrusted", "unknown_ca"))
        return sign, str(cause.verify_message), {"certificate_problem": problem}
    return ("tls-handshake", cause.reason or "TLS failed", {}) if isinstance(cause, ssl.SSLError) else None


def _of_proxy(cause: BaseException) -> Seen | None:
    if not isinstance(cause, ProxyError):
        return None
    return "proxy-failed", next((str(deep) for deep in _causes(cause) if type(deep) is OSError), "no answer"), {}


def _of_name(cause: BaseException) -> Seen | None:
    if not isinstance(cause, socket.gaierror):
        return None
    return "resolver-failed" if cause.errno == socket.EAI_AGAIN else "host-not-found", cause.strerror or "", {}


def _of_time(cause: BaseException) -> Seen | None:
    if isinstance(cause, ConnectTimeout):
        return "connection-timeout", "no connection in time", {}
    return ("reply-timeout", "no answer in time", {}) if isinstance(cause, ReadTimeout | TimeoutError) else None


def _of_way(cause: BaseException) -> Seen | None:
    if isinstance(cause, ConnectionRefusedError):
        return "connection-refused", "connection refused", {}
    if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "unreachable", cause.strerror or "", {}
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it came from: the libraries put one into the other."""
    todo: list[object] = [error]
    seen: list[object] = []
    while todo:
        found = todo.pop(0)
        if not isinstance(found, BaseException) or found in seen:
            continue
        seen.append(found)
        yield found
        todo += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]
