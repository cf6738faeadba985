"""Owns how a fault in the configuration is told: what breaks which rule, where, and what mends it.

A value never stands in it: it may be a secret in the wrong place.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from postroom.config.locate import line_of
from postroom.errors import ConfigError

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,63}")


def shown(path: Sequence[str]) -> str:
    """A path as it is told. A quoted key may hold anything, so also a secret on the wrong side of the equals sign."""
    return ".".join(name if _PLAIN_KEY.fullmatch(name) else "..." for name in path)


class Problem(NamedTuple):
    """One broken rule. `file` is a path or the name of another layer; `path` leads to the key; `line` counts from 1 and
    is None where no line can be named.
    """

    file: str
    path: tuple[str, ...]
    message: str
    hint: str = ""
    line: int | None = None

    @property
    def key(self) -> str:
        """The key with its tables, dotted."""
        return shown(self.path)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message

    def as_data(self) -> dict[str, Any]:
        """The problem as it stands in JSON."""
        return {"file": self.file, "line": self.line, "key": self.key, "message": self.message, "hint": self.hint}


def invalid(problems: Sequence[Problem], texts: Mapping[str, str]) -> ConfigError:
    """The error that tells all problems: the first in its message, the others in its detail, all in `data.problems`.

    `texts` holds the content of each file by its path; the lines are looked up there.
    """
    located = sorted(
        (
            problem if problem.line else problem._replace(line=line_of(texts.get(problem.file, ""), problem.path))
            for problem in problems
        ),
        key=lambda problem: (problem.file, problem.line or 0),
    )
    first, more = located[0], len(located) - 1
    return ConfigError(
        "config.invalid",
        f"{first} (and {more} more problem{'s' if more > 1 else ''})" if more else str(first),
        hint="postroom config validate" if more else first.hint,
        detail="\n".join(str(problem) for problem in located[1:]),
        data={"problems": [problem.as_data() for problem in located]},
    )
