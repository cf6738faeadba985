"""Owns the question to the DNS which hosts take the mail of a domain. Refuses to know providers or to connect to any.

The answer is not authenticated: it may choose among what is known already, never name a host to connect to. The name
servers on the way learn the domain, and nothing else of the address.
"""

from collections.abc import Iterable

import dns.name
from dns.exception import DNSException
from dns.rdtypes.ANY.MX import MX
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from postroom.errors import Exit, Fault

_BY_HAND = "Ask who runs the domain's mail, and give the server: postroom smtp set --host HOST"


def mail_exchangers(domain: str, timeout_seconds: float, *, name_server: tuple[str, int] | None = None) -> list[str]:
    """The hosts that take the mail of `domain` (A-labels), the preferred first, in lower case (RFC 5321 5.1).

    The name is taken as it is: no search list of this machine is appended. `name_server` is an IP address and a port to
    ask instead of the system's resolvers. Raise Fault `dns.host_not_found` for a domain that does not exist,
    `dns.no_mail_exchanger` for one without MX records or with the null MX (RFC 7505), `dns.temporary_failure` when no
    resolver has answered within `timeout_seconds` or none could.
    """
    try:
        resolver = Resolver(configure=name_server is None)
        if name_server is not None:
            address, resolver.port = name_server
            resolver.nameservers = [address]
        answer = resolver.resolve(dns.name.from_text(domain), "MX", lifetime=timeout_seconds)
    except NXDOMAIN as error:
        raise Fault(
            "dns.host_not_found",
            f"the domain {domain} does not exist",
            step="resolve",
            exit=Exit.NO_HOST,
            hint=f"Check the spelling. {_BY_HAND}",
            detail=str(error),
        ) from error
    except NoAnswer as error:
        raise _none(f"the domain {domain} has no mail exchanger (MX record)") from error
    except (DNSException, OSError, ValueError) as error:  # ValueError: an unreadable /etc/resolv.conf
        raise Fault(
            "dns.temporary_failure",
            f"no name server told the mail exchangers of {domain}",
            step="resolve",
            exit=Exit.TRY_AGAIN,
            retry="later",
            hint="Check /etc/resolv.conf and that port 53 is open, then try again.",
            detail=str(error),
        ) from error
    names = _names(record for record in answer if isinstance(record, MX))
    if not names:
        raise _none(f"the domain {domain} declares that it takes no mail (null MX, RFC 7505)")
    return names


def _names(records: Iterable[MX]) -> list[str]:
    # By name where the preference is the same, so that two calls give the same answer.
    pairs = sorted((record.preference, record.exchange.to_text(omit_final_dot=True).lower()) for record in records)
    return [name for _, name in pairs if name != "."]


def _none(message: str) -> Fault:
    return Fault("dns.no_mail_exchanger", message, step="resolve", exit=Exit.NO_HOST, hint=_BY_HAND)
