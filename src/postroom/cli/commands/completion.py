"""`completion`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

import typer

from postroom.cli.completions import script
from postroom.cli.frame import front_of
from postroom.cli.values import SHELLS
from postroom.desk import Desk
from postroom.errors import PostroomError, UsageError
from postroom.result import Result
from postroom.services.secrets_places import places
from postroom.ui.views import manual as views


def _keys(desk: Desk) -> Iterable[str]:
    return (".".join((*path, key.name)) for path, section in desk.settings.sections() for key in section.declared())


_ANSWERS: Mapping[str, Callable[[Desk], Iterable[str]]] = {
    "servers": lambda desk: desk.settings.servers,
    "profiles": lambda desk: desk.settings.profiles,
    "presets": Desk.preset_ids,
    "providers": lambda desk: {*desk.preset_ids(), *(name for name, _ in desk.entry_terms.families)},
    "keys": _keys,
    "secrets": lambda desk: (".".join((place.server.name, *place.field)) for place in places(desk.settings)),
}


def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="The shell.")],
    values: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Print the completion script for a shell.

    The script knows commands, options and fixed values by itself; it starts Postroom only for values that depend on the
    configuration, such as the names of servers. A package of the system installs it. Otherwise: for bash put
    the first example into ~/.bashrc; for zsh run the second once, with `fpath+=~/.zfunc` in ~/.zshrc before compinit;
    for fish run the third once. Run them again after an update.

    JSON data: shell, text.

    Examples:
      source <(postroom completion bash)
      mkdir -p ~/.zfunc && postroom completion zsh > ~/.zfunc/_postroom
      mkdir -p ~/.config/fish/completions && postroom completion fish > ~/.config/fish/completions/postroom.fish
    """
    front = front_of(ctx)
    if shell not in SHELLS:
        raise UsageError("usage.bad_value", f"{shell!r} must be one of {', '.join(SHELLS)}")
    if values is None:
        front.finish(Result("completion", {"shell": shell, "text": script(shell)}), views.text)
        return
    try:
        found = sorted(_ANSWERS[values](front.desk))
    except (PostroomError, OSError, KeyError):
        found = []  # a person who presses TAB wants no error message in the middle of a line
    front.finish(Result("completion", {"values": found}), views.values)
