"""Owns the writing of the committed manual pages and completions: `python -m postroom.cli.manual [DIRECTORY]`."""

import sys
from collections.abc import Mapping
from pathlib import Path

from postroom.cli.completions import FILE_NAMES, script
from postroom.cli.manual import pages
from postroom.desk import Desk


def files() -> Mapping[str, str]:
    """The text of every file, by its path in the source tree."""
    return {
        **{f"man/{page.file_name}": page.text for page in pages(Desk())},
        **{f"completions/{name}": script(shell) for shell, name in FILE_NAMES.items()},
    }


def write(directory: Path) -> None:
    """Write all files below `directory`."""
    for name, text in files().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
