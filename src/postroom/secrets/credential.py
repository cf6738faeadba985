"""Owns secrets that systemd hands to a service: `credential:NAME` in $CREDENTIALS_DIRECTORY (systemd.exec(5))."""

import re

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.files import read_checked
from postroom.secrets import refusals
from postroom.secrets.readonly import ReadOnly

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,254}")
_HINT = "Give it to the unit: LoadCredentialEncrypted=NAME:FILE"


class SystemdCredential(ReadOnly):
    """Credentials of the unit that this process runs in; `directory` is empty outside of one."""

    scheme = "credential"
    elsewhere = "Change it where the unit gets it: systemd-creds encrypt"

    def __init__(self, directory: str, *, as_root: bool) -> None:
        self._directory = directory
        self._as_root = as_root

    def state(self) -> StoreState:
        if not self._directory:
            return StoreState("absent", "this is no systemd unit with credentials", _HINT)
        return StoreState("usable")

    def find(self, name: str) -> Secret | None:
        """The credential, None where the unit has none of that name."""
        if not _NAME.fullmatch(name):
            raise refusals.malformed(self.scheme, name, "is not the name of a credential")
        if not self._directory:
            return None
        with refusals.of_files():
            # systemd opens root's file to the unit's account with an ACL, whose mask shows as the group's mode bits.
            data = read_checked(
                f"{self._directory}/{name}",
                private=True,
                as_root=self._as_root,
                group_may_read=True,
                limit_bytes=refusals.LONGEST_BYTES + 2,
            )
        return None if data is None else refusals.first_line(data, self.scheme, name, _HINT)

    def read(self, locator: str) -> Secret:
        secret = self.find(locator)
        if secret is None and not self._directory:
            raise refusals.unusable(f"credential:{locator}", self.state())
        if secret is None:
            raise refusals.not_found(self.scheme, locator, "is not among the unit's credentials", _HINT)
        return secret
