"""Reads the recipients that a person gave, all or none."""

from collections.abc import Sequence

from postroom.domain.address import Address, parse_address
from postroom.errors import DataError


def read_recipients(addresses: Sequence[str]) -> list[Address]:
    """Read addresses; raise DataError that names every bad one with its rule."""
    good, bad = [], []
    for text in addresses:
        try:
            good.append(parse_address(text))
        except ValueError as error:
            bad.append(f"the recipient {text!r} {error}")
    if bad:
        raise DataError("address.invalid", "; ".join(bad), hint="one plain address like user@example.com")
    return good
