"""Owns the completion scripts: static, made from the outline of the program, one maker a shell."""

from collections.abc import Callable, Mapping

from postroom.cli.completions.bash import bash_script
from postroom.cli.completions.fish import fish_script
from postroom.cli.completions.zsh import zsh_script
from postroom.cli.outline import Outline, outline

FILE_NAMES = {"bash": "postroom.bash", "zsh": "_postroom", "fish": "postroom.fish"}

_MAKERS: Mapping[str, Callable[[Outline], str]] = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def script(shell: str) -> str:
    """The script for a shell, one of FILE_NAMES."""
    return _MAKERS[shell](outline())
