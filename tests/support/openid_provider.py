"""Owns a real OpenID provider on loopback: started, told, asked and stopped, and persons who log in there.

Knows no client program. The provider itself is openid/provider.mjs; the keys of its settings stand here.
"""

import base64
import json
import shutil
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from tests.support.certificates import Authority
from tests.support.daemons import NAP_SECONDS, Leader, free_ports, guard, start_leader, stop
from tests.support.node_packages import installed_packages, node
from tests.support.openid_pages import Form, LostOnPage, Page, Visitor
from tests.support.requirements import need

NATIVE = "postroom-native"
CONFIDENTIAL = "postroom-confidential"
FIXED = "postroom-fixed"
MACHINE = "postroom-machine"
ASSERTION = "postroom-assertion"
SERVICE = "postroom-service"
INTROSPECTION = "dovecot"
SECRET = "provider-secret-of-the-tests"
SERVICE_EMAIL = "postroom@machines.example.test"
SCOPES = (
    "email",
    "profile",
    "smtp",
    "https://mail.google.com/",
    "https://outlook.office.com/SMTP.Send",
    "https://outlook.office365.com/.default",
)
ALICE = "alice@example.test"

_HERE = Path(__file__).parent / "openid"
_PATIENCE_SECONDS = 20.0  # for Node to open its port: 0.4 s on an idle machine
_RSA_BITS = 2048
_CONFIGURATION = "/.well-known/openid-configuration"

# What the page that asks for a device's code says when there is nothing more to do on it.
_DEVICE_ABORTED = "interrupted"
_DEVICE_ENDS = (_DEVICE_ABORTED, "incorrect", "error processing")


class TokenRequest(NamedTuple):
    """What came to the token endpoint, without any value that is a secret. `time` counts in seconds since 1970.

    `error` is OAuth's own word, "" where tokens were given; `status` is 0 while it is not answered.
    """

    time: float
    grant_type: str
    client_id: str
    client_authentication: str
    parameters: tuple[str, ...]
    scope: str
    status: int
    error: str


class Keys(NamedTuple):
    """The private keys of programs that prove themselves by assertions (PKCS 8, PEM).

    `machine` and its certificate belong to ASSERTION, `service` to SERVICE_EMAIL.
    """

    machine: bytes
    machine_certificate: bytes
    service: bytes
    service_public: bytes


class Options(NamedTuple):
    """What a test may ask of the provider. All but the last three may be changed while it runs.

    With `jwt_keys` access tokens are JWTs, and the public key is written there for Dovecot's local validation.
    `redirect_uri` is the one that the client FIXED has registered, compared as it stands. `machine_mailbox` is whose
    mail the tokens of MACHINE and ASSERTION may send. None leaves `interval` out of a device's answer.
    """

    access_token_seconds: int = 3600
    refresh_token_seconds: int = 86400
    rotate_refresh_tokens: bool = True
    advertise_iss: bool = True
    device_interval_seconds: int | None = 1
    device_code_seconds: int = 120
    token_delay_seconds: float = 0
    machine_mailbox: str = ALICE
    redirect_uri: str | None = None
    jwt_keys: Path | None = None
    tls: bool = False


_FIXED_OPTIONS = {"redirect_uri", "jwt_keys", "tls"}


class ProviderDidNotStart(Exception):
    """The provider did not open its port; the message holds what it said."""


class OpenidProvider:
    """A running provider. Whoever logs in with an address is that address: `sub`, `email`, `preferred_username`.

    Clients: NATIVE (public; loopback redirects to /callback or / at any port; PKCE required), CONFIDENTIAL (the same
    with SECRET), FIXED (public, one registered redirect, only with that option), MACHINE (client credentials with
    SECRET), ASSERTION (client credentials with private_key_jwt), INTROSPECTION (asks about tokens, with SECRET).
    Secrets may come by Basic or in the body. A service account needs no client: its assertion (RFC 7523) is all.
    """

    def __init__(self, directory: Path, port: int, options: Options) -> None:
        self.directory = directory
        self.port = port
        scheme = "https" if options.tls else "http"
        self.issuer = f"{scheme}://127.0.0.1:{port}"
        self.token_endpoint = f"{self.issuer}/token"
        self.introspection_url = f"{scheme}://{INTROSPECTION}:{SECRET}@127.0.0.1:{port}/token/introspection"
        self.configuration_url = f"{self.issuer}{_CONFIGURATION}"
        self.keys = _keys()
        self.ca_file: Path | None = None
        self._context: ssl.SSLContext | None = None
        self._leaders: list[Leader] = []
        self._write_settings(options)

    def _write_settings(self, options: Options) -> None:
        tls = None
        if options.tls:
            authority = Authority(self.directory / "tls")
            files = authority.server("server")
            tls = {"certificate": str(files.certificate), "key": str(files.key)}
            self.ca_file = authority.ca_file
            self._context = ssl.create_default_context(cafile=str(authority.ca_file))
        clients = {
            "native": NATIVE,
            "confidential": CONFIDENTIAL,
            "fixed": FIXED,
            "machine": MACHINE,
            "assertion": ASSERTION,
            "service": SERVICE,
            "introspection": INTROSPECTION,
        }
        settings = {
            **options._asdict(),
            "jwt_keys": str(options.jwt_keys) if options.jwt_keys else None,
            "port": self.port,
            "issuer": self.issuer,
            "tls": tls,
            "clients": clients,
            "secret": SECRET,
            "scopes": SCOPES,
            "machine_certificate": self.keys.machine_certificate.decode(),
            "service_email": SERVICE_EMAIL,
            "service_key": self.keys.service_public.decode(),
        }
        (self.directory / "settings.json").write_text(json.dumps(settings))

    # The provider as a server.

    def start(self) -> None:
        """Start it on its port, knowing nothing of what was before."""
        ready = self.directory / "ready"
        ready.unlink(missing_ok=True)
        program = [str(node()), str(self.directory / "provider.mjs"), str(self.directory / "settings.json"), str(ready)]
        leader = start_leader(program, self.directory / "talk")
        self._leaders = [leader, guard(self.directory, [leader.pid])]
        end = time.monotonic() + _PATIENCE_SECONDS
        while not ready.exists():
            if time.monotonic() > end or leader.poll() is not None:
                self.stop()
                raise ProviderDidNotStart(self.talk())
            time.sleep(NAP_SECONDS)

    def stop(self) -> None:
        """Stop it; its port is free from then on."""
        stop(self._leaders)
        self._leaders = []

    def restart(self) -> None:
        """Stop it and start it again on the same port; it has forgotten every token, grant and session."""
        self.stop()
        self.start()

    def talk(self) -> str:
        """What it has said: its faults, and the warnings of an instance for development."""
        file = self.directory / "talk"
        return file.read_text(errors="replace") if file.exists() else ""

    # Persons.

    def consent(self, authorization_url: str, login: str = ALICE) -> str:
        """Log in and consent, as a person in a browser; the address at which the browser ends, which is not fetched."""
        return self._ending(authorization_url, lambda page: _agreement(page, login))

    def deny(self, authorization_url: str) -> str:
        """Refuse; the address at which the browser ends."""
        return self._ending(authorization_url, _refusal)

    def approve_device(self, verification_uri: str, user_code: str = "", login: str = ALICE) -> None:
        """Type the code of a device, log in and consent. An address with the code in it needs none."""
        page = self._visitor().walk(verification_uri, lambda page: _agreement(page, login, user_code))
        if isinstance(page, str) or "Success" not in page.text:
            raise LostOnPage(str(page))

    def deny_device(self, verification_uri: str, user_code: str = "") -> None:
        """Type the code of a device, and refuse."""
        page = self._visitor().walk(verification_uri, lambda page: _device_refusal(page, user_code))
        if isinstance(page, str) or _DEVICE_ABORTED not in page.text:
            raise LostOnPage(str(page))

    def _visitor(self) -> Visitor:
        return Visitor(self.issuer, self._context)

    def _ending(self, url: str, choose: Callable[[Page], Form | str | None]) -> str:
        page = self._visitor().walk(url, choose)
        if isinstance(page, Page):
            raise LostOnPage(f"{page.status} {page.url}\n{page.text}")
        return page

    # Tokens.

    def token(self, parameters: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> dict[str, Any]:
        """What the token endpoint answers, errors included."""
        return self._post("/token", parameters, basic=basic)

    def ask_as_device(self, client_id: str, scope: str) -> dict[str, Any]:
        """What a device is told that asks to be let in (RFC 8628 3.2)."""
        return self._post("/device/auth", {"client_id": client_id, "scope": scope})

    def metadata(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery)."""
        return self._send(_CONFIGURATION, None, {})

    def introspect(self, token: str) -> dict[str, Any]:
        """What the provider knows about a token (RFC 7662)."""
        return self._post("/token/introspection", {"token": token}, basic=(INTROSPECTION, SECRET))

    def revoke(self, token: str, client_id: str = NATIVE) -> None:
        """Revoke an access token or a refresh token as its client would (RFC 7009); the whole grant goes."""
        basic = None if client_id in {NATIVE, FIXED} else (client_id, SECRET)
        self._post("/token/revocation", {"token": token, "client_id": client_id}, basic=basic)

    def revoke_account(self, login: str = ALICE) -> int:
        """Take every grant of a person back, as they or an administrator would; how many there were."""
        grants = self._control("revoke-account", {"login": login})["grants"]
        assert isinstance(grants, int)
        return grants

    def change(self, **options: float | bool | str | None) -> None:
        """Change options of the running provider; a start brings back those that it was made with."""
        if wrong := options.keys() - (set(Options._fields) - _FIXED_OPTIONS):
            raise TypeError(f"not to be changed: {wrong}")
        self._control("set", options)

    def token_requests(self) -> list[TokenRequest]:
        """Every request to the token endpoint since the start, oldest first."""
        requests = self._control("log", {})["requests"]
        return [TokenRequest(**{**entry, "parameters": tuple(entry["parameters"])}) for entry in requests]

    def revoked_grants(self) -> int:
        """How many grants have been revoked since the start: a refresh token was used twice, or `revoke` was called."""
        count = self._control("log", {})["revoked"]
        assert isinstance(count, int)
        return count

    def service_account(self) -> dict[str, str]:
        """The key file of a service account, as Google's console writes it."""
        return {
            "type": "service_account",
            "project_id": "postroom-tests",
            "private_key_id": "service",
            "private_key": self.keys.service.decode(),
            "client_email": SERVICE_EMAIL,
            "client_id": "100000000000000000001",
            "auth_uri": f"{self.issuer}/auth",
            "token_uri": self.token_endpoint,
            "universe_domain": "googleapis.com",
        }

    def _control(self, name: str, message: Mapping[str, object]) -> dict[str, Any]:
        return self._send(f"/_test/{name}", json.dumps(message).encode(), {"Content-Type": "application/json"})

    def _post(
        self, path: str, parameters: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        headers = {}
        if basic:
            headers["Authorization"] = f"Basic {base64.b64encode(':'.join(basic).encode()).decode()}"
        return self._send(path, urlencode(parameters).encode(), headers)

    def _send(self, path: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.issuer}{path}", body, dict(headers))  # noqa: S310 - our own provider
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context))
        try:
            response = urllib.request.build_opener(*handlers).open(request, timeout=_PATIENCE_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            answer = json.loads(response.read() or b"{}")
        assert isinstance(answer, dict)
        return answer


class RunOpenidProvider(Protocol):
    """Starts a provider of the test's own, for a with statement."""

    def __call__(self, options: Options = ...) -> AbstractContextManager[OpenidProvider]: ...


@contextmanager
def running_openid_provider(options: Options = Options()) -> Iterator[OpenidProvider]:  # noqa: B008 - immutable
    """Start a provider, and stop it whatever happens. Skip the test where it cannot run."""
    need("pkill")
    modules = installed_packages(_HERE)
    attempts = 2  # a port may be taken by another process between our looking and the provider's binding
    for attempt in range(1, attempts + 1):
        directory = Path(tempfile.mkdtemp(prefix="pr-", dir="/tmp"))
        directory.chmod(0o755)
        # Node looks for packages beside the program, nowhere else.
        shutil.copy(_HERE / "provider.mjs", directory)
        (directory / "node_modules").symlink_to(modules)
        provider = OpenidProvider(directory, free_ports(1)[0], options)
        try:
            try:
                provider.start()
            except ProviderDidNotStart:
                if attempt == attempts:
                    raise
                continue
            yield provider
            return
        finally:
            provider.stop()
            shutil.rmtree(directory)


def _agreement(page: Page, login: str, user_code: str = "") -> Form | None:
    if not page.forms or any(words in page.text for words in _DEVICE_ENDS):
        return None
    form = page.forms[0]
    if "login" in form.values:
        return form._replace(values={**form.values, "login": login, "password": "any"})
    if form.values.get("user_code") == "":
        return form._replace(values={**form.values, "user_code": user_code})
    return form


def _refusal(page: Page) -> str | None:
    return next((link for link in page.links if urlsplit(link).path.endswith("/abort")), None)


def _device_refusal(page: Page, user_code: str) -> Form | None:
    form = _agreement(page, "", user_code)
    return form._replace(values={**form.values, "abort": "yes"}) if form and "confirm" in form.values else form


_made_keys: list[Keys] = []


def _keys() -> Keys:
    """The keys of this run: one set, since making them takes a good while."""
    if not _made_keys:
        machine, service = (rsa.generate_private_key(65537, _RSA_BITS) for _ in range(2))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ASSERTION)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(machine.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(machine, hashes.SHA256())
        )
        public = service.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _made_keys.append(Keys(_pem(machine), certificate.public_bytes(Encoding.PEM), _pem(service), public))
    return _made_keys[0]


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
