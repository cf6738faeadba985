"""Owns what is known about a mail provider, as values. Reads no file."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

LOOPBACK_REDIRECT = "http://127.0.0.1/callback"
"""The redirect address where a provider takes any port of this machine (RFC 8252 7.3); it is added when it is known."""


class Retirement(NamedTuple):
    """A way to log in that the provider ends. `what` is in the words of the setting `auth`, `on` the day, ISO 8601.

    `final` is False where it is only off by default from then on: somebody may switch it on again. `note` says by whose
    word, and what else is to be known.
    """

    what: str
    on: str
    note: str
    final: bool = True


class Offer(NamedTuple):
    """What a preset tells of OAuth 2.0 at its provider.

    In the addresses `{tenant}` stands for the setting of that name, or for `tenant`. `scope` is for a person's login,
    `machine_scope` for a flow without one; scopes are separated by spaces. `parameters` are added to the authorization
    request. `redirect_uri` has no port where any port of this machine is taken. `flows` are those that the provider
    takes for mail, in the order of advice; `refused` says for others why not. `confidential` tells whether an
    application that a person logs in with has a client secret. `idle_days` is after how many days without use a refresh
    token dies; 0 where nobody says. `console` is the page on which an application is registered. `delegates` tells
    whether one account may log in to send for another mailbox.
    """

    scope: str
    flows: Sequence[str]
    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    machine_scope: str = ""
    tenant: str = ""
    parameters: Mapping[str, str] = {}
    redirect_uri: str = LOOPBACK_REDIRECT
    refused: Mapping[str, str] = {}
    confidential: Literal["no", "optional", "yes"] = "no"
    idle_days: int = 0
    console: str = ""
    delegates: bool = False


class Preset(NamedTuple):
    """One provider. `auth` is in order of advice, in the words of the setting of that name.

    `username` is "address" (the whole mail address), "local" (the part before the @), the literal user name, or empty:
    then only the account knows it, and `username_hint` says in words where it stands. `secret` says in words what the
    provider wants as the password ("app password"). `alternatives` are further ports with their security. `regions`
    maps a region to its host; `host` is the host of one of them. `checked` is the day on which somebody looked.
    `mx` are the names at or under which the exchangers of its customers' domains stand.
    `retired_hosts` maps a host that old guides and lists give to the one to use now. `spf_include` is what the SPF
    record of a customer's own domain includes, `dkim_selectors` where the keys of its signatures usually stand there.
    `oauth` is what its login by OAuth 2.0 takes.
    `confirmed` is False where neither a page of the provider nor the maintained autoconfiguration list bears it out.
    """

    id: str
    title: str
    host: str
    port: int
    security: str
    auth: Sequence[str]
    checked: str
    sources: Sequence[str]
    username: str = ""
    username_hint: str = ""
    secret: str = ""
    aliases: Sequence[str] = ()
    domains: Sequence[str] = ()
    mx: Sequence[str] = ()
    alternatives: Sequence[tuple[int, str]] = ()
    regions: Mapping[str, str] = {}
    from_policy: str = "keep"
    rate: str = ""
    max_connections: int = 0
    limits: Sequence[str] = ()
    notes: Sequence[str] = ()
    docs: str = ""
    confirmed: bool = True
    retirement: Retirement | None = None
    retired_hosts: Mapping[str, str] = {}
    spf_include: str = ""
    dkim_selectors: Sequence[str] = ()
    oauth: Offer | None = None

    @property
    def region(self) -> str:
        """The region that is taken where none is given; empty for a provider without regions."""
        return next((region for region, host in self.regions.items() if host == self.host), "")

    @property
    def hosts(self) -> Sequence[str]:
        """Every host that takes mail for the provider's users."""
        return tuple(dict.fromkeys((self.host, *self.regions.values())))

    def beside(self, exchanger: str) -> "Preset":
        """The preset of the region that a mail exchanger stands in: `mx.zoho.eu` beside `smtp.zoho.eu`."""
        for host in self.regions.values():
            if exchanger.endswith(host[host.index(".") :]):
                return self._replace(host=host)
        return self
