"""What is kept of a login comes back whole, or not at all."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from postroom.domain.oauth import Endpoints, Failure, TokenRecord, client_of
from postroom.domain.secret import Secret
from postroom.oauth.record import decode, encode
from tests.unit.oauth.scripted import server

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FULL = TokenRecord(
    client="fingerprint",
    flow="browser",
    account="alice",
    scopes=("openid", "smtp"),
    granted_at=NOW,
    refreshed_at=NOW,
    access_token=Secret("s3cret-access"),
    expires_at=NOW + timedelta(hours=1),
    refresh_token=Secret("s3cret-refresh"),
    refresh_ends_at=NOW + timedelta(days=90),
    failure=Failure(NOW, "oauth.provider_busy", "busy", paused=True),
    begun_at=NOW,
    endpoints=Endpoints("https://login.example.test", "https://login.example.test/token", "", ("smtp",), ("way",)),
)
BARE = TokenRecord("fingerprint", "client-credentials", "", (), NOW, NOW)


@pytest.mark.parametrize("record", [FULL, BARE], ids=["full", "bare"])
def test_a_record_comes_back_as_it_was(record: TokenRecord) -> None:
    assert decode(encode(record)) == record


def test_it_is_one_line_as_every_secret_is() -> None:
    assert "\n" not in encode(FULL).reveal()


def test_a_part_of_a_record_is_none() -> None:
    whole = encode(FULL).reveal()
    for length in range(len(whole)):
        refuse(whole[:length])


@pytest.mark.parametrize("name", json.loads(encode(FULL).reveal()))
@pytest.mark.parametrize("value", [7, ["x"], {"x": "y"}, "yesterday", "2026-03-04T05:06:07", True], ids=repr)
def test_a_member_that_is_something_else_is_refused_or_read_as_text(name: str, value: object) -> None:
    text = json.dumps({**json.loads(encode(FULL).reveal()), name: value})
    try:
        record = decode(Secret(text))
    except ValueError as error:
        assert_bare(error)
        return
    for moment in (record.granted_at, record.refreshed_at, record.expires_at, record.refresh_ends_at, record.begun_at):
        assert moment is None or moment.tzinfo is not None
    for secret in (record.access_token, record.refresh_token):
        assert secret is None or isinstance(secret.reveal(), str)
    assert decode(encode(record)) == record


@pytest.mark.parametrize("name", json.loads(encode(FULL).reveal()))
def test_a_member_that_is_missing_is_no_record(name: str) -> None:
    table = json.loads(encode(FULL).reveal())
    del table[name]
    refuse(json.dumps(table))


@pytest.mark.parametrize("version", ["2", "", 2, None, [], {}])
def test_another_form_is_named_as_such(version: object) -> None:
    text = json.dumps({**json.loads(encode(FULL).reveal()), "version": version})
    with pytest.raises(ValueError, match="does not know") as refused:
        decode(Secret(text))
    assert_bare(refused.value)


@pytest.mark.parametrize("text", ["s3cret", "[]", '"s3cret"', "null", "1", "{}", "[" * 100_000, '{"version": '])
def test_what_is_no_record_is_never_repeated(text: str) -> None:
    refuse(text)


def refuse(text: str) -> None:
    with pytest.raises(ValueError, match="is no record of tokens") as refused:
        decode(Secret(text))
    assert_bare(refused.value)


def assert_bare(error: BaseException) -> None:
    """No exception of the parser, which holds the whole text, is chained to it."""
    assert "s3cret" not in repr(error)
    assert (error.__cause__, error.__context__) == (None, None)


def test_a_record_shows_no_token() -> None:
    assert "s3cret" not in f"{FULL!r} {FULL} {encode(FULL)!r}"


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "mail.example.net"},
        {"username": "bob@example.test"},
        {"client_id": "other"},
        {"tenant": "example.com"},
        {"scope": "openid"},
        {"scope": "openid smtp imap"},
        {"issuer": "https://other.example.test"},
    ],
    ids=str,
)
def test_other_settings_have_another_fingerprint(changes: dict[str, str | None]) -> None:
    mine, other = server(), server(**changes)
    prints = [client_of(found, None).fingerprint(str(found.host)) for found in (mine, other)]
    assert prints[0] != prints[1]


def test_an_issuer_may_change_its_endpoints_and_nobody_else_may() -> None:
    def print_of(**changes: str | None) -> str:
        found = server(**changes)
        return client_of(found, None).fingerprint(str(found.host))

    assert print_of(token_endpoint="https://a.example.test") == print_of(token_endpoint="https://b.example.test")
    without = [print_of(issuer=None, token_endpoint=f"https://{name}.example.test") for name in "ab"]
    assert without[0] != without[1]
