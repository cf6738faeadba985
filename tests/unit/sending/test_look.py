"""When the Mailer has somebody look around, and what becomes of what he finds."""

from functools import partial
from typing import Any

import pytest

from postroom.domain.address import parse_address
from postroom.domain.message import Composed, Envelope, Identity, Message
from postroom.domain.reply import Cause, Signs, TransportError
from postroom.domain.settings import Server, Source, Value
from postroom.errors import Fault
from postroom.sending import Mailer, Route

ALICE = parse_address("alice@example.com")
MESSAGE = Message("test", [ALICE], "hello", "hello")
SERVER = Server(
    "main",
    {
        name: Value(value, Source("file", "config.toml"))
        for name, value in {
            "host": "mail.example.com",
            "port": 587,
            "security": "starttls",
            "auth": "none",
            "from": ALICE,
        }.items()
    },
)


class Session:
    """Fails when a message comes."""

    transcript = ""

    def send(self, _message: Composed) -> Any:
        raise TransportError(Signs("mail", "closed"))

    def close(self) -> None:
        """Nothing is open."""


class Surroundings:
    """A Mailer, what it classified, and who looked how long."""

    def __init__(self, *, opens: bool) -> None:
        self.classified: list[Signs] = []
        self.looked: list[tuple[Signs, str, float]] = []
        self._opens = opens
        self.mailer = Mailer(
            open_session=self._open,
            read_secret=lambda *_: pytest.fail("no login here"),
            usable_token=lambda *_, **__: pytest.fail("no login here"),
            compose=self._compose,
            classify=self._classify,
            monotonic=lambda: 0.0,
        )

    def look(self, signs: Signs, server: Server, seconds: float) -> Signs:
        self.looked.append((signs, server.name, seconds))
        return signs._replace(evidence={**signs.evidence, "port_speaks": "tls"})

    def _open(self, *_: Any, **__: Any) -> Any:
        if self._opens:
            return Session()
        raise TransportError(Signs("greeting", "greeting-timeout", evidence={"address": "192.0.2.1"}))

    def _compose(self, message: Message, identity: Identity) -> Composed:
        del identity
        return Composed(Envelope(ALICE, message.to), b"", "<1@example.com>", eight_bit=False, utf8=False)

    def _classify(self, signs: Signs) -> Cause:
        self.classified.append(signs)
        return Cause("greeting.timeout", 75, "later", "server", "", "", ("Look",))


@pytest.mark.parametrize("way", ["post", "probe"])
def test_what_a_look_finds_is_judged_and_told(way: str) -> None:
    place = Surroundings(opens=False)
    post = partial(place.mailer.post, MESSAGE) if way == "post" else place.mailer.probe
    with pytest.raises(Fault) as caught:
        post(route=Route(SERVER), look=place.look)
    (looked,) = place.looked
    assert (looked[0].sign, looked[0].host, looked[1:]) == ("greeting-timeout", "mail.example.com", ("main", 5.0))
    assert place.classified[0].evidence == {"address": "192.0.2.1", "port_speaks": "tls"}
    assert caught.value.data["evidence"] == {"address": "192.0.2.1", "port_speaks": "tls"}


def test_a_mail_that_is_no_test_has_nobody_look() -> None:
    place = Surroundings(opens=False)
    with pytest.raises(Fault) as caught:
        place.mailer.post(MESSAGE, route=Route(SERVER))
    assert place.looked == []
    assert caught.value.data["evidence"] == {"address": "192.0.2.1"}


def test_behind_the_login_nobody_looks() -> None:
    place = Surroundings(opens=True)
    with pytest.raises(Fault):
        place.mailer.post(MESSAGE, route=Route(SERVER), look=place.look)
    assert place.looked == []
