"""Owns the reading of a site's own entries for faults: the texts of `faults/*.toml` beside the configuration.

It refuses to know what an entry means.
"""

from collections.abc import Sequence
from pathlib import Path

from postroom.config.problems import Problem, invalid
from postroom.files import read_checked


def fault_texts(directory: Path, *, as_root: bool) -> Sequence[tuple[Path, str]]:
    """Each file with its text, in name order. Raise ConfigError or FileError for one that cannot be read or trusted.

    The entries decide what a person is told to do, so their files are checked like the configuration.
    """
    if not directory.is_dir():
        return ()
    found = []
    for path in sorted(directory.glob("*.toml")):
        data = read_checked(path, private=False, as_root=as_root)
        try:
            found.append((path, (data or b"").decode("utf-8")))
        except UnicodeDecodeError as error:
            raise fault_problem(path, "is not UTF-8") from error
    return found


def fault_problem(path: Path, rule: str) -> Exception:
    """The ConfigError for a file with a broken rule."""
    return invalid([Problem(str(path), (), rule, "postroom man faults describes the entries")], {})
