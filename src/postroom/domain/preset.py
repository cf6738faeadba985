"""Owns what is known about a mail provider, as values. Reads no file."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Preset(NamedTuple):
    """One provider. `auth` is in order of advice. `username` is "address", "local", or the literal user name.

    `secret` says in words what the provider wants as the password ("app password"). `alternatives` are further ports
    with their security. `regions` maps a region to its host. `checked` is the day on which somebody looked.
    `confirmed` is False where the facts come from one source and were not seen to work.
    """

    id: str
    title: str
    host: str
    port: int
    security: str
    auth: Sequence[str]
    username: str
    secret: str
    checked: str
    sources: Sequence[str]
    aliases: Sequence[str] = ()
    domains: Sequence[str] = ()
    alternatives: Sequence[tuple[int, str]] = ()
    regions: Mapping[str, str] = {}
    from_policy: str = "keep"
    rate: str = ""
    max_connections: int = 0
    limits: Sequence[str] = ()
    notes: Sequence[str] = ()
    docs: str = ""
    confirmed: bool = True
