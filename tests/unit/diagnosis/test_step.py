"""A failure whose step nobody has told: what was refused to a recipient is not taken for a refused login."""

import pytest

from postroom.diagnosis.classify import find
from postroom.diagnosis.pasted.reading import read
from postroom.diagnosis.step import guessed, of_code
from postroom.domain.reply import Reply


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 User unknown", "rcpt.unknown_user"),
        ("550 No such user here", "rcpt.unknown_user"),
        (
            "550 5.1.1 <b@example.com>: Recipient address rejected: User unknown in local recipient table",
            "rcpt.unknown_user",
        ),
        ("550 5.2.1 Mailbox disabled, not accepting messages", "rcpt.unknown_user"),
        ("554 5.7.1 <b@example.com>: Relay access denied", "rcpt.relay_denied"),
        ("454 4.7.1 <b@example.com>: Relay access denied", "rcpt.relay_denied"),
        ("550-5.7.1 Invalid credentials for relay [192.0.2.9]. The IP address is not known.", "rcpt.relay_denied"),
        ("554 5.7.1 <unknown[192.0.2.5]>: Client host rejected: Access denied", "auth.required"),
        ("550 5.7.1 Access denied", "policy.rejected"),
        (
            "550-Verification failed for <root@host.local>\n550-No Such User Here\n550 Sender verify failed",
            "sender.not_owned",
        ),
        ("503 5.5.1 Error: need RCPT command", "protocol.bad_command"),
        ("502 5.5.2 Error: command not recognized", "protocol.bad_command"),
        ("550 5.7.1 refused: suspicious IP", "policy.ip_blocked"),
        ("550 authentication failed", "auth.bad_credentials"),
        ("550 wrong password", "auth.bad_credentials"),
        ("535 no such user", "auth.bad_credentials"),
    ],
)
def test_the_words_of_a_refusal_say_where_it_was(text: str, code: str) -> None:
    found = find(read(text))
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        (Reply(550, "5.1.1", ["no"]), "rcpt"),
        (Reply(452, "4.2.2", ["no"]), "rcpt"),
        (Reply(550, "", ["Unknown local user"]), "rcpt"),
        (Reply(550, "5.1.8", ["no"]), ""),
        (Reply(554, "5.7.1", ["no"]), ""),
        (None, ""),
    ],
)
def test_a_step_is_guessed_from_what_is_given_at_one_alone(reply: Reply | None, step: str) -> None:
    assert guessed(reply) == step


def test_some_codes_are_a_logins_alone() -> None:
    assert of_code(Reply(535, "", ["no"])) == "auth"
    assert of_code(Reply(550, "", ["no"])) == ""
    assert read("Error: 535 5.7.3 Authentication unsuccessful", step="mail").step == "auth"
