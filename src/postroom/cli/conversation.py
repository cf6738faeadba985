"""Owns what is said to a person who logs in to a provider, and what is read of them. All of it is talk: stderr, stdin.

Refuses to know OAuth 2.0 beyond an address and a code.
"""

import os
import select

from postroom.cli.frame import Front
from postroom.domain.oauth import DeviceCode

_STDIN = 0
_LONGEST_LINE = 1 << 16


class Conversation:
    """One login, told on a terminal or to a script that drives it."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._typed = b""

    def show(self, address: str, redirect_uri: str) -> None:
        """The address to open. It stands on a line of its own, unbroken, so that it can be copied."""
        self.say(f"The redirect address, to be registered for the application: {redirect_uri}")
        self.say("Open this address in a browser:")
        self.say("")
        self.say(address)
        self.say("")
        if self._front.prompt.possible:
            self.say("Then come back. Where the browser ends on a page that cannot be shown, paste its address here:")

    def show_code(self, code: DeviceCode) -> None:
        """The code to type on another device, with the warning that belongs to it."""
        self.say("Enter this code only if you began this login yourself: whoever sends you a code wants your mailbox.")
        self.say("")
        self.say(f"On any device open {code.verification_uri} and enter the code {code.user_code}")
        if code.verification_uri_complete:
            self.say(f"or open {code.verification_uri_complete}")
        self.say("")

    def say(self, text: str) -> None:
        """One line, whatever the form of the result: without it nobody could log in."""
        self._front.tell(text)

    def pasted(self, seconds: float) -> str | None:
        """A line as it was typed; None while there is no whole line, "" once there will be none."""
        line, feed, rest = self._typed.partition(b"\n")
        if not feed:
            if not select.select([_STDIN], [], [], seconds)[0]:
                return None
            read = os.read(_STDIN, _LONGEST_LINE)
            self._typed += read
            line, feed, rest = self._typed.partition(b"\n")
            if not feed and read and len(self._typed) < _LONGEST_LINE:
                return None
        self._typed = rest
        return (line + feed).decode("utf-8", "replace")
