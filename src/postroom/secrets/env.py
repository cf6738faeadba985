"""Owns secrets in the environment: `env:NAME`. What was read is gone from the environment before any child starts."""

import re
from collections.abc import MutableMapping

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.secrets import refusals
from postroom.secrets.readonly import ReadOnly

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HINT = "Set the variable for this program alone, or keep the secret elsewhere: postroom secrets stores"


class Environment(ReadOnly):
    """Variables of the environment that it is handed, which is the process's own."""

    scheme = "env"
    elsewhere = "Unset the variable where it is set."

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._environment = environment
        self._taken: dict[str, Secret] = {}

    def state(self) -> StoreState:
        return StoreState("usable", "other programs of the same account can read it")

    def read(self, locator: str) -> Secret:
        """Take the variable out of the environment; later reads give the same secret."""
        if not _NAME.fullmatch(locator):
            raise refusals.malformed(self.scheme, locator, "is not the name of a variable")
        value = self._environment.pop(locator, "")
        if value:
            self._taken[locator] = refusals.usable(Secret(value), self.scheme, locator)
        if locator not in self._taken:
            raise refusals.not_found(self.scheme, locator, "is not set", _HINT)
        return self._taken[locator]
