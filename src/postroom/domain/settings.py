"""Owns the settings: each key once, with its kind, bounds and help. Everything else is derived from here: validation,
`config set`, the options of `smtp set`, man page and completions.

A section holds values and, for each, where it came from. It refuses to know files, presets and the environment.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from postroom.domain.address import Address
from postroom.domain.kinds import (
    AddressKind,
    Boolean,
    Choice,
    Date,
    Duration,
    Host,
    Integer,
    Kind,
    Listing,
    Name,
    Path,
    Pin,
    Rate,
    RateKind,
    ReferenceKind,
    Text,
    Url,
)
from postroom.domain.secret import Reference
from postroom.domain.section import DEFAULT, LAYERS, Key, Section, Source, Value
from postroom.result import Warn

T = TypeVar("T")


def _required(kind: Kind[T], help: str, default: T, **rest: Any) -> Key[T]:  # noqa: A002
    return Key(kind, help, default=default, **rest)


def _optional(kind: Kind[T], help: str, **rest: Any) -> Key[T | None]:  # noqa: A002
    return Key(kind, help, **rest)


def _derived(kind: Kind[T], help: str, default_note: str, **rest: Any) -> Key[T]:  # noqa: A002
    return Key(kind, help, default_note=default_note, **rest)


TIMEOUT = Duration(1, 3600)
PRESETS = "the preset's"
PRESETS_ISSUERS = "the preset's, else what the issuer's metadata says"


class Desk(Section):
    """The desk itself."""

    operator = _optional(
        AddressKind(), "Default recipient of tests and of warnings about tokens, secrets and certificates."
    )


class Smtp(Section):
    """Outgoing mail as a whole."""

    enabled = _required(Boolean(), "Whether the desk sends mail at all.", True)
    default = _optional(Name(), "The server that is used when none is named.")
    failover = _required(Listing(Name()), "The order in which queued mail tries the servers.", (), reserved=True)


FLOWS = ("browser", "paste", "device", "client-credentials", "service-account")
"""The ways to log in to a provider with OAuth 2.0."""
WITHOUT_A_PERSON = ("client-credentials", "service-account")
"""The flows in which nobody has to be there; they have no refresh token, for a new access token costs nothing."""


KINDS_OF_MAIL = ("test", "invite", "reset", "alert")


class Routes(Section):
    """Which server a kind of mail takes; the rest takes the default server."""

    test = _optional(Name(), "The server for test mails.")
    invite = _optional(Name(), "The server for invitations.")
    reset = _optional(Name(), "The server for password resets.")
    alert = _optional(Name(), "The server for alerts.")


class Tls(Section):
    """How a server's certificate is checked and who we are to it. A server's own table wins over its profile."""

    minimum = _required(Choice("1.2", "1.3"), "The lowest TLS version that is spoken.", "1.2", option="tls-min")
    ca_file = _optional(Path(), "Trust the authorities in this PEM file instead of the system's.")
    client_cert = _optional(Path(), "Certificate that this machine shows to the server (PEM).")
    client_key = _optional(Path(), "Private key of the client certificate (PEM).")
    pin = _optional(Pin(), "Accept only a certificate with this public key, whatever authority signed it.")
    strict = _required(
        Boolean(),
        "Whether certificates must follow RFC 5280 to the letter; false accepts old private authorities.",
        True,
    )


class OAuth(Section):
    """The application that logs in to the mail provider on behalf of this server.

    The endpoints have the names of RFC 8414; `{tenant}` in one stands for the tenant.
    """

    flow = _optional(
        Choice(*FLOWS),
        "The way in which a person or this machine logs in.",
        default_note="what this machine can do",
    )
    client_id = _optional(Text("ID"), "The application's client ID at the provider.")
    client_secret = _optional(ReferenceKind(), "Where the application's client secret is kept.")
    client_secret_expires = _optional(Date(), "The day on which the client secret, or the certificate, dies.")
    certificate = _optional(Path(), "Certificate with which the application proves itself instead of a secret (PEM).")
    certificate_key = _optional(Path(), "Private key of that certificate (PEM).")
    assertion = _optional(ReferenceKind(), "Where a ready client assertion is read from, such as a CI job's identity.")
    service_account = _optional(Path(), "Google's key file of a service account (JSON).")
    tenant = _optional(Text("TENANT"), "Microsoft's tenant: a GUID, a domain, or organizations.", default_note=PRESETS)
    issuer = _optional(Url("https", "http"), "The issuer of the provider, for discovery.", default_note=PRESETS)
    authorization_endpoint = _optional(
        Url("https", "http"), "The address at which a person consents.", default_note=PRESETS_ISSUERS
    )
    token_endpoint = _optional(Url("https", "http"), "The address that gives tokens.", default_note=PRESETS_ISSUERS)
    device_authorization_endpoint = _optional(
        Url("https", "http"), "The address that gives codes for devices.", default_note=PRESETS_ISSUERS
    )
    revocation_endpoint = _optional(
        Url("https", "http"), "The address that takes tokens back.", default_note=PRESETS_ISSUERS
    )
    scope = _optional(Text("SCOPE", longest=1000), "The scopes to ask for, separated by spaces.", default_note=PRESETS)
    redirect_uri = _optional(
        Url("http", "https"),
        "The redirect address that is registered for the application.",
        default_note="the preset's, else http://127.0.0.1:PORT/callback",
    )
    tokens = _optional(ReferenceKind(), "Where the tokens are kept; oauth login sets it.")


class Server(Section):
    """A mail server through which this system sends; its name is the last part of the table's.

    `warnings` tell what is allowed but likely to hurt.
    """

    title = _optional(Text("TITLE"), "What people call the server.")
    enabled = _required(Boolean(), "Whether mail may go out through this server.", True, option="")
    provider = _optional(Text("ID", longest=63), "The preset of the mail provider; it fills in what is not given.")
    region = _optional(Text("REGION", longest=63), "The provider's region, where its preset has several.")
    host = _derived(Host(), "The submission server's name or IP address.", "the preset's")
    port = _derived(
        Integer(1, 65535),
        "The submission server's port.",
        "the preset's, else 465 for tls, 587 for starttls, 25 for none",
    )
    security = _derived(
        Choice("tls", "starttls", "none", aliases={"ssl": "tls", "smtps": "tls", "implicit": "tls", "plain": "none"}),
        "How the connection is protected: TLS from the first byte, STARTTLS before anything else, or not at all.",
        "the preset's, else what the port stands for, else tls",
    )
    tls_server_name = _optional(Host(), "The name that the server's certificate must have, where it is not the host's.")
    auth = _derived(
        Choice("password", "oauth2", "external", "none"),
        "How to log in: with a password, an OAuth 2.0 access token, the TLS client certificate, or not at all.",
        "what the given secret, the client ID or the preset says, else password where there is a username, else none",
    )
    mechanism = _optional(
        Choice(
            "plain",
            "login",
            "scram-sha-256",
            "cram-md5",
            "xoauth2",
            "oauthbearer",
            "external",
        ),
        "The SASL mechanism. Without it the strongest that both sides know is taken; cram-md5 only when named here.",
    )
    username = _optional(Text("USERNAME", longest=320), "The name to log in with.")
    password = _optional(ReferenceKind(), "Where the password is kept.")
    access_token = _optional(ReferenceKind(), "Where a ready OAuth 2.0 access token is read from.")
    from_ = _optional(
        AddressKind(),
        "The sender of mails that name none.",
        name="from",
        default_note="the username, where it is an address",
    )
    from_name = _optional(Text("NAME"), "The sender's display name.")
    reply_to = _optional(AddressKind(), "Where answers go.")
    from_policy = _derived(
        Choice("keep", "force", "domain"),
        "What happens to another sender: kept, replaced by this server's, or replaced when its domain differs.",
        "force where the provider refuses foreign senders, else keep",
    )
    helo = _optional(
        Host(), "The name that this machine gives in EHLO.", default_note="this machine's full name, else its address"
    )
    tls_profile = _optional(Name(), "The TLS profile whose settings apply.")
    proxy = _optional(Url("socks5", "socks5h", "http"), "The SOCKS5 or HTTP CONNECT proxy on the way to the server.")
    proxy_password = _optional(ReferenceKind(), "Where the proxy's password is kept.")
    allow_cleartext = _optional(
        Choice("mail", "login"),
        "Accept security none off this machine: for mail without a login, or for the login as well.",
    )
    connect_timeout = _required(TIMEOUT, "Time limit to connect and log in.", 30)
    timeout = _required(TIMEOUT, "Time limit for the server's final word on a mail.", 60)
    rate = _optional(RateKind(), "No more messages than this go out.", default_note="the preset's", reserved=True)
    max_connections = _required(Integer(1, 100), "No more connections than this at a time.", 2, reserved=True)

    def __init__(
        self,
        name: str,
        values: Mapping[str, Value] | None = None,
        *,
        tls: Tls | None = None,
        oauth: OAuth | None = None,
    ) -> None:
        super().__init__(values)
        self.name = name
        self.warnings: Sequence[Warn] = ()
        self.tls = tls or Tls()
        self.oauth = oauth or OAuth()

    @property
    def own_tokens(self) -> bool:
        """Whether Postroom itself fetches the access tokens, instead of reading them from another program."""
        return self.auth == "oauth2" and self.access_token is None


class Store(Section):
    """The desk's database."""

    url = _required(Text("URL"), "Where the desk keeps its queue.", "sqlite:desk.db", reserved=True)


class Links(Section):
    """Links in mails."""

    base_url = _optional(Url("https", "http"), "The address that links in mails begin with.", reserved=True)


class Secrets(Section):
    """Where secrets go when nobody says otherwise."""

    store = _optional(
        Choice("keyring", "encrypted"),
        "The store for new secrets.",
        default_note="the keyring, for root the encrypted file",
    )


class Table(NamedTuple):
    """One kind of table in the file. `path` is dotted; `*` stands for a name that the user chooses."""

    path: tuple[str, ...]
    section: type[Section]


TABLES = (
    Table(("desk",), Desk),
    Table(("smtp",), Smtp),
    Table(("smtp", "routes"), Routes),
    Table(("smtp", "servers", "*"), Server),
    Table(("smtp", "servers", "*", "tls"), Tls),
    Table(("smtp", "servers", "*", "oauth"), OAuth),
    Table(("tls", "profiles", "*"), Tls),
    Table(("secrets",), Secrets),
    Table(("store",), Store),
    Table(("links",), Links),
)


def table_of(path: tuple[str, ...]) -> type[Section] | None:
    """The section that stands at a path of the file, or None."""
    for table in TABLES:
        if len(table.path) == len(path) and all(want in ("*", got) for want, got in zip(table.path, path, strict=True)):
            return table.section
    return None


def key_of(path: tuple[str, ...]) -> Key[Any] | None:
    """The key at a full path such as `("smtp", "servers", "main", "port")`, or None."""
    section = table_of(path[:-1])
    return section.key(path[-1]) if section else None


class Settings:
    """Everything that the layers say, merged: the sections, the servers and the TLS profiles by name.

    `warnings` tell what is allowed but likely to hurt.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        smtp: Smtp,
        routes: Routes,
        secrets: Secrets,
        servers: Mapping[str, Server],
        profiles: Mapping[str, Tls],
        store: Store | None = None,
        links: Links | None = None,
        warnings: Sequence[Warn] = (),
    ) -> None:
        self.desk = desk
        self.smtp = smtp
        self.routes = routes
        self.secrets = secrets
        self.servers = servers
        self.profiles = profiles
        self.store = store or Store()
        self.links = links or Links()
        self.warnings = warnings

    def sections(self) -> Iterator[tuple[tuple[str, ...], Section]]:
        """Every section with the path of its table, in the order of TABLES."""
        yield ("desk",), self.desk
        yield ("smtp",), self.smtp
        yield ("smtp", "routes"), self.routes
        for name, server in self.servers.items():
            yield ("smtp", "servers", name), server
            yield ("smtp", "servers", name, "tls"), server.tls
            yield ("smtp", "servers", name, "oauth"), server.oauth
        for name, profile in self.profiles.items():
            yield ("tls", "profiles", name), profile
        yield ("secrets",), self.secrets
        yield ("store",), self.store
        yield ("links",), self.links


__all__ = [
    "DEFAULT",
    "FLOWS",
    "KINDS_OF_MAIL",
    "LAYERS",
    "TABLES",
    "WITHOUT_A_PERSON",
    "Address",
    "Desk",
    "Key",
    "Links",
    "OAuth",
    "Rate",
    "Reference",
    "Routes",
    "Secrets",
    "Section",
    "Server",
    "Settings",
    "Smtp",
    "Source",
    "Store",
    "Table",
    "Tls",
    "Value",
    "key_of",
    "table_of",
]
