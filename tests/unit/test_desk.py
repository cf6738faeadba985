"""What the composition root does with the environment that it is made in."""

import os

import pytest

from postroom.desk import SECRET_VARIABLES, Desk
from postroom.domain.secret import Reference


def test_secrets_are_gone_from_the_environment_before_any_child_could_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("POSTROOM_SMTP_HOST", "mail.example.com")
    monkeypatch.setenv("POSTROOM_SMTP_USERNAME", "alice@example.com")
    desk = Desk()
    assert not set(SECRET_VARIABLES) & os.environ.keys()
    assert not set(SECRET_VARIABLES) & desk.child_environment.keys()
    assert str(desk.settings.servers["environment"].password) == "env:POSTROOM_SMTP_PASSWORD"


def test_what_the_settings_read_from_the_environment_is_hidden_from_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SMTP_HOST", "mail.example.com")
    monkeypatch.setenv("MAIL_TOKEN", "a secret")
    desk = Desk()
    assert "MAIL_TOKEN" in desk.child_environment
    desk.file.change(lambda draft: draft.set(("smtp", "servers", "main", "host"), "mail.example.com"))
    desk.file.change(lambda draft: draft.set(("smtp", "servers", "main", "password"), "env:MAIL_TOKEN"))
    again = Desk()
    assert "MAIL_TOKEN" not in again.child_environment
    assert "MAIL_TOKEN" in os.environ
    assert again.vault.read(Reference("env", "MAIL_TOKEN"), None).reveal() == "a secret"
    assert "MAIL_TOKEN" not in os.environ
