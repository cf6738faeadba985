"""Owns the reading of a site's own entries for faults: the files `faults/*.toml` beside the configuration.

It refuses to know what an entry means.
"""

from collections.abc import Iterator
from pathlib import Path

from postroom.config.locate import line_of_table
from postroom.config.problems import Problem
from postroom.errors import Exit, FileError
from postroom.files import read_checked


def fault_files(directory: Path, *, as_root: bool) -> Iterator[tuple[Path, bytes | FileError]]:
    """Each file with its content, in name order, or with what speaks against it.

    The entries decide what a person is told to do, so their files are checked like the configuration.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == ".toml" and path.name[0] != ".")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        hint = f"chmod a+rx {directory}"
        yield directory, FileError("file.unreadable", f"{directory} cannot be read: {error.strerror}", hint=hint)
        return
    for path in paths:
        try:
            yield path, _content(path, as_root=as_root)
        except FileError as error:
            yield path, error


def _content(path: Path, *, as_root: bool) -> bytes:
    data = read_checked(path, private=False, as_root=as_root)
    if data is None:
        raise FileError("file.unreadable", f"{path} leads nowhere", hint=f"ls -l {path}", exit=Exit.NO_INPUT)
    return data


def fault_problem(path: Path, data: bytes, number: int, key: str, message: str) -> Problem:
    """A broken rule, with its place: in the entry of that number, from 1, or in the file as a whole."""
    line = line_of_table(data.decode("utf-8", "replace"), "entry", number) if number else None
    place = tuple(filter(None, ("entry", str(number), key))) if number else ()
    return Problem(str(path), place, message, "postroom man faults describes the entries", line)
