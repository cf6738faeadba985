"""How each kind of setting is written, and the rule that a bad value breaks."""

from datetime import date
from typing import Any

import pytest

from postroom.domain.address import Address
from postroom.domain.kinds import (
    AddressKind,
    Boolean,
    Choice,
    Date,
    Duration,
    Host,
    Integer,
    Kind,
    Listing,
    Name,
    Path,
    Pin,
    Rate,
    RateKind,
    ReferenceKind,
    Text,
    Url,
)
from postroom.domain.secret import Reference

PORT = Integer(1, 65535)
TIMEOUT = Duration(1, 3600)
SECURITY = Choice("tls", "starttls", "none", aliases={"ssl": "tls"})
PIN = "sha256/" + "A" * 43 + "="


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (Text(), "Company relay", "Company relay"),
        (Text(longest=3), "\u00e9\u00e9\u00e9", "\u00e9\u00e9\u00e9"),
        (SECURITY, "STARTTLS", "starttls"),
        (SECURITY, "ssl", "tls"),
        (PORT, 587, 587),
        (Boolean(), False, False),
        (TIMEOUT, "90s", 90),
        (TIMEOUT, "15m", 900),
        (TIMEOUT, "1h", 3600),
        (TIMEOUT, 30, 30),
        (TIMEOUT, "30", 30),
        (RateKind(), "30/min", Rate(30, 60)),
        (RateKind(), "10000/d", Rate(10000, 86400)),
        (Name(), "main-2_b", "main-2_b"),
        (Host(), "SMTP.Example.com", "smtp.example.com"),
        (AddressKind(), "ops@example.com", Address("ops", "example.com")),
        (Path(), "/etc/ssl/ca.pem", "/etc/ssl/ca.pem"),
        (Url("https"), "https://example.com/x", "https://example.com/x"),
        (Pin(), PIN, PIN),
        (Date(), "2027-01-31", "2027-01-31"),
        (Date(), date(2027, 1, 31), "2027-01-31"),
        (ReferenceKind(), "keyring:smtp/main/password", Reference("keyring", "smtp/main/password")),
        (Listing(Name()), ["main", "backup"], ("main", "backup")),
        (Listing(Name()), [], ()),
    ],
)
def test_a_good_value_is_read(kind: Kind[Any], written: object, value: object) -> None:
    assert kind.parse(written) == value


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Text(), ""),
        (Text(), "x" * 256),
        (Text(), "a\nb"),
        (Text(), "a\u202eb"),
        (Text(), 7),
        (SECURITY, "ssl3"),
        (SECURITY, True),
        (PORT, 0),
        (PORT, 65536),
        (PORT, True),
        (PORT, "587"),
        (Boolean(), "true"),
        (Boolean(), 1),
        (TIMEOUT, "0s"),
        (TIMEOUT, "2h"),
        (TIMEOUT, "1.5h"),
        (TIMEOUT, "-1s"),
        (TIMEOUT, "90 s"),
        (TIMEOUT, "\u0669s"),
        (TIMEOUT, -1),
        (TIMEOUT, True),
        (RateKind(), "0/min"),
        (RateKind(), "30/minute"),
        (RateKind(), "\u0663/min"),
        (Name(), "Main"),
        (Name(), "-main"),
        (Name(), "x" * 64),
        (Name(), "a.b"),
        (Host(), "smtp.example.com:587"),
        (AddressKind(), "Ops <ops@example.com>"),
        (Path(), "ca.pem"),
        (Path(), "/etc/ca\0.pem"),
        (Url("https"), "http://example.com"),
        (Url("https"), "https://"),
        (Url("https"), "https://user:pw@example.com"),
        (Url("https"), "https://example.com/a b"),
        (Pin(), "sha256/AAAA"),
        (Date(), "2027-13-01"),
        (Date(), "31.01.2027"),
        (Date(), "\u0662027-01-01"),
        (ReferenceKind(), "hunter2"),
        (Listing(Name()), "main"),
        (Listing(Name()), ["main", "B"]),
    ],
)
def test_a_bad_value_is_refused_with_the_rule(kind: Kind[Any], written: object) -> None:
    with pytest.raises(ValueError, match="must "):
        kind.parse(written)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (PORT, "587", 587),
        (Boolean(), "Yes", True),
        (Boolean(), "0", False),
        (TIMEOUT, "5m", 300),
        (Listing(Name()), "main,backup", ("main", "backup")),
    ],
)
def test_a_command_line_writes_it_as_text(kind: Kind[Any], typed: str, value: object) -> None:
    assert kind.read(typed) == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [(PORT, "0x24b"), (PORT, "+587"), (PORT, "\u0665\u0668\u0667"), (PORT, ""), (Boolean(), "maybe"), (Boolean(), "")],
)
def test_a_bad_word_on_the_command_line_is_refused(kind: Kind[Any], typed: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind.read(typed)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Text(), "Company relay"),
        (SECURITY, "tls"),
        (PORT, 587),
        (Boolean(), True),
        (TIMEOUT, "15m"),
        (TIMEOUT, "90s"),
        (Duration(0, 10**6), "0s"),
        (Duration(0, 10**6), "5d"),
        (RateKind(), "30/min"),
        (AddressKind(), "ops@example.com"),
        (ReferenceKind(), "env:SMTP_PASSWORD"),
        (Listing(Name()), ["main", "backup"]),
    ],
)
def test_what_is_written_into_a_file_reads_the_same_again(kind: Kind[Any], written: object) -> None:
    assert kind.toml(kind.parse(written)) == written


def test_a_secret_in_the_place_of_a_reference_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="never the secret itself") as refusal:
        ReferenceKind().parse("hunter2")
    assert "hunter2" not in str(refusal.value)
