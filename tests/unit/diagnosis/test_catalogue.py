"""Every cause class is whole: codes, statuses, sentences, and commands that exist."""

import re
from pathlib import Path

import pytest

from postroom.diagnosis import entry as entry_module
from postroom.diagnosis.catalogue import (
    ProviderAdvice,
    When,
    advice_for,
    advice_when,
    cause,
    causes,
    provider_advice,
    whens,
)
from postroom.diagnosis.entry import Entry, bundled_entries
from postroom.diagnosis.providers import families
from postroom.diagnosis.site import Names, site_entries
from postroom.domain.reply import Cause, Signs
from postroom.domain.settings import OAuth, Server, Tls
from postroom.errors import Exit

ALL = list(causes().values())
ENTRIES = sorted(Path(entry_module.__file__).with_name("entries").glob("*.toml"))

# The stable part of the contract: what scripts read. A class is never renamed, and none of this changes unseen.
CONTRACT = {
    "dns.host_not_found": (68, "never", "server"),
    "dns.temporary_failure": (75, "later", "server"),
    "connect.refused": (75, "never", "server"),
    "connect.timeout": (75, "later", "server"),
    "connect.unreachable": (75, "never", "server"),
    "connect.closed_early": (74, "later", "server"),
    "connect.intercepted": (69, "never", "server"),
    "connect.proxy_failed": (75, "never", "server"),
    "greeting.timeout": (75, "later", "server"),
    "greeting.rejected": (69, "never", "server"),
    "ehlo.name_rejected": (77, "never", "server"),
    "tls.wrong_mode_starttls_expected": (76, "never", "server"),
    "tls.wrong_mode_implicit_expected": (76, "never", "server"),
    "tls.starttls_unavailable": (69, "never", "server"),
    "tls.encryption_required": (77, "never", "server"),
    "tls.cert_expired": (69, "never", "server"),
    "tls.cert_name_mismatch": (69, "never", "server"),
    "tls.cert_untrusted": (69, "never", "server"),
    "tls.pin_mismatch": (69, "never", "server"),
    "tls.protocol_too_old": (76, "never", "server"),
    "tls.handshake_failed": (76, "never", "server"),
    "tls.client_cert_required": (69, "never", "server"),
    "auth.not_offered": (69, "never", "server"),
    "auth.no_common_mechanism": (69, "never", "server"),
    "auth.required": (77, "never", "server"),
    "auth.bad_credentials": (77, "never", "server"),
    "auth.app_password_required": (77, "never", "server"),
    "auth.basic_disabled_by_policy": (77, "never", "server"),
    "auth.smtp_disabled_for_account": (77, "never", "server"),
    "auth.blocked_by_security_policy": (77, "never", "server"),
    "auth.not_permitted": (77, "never", "server"),
    "auth.too_many_attempts": (75, "later", "server"),
    "auth.xoauth2_token_rejected": (77, "never", "server"),
    "account.suspended": (77, "never", "server"),
    "oauth.refresh_token_revoked": (4, "never", "server"),
    "oauth.refresh_token_expired": (4, "never", "server"),
    "oauth.client_secret_invalid": (78, "never", "server"),
    "oauth.app_not_found": (78, "never", "server"),
    "oauth.consent_required": (4, "never", "server"),
    "oauth.account_not_allowed": (4, "never", "server"),
    "oauth.redirect_mismatch": (78, "never", "server"),
    "oauth.invalid_scope": (78, "never", "server"),
    "oauth.clock_skew": (78, "never", "server"),
    "oauth.user_unusable": (4, "never", "server"),
    "oauth.mfa_required": (4, "never", "server"),
    "oauth.conditional_access_blocked": (4, "never", "server"),
    "oauth.grant_not_allowed": (78, "never", "server"),
    "oauth.device_flow_incomplete": (4, "later", "server"),
    "oauth.code_refused": (4, "never", "server"),
    "oauth.scope_missing": (4, "never", "server"),
    "oauth.wrong_account": (4, "never", "server"),
    "oauth.provider_unavailable": (75, "later", "server"),
    "oauth.provider_untrusted": (69, "never", "server"),
    "oauth.provider_misbehaving": (76, "later", "server"),
    "sender.not_owned": (77, "never", "message"),
    "sender.unverified_domain": (77, "never", "message"),
    "sender.domain_not_found": (77, "never", "message"),
    "sender.sandbox_restricted": (77, "never", "message"),
    "address.invalid": (65, "never", "recipient"),
    "rcpt.relay_denied": (77, "never", "recipient"),
    "rcpt.unknown_user": (67, "never", "recipient"),
    "rcpt.mailbox_full": (75, "later", "recipient"),
    "rcpt.too_many": (65, "never", "message"),
    "message.too_large": (65, "never", "message"),
    "message.malformed": (65, "never", "message"),
    "message.smtputf8_unsupported": (69, "never", "recipient"),
    "message.eight_bit_unsupported": (69, "never", "message"),
    "message.attachment_blocked": (77, "never", "message"),
    "message.spam_content": (77, "never", "message"),
    "policy.sender_auth_failed": (77, "never", "message"),
    "policy.ip_blocked": (77, "never", "server"),
    "policy.ptr_missing": (77, "never", "server"),
    "policy.greylisted": (75, "later", "recipient"),
    "policy.rate_limited_short": (75, "later", "server"),
    "policy.rate_limited_daily": (75, "later", "server"),
    "policy.too_many_connections": (75, "later", "server"),
    "policy.rejected": (77, "never", "message"),
    "server.temporary": (75, "later", "server"),
    "protocol.bad_command": (76, "never", "server"),
    "config.cleartext_not_allowed": (78, "never", "server"),
}

PLACEHOLDERS = {"host", "port", "provider", "server", "mechanisms", "cert_names", "name", "pin", "account"}
PLACEHOLDERS |= {"missing_scopes", "logged_in_as", "mailbox", "endpoint", "address_option", "client_id", "again"}
FOUND = {
    "tried_ports",
    "open_port",
    "open_security",
    "open_ports",
    "preset_host",
    "speaks",
    "issuer_urls",
    "clock_difference",
}
"""Placeholders of what a look around finds: only entries that ask for it may use them."""

COMMANDS = ("smtp set", "smtp test", "smtp providers", "oauth setup", "oauth login", "oauth refresh")
OAUTH_OPTIONS = {"--flow", "--all"}
TEST_OPTIONS = {"--to", "--trace", "--until", "--as"}
SET_OPTIONS = {
    "--password-stdin",
    "--access-token-command",
    "--client-secret-stdin",
    "--assertion-command",
    "--unset",
    "--ca-file",
    "--client-cert",
    "--client-key",
    "--tls-min",
    "--pin",
} | {key.option for section in (Server, Tls, OAuth) for key in section.declared()}


def code_of(row: Cause) -> str:
    return row.code


def test_codes_exit_statuses_retries_and_scopes_are_the_contract() -> None:
    assert {row.code: (row.exit, row.retry, row.scope) for row in ALL} == CONTRACT


@pytest.mark.parametrize("row", ALL, ids=code_of)
class TestEveryCause:
    def test_has_an_exit_status_of_the_table(self, row: Cause) -> None:
        assert Exit(row.exit) not in (Exit.OK, Exit.SOFTWARE)

    def test_is_told_in_sentences(self, row: Cause) -> None:
        assert row.title[0].isupper() or row.title.startswith("{")
        assert row.title[-1] not in ".!:"
        assert row.cause.endswith(".")
        assert row.next_steps
        assert row.tell_apart.endswith(".")
        for text in (row.title, row.cause, row.tell_apart, *row.next_steps):
            assert "  " not in text
            assert text == text.strip()

    def test_has_known_placeholders_only(self, row: Cause) -> None:
        text = row.title + row.cause + "".join(row.next_steps)
        assert set(re.findall(r"\{(.*?)\}", text)) <= PLACEHOLDERS
        assert text.count("{") == text.count("}")

    def test_names_commands_and_options_that_exist(self, row: Cause) -> None:
        for step in row.next_steps:
            assert wrong_in(step) == []


def wrong_in(step: str) -> list[str]:
    """Commands and options in a next step that do not exist, or do not name the server."""
    wrong = [command for command in re.findall(r"postroom ([a-z]+ [a-z]+)", step) if command not in COMMANDS]
    known = SET_OPTIONS | TEST_OPTIONS if "postroom smtp set" in step else TEST_OPTIONS
    if "postroom oauth" in step:
        known = OAUTH_OPTIONS
    if "postroom" in step:
        wrong += set(re.findall(r"(?<![\w-])--[a-z0-9-]+", step)) - known
    commands = re.findall(r"postroom (?:smtp (?:set|test)|oauth (?:login|refresh))(?: [^ `]+)?", step)
    return wrong + [command for command in commands if not command.endswith((" {server}", " {server}:", " --all"))]


@pytest.mark.parametrize("row", provider_advice(), ids=lambda row: f"{row.cause} {row.providers[0]}")
def test_every_advice_is_for_a_class_and_a_provider_that_exist_and_names_commands_that_exist(
    row: ProviderAdvice,
) -> None:
    assert row.cause in causes()
    assert set(row.providers) <= set(families())
    assert row.advice.next_steps
    for step in row.advice.next_steps:
        assert wrong_in(step) == []
        assert set(re.findall(r"\{(.*?)\}", step)) <= PLACEHOLDERS
    for address in row.advice.docs:
        assert address.startswith("https://")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d|", row.advice.checked)


def test_no_advice_stands_behind_one_that_takes_its_provider() -> None:
    seen: set[tuple[str, str]] = set()
    for row in provider_advice():
        pairs = {(row.cause, provider) for provider in row.providers}
        assert not pairs <= seen, row
        if not row.facts:  # what holds for some failures only leaves the others to the next
            seen |= pairs


@pytest.mark.parametrize("code", [code for code in causes() if code.startswith("oauth.")])
def test_who_logs_in_by_postroom_is_never_sent_to_another_program(code: str) -> None:
    for family in ("", "microsoft", "google"):
        signs = Signs("token", "refused-by-reply", provider=family, evidence={"own_tokens": True}, server="main")
        told = [advice_for(code, frozenset({family}), signs), advice_when(code, signs)]
        steps = next((advice.next_steps for advice in told if advice), cause(code).next_steps)
        assert any("postroom " in step or "{again}" in step for step in steps)
        assert not [step for step in steps if "program that Postroom" in step]


@pytest.mark.parametrize("file", ENTRIES, ids=lambda file: file.stem)
def test_our_own_entries_keep_the_rules_of_a_sites(file: Path) -> None:
    found = site_entries(file.read_bytes(), Names(causes()), re.compile)
    assert [str(wrong) for wrong in found.wrong] == []


@pytest.mark.parametrize("entry", bundled_entries(), ids=lambda entry: entry.cause)
def test_every_entry_tells_of_things_that_exist(entry: Entry) -> None:
    assert entry.cause not in entry.also
    assert set(entry.providers) <= set(families())
    for text in (entry.advice.title, entry.advice.cause, *entry.advice.next_steps):
        assert set(re.findall(r"\{(.*?)\}", text)) <= PLACEHOLDERS | FOUND
    for step in entry.advice.next_steps:
        assert wrong_in(step) == []


def test_an_unknown_code_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        cause("no.such_cause")


@pytest.mark.parametrize("row", whens(), ids=lambda row: row.cause)
def test_what_a_class_says_where_more_is_known_tells_of_things_that_exist(row: When) -> None:
    assert row.facts
    for text in (row.advice.title, row.advice.cause, *row.advice.next_steps):
        assert set(re.findall(r"\{(.*?)\}", text)) <= PLACEHOLDERS | FOUND
    for step in row.advice.next_steps:
        assert wrong_in(step) == []
