"""`smtp test --online`: real questions over UDP about the sender's domain, what is made of the answers, and that
nothing is asked without the option.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dns.rcode
import pytest

from postroom import desk
from postroom.__main__ import main
from postroom.clock import Clock
from postroom.config.presets import load_preset
from postroom.domain.address import parse_address
from postroom.domain.dns import Answer, Question
from postroom.domain.settings import Server, Source, Value
from postroom.result import Step
from postroom.services.online import MOST_SPF_NAMES, online_facts
from postroom.services.online_findings import Asked
from postroom.services.server_advice import Providers
from postroom.transport.dns_questions import DnsQuestions
from tests.conftest import RunPostroom
from tests.support import name_server as dns_support
from tests.support.name_server import Failure, NameServer, Records, Silence
from tests.support.program import Completed

Zone = Mapping[str, dns_support.Answer]

FILE = Source("file", "/etc/postroom/config.toml")
PATIENCE_SECONDS = 5.0  # for an answer that comes
SHORT_SECONDS = 0.4  # for one that never comes


def txt(*texts: str) -> Records:
    return Records([f'"{text}"' for text in texts])


GOOD: Zone = {
    "corp.example": Records(["20 mx2.corp.example.", "10 mx1.corp.example."]),
    "TXT corp.example": txt("v=spf1 mx include:spf.corp.example -all", "another=1"),
    "TXT spf.corp.example": txt("v=spf1 ip4:192.0.2.0/24 -all"),
    "TXT _dmarc.corp.example": txt("v=DMARC1; p=reject; sp=quarantine; adkim=s; rua=mailto:d@corp.example"),
    "TXT s1._domainkey.corp.example": txt("v=DKIM1; k=rsa; p=MIIB"),
}


class Found:
    """What a look-up told."""

    def __init__(self, zone: Zone, **given: Any) -> None:
        selector = given.pop("selector", "")
        steps = {name: Step(name, ok=True, detail=detail) for name, detail in given.pop("steps", {}).items()}
        providers = given.pop("providers", Providers())
        with NameServer(zone) as server:
            ask = DnsQuestions(
                Clock(), question_seconds=PATIENCE_SECONDS, total_seconds=PATIENCE_SECONDS, name_server=server.place
            )
            facts, warnings = online_facts(Asked(a_server(**given), providers, steps, selector), ask)
            self.asked = server.asked
        assert facts is not None
        self.facts = facts
        self.codes = [warning.code for warning in warnings]
        self.warnings = warnings


def a_server(sender: str = "a@corp.example", **values: Any) -> Server:
    given = {"host": "mail.corp.example", "port": 587, "security": "starttls", "auth": "password", **values}
    return Server("main", {key: Value(value, FILE) for key, value in {**given, "from": parse_address(sender)}.items()})


def test_a_good_domain_is_told_without_a_warning() -> None:
    found = Found(GOOD, selector="s1")
    assert found.codes == []
    facts = found.facts
    assert (facts["domain"], facts["exists"]) == ("corp.example", True)
    assert facts["spf"]["records"] == ["v=spf1 mx include:spf.corp.example -all"]
    assert (facts["spf"]["look_ups"], facts["spf"]["all"], facts["spf"]["complete"]) == (2, "-all", True)
    assert facts["dkim"]["found"] is True
    assert facts["dmarc"]["policy"] == "reject"
    assert facts["dmarc"]["rua"] == ["mailto:d@corp.example"]
    assert facts["mx"]["exchangers"] == ["mx1.corp.example", "mx2.corp.example"]
    assert facts["alignment"]["spf_aligned"] is True
    assert (facts["alignment"]["spf_mode"], facts["alignment"]["dkim_mode"]) == ("relaxed", "strict")
    assert "corp.example, the domain of the envelope sender" in facts["alignment"]["explanation"]
    assert facts["client"] is None


def test_without_a_selector_no_key_is_looked_for() -> None:
    found = Found(GOOD)
    assert found.facts["dkim"] is None
    assert not [name for name in found.asked if "_domainkey" in name]


def test_a_subdomain_takes_the_policy_above_it_and_nobody_asks_the_top_level() -> None:
    zone = {**GOOD, "app.corp.example": Records(["10 mx1.corp.example."]), "TXT app.corp.example": txt("v=spf1 -all")}
    found = Found(zone, sender="a@app.corp.example")
    dmarc = found.facts["dmarc"]
    assert (dmarc["at"], dmarc["inherited"], dmarc["policy"]) == ("corp.example", True, "quarantine")
    assert "_dmarc.example" not in found.asked


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TXT corp.example": txt("another=1")}, "online.spf_missing"),
        ({"TXT corp.example": txt("v=spf1 -all", "v=spf1 mx -all")}, "online.spf_several"),
        ({"TXT corp.example": txt("v=spf1 ipv4:192.0.2.1 -all")}, "online.spf_broken"),
        ({"TXT spf.corp.example": txt("nothing")}, "online.spf_broken"),
        ({"TXT corp.example": txt("v=spf1 mx +all")}, "online.spf_permissive"),
        ({"TXT corp.example": txt("v=spf1 mx ?all")}, "online.spf_permissive"),
        ({"TXT corp.example": txt("v=spf1 mx")}, "online.spf_permissive"),
        ({"TXT corp.example": txt("v=spf1 " + "a " * 11 + "-all")}, "online.spf_too_many_lookups"),
        ({"TXT s1._domainkey.corp.example": txt("v=DKIM1; p=")}, "online.dkim_missing"),
        ({"TXT s1._domainkey.corp.example": Records()}, "online.dkim_missing"),
        ({"TXT _dmarc.corp.example": Records()}, "online.dmarc_missing"),
        ({"TXT _dmarc.corp.example": txt("v=DMARC1; p=none", "v=DMARC1; p=reject")}, "online.dmarc_broken"),
        ({"TXT _dmarc.corp.example": txt("v=DMARC1; policy=none")}, "online.dmarc_broken"),
        ({"corp.example": Records(["0 ."])}, "online.no_bounces"),
        ({"corp.example": Records()}, "online.no_bounces"),
        ({"corp.example": Failure(dns.rcode.SERVFAIL)}, "online.dns_failed"),
        ({"TXT spf.corp.example": Failure(dns.rcode.REFUSED)}, "online.dns_failed"),
    ],
)
def test_each_fault_has_its_warning(change: Zone, code: str) -> None:
    found = Found({**GOOD, **change}, selector="s1")
    assert found.codes == [code]
    assert all(warning.hint or warning.code == "online.spf_broken" for warning in found.warnings)


@pytest.mark.parametrize(
    "change", [{"TXT corp.example": txt("v=spf1 mx ~all")}, {"TXT _dmarc.corp.example": txt("v=DMARC1;p=none")}]
)
def test_what_may_be_so_is_not_warned_of(change: Zone) -> None:
    assert Found({**GOOD, **change}).codes == []


def test_what_stands_further_up_does_not_count_where_nobody_told_what_stands_here() -> None:
    zone = {**GOOD, "app.corp.example": Records(["10 mx1.corp.example."]), "TXT app.corp.example": txt("v=spf1 -all")}
    zone["TXT _dmarc.app.corp.example"] = Failure(dns.rcode.SERVFAIL)
    found = Found(zone, sender="a@app.corp.example")
    assert found.codes == ["online.dns_failed"]
    assert (found.facts["dmarc"]["status"], found.facts["dmarc"]["policy"]) == ("failed", None)


def test_without_mx_the_domains_own_address_takes_bounces() -> None:
    found = Found({**GOOD, "corp.example": Records(), "A corp.example": Records(["192.0.2.1"])})
    assert found.codes == []
    assert found.facts["mx"]["takes_bounces"] is True


def test_a_domain_that_does_not_exist_is_one_warning() -> None:
    found = Found({})
    assert found.codes == ["online.domain_missing"]
    assert found.facts["exists"] is False


def test_the_look_ups_of_includes_count_and_each_name_is_asked_once() -> None:
    deep = {f"TXT n{n}.example": txt(f"v=spf1 mx include:n{n + 1}.example -all") for n in range(5)}
    zone = {**GOOD, **deep, "TXT n5.example": txt("v=spf1 include:n0.example -all")}
    found = Found({**zone, "TXT corp.example": txt("v=spf1 include:n0.example include:n0.example ~all")})
    assert "online.spf_too_many_lookups" in found.codes
    assert len([name for name in found.asked if name == "n3.example"]) == 1


def test_a_record_that_leads_on_and_on_is_not_followed_for_ever() -> None:
    many = 3 * MOST_SPF_NAMES
    chain = {f"TXT n{n}.example": txt(f"v=spf1 include:n{n + 1}.example -all") for n in range(many)}
    found = Found({**GOOD, **chain, "TXT corp.example": txt("v=spf1 include:n0.example -all")})
    assert "online.spf_too_many_lookups" in found.codes
    assert len(set(found.asked)) < MOST_SPF_NAMES + 10


# Providers


def test_the_include_and_the_keys_of_the_provider_are_looked_for() -> None:
    providers = Providers(load_preset("microsoft365"))
    found = Found(GOOD, providers=providers)
    assert found.codes == ["online.spf_include_missing", "online.dkim_missing"]
    assert "include:spf.protection.outlook.com" in found.warnings[0].hint
    right = {
        "TXT spf.corp.example": txt("v=spf1 include:spf.protection.outlook.com -all"),
        "TXT spf.protection.outlook.com": txt("v=spf1 ip4:192.0.2.0/24 -all"),
        "TXT selector2._domainkey.corp.example": txt("v=DKIM1; p=MIIB"),
    }
    assert Found({**GOOD, **right}, providers=providers).codes == []
    assert Found({**GOOD, **right}, providers=providers, selector="other").codes == ["online.dkim_missing"]


def test_an_include_may_stand_where_nobody_told() -> None:
    preset = load_preset("microsoft365")
    assert preset is not None
    zone: Zone = {**GOOD, "TXT spf.corp.example": Failure(dns.rcode.SERVFAIL)}
    assert Found(zone, providers=Providers(preset._replace(dkim_selectors=()))).codes == ["online.dns_failed"]


def test_a_providers_own_domain_is_the_providers_to_mend() -> None:
    gmail = load_preset("gmail")
    zone: Zone = {"gmail.com": Records(["5 mx.example."])}
    own = Found(zone, sender="a@gmail.com", host="smtp.gmail.com", providers=Providers(gmail, gmail, gmail))
    assert own.codes == []
    foreign = Found(zone, sender="a@gmail.com", providers=Providers(None, None, gmail))
    assert foreign.codes == ["online.foreign_domain"]


# This machine

HERE = "8.8.4.4"  # any address that is no private one; nothing is sent to it
DIRECT: Mapping[str, Any] = {"port": 25, "security": "none", "auth": "none"}
NAMES: Zone = {
    **GOOD,
    "A app.corp.example": Records([HERE]),
    "PTR 4.4.8.8.in-addr.arpa": Records(["app.corp.example."]),
}


def seen(local: str = HERE, name: str = "app.corp.example", address: str = "192.0.2.1") -> dict[str, Any]:
    return {"connect": {"address": address, "local": local}, "ehlo": {"name": name}}


def test_the_names_of_a_machine_that_delivers_itself_are_looked_up() -> None:
    found = Found(NAMES, steps=seen(), **DIRECT)
    assert found.codes == []
    client = found.facts["client"]
    assert (client["ehlo_addresses"], client["ptr"], client["ptr_confirmed"]) == ([HERE], ["app.corp.example"], True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PTR 4.4.8.8.in-addr.arpa": Records()}, "online.ptr_missing"),
        ({"PTR 4.4.8.8.in-addr.arpa": Records(["mx1.corp.example."])}, "online.ptr_mismatch"),
    ],
)
def test_a_reverse_name_that_does_not_fit_is_told(change: Zone, code: str) -> None:
    assert Found({**NAMES, **change}, steps=seen(), **DIRECT).codes == [code]


def test_an_ehlo_name_without_address_is_told_only_where_it_matters() -> None:
    steps = seen(name="none.corp.example")
    assert "online.ehlo_unresolved" in Found(NAMES, steps=steps, **DIRECT).codes
    found = Found(NAMES, steps=steps)
    assert found.codes == []
    assert found.facts["client"]["ehlo_addresses"] == []


def test_behind_a_translation_the_address_is_unknown_and_not_looked_up() -> None:
    found = Found(NAMES, steps=seen(local="10.0.0.7"), **DIRECT)
    client = found.facts["client"]
    assert (client["local_address"], client["address"], client["ptr"]) == ("10.0.0.7", None, None)
    assert not [name for name in found.asked if "arpa" in name]
    assert found.codes == []


def test_a_server_on_this_machine_judges_no_names() -> None:
    assert Found(NAMES, steps=seen(address="127.0.0.1"), **DIRECT).facts["client"] is None


def test_without_a_domain_nothing_is_asked() -> None:
    for values in ({}, {"from": Value(parse_address("a@[192.0.2.1]"), FILE)}):
        server = Server("main", {"host": Value("mail.corp.example", FILE), **values})
        facts, (warning,) = online_facts(Asked(server, Providers(), {}), never)
        assert facts is None
        assert warning.code == "online.no_domain"


def never(questions: object) -> Mapping[Question, Answer]:
    raise AssertionError(f"asked {questions}")


# The adapter


def test_questions_are_asked_at_once_and_end_at_the_deadline() -> None:
    zone: Zone = {"silent.example": Silence(), "TXT silent.example": Silence(), **GOOD}
    with NameServer(zone) as server:
        ask = DnsQuestions(Clock(), question_seconds=SHORT_SECONDS, total_seconds=60, name_server=server.place)
        start = time.monotonic()
        silent = [Question("silent.example", "MX"), Question("silent.example", "TXT")]
        answers = ask([*silent, Question("corp.example", "MX"), Question("corp.example", "MX"), *silent])
        took = time.monotonic() - start
        assert server.asked.count("corp.example") == 1
    assert SHORT_SECONDS * 0.9 <= took < SHORT_SECONDS * 1.9
    assert [answers[question].status for question in silent] == ["failed", "failed"]
    assert answers[Question("corp.example", "MX")].records == ["10 mx1.corp.example", "20 mx2.corp.example"]


def test_all_calls_share_one_deadline() -> None:
    with NameServer({"silent.example": Silence()}) as server:
        ask = DnsQuestions(Clock(), question_seconds=60, total_seconds=SHORT_SECONDS, name_server=server.place)
        start = time.monotonic()
        for _ in range(3):
            ask([Question("silent.example", "MX")])
        assert time.monotonic() - start < SHORT_SECONDS * 2
        late = Question("late.example", "MX")
        assert ask([late])[late].text == "no time left"
        assert "late.example" not in server.asked


@pytest.mark.parametrize("name", ["a" * 70 + ".example", "a..example", "x" * 300])
def test_a_name_that_is_none_is_an_answer_that_failed(name: str) -> None:
    with NameServer({}) as server:
        ask = DnsQuestions(Clock(), question_seconds=1, total_seconds=1, name_server=server.place)
        assert ask([Question(name, "TXT")])[Question(name, "TXT")].status == "failed"
        assert server.asked == []


def test_the_command_waits_ten_seconds_at_most() -> None:
    assert (desk.DNS_SECONDS, desk.ALL_DNS_SECONDS) == (5, 10)


# The command

REFUSED = ("--host", "127.0.0.1", "--port", "1", "--security", "none", "--auth", "none", "--from", "a@corp.example")

Test = Callable[..., Completed]


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    with NameServer(GOOD) as server:
        yield server


@pytest.fixture
def smtp_test(name_server: NameServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Test:
    """Runs the command in this process, with a desk that asks the test's name server."""
    monkeypatch.setattr(desk, "Desk", partial(desk.Desk, name_server=name_server.place))

    def run(*words: str) -> Completed:
        monkeypatch.setattr(sys, "argv", ["postroom", "smtp", "test", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Completed(out, err, int(ended.value.code or 0))

    return run


def test_a_failed_test_tells_it_as_well(smtp_test: Test) -> None:
    done = smtp_test(*REFUSED, "--to", "b@elsewhere.example", "--online", "--dkim-selector", "S1", "--json")
    assert (done.exit, done.json["error"]["code"]) == (75, "connect.refused")
    online = done.json["data"]["online"]
    assert online["dmarc"]["policy"] == "reject"
    assert online["dkim"]["found"] is True
    assert done.json["warnings"] == []


def test_it_is_told_when_nothing_is_sent(smtp_test: Test) -> None:
    done = smtp_test(*REFUSED, "--until", "resolve", "--online", "--json")
    assert done.exit == 0
    assert done.json["data"]["online"]["spf"]["look_ups"] == 2


def test_the_text_is_a_few_calm_lines(smtp_test: Test) -> None:
    for words in (("--until", "resolve"), ("--to", "b@elsewhere.example")):
        shown = smtp_test(*REFUSED, *words, "--online").stdout
        lines = shown[shown.index("Online: corp.example") :].splitlines()
        assert [line.partition(":")[0] for line in lines[1:5]] == ["SPF", "DKIM", "DMARC", "bounces"]
        assert "reject, reports to mailto:d@corp.example" in lines[3]
        assert len(lines) == 6


def test_findings_make_a_strict_test_exit_5(smtp_test: Test) -> None:
    words = ("--until", "resolve", "--online", "--strict", "--json")
    assert smtp_test(*REFUSED, *words).exit == 0
    done = smtp_test(*REFUSED[:-1], "a@nowhere.example", *words)
    assert (done.exit, [warning["code"] for warning in done.json["warnings"]]) == (5, ["online.domain_missing"])


def test_without_the_option_nothing_is_asked(smtp_test: Test, name_server: NameServer) -> None:
    done = smtp_test(*REFUSED, "--until", "resolve", "--json")
    assert done.json["data"]["online"] is None
    assert name_server.asked == []


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--dkim-selector", "s1"), "usage.missing_value"), (("--online", "--dkim-selector", "s 1"), "usage.bad_value")],
)
def test_a_selector_is_one_and_needs_the_option(smtp_test: Test, words: tuple[str, ...], code: str) -> None:
    done = smtp_test(*REFUSED, *words, "--json")
    assert (done.exit, done.json["error"]["code"]) == (2, code)


def test_a_hint_about_unsaved_values_is_an_option(smtp_test: Test) -> None:
    done = smtp_test("--host", "smtp.live.com", "--from", "a@corp.example", "--until", "config", "--json")
    (warning,) = [each for each in done.json["warnings"] if each["code"] == "provider.retired_host"]
    assert warning["hint"] == "Add --host smtp-mail.outlook.com"


@pytest.fixture
def without_dnspython(tmp_path: Path) -> dict[str, str]:
    """An environment in which the library cannot be imported."""
    package = tmp_path / "stub" / "dns"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text("raise ModuleNotFoundError(name='dns')\n")
    return {"PYTHONPATH": str(package.parent)}


def test_without_the_extra_it_is_said_what_installs_it_before_anything_is_sent(
    run_postroom: RunPostroom, without_dnspython: dict[str, str]
) -> None:
    assert run_postroom("smtp", "test", *REFUSED, "--json", env=without_dnspython).exit == 75
    done = run_postroom("smtp", "test", *REFUSED, "--online", "--json", env=without_dnspython)
    assert (done.exit, done.json["error"]["code"]) == (78, "config.extra_missing")
    assert "pip install 'postroom[dns]'" in done.json["error"]["hint"]
