"""Owns where an ordinary user keeps configuration and state. The one importer of platformdirs."""

from collections.abc import Callable
from pathlib import Path

import platformdirs

_HOMELESS = Path("/nonexistent")  # Debian's home of accounts without one: nothing is found there and nothing written


def user_homes() -> tuple[Path, Path]:
    """The directories of the configuration and of the state."""
    return _at_home(platformdirs.user_config_path), _at_home(platformdirs.user_state_path)


def _at_home(find: Callable[..., Path]) -> Path:
    try:
        path = find("postroom", appauthor=False)
    except RuntimeError:  # neither HOME nor an entry in the user database; older releases return a literal `~`
        return _HOMELESS / "postroom"
    return path if path.is_absolute() else _HOMELESS / "postroom"
