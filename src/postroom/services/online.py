"""Says what the DNS tells about the domain of the From: SPF, DKIM, DMARC, where bounces go, and whether names fit.

It asks through the one function that is handed in; no answer stops anything.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from postroom.domain.dns import Answer, AskDns, Question
from postroom.domain.sender_records import (
    SpfTree,
    aligned,
    is_dmarc,
    is_spf,
    read_tags,
    walk_spf,
)
from postroom.result import Warn
from postroom.services.online_findings import Asked, delivers_itself, findings, own_domain, unanswered
from postroom.services.test_warnings import on_this_machine

MOST_SPF_NAMES = 50
"""Five times what a good record may need; behind it somebody is wasting our time."""


def online_facts(asked: Asked, ask: AskDns) -> tuple[dict[str, Any] | None, list[Warn]]:
    """The facts as they stand in JSON, None where there is no domain to ask about; and what is to be mended."""
    sender = asked.server.from_
    if sender is None or sender.domain.startswith("["):
        what = "has no From" if sender is None else f"has a From without a domain name, {sender}"
        hint = f"postroom smtp set {asked.server.name} --from ADDRESS"
        return None, [Warn("online.no_domain", f"nothing was looked up: server {asked.server.name} {what}", hint)]
    look_up = _LookUp(asked, sender.domain, ask)
    look_up.ask()
    facts = look_up.facts()
    return facts, [*findings(asked, facts), *unanswered(look_up.answers)]


class _LookUp:
    """The questions about one domain, and their answers."""

    def __init__(self, asked: Asked, domain: str, ask: AskDns) -> None:
        self._asked = asked
        self._domain = domain
        self._ask = ask
        self._own = own_domain(asked, domain)
        self.answers: dict[Question, Answer] = {}
        self._ehlo, self._address, self._local = _client(asked)

    @property
    def _selectors(self) -> Sequence[str]:
        preset = self._asked.providers.server
        usual = preset.dkim_selectors if preset and self._own else ()
        return (self._asked.selector,) if self._asked.selector else usual

    @property
    def _policy_names(self) -> Sequence[str]:
        """Where the policy may stand: at the domain, else at the nearest one above it, but at no top-level domain."""
        labels = self._domain.split(".")
        return [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]

    def ask(self) -> None:
        """Ask everything: first what is known beforehand, then what the answers lead to."""
        names = [self._domain, *([self._ehlo] if self._ehlo else [])]
        questions = [
            Question(self._domain, "TXT"),
            Question(self._domain, "MX"),
            *(Question(f"_dmarc.{name}", "TXT") for name in self._policy_names),
            *(Question(f"{selector}._domainkey.{self._domain}", "TXT") for selector in self._selectors),
            *(Question(name, kind) for name in names for kind in ("A", "AAAA")),
            *([Question(self._address, "PTR")] if self._address else []),
        ]
        self.answers |= self._ask(questions)
        pointed = self._answer(self._address, "PTR").records if self._address else ()
        wanted = [Question(name, kind) for name in pointed[:MOST_SPF_NAMES] for kind in ("A", "AAAA")]
        tree = self._tree()
        names_left = MOST_SPF_NAMES
        while wanted or (tree and tree.unasked and names_left > 0):
            names = [*tree.unasked][:names_left] if tree else []
            names_left -= len(names)
            self.answers |= self._ask([*wanted, *(Question(name, "TXT") for name in names)])
            wanted, tree = [], self._tree()

    def _answer(self, name: str, kind: Any) -> Answer:
        return self.answers.get(Question(name, kind)) or Answer("failed", text="not asked")

    def _tree(self) -> SpfTree | None:
        records = self._spf_records
        return walk_spf(records[0], lambda name: self.answers.get(Question(name, "TXT"))) if len(records) == 1 else None

    @property
    def _spf_records(self) -> Sequence[str]:
        return [text for text in self._answer(self._domain, "TXT").records if is_spf(text)]

    def facts(self) -> dict[str, Any]:
        dmarc = self._dmarc()
        return {
            "domain": self._domain,
            "exists": self._answer(self._domain, "MX").status != "no_name",
            "spf": self._spf(),
            "dkim": self._dkim(),
            "dmarc": dmarc,
            "mx": self._mx(),
            "alignment": _alignment(self._domain, self._domain, dmarc),
            "client": self._client(),
        }

    def _spf(self) -> dict[str, Any]:
        answer, records, tree = self._answer(self._domain, "TXT"), self._spf_records, self._tree()
        preset = self._asked.providers.server
        needed = preset.spf_include if preset and self._own else ""
        return {
            "status": answer.status if answer.status == "failed" or records else "none",
            "records": [*records],
            "look_ups": tree.look_ups if tree else None,
            "complete": tree is not None and tree.complete,
            "all": tree.all if tree else "",
            "includes": [*tree.includes] if tree else [],
            "needed_include": needed or None,
            "problems": [*tree.problems] if tree else [],
        }

    def _dkim(self) -> dict[str, Any] | None:
        if not self._selectors:
            return None
        keys = []
        for selector in self._selectors:
            name = f"{selector}._domainkey.{self._domain}"
            answer = self._answer(name, "TXT")
            tags = next((tags for text in answer.records if "p" in (tags := read_tags(text))), {})
            keys.append(
                {
                    "selector": selector,
                    "name": name,
                    "status": answer.status if answer.status == "failed" or tags else "none",
                    "revoked": bool(tags) and not tags["p"],
                    "testing": "y" in tags.get("t", "").split(":"),
                }
            )
        return {"found": any(key["status"] == "found" and not key["revoked"] for key in keys), "keys": keys}

    def _dmarc(self) -> dict[str, Any]:
        for name in self._policy_names:
            answer = self._answer(f"_dmarc.{name}", "TXT")
            if answer.status == "failed":  # what stands further up counts only where nothing stands here
                return _policy("", (), inherited=False) | {"status": "failed"}
            records = [text for text in answer.records if is_dmarc(text)]
            if records:
                return _policy(name, records, inherited=name != self._domain)
        return _policy("", (), inherited=False)

    def _mx(self) -> dict[str, Any]:
        answer = self._answer(self._domain, "MX")
        pairs = sorted((int(number), host) for number, _, host in (text.partition(" ") for text in answer.records))
        hosts = [host for _, host in pairs if host not in ("", ".")]
        bounces: bool | None = bool(hosts)
        if answer.status == "none":  # RFC 5321 5.1: then the domain's own address takes the mail
            addresses = [self._answer(self._domain, kind) for kind in ("A", "AAAA")]
            bounces = any(found.records for found in addresses)
            if not bounces and any(found.status == "failed" for found in addresses):
                bounces = None
        if answer.status == "failed":
            bounces = None
        null = bool(pairs) and not hosts
        return {"status": answer.status, "exchangers": hosts, "null_mx": null, "takes_bounces": bounces}

    def _client(self) -> dict[str, Any] | None:
        if not self._ehlo and not self._local:
            return None
        return {
            "ehlo": self._ehlo or None,
            "ehlo_addresses": self._addresses(self._ehlo) if self._ehlo else None,
            "local_address": self._local or None,
            "address": self._address or None,
            "ptr": [*self._answer(self._address, "PTR").records] if self._address else None,
            "ptr_confirmed": self._confirmed(),
        }

    def _addresses(self, name: str) -> list[str] | None:
        answers = [self._answer(name, kind) for kind in ("A", "AAAA")]
        found = [record for answer in answers for record in answer.records]
        return None if not found and any(answer.status == "failed" for answer in answers) else found

    def _confirmed(self) -> bool | None:
        if not self._address or self._answer(self._address, "PTR").status == "failed":
            return None
        found = [self._addresses(name) for name in self._answer(self._address, "PTR").records]
        if any(addresses and self._address in addresses for addresses in found):
            return True
        return None if any(addresses is None for addresses in found) else False


def _client(asked: Asked) -> tuple[str, str, str]:
    """The name in EHLO, the address that the server sees, and the one on this side; each empty where it does not matter
    or is not known. A private address is behind a translation, and the server sees another.
    """
    if on_this_machine(asked.server, asked.steps):
        return "", "", ""
    ehlo = str(asked.steps["ehlo"].detail.get("name") or "") if "ehlo" in asked.steps else ""
    local = str(asked.steps["connect"].detail.get("local") or "") if "connect" in asked.steps else ""
    try:
        address = ip_address(local.partition("%")[0].removeprefix("::ffff:"))
    except ValueError:
        address, local = None, ""
    direct = delivers_itself(asked.server) and asked.server.proxy is None
    seen = str(address) if address and address.is_global and direct else ""
    return "" if "[" in ehlo or "." not in ehlo else ehlo.lower(), seen, local if direct else ""


def _policy(at: str, records: Sequence[str], *, inherited: bool) -> dict[str, Any]:
    tags = read_tags(records[0]) if len(records) == 1 else {}
    policy, below = tags.get("p", "").lower(), tags.get("sp", "").lower()
    return {
        "status": "found" if records else "none",
        "records": [*records],
        "at": at or None,
        "inherited": inherited,
        "p": policy or None,
        "sp": below or None,
        "policy": ((below if inherited else "") or policy) or None,
        "adkim": tags.get("adkim", "r").lower(),
        "aspf": tags.get("aspf", "r").lower(),
        "rua": [address.strip() for address in tags.get("rua", "").split(",") if address.strip()],
    }


def _alignment(envelope: str, header: str, dmarc: Mapping[str, Any]) -> dict[str, Any]:
    modes = {"s": "strict"}
    known = [dmarc["at"]] if dmarc["at"] else []
    fits = aligned(envelope, header, dmarc["aspf"], known)
    return {
        "envelope_domain": envelope,
        "from_domain": header,
        "spf_aligned": fits,
        "spf_mode": modes.get(dmarc["aspf"], "relaxed"),
        "dkim_mode": modes.get(dmarc["adkim"], "relaxed"),
        "explanation": f"SPF is checked for {envelope}, the domain of the envelope sender. DMARC compares it, and the "
        f"domain of a DKIM signature, with {header}, the domain of the From: SPF "
        f"{'aligns' if fits else 'does not align'}. Where a provider puts an envelope sender of its own, only a DKIM "
        "signature of the From's domain aligns.",
    }
