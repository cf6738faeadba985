"""Judges what the DNS tells about the domain of the From. Pure: it asks nobody."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from postroom.domain.dns import Answer, Question
from postroom.domain.sender_records import MOST_LOOK_UPS
from postroom.domain.settings import Server
from postroom.result import Step, Warn
from postroom.services.server_advice import Providers

POLICIES = ("none", "quarantine", "reject")


class Asked(NamedTuple):
    """For whom to ask. `selector` is that of a DKIM key, where somebody knows it; `steps` are those of the test."""

    server: Server
    providers: Providers
    steps: Mapping[str, Step]
    selector: str = ""


def own_domain(asked: Asked, domain: str) -> bool:
    """Whether the domain is the customer's own: that of a provider is the provider's to mend."""
    owner = asked.providers.sender
    return owner is None or domain not in owner.domains


def delivers_itself(server: Server) -> bool:
    """Whether this machine itself delivers: then servers judge it by its address and name."""
    return server.port == 25 and server.auth == "none"


def findings(asked: Asked, facts: Mapping[str, Any]) -> Iterator[Warn]:
    """What is to be mended. A provider's own domain is the provider's to mend."""
    domain = facts["domain"]
    if not facts["exists"]:
        yield Warn(
            "online.domain_missing", f"the domain {domain} of the From does not exist in the DNS", "Check its spelling"
        )
        return
    if own_domain(asked, domain):
        yield from _spf_warnings(domain, facts["spf"])
        yield from _dkim_warnings(domain, facts["dkim"])
        yield from _dmarc_warnings(domain, facts["dmarc"])
        yield from _mx_warnings(domain, facts["mx"])
    else:
        yield from _foreign_domain(asked, domain, facts["dmarc"])
    if facts["client"] and delivers_itself(asked.server):
        yield from _client_warnings(facts["client"])


def _spf_warnings(domain: str, spf: Mapping[str, Any]) -> Iterator[Warn]:
    if spf["status"] == "none":
        hint = f"Add a TXT record at {domain} that names who sends for it: v=spf1 include:... -all"
        yield Warn("online.spf_missing", f"{domain} has no SPF record", hint)
    if len(spf["records"]) > 1:
        told = f"{domain} has {len(spf['records'])} SPF records, which count as none (RFC 7208)"
        yield Warn("online.spf_several", told, "Join them into one record")
    if len(spf["records"]) != 1:
        return
    if spf["problems"]:
        yield Warn("online.spf_broken", f"the SPF record of {domain} has mistakes: {'; '.join(spf['problems'])}")
    if (spf["look_ups"] or 0) > MOST_LOOK_UPS:
        told = f"the SPF record of {domain} needs {spf['look_ups']} DNS look-ups, and only {MOST_LOOK_UPS} are allowed"
        yield Warn("online.spf_too_many_lookups", told, "Take out what no longer sends for the domain")
    needed = spf["needed_include"]
    # A record with a part that could not be looked up may hold it there.
    if needed and needed not in spf["includes"] and spf["complete"]:
        told = f"the SPF record of {domain} does not include {needed}, by which the provider's servers are named"
        yield Warn("online.spf_include_missing", told, f"Add include:{needed} to the record")
    if spf["all"] in ("", "?all", "+all") and spf["complete"]:
        what = "lets everybody send" if spf["all"] == "+all" else "says nothing about other senders"
        end = f"ends in {spf['all']}" if spf["all"] else "has no all at its end"
        yield Warn("online.spf_permissive", f"the SPF record of {domain} {end} and so {what}", "End it in ~all or -all")


def _dkim_warnings(domain: str, dkim: Mapping[str, Any] | None) -> Iterator[Warn]:
    if dkim is None or dkim["found"] or any(key["status"] == "failed" for key in dkim["keys"]):
        return
    names = ", ".join(key["selector"] for key in dkim["keys"])
    what = "a withdrawn DKIM key" if any(key["revoked"] for key in dkim["keys"]) else "no DKIM key"
    hint = (
        "Publish the key that the provider shows for the domain; is it at another selector, name it: --dkim-selector S"
    )
    yield Warn("online.dkim_missing", f"{domain} has {what} at the selector {names}", hint)


def _dmarc_warnings(domain: str, dmarc: Mapping[str, Any]) -> Iterator[Warn]:
    if dmarc["status"] == "none":
        told = f"{domain} has no DMARC policy, which large receivers want of those who send much"
        yield Warn(
            "online.dmarc_missing", told, f"Add a TXT record at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:ADDRESS"
        )
    elif len(dmarc["records"]) > 1:
        told = f"{dmarc['at']} has {len(dmarc['records'])} DMARC records, which count as none"
        yield Warn("online.dmarc_broken", told, "Leave one of them")
    elif dmarc["status"] == "found" and dmarc["p"] not in POLICIES:
        told = f"the DMARC record of {dmarc['at']} has no valid policy (p={dmarc['p'] or ''})"
        yield Warn("online.dmarc_broken", told, "Write p=none, p=quarantine or p=reject right behind v=DMARC1;")


def _mx_warnings(domain: str, mx: Mapping[str, Any]) -> Iterator[Warn]:
    if mx["takes_bounces"] is False:
        what = "declares that it takes no mail (null MX, RFC 7505)" if mx["null_mx"] else "has neither MX nor address"
        told = f"{domain} {what}: bounces and answers to the From are lost, and some servers refuse such a sender"
        yield Warn("online.no_bounces", told, "Send from a domain that takes mail, or give it an MX record")


def _foreign_domain(asked: Asked, domain: str, dmarc: Mapping[str, Any]) -> Iterator[Warn]:
    owner, server = asked.providers.sender, asked.server
    if owner is None or server.host in owner.hosts or asked.providers.server == owner:
        return
    policy = f" (its DMARC policy: {dmarc['policy']})" if dmarc["policy"] else ""
    yield Warn(
        "online.foreign_domain",
        f"{domain} belongs to {owner.title}, and {server.host} is not its server: that looks forged{policy}",
        f"Send through {owner.host}, or from a domain of your own",
    )


def _client_warnings(client: Mapping[str, Any]) -> Iterator[Warn]:
    if client["ehlo"] and client["ehlo_addresses"] == []:
        told = f"the name {client['ehlo']} that this machine gives in EHLO has no address in the DNS"
        yield Warn("online.ehlo_unresolved", told, "Give it an A or AAAA record, or set another name with --helo")
    if client["address"] and client["ptr"] == [] and client["ptr_confirmed"] is False:
        told = f"{client['address']}, the address of this machine, has no name in the reverse DNS (PTR)"
        yield Warn("online.ptr_missing", told, "Ask whoever gave you the address to set it")
    elif client["ptr_confirmed"] is False:
        told = f"the reverse name of {client['address']}, {', '.join(client['ptr'])}, does not lead back to it"
        yield Warn("online.ptr_mismatch", told, "Give that name an A or AAAA record with the address")


def unanswered(answers: Mapping[Question, Answer]) -> Iterator[Warn]:
    """Say what nobody answered."""
    failed = [
        f"{question.type} of {question.name}" for question, answer in answers.items() if answer.status == "failed"
    ]
    if failed:
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        told = f"no name server told: {', '.join(failed[:3])}{more}; what is said online is not whole"
        yield Warn("online.dns_failed", told, "Check /etc/resolv.conf and that port 53 is open, then try again")
