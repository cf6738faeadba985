"""Owns where the configuration and the state lie: which files a run reads, in which order, and which one it writes.

It refuses to know what stands in them.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from postroom.errors import UsageError

FILE_NAME = "config.toml"
Homes = Callable[[], tuple[Path, Path]]
"""Tells the directories of the user's configuration and state."""


class Scope(NamedTuple):
    """Where one run finds its files. `name` is `system`, `user` or `file`.

    `layers` are the files that are read, lowest first, whether they exist or not; `main` is the one that is written;
    `state` is the directory of everything that the desk itself keeps.
    """

    name: str
    layers: tuple[Path, ...]
    main: Path
    state: Path

    def existing(self) -> tuple[Path, ...]:
        """The layers that are there, as far as this account can see."""
        return tuple(path for path in self.layers if os.path.exists(path))  # noqa: PTH110 - Path.exists() fails where a directory is closed


def find_scope(
    *,
    config: str | None,
    state_dir: str | None,
    system: bool,
    user: bool,
    environ: Mapping[str, str],
    root: bool,
    homes: Homes,
    prefix: Path = Path("/"),
) -> Scope:
    """The scope that the options and the environment ask for: `--config`, `--system`, `--user`, else POSTROOM_CONFIG,
    else the system's for root and the user's for everybody else.

    `homes` is asked only for an ordinary user's. `prefix` is where the machine's root directory lies. Raise UsageError
    when two options contradict each other.
    """
    named = [name for name, given in (("--config", config), ("--system", system), ("--user", user)) if given]
    if len(named) > 1:
        raise UsageError("usage.scope", f"{' and '.join(named)} exclude each other", hint=f"Give {named[0]} alone.")
    if not named:
        config = environ.get("POSTROOM_CONFIG") or None
    chosen_state = state_dir or environ.get("POSTROOM_STATE_DIR") or None
    etc = prefix / "etc" / "postroom"
    below: tuple[Path, ...] = ()
    if config:
        main = _absolute(config)
        name, state = "file", main.parent / "state"
    elif system or (root and not user):
        name, main, state = "system", etc / FILE_NAME, prefix / "var" / "lib" / "postroom"
    else:
        name, below = "user", (etc / FILE_NAME,)
        home, state = homes()
        main = home / FILE_NAME
    layers = tuple(path for file in (*below, main) for path in (file, *_drop_ins(file.parent / "conf.d")))
    return Scope(name, layers, main, _absolute(chosen_state) if chosen_state else state)


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute() leaves `..` in, which would show in messages


def _drop_ins(directory: Path) -> Iterable[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == ".toml" and path.name[0] != ".")
    except OSError:  # none there, or none for this account to see
        return ()
