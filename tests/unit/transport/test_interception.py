"""Whom a server says it is: never an alarm for honest setups, always one for a certificate of somebody else."""

from typing import Any

import pytest

from postroom.config.presets import load_preset
from postroom.domain.reply import Signs
from postroom.transport.interception import interception_evidence, organisation


def found(
    host: str, *, preset: str = "", sign: str = "tls-certificate-name", names: tuple[str, ...] = (), **evidence: Any
) -> dict[str, Any]:
    known = load_preset(preset, None) if preset else None
    assert bool(preset) == (known is not None)
    certificate = {"certificate": {"subject": "x", "names": list(names)}} if names else {}
    return interception_evidence(Signs("starttls", sign, host=host, evidence={**certificate, **evidence}), known)


@pytest.mark.parametrize(
    ("host", "preset", "names"),
    [
        ("smtp.gmail.com", "gmail", ("host7.hosting.example", "cpanel.hosting.example")),
        ("smtp.office365.com", "microsoft365", ("www.hosting.co.uk",)),
        ("smtp.gmail.com", "gmail", ("localhost",)),
    ],
)
def test_somebody_elses_certificate_at_a_known_provider_is_an_interception(
    host: str, preset: str, names: tuple[str, ...]
) -> None:
    evidence = found(host, preset=preset, names=names, banner="host7.hosting.example ESMTP Exim")
    assert (evidence["intercepted"], evidence["intercepted_why"]) == (True, "certificate")
    assert evidence["compared_names"]["certificate"] == list(names)
    assert evidence["compared_names"]["banner"] == "host7.hosting.example"


@pytest.mark.parametrize(
    ("host", "preset", "sign", "names"),
    [
        # An inspecting antivirus or a machine without authorities: both show the right name.
        ("smtp.gmail.com", "gmail", "tls-certificate-untrusted", ("smtp.gmail.com",)),
        # A host of the provider's that the certificate merely does not list.
        ("smtp.gmail.com", "gmail", "tls-certificate-name", ("*.gmail.com",)),
        ("smtp.office365.com", "microsoft365", "tls-certificate-name", ("outlook.com", "*.office365.com")),
        # Somebody's own relay, with a provider's preset for the rest.
        ("relay.example.com", "gmail", "tls-certificate-name", ("host7.hosting.example",)),
        # A hosting firm's names differ from its customers' own.
        ("mail.example.com", "", "tls-certificate-name", ("host7.hosting.example",)),
        ("smtp.gmail.com", "gmail", "tls-certificate-expired", ("host7.hosting.example",)),
        ("smtp.gmail.com", "gmail", "starttls-not-offered", ()),
    ],
)
def test_an_honest_setup_is_never_called_an_interception(
    host: str, preset: str, sign: str, names: tuple[str, ...]
) -> None:
    banner = "AM0PR01CA0001.outlook.office365.com ESMTP" if preset == "microsoft365" else "host7.hosting.example ESMTP"
    evidence = found(host, preset=preset, sign=sign, names=names, banner=banner)
    assert "intercepted" not in evidence
    assert evidence["compared_names"]["host"] == host


def test_a_blotted_out_dialogue_is_an_interception_at_any_server() -> None:
    evidence = found("mail.example.com", sign="starttls-not-offered", banner="*" * 50)
    assert (evidence["intercepted"], evidence["intercepted_why"]) == (True, "masked")
    evidence = found(
        "mail.example.com", sign="starttls-not-offered", banner="a.example.com", extensions={"XXXXXXXA": ""}
    )
    assert evidence["intercepted_why"] == "masked"


def test_where_nothing_was_seen_nothing_is_compared() -> None:
    assert found("mail.example.com", sign="closed") == {}


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("smtp.gmail.com", "gmail.com"),
        ("*.example.co.uk", "example.co.uk"),
        ("mail.example.com.au", "example.com.au"),
        ("a.b.example.de", "example.de"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("A.Example.COM.", "example.com"),
    ],
)
def test_the_part_of_a_name_that_is_an_organisations(name: str, own: str) -> None:
    assert organisation(name) == own
