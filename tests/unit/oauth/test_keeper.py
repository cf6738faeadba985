"""Tokens are renewed in time, by one, and given up only where the provider has said so."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from postroom.domain.oauth import Failure, Granted, GrantError, TokenRecord
from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.domain.settings import Server
from postroom.errors import ConfigError, Exit, Fault, LockError, PostroomError, SecretError
from postroom.oauth.record import encode
from tests.unit.oauth.scripted import HOUR, TOKENS, Office, granted, office, outage, refusal, server

LOGIN = "postroom oauth login main"


@pytest.fixture
def here(tmp_path: Path) -> Office:
    return office(tmp_path / "state")


def access(record: TokenRecord) -> str:
    return record.access_token.reveal() if record.access_token else ""


def refresh_token(record: TokenRecord) -> str:
    return record.refresh_token.reveal() if record.refresh_token else ""


# When it is renewed.


@pytest.mark.parametrize(
    ("life", "passed", "asked"),
    [
        (HOUR, 0, 0),
        (HOUR, HOUR - 301, 0),
        (HOUR, HOUR - 300, 1),
        (HOUR, HOUR - 1, 1),
        (HOUR, HOUR + 1, 1),
        (600, 299, 0),
        (600, 300, 1),
        (10, 4, 0),
        (10, 5, 1),
        (None, HOUR - 301, 0),
        (None, HOUR - 300, 1),
    ],
)
def test_it_is_renewed_five_minutes_before_its_end_a_short_one_at_half_its_life(
    here: Office, life: int | None, passed: int, asked: int
) -> None:
    main = here.logged_in(granted(0, expires_in=life))
    here.provider.answers = [granted(1)]
    here.desk.clock.advance(passed)
    found = here.keeper.usable(main)
    assert access(found) == f"s3cret-access-{asked}"
    assert len(here.provider.shown) == asked
    assert here.held == found


def test_a_good_token_is_read_and_nothing_else_is_touched(here: Office) -> None:
    main = here.logged_in()
    writes = here.desk.shelves["keyring"].writes
    here.hooks.held_by_another = True
    here.hooks.proof = lambda _: pytest.fail("no proof is needed")
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert here.desk.shelves["keyring"].writes == writes


def test_refresh_renews_whatever_the_age(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    assert access(here.keeper.refresh(main)) == "s3cret-access-1"
    assert here.provider.shown == ["s3cret-refresh-0"]


@pytest.mark.parametrize("ask", ["usable", "refresh"])
def test_whoever_waited_for_another_process_asks_nobody(here: Office, ask: str) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    here.hooks.waiting = lambda: str(here.keeper.refresh(main))
    here.desk.clock.advance(HOUR)
    assert access(getattr(here.keeper, ask)(main)) == "s3cret-access-1"
    assert here.provider.shown == ["s3cret-refresh-0"]


def test_a_crowd_that_refreshes_asks_again_where_the_first_of_it_failed(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(), granted(1)]

    def another_fails() -> None:
        with pytest.raises(Fault):
            here.keeper.refresh(main)

    here.hooks.waiting = another_fails
    assert access(here.keeper.refresh(main)) == "s3cret-access-1"
    assert here.provider.shown == ["s3cret-refresh-0"] * 2


def test_a_refused_token_gives_way_to_another_one(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    assert access(here.keeper.usable(main, refused=Secret("s3cret-access-0"))) == "s3cret-access-1"


def test_a_token_that_was_refused_before_somebody_renewed_it_asks_nobody(here: Office) -> None:
    main = here.logged_in(granted(1))
    assert access(here.keeper.usable(main, refused=Secret("s3cret-access-0"))) == "s3cret-access-1"
    assert here.provider.shown == []


def test_a_refused_token_is_not_used_even_where_no_other_is_to_be_had(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage()]
    with pytest.raises(Fault):
        here.keeper.usable(main, refused=Secret("s3cret-access-0"))
    here.hooks.held_by_another = True
    with pytest.raises(LockError):
        here.keeper.usable(main, refused=Secret("s3cret-access-0"))


def test_a_held_lock_leaves_a_living_token_usable_and_a_dead_one_not(here: Office) -> None:
    main = here.logged_in()
    here.hooks.held_by_another = True
    here.desk.clock.advance(HOUR - 10)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert here.hooks.patience[-1] == 5
    here.desk.clock.advance(10)
    for ask in (here.keeper.usable, here.keeper.refresh):
        with pytest.raises(LockError):
            ask(main)
        assert here.hooks.patience[-1] == 60


# What is kept.


def test_the_new_refresh_token_is_in_the_store_when_the_work_apart_ends(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    seen = []

    def look_after(work: Callable[[], None]) -> None:
        assert refresh_token(here.held) == "s3cret-refresh-0"
        work()
        seen.append(refresh_token(here.held))

    here.hooks.apart = look_after
    here.keeper.refresh(main)
    assert seen == ["s3cret-refresh-1"]


@pytest.mark.parametrize("again", [None, "s3cret-refresh-0"])
def test_without_a_new_refresh_token_the_old_one_stays(here: Office, again: str | None) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1, refresh_token=again), granted(2)]
    here.keeper.refresh(main)
    assert (access(here.held), refresh_token(here.held)) == ("s3cret-access-1", "s3cret-refresh-0")
    here.keeper.refresh(main)
    assert here.provider.shown == ["s3cret-refresh-0"] * 2


def test_the_end_of_the_refresh_token_and_the_account_are_kept_where_nothing_new_is_told(here: Office) -> None:
    main = here.logged_in(granted(0)._replace(refresh_expires_in=HOUR * 24))
    end = here.held.refresh_ends_at
    assert end is not None
    here.desk.clock.advance(HOUR)
    here.provider.answers = [granted(1)._replace(account=""), granted(2)._replace(refresh_expires_in=HOUR * 48)]
    here.keeper.refresh(main)
    assert (here.held.refresh_ends_at, here.held.account) == (end, "alice")
    here.keeper.refresh(main)
    assert here.held.refresh_ends_at == here.desk.clock.now() + timedelta(hours=48)


def test_the_day_of_the_login_outlives_a_renewal(here: Office) -> None:
    main = here.logged_in()
    login = here.held.granted_at
    here.desk.clock.advance(HOUR)
    here.provider.answers = [granted(1)]
    here.keeper.usable(main)
    assert here.held.granted_at == login
    assert here.held.refreshed_at == here.desk.clock.now()


def test_an_application_by_itself_needs_no_refresh_token_and_no_login(here: Office) -> None:
    main = server(flow="client-credentials")
    here.provider.answers = [granted(1, refresh_token=None), granted(2, refresh_token=None)]
    assert access(here.keeper.usable(main)) == "s3cret-access-1"
    here.desk.clock.advance(HOUR)
    assert access(here.keeper.usable(main)) == "s3cret-access-2"
    assert here.provider.shown == ["itself", "itself"]


def test_tokens_that_nobody_keeps_are_for_one_run(here: Office) -> None:
    main = server(flow="client-credentials", tokens=None)
    here.provider.answers = [granted(1), granted(2)]
    assert [access(here.keeper.usable(main)), access(here.keeper.usable(main))] == [
        "s3cret-access-1",
        "s3cret-access-2",
    ]
    assert here.desk.shelves["keyring"].held == {}
    with pytest.raises(ConfigError, match="nobody has logged in"):
        here.keeper.usable(server(tokens=None))


# What the settings refer to.


@pytest.mark.parametrize("ask", ["usable", "refresh"])
def test_tokens_that_were_moved_meanwhile_are_not_brought_back_to_where_they_were(here: Office, ask: str) -> None:
    main = here.logged_in()
    here.desk.clock.advance(HOUR)

    def moved() -> None:
        here.desk.vault.remove(TOKENS)
        here.hooks.refers = lambda _: False

    here.hooks.waiting = moved
    with pytest.raises(ConfigError) as failed:
        getattr(here.keeper, ask)(main)
    assert (failed.value.code, failed.value.exit) == ("config.changed_meanwhile", Exit.TRY_AGAIN)
    assert here.provider.shown == []
    assert here.desk.shelves["keyring"].held == {}


def test_a_living_token_is_used_up_where_the_settings_have_moved_on(here: Office) -> None:
    main = here.logged_in()
    here.desk.clock.advance(HOUR - 10)
    here.hooks.refers = lambda _: False
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert here.provider.shown == []


def test_an_application_by_itself_brings_no_tokens_back_either(here: Office) -> None:
    here.hooks.refers = lambda _: False
    with pytest.raises(ConfigError, match="moved or removed"):
        here.keeper.usable(server(flow="client-credentials"))
    assert here.desk.shelves["keyring"].held == {}


def test_whoever_moves_tokens_holds_both_names_in_one_order(here: Office) -> None:
    for names in (("main", "other"), ("other", "main", "main")):
        with here.keeper.held(*names):
            assert here.hooks.names == ["main", "other"]
        assert here.hooks.names == []


# The addresses of the provider.


def test_a_renewal_asks_for_no_metadata(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1), granted(2)]
    here.keeper.refresh(main)
    here.keeper.refresh(main)
    assert here.provider.discovered == 0
    assert [client.token_endpoint for client in here.provider.clients] == ["https://login.example.test/token"] * 2
    here.keeper.forget(main, revoke=True)
    assert here.provider.discovered == 0


def test_an_application_by_itself_asks_for_them_once(here: Office) -> None:
    main = server(flow="client-credentials")
    here.provider.answers = [granted(1), granted(2)]
    here.keeper.refresh(main)
    here.keeper.refresh(main)
    assert here.provider.discovered == 1


def test_what_the_settings_say_goes_before_what_is_kept(here: Office) -> None:
    here.logged_in()
    here.provider.answers = [granted(1)]
    here.keeper.refresh(server(token_endpoint="https://other.example.test/token"))
    assert here.provider.clients[0].token_endpoint == "https://other.example.test/token"


@pytest.mark.parametrize(("sign", "asked"), [("not-oauth", 1), ("host-not-found", 1), ("connection-refused", 0)])
def test_an_address_that_no_longer_answers_as_it_must_is_looked_up_again(here: Office, sign: str, asked: int) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(sign), granted(1)]
    with pytest.raises(Fault):
        here.keeper.refresh(main)
    here.keeper.refresh(main)
    assert here.provider.discovered == asked


# A provider out of reach.

OUTAGES = ["connection-refused", "reply-timeout", "host-not-found", "closed", "provider-busy", "not-oauth"]


@pytest.mark.parametrize("sign", [*OUTAGES, "tls-certificate-untrusted", "tls-certificate-expired", "tls-handshake"])
def test_a_failure_on_the_way_leaves_a_living_token_in_use_and_throws_nothing_away(here: Office, sign: str) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(sign)]
    here.desk.clock.advance(HOUR - 100)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert (access(here.held), refresh_token(here.held)) == ("s3cret-access-0", "s3cret-refresh-0")
    assert here.held.failure is not None
    assert here.held.failure.paused is False


@pytest.mark.parametrize("sign", OUTAGES)
def test_a_dead_token_is_no_use_then_but_nothing_is_thrown_away_and_the_next_one_may_succeed(
    here: Office, sign: str
) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(sign), outage(sign), granted(1)]
    here.desk.clock.advance(HOUR)
    for ask in (here.keeper.usable, here.keeper.refresh):
        with pytest.raises(Fault) as failed:
            ask(main)
        assert failed.value.exit != Exit.LOGIN_NEEDED
        assert refresh_token(here.held) == "s3cret-refresh-0"
    assert access(here.keeper.usable(main)) == "s3cret-access-1"
    assert here.held.failure is None


def test_a_provider_that_failed_is_left_alone_for_a_minute(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage("reply-timeout"), granted(1)]
    here.desk.clock.advance(HOUR - 200)
    here.keeper.usable(main)
    here.desk.clock.advance(59)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert len(here.provider.shown) == 1
    here.desk.clock.advance(1)
    assert access(here.keeper.usable(main)) == "s3cret-access-1"


def test_it_is_not_left_alone_where_the_token_is_refused_or_renewal_is_wanted(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(), granted(1), granted(2)]
    here.desk.clock.advance(HOUR - 200)
    here.keeper.usable(main)
    assert access(here.keeper.usable(main, refused=Secret("s3cret-access-0"))) == "s3cret-access-1"
    assert access(here.keeper.refresh(main)) == "s3cret-access-2"


# What the provider says.

LOST = [
    ("invalid_grant", "Token has been expired or revoked."),
    ("invalid_grant", ""),
    ("invalid_grant", "AADSTS70008: The provided authorization code or refresh token has expired due to inactivity."),
    ("interaction_required", "AADSTS50076: you must use multi-factor authentication"),
    ("consent_required", "AADSTS65001"),
]
MENDED = [
    ("invalid_client", "AADSTS7000222: The provided client secret keys are expired."),
    ("invalid_client", "AADSTS7000215: Invalid client secret provided."),
    ("invalid_client", ""),
    ("unauthorized_client", ""),
    ("invalid_scope", ""),
    ("invalid_request", ""),
    ("unsupported_grant_type", ""),
]


@pytest.mark.parametrize(("error", "text"), LOST)
def test_only_the_word_that_a_person_must_log_in_throws_tokens_away_and_pauses(
    here: Office, error: str, text: str
) -> None:
    main = here.logged_in()
    here.provider.answers = [refusal(error, text)]
    with pytest.raises(Fault) as failed:
        here.keeper.refresh(main)
    assert failed.value.exit == Exit.LOGIN_NEEDED
    assert (here.held.access_token, here.held.refresh_token) == (None, None)
    assert here.held.failure == Failure(here.desk.clock.now(), failed.value.code, failed.value.message, paused=True)
    for ask in (here.keeper.usable, here.keeper.refresh, here.keeper.checked):
        with pytest.raises(Fault) as again:
            ask(main)
        assert (again.value.code, again.value.exit, again.value.hint) == (failed.value.code, Exit.LOGIN_NEEDED, LOGIN)
        assert failed.value.message in again.value.message
        assert "2026-03-04" in again.value.message
    assert len(here.provider.shown) == 1


@pytest.mark.parametrize(("error", "text"), MENDED)
def test_a_fault_of_the_application_keeps_the_refresh_token(here: Office, error: str, text: str) -> None:
    main = here.logged_in()
    here.desk.clock.advance(HOUR)
    here.provider.answers = [refusal(error, text), granted(1)]
    with pytest.raises(Fault) as failed:
        here.keeper.usable(main)
    assert failed.value.exit == Exit.CONFIG
    assert refresh_token(here.held) == "s3cret-refresh-0"
    assert here.held.failure is not None
    assert here.held.failure.paused is False
    assert access(here.keeper.usable(main)) == "s3cret-access-1"


def test_a_fault_of_the_application_leaves_a_living_token_in_use(here: Office) -> None:
    main = here.logged_in()
    here.desk.clock.advance(HOUR - 100)
    here.provider.answers = [refusal("invalid_client"), refusal("invalid_grant")]
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert here.held.failure is not None
    here.desk.clock.advance(60)
    with pytest.raises(Fault):
        here.keeper.usable(main)
    assert here.held.access_token is None


def test_a_login_ends_the_pause(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [refusal()]
    with pytest.raises(Fault):
        here.keeper.refresh(main)
    here.logged_in(granted(5))
    assert access(here.keeper.usable(main)) == "s3cret-access-5"


def test_a_login_without_a_refresh_token_is_used_to_its_very_end(here: Office) -> None:
    main = here.logged_in(granted(0, refresh_token=None))
    here.desk.clock.advance(HOUR - 1)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    here.desk.clock.advance(1)
    with pytest.raises(ConfigError) as failed:
        here.keeper.usable(main)
    assert (failed.value.code, failed.value.exit, failed.value.hint) == ("oauth.login_needed", Exit.LOGIN_NEEDED, LOGIN)
    assert here.provider.shown == []


# Settings that changed.


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"tenant": "example.com"},
        {"scope": "openid smtp imap"},
        {"issuer": "https://evil.example.test"},
        {"issuer": None, "token_endpoint": "https://evil.example.test/token"},
    ],
    ids=str,
)
def test_tokens_of_other_settings_are_not_used_and_not_shown(here: Office, changes: dict[str, str | None]) -> None:
    here.logged_in()
    main = server(**changes)
    for ask in (here.keeper.usable, here.keeper.refresh, here.keeper.checked):
        with pytest.raises(ConfigError, match="its settings have changed") as failed:
            ask(main)
        assert (failed.value.code, failed.value.exit) == ("oauth.login_needed", Exit.LOGIN_NEEDED)
    assert here.provider.shown == []
    assert access(here.keeper.usable(server())) == "s3cret-access-0"


@pytest.mark.parametrize("changes", [{"host": "evil.example.test"}, {"username": "bob@example.test"}], ids=str)
def test_tokens_of_another_host_or_mailbox_do_not_even_leave_the_store(here: Office, changes: dict[str, str]) -> None:
    here.logged_in()
    for ask in (here.keeper.usable, here.keeper.refresh):
        with pytest.raises(SecretError) as failed:
            ask(server(**changes))
        assert failed.value.code == "secret.bound_elsewhere"


def test_the_order_of_scopes_and_the_redirect_address_change_nothing(here: Office) -> None:
    here.logged_in()
    main = server(scope="smtp openid", redirect_uri="http://127.0.0.1:1234/")
    assert access(here.keeper.usable(main)) == "s3cret-access-0"


# Stores that fail.


@pytest.mark.parametrize("state", ["locked", "absent", "hanging", "unsafe"])
def test_no_refresh_token_is_shown_where_the_store_takes_nothing(
    here: Office, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    shelf = here.desk.shelves["keyring"]
    writing = shelf.write

    def refused(locator: str, secret: Secret) -> None:
        shelf.now = StoreState(state, "the reason")  # type: ignore[arg-type]  # the parameters are its values
        writing(locator, secret)

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "write", refused)
        with pytest.raises(SecretError, match="the reason"):
            here.keeper.refresh(main)
    assert here.provider.shown == []
    shelf.now = StoreState("usable")
    assert access(here.keeper.refresh(main)) == "s3cret-access-1"


def test_a_store_that_takes_nothing_leaves_a_living_token_in_use(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    main = here.logged_in()
    monkeypatch.setattr(here.desk.shelves["keyring"], "write", _full)
    here.desk.clock.advance(HOUR - 10)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    here.desk.clock.advance(10)
    with pytest.raises(SecretError, match="no space"):
        here.keeper.usable(main)
    assert here.provider.shown == []


def _full(_locator: str, _secret: Secret) -> None:
    raise SecretError("file.cannot_write", "no space left", hint="Make room.")


def test_a_new_refresh_token_is_tried_on_until_the_store_takes_it(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    shelf = here.desk.shelves["keyring"]
    here.provider.meanwhile = lambda: setattr(shelf, "now", StoreState("locked", "the reason"))
    here.hooks.napping = lambda: setattr(shelf, "now", StoreState("usable"))
    assert access(here.keeper.refresh(main)) == "s3cret-access-1"
    assert refresh_token(here.held) == "s3cret-refresh-1"


def test_a_new_refresh_token_that_the_store_never_takes_is_told_as_what_it_is(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    shelf = here.desk.shelves["keyring"]
    here.provider.meanwhile = lambda: setattr(shelf, "now", StoreState("locked", "the reason", "Unlock it."))
    with pytest.raises(SecretError) as failed:
        here.keeper.refresh(main)
    assert failed.value.code == "oauth.not_kept"
    assert "the reason" in failed.value.message
    assert failed.value.hint == f"Unlock it.\nThen log in again: {LOGIN}"
    assert 15 < sum(here.naps) < 30
    shelf.now = StoreState("usable")
    here.provider.meanwhile = lambda: None
    here.provider.answers = [refusal()]
    with pytest.raises(Fault) as refused:
        here.keeper.refresh(main)
    assert "; a renewal that began at 2026-03-04 05:06 was cut off" in refused.value.message


def test_a_refresh_token_that_did_not_change_is_not_worth_waiting_for(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1, refresh_token=None)]
    shelf = here.desk.shelves["keyring"]
    here.provider.meanwhile = lambda: setattr(shelf, "now", StoreState("locked", "the reason"))
    with pytest.raises(SecretError) as failed:
        here.keeper.refresh(main)
    assert failed.value.code == "secret.store_locked"
    assert here.naps == []


def test_a_refusal_is_told_even_where_it_cannot_be_noted(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [refusal()]
    shelf = here.desk.shelves["keyring"]
    here.provider.meanwhile = lambda: setattr(shelf, "now", StoreState("locked", "the reason"))
    with pytest.raises(Fault) as failed:
        here.keeper.refresh(main)
    assert failed.value.exit == Exit.LOGIN_NEEDED


def test_a_renewal_that_was_cut_off_leaves_a_living_token_in_use_and_explains_a_later_refusal(here: Office) -> None:
    main = here.logged_in()
    here.desk.clock.advance(HOUR - 200)

    def killed(_work: Callable[[], None]) -> None:
        raise PostroomError("oauth.cut_off", "killed", exit=Exit.TRY_AGAIN)

    here.hooks.apart = killed
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    with pytest.raises(PostroomError, match="killed"):
        here.keeper.refresh(main)
    assert refresh_token(here.held) == "s3cret-refresh-0"
    here.hooks.apart = lambda work: work()
    here.provider.answers = [refusal()]
    with pytest.raises(Fault) as refused:
        here.keeper.refresh(main)
    assert "; a renewal that began at 2026-03-04 06:02 was cut off" in refused.value.message


def test_a_proof_that_is_not_to_be_had_shows_nothing_and_leaves_a_living_token_in_use(here: Office) -> None:
    def locked(_server: Server) -> None:
        raise SecretError("secret.store_locked", "locked")

    main = here.logged_in()
    here.hooks.proof = locked
    here.desk.clock.advance(HOUR - 10)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    with pytest.raises(SecretError, match="locked"):
        here.keeper.refresh(main)
    assert here.provider.shown == []


# Clocks that are wrong.


@pytest.mark.parametrize("hours", [2, 5, 24 * 365])
def test_a_clock_that_goes_ahead_costs_one_renewal(here: Office, hours: int) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    here.desk.clock.advance(hours * HOUR)
    assert access(here.keeper.usable(main)) == access(here.keeper.usable(main)) == "s3cret-access-1"


@pytest.mark.parametrize("hours", [1, 5, 24 * 365])
def test_a_clock_that_is_set_back_costs_one_renewal_too(here: Office, hours: int) -> None:
    main = here.logged_in()
    here.provider.answers = [granted(1)]
    here.desk.clock.advance(-hours * HOUR)
    assert access(here.keeper.usable(main)) == access(here.keeper.usable(main)) == "s3cret-access-1"
    here.desk.clock.advance(HOUR - 300)
    here.provider.answers = [granted(2)]
    assert access(here.keeper.usable(main)) == "s3cret-access-2"


def test_a_clock_that_is_set_back_while_the_provider_is_away_leaves_the_token_in_use(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage()]
    here.desk.clock.advance(-5 * HOUR)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"


def test_a_clock_that_is_a_minute_off_costs_nothing(here: Office) -> None:
    main = here.logged_in()
    here.desk.clock.advance(-60)
    assert access(here.keeper.usable(main)) == "s3cret-access-0"
    assert here.provider.shown == []


def test_a_failure_of_the_future_lets_nobody_rest(here: Office) -> None:
    main = here.logged_in()
    here.provider.answers = [outage(), granted(1)]
    here.desk.clock.advance(HOUR - 200)
    here.keeper.usable(main)
    here.desk.clock.advance(-50)
    assert access(here.keeper.usable(main)) == "s3cret-access-1"


# Records that are damaged.


@pytest.mark.parametrize("ask", ["record", "usable", "refresh", "checked"])
@pytest.mark.parametrize("how", ["truncated", "another version", "not JSON"])
def test_a_damaged_record_is_an_error_with_a_way_out_and_stays_as_it_is(here: Office, ask: str, how: str) -> None:
    main = here.logged_in()
    whole = encode(here.held).reveal()
    text = {
        "truncated": whole[: len(whole) // 2],
        "another version": whole.replace('"version": "1"', '"version": "7"'),
        "not JSON": "s3cret-access-0",
    }[how]
    here.put(text, main)
    with pytest.raises(SecretError) as failed:
        getattr(here.keeper, ask)(main)
    assert (failed.value.code, failed.value.exit, failed.value.hint) == ("secret.damaged", Exit.CONFIG, LOGIN)
    assert str(TOKENS) in failed.value.message
    assert ("does not know" in failed.value.message) == (how == "another version")
    assert_no_token(failed.value)
    assert here.desk.shelves["keyring"].held[TOKENS.locator].reveal() == text
    here.logged_in(granted(5))
    assert access(here.keeper.usable(main)) == "s3cret-access-5"


def test_a_damaged_record_can_be_forgotten(here: Office) -> None:
    main = here.logged_in()
    here.put("damaged", main)
    assert here.keeper.forget(main, revoke=True) is False
    assert here.desk.shelves["keyring"].held == {}


def test_forgetting_takes_the_refresh_token_back(here: Office) -> None:
    main = here.logged_in()
    assert here.keeper.forget(main, revoke=True) is True
    assert here.provider.revoked == ["s3cret-refresh-0"]
    assert here.desk.shelves["keyring"].held == {}
    with pytest.raises(ConfigError, match="nobody has logged in"):
        here.keeper.usable(main)


def test_a_provider_that_is_away_keeps_nobody_from_forgetting(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    main = here.logged_in()

    def away(*_: object) -> bool:
        raise outage()

    monkeypatch.setattr(here.provider, "revoke", away)
    assert here.keeper.forget(main, revoke=True) is False
    assert here.desk.shelves["keyring"].held == {}


# Secrets.


def assert_no_token(error: BaseException | None) -> None:
    while error is not None:
        attributes = {**vars(error), **{name: getattr(error, name, None) for name in ("object", "doc")}}
        assert "s3cret" not in repr((error, error.args, attributes))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "answer", [refusal(), refusal("invalid_client"), outage(), granted(1)], ids=["lost", "application", "away", "good"]
)
def test_no_token_is_in_what_is_shown_or_logged(
    here: Office, answer: Granted | GrantError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    main = here.logged_in()
    here.provider.answers = [answer]
    try:
        assert "s3cret" not in repr(here.keeper.refresh(main))
    except PostroomError as error:
        assert_no_token(error)
    assert "s3cret" not in repr((here.held, granted(1), main, here.desk.vault.entries()))
    assert "s3cret" not in caplog.text
