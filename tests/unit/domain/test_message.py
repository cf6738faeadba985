"""Who a mail is from after the From policy."""

import pytest

from postroom.domain.address import Address
from postroom.domain.message import Identity, apply_from_policy

OWN = Address("noreply", "example.com")
COLLEAGUE = Address("ops", "example.com")
ROOT = Address("root", "host07")
DESK = Address("desk", "example.com")


@pytest.mark.parametrize("policy", ["keep", "force", "domain"])
def test_without_a_sender_the_mail_is_from_the_server(policy: str) -> None:
    identity = apply_from_policy(policy, own=OWN, own_name="Example IT", sender=None, sender_name="", reply_to=DESK)
    assert identity == Identity(OWN, "Example IT", OWN, DESK)


@pytest.mark.parametrize(
    ("policy", "sender", "expected"),
    [
        ("keep", ROOT, Identity(ROOT, "", ROOT, None)),
        ("force", ROOT, Identity(OWN, "root@host07", OWN, ROOT)),
        ("domain", ROOT, Identity(OWN, "root@host07", OWN, ROOT)),
        ("force", COLLEAGUE, Identity(OWN, "ops@example.com", OWN, COLLEAGUE)),
        ("domain", COLLEAGUE, Identity(COLLEAGUE, "", COLLEAGUE, None)),
        ("force", OWN, Identity(OWN, "Example IT", OWN, None)),
        ("domain", OWN, Identity(OWN, "Example IT", OWN, None)),
        ("keep", OWN, Identity(OWN, "Example IT", OWN, None)),
    ],
)
def test_a_foreign_sender_is_kept_or_becomes_the_name_and_reply_to(
    policy: str, sender: Address, expected: Identity
) -> None:
    assert expected == apply_from_policy(
        policy, own=OWN, own_name="Example IT", sender=sender, sender_name="", reply_to=None
    )


def test_a_forced_sender_keeps_the_name_and_the_reply_to_that_were_given() -> None:
    identity = apply_from_policy(
        "force", own=OWN, own_name="Example IT", sender=ROOT, sender_name="Cron", reply_to=DESK
    )
    assert identity == Identity(OWN, "Cron", OWN, DESK)


def test_without_an_address_of_the_server_the_sender_stays_whatever_the_policy_says() -> None:
    identity = apply_from_policy("force", own=None, own_name="", sender=ROOT, sender_name="", reply_to=None)
    assert identity == Identity(ROOT, "", ROOT, None)


def test_nobody_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no From address"):
        apply_from_policy("keep", own=None, own_name="", sender=None, sender_name="", reply_to=None)
