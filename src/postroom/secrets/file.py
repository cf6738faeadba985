"""Owns secrets in files that others keep: `file:/abs/path`, the first line."""

import os

from postroom.domain.ports import StoreState
from postroom.domain.secret import Secret
from postroom.files import read_checked
from postroom.secrets import refusals
from postroom.secrets.readonly import ReadOnly


class SecretFile(ReadOnly):
    """Files with one secret each, private to their account; root's own may be open to a group (0640)."""

    scheme = "file"
    elsewhere = "Change the file itself."

    def __init__(self, *, as_root: bool) -> None:
        self._as_root = as_root

    def state(self) -> StoreState:
        return StoreState("usable")

    def read(self, locator: str) -> Secret:
        """Root follows no symbolic link at the end; an ordinary user's may lead to the file."""
        if not locator.startswith("/"):
            raise refusals.malformed(self.scheme, locator, "is not an absolute path")
        # Mounted secrets of containers are links that move with each change.
        path = locator if self._as_root else os.path.realpath(locator)
        with refusals.of_files():
            data = read_checked(path, private=True, as_root=self._as_root, group_may_read=True)
        if data is None:
            raise refusals.not_found(self.scheme, locator, "does not exist", "Put the secret into its first line.")
        return refusals.first_line(data, self.scheme, locator, "Put the secret into its first line.")
