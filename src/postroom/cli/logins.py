"""Owns what the commands hand to the services about logins with OAuth 2.0."""

from postroom.desk import Desk
from postroom.services.oauth_status import Surroundings


def logins_of(desk: Desk) -> Surroundings:
    """The logins of a desk."""
    return Surroundings(desk.oauth.tokens, desk.clock.now, desk.oauth.offer, desk.oauth.certificate_ends)
