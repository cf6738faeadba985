"""Message-IDs."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from postroom.compose.identifier import message_identifier

NOW = datetime(2026, 7, 20, 12, 0, 0, 123000, tzinfo=UTC)


def number(identifier: str) -> uuid.UUID:
    return uuid.UUID(identifier.strip("<>").partition("@")[0])


@pytest.mark.parametrize("octet", [0x00, 0xFF, 0xA5])
def test_the_left_side_is_a_uuid_of_version_7(octet: int) -> None:
    made = number(message_identifier("example.com", now=NOW, random=lambda size: bytes([octet]) * size))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def test_it_stands_in_angle_brackets_with_the_domain_on_the_right() -> None:
    made = message_identifier("[IPv6:2001:db8::1]", now=NOW, random=bytes)
    assert made.startswith("<")
    assert made.endswith("@[IPv6:2001:db8::1]>")


def test_identifiers_sort_by_their_time() -> None:
    made = [
        message_identifier("example.com", now=NOW + timedelta(milliseconds=step), random=lambda size: b"\xff" * size)
        for step in range(3)
    ]
    assert made == sorted(made)
    assert len(set(made)) == 3


def test_chance_alone_tells_two_of_the_same_millisecond_apart() -> None:
    one = message_identifier("example.com", now=NOW, random=lambda size: b"\x01" * size)
    other = message_identifier("example.com", now=NOW, random=lambda size: b"\x02" * size)
    assert one != other
