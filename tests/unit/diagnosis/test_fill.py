"""A cause's sentences with what is known of the failure."""

import pytest

from postroom.diagnosis.catalogue import cause, causes
from postroom.diagnosis.classify import classify
from postroom.diagnosis.fill import fill
from postroom.domain.reply import Signs

KNOWN = Signs(
    "tls",
    "tls-certificate-name",
    provider="gmail",
    host="mail.example.com",
    port=587,
    server="main",
    evidence={"offered": ["NTLM", "GSSAPI"], "certificate": {"names": ["mx.example.net", "*.example.org"]}},
)
NOTHING_KNOWN = Signs("tls", "tls-handshake")


@pytest.mark.parametrize("code", causes())
@pytest.mark.parametrize("signs", [KNOWN, NOTHING_KNOWN], ids=["known", "nothing known"])
def test_no_placeholder_and_no_gap_is_left(code: str, signs: Signs) -> None:
    filled = fill(cause(code), signs)
    for text in (filled.title, filled.cause, *filled.next_steps):
        assert "{" not in text
        assert "  " not in text
        assert " ," not in text
        assert " ;" not in text
        assert not text.startswith("the ")


def test_host_port_and_server_come_in() -> None:
    filled = fill(cause("tls.wrong_mode_starttls_expected"), KNOWN)
    assert filled.title == "Port 587 of mail.example.com does not begin with TLS"
    assert filled.next_steps[0].startswith("postroom smtp set main --security starttls --port 587")


def test_an_unknown_server_is_left_out_of_a_command() -> None:
    filled = fill(cause("tls.wrong_mode_starttls_expected"), KNOWN._replace(server=""))
    assert filled.next_steps[0].startswith("postroom smtp set --security starttls --port 587")


def test_the_names_in_the_certificate_are_told() -> None:
    assert "mx.example.net, *.example.org" in fill(cause("tls.cert_name_mismatch"), KNOWN).cause
    assert "other names" in fill(cause("tls.cert_name_mismatch"), NOTHING_KNOWN).cause


def test_the_mechanisms_on_offer_are_told() -> None:
    assert "NTLM, GSSAPI" in fill(cause("auth.no_common_mechanism"), KNOWN).cause


def test_an_unknown_host_is_the_server_in_sentences_and_a_place_holder_in_commands() -> None:
    filled = fill(cause("dns.host_not_found"), NOTHING_KNOWN)
    assert filled.title == "The server's host name does not exist"
    assert "getent hosts HOST" in filled.next_steps[0]
    assert fill(cause("auth.required"), NOTHING_KNOWN).title == "The server wants a login before it takes mail"


def test_braces_in_a_foreign_name_stay_what_they_are() -> None:
    signs = KNOWN._replace(evidence={"certificate": {"names": ["{host}"]}})
    assert "{host}" in fill(cause("tls.cert_name_mismatch"), signs).cause


def test_classify_fills() -> None:
    assert classify(KNOWN).title == "The certificate belongs to another name than mail.example.com"


def test_an_untrusted_certificate_brings_the_pin_that_could_be_confirmed() -> None:
    untrusted = cause("tls.cert_untrusted")
    seen = KNOWN._replace(evidence={"certificate": {"pin": "sha256/abc="}})
    assert "postroom smtp set main --pin sha256/abc=" in " ".join(fill(untrusted, seen).next_steps)
    assert "--pin sha256/BASE64" in " ".join(fill(untrusted, NOTHING_KNOWN).next_steps)


def test_the_wrong_name_is_the_one_that_was_looked_for() -> None:
    looked_for = KNOWN._replace(evidence={"expected_name": "smtp.example.net"})
    assert fill(cause("tls.cert_name_mismatch"), looked_for).title.endswith("another name than smtp.example.net")
