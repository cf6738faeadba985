"""Owns the completion script for zsh: one function a command, each a call of _arguments."""

import re
from collections.abc import Iterator

from postroom.cli.lazy import ALIASES
from postroom.cli.outline import Argument, Command, Group, Option, Outline
from postroom.cli.values import Values

_HEAD = r"""#compdef postroom
# zsh completion for postroom, made from the program by python -m postroom.cli.manual; do not edit.
# Commands, options and fixed values stand here; the program is started only for what depends on the configuration.

_postroom_ask() { # [OPTION OF COMPADD]... KIND: add what the program knows of this kind
  local -a found
  [[ $PREFIX == -* ]] && return 1
  found=(${(f)"$($postroom_program --values $@[-1] 2>/dev/null </dev/null)"})
  compadd "${@[1,-2]}" -a found
}

"""

_MAIN = r"""_postroom() {
  local curcontext=$curcontext context state state_descr line ret=1 place
  typeset -A opt_args
  local -a postroom_program postroom_globals
  # Where the program has to look is said anywhere on the line.
  postroom_program=(${(Q)words[1]/#\~\//$HOME/} completion zsh)
  for ((place = 2; place < CURRENT; place++)); do
    case $words[place] in
      (--) break ;;
      (--config|--state-dir) postroom_program+=($words[place] ${(Q)words[place + 1]/#\~\//$HOME/}) ;;
      (--config=*|--state-dir=*|--system|--user) postroom_program+=(${(Q)words[place]}) ;;
    esac
  done
  postroom_globals=(
@globals@
  )
  _arguments -C -A '-*' $postroom_globals '1: :_postroom_commands' '*:: :->rest' && ret=0
  if [[ $state == rest ]]; then
    curcontext=${curcontext%:*:*}:postroom-$line[1]:
    case $line[1] in
@cases@
    esac
  fi
  return ret
}

if [[ $funcstack[1] == _postroom ]]; then
  _postroom "$@"
else
  compdef _postroom postroom
fi
"""

_GROUP = r"""_postroom_@name@() {
  local line state ret=1
  _arguments -C -A '-*' $postroom_globals '1: :_postroom_@name@_commands' '*:: :->rest' && ret=0
  if [[ $state == rest ]]; then
    curcontext=${curcontext%:*:*}:postroom-@name@-$line[1]:
    case $line[1] in
@cases@
    esac
  fi
  return ret
}
"""


_LISTING = r"""@function@() {
  local -a commands
  commands=(
@entries@
  )
  _describe -t commands command commands
}
"""


def zsh_script(outline: Outline) -> str:
    """The whole script."""
    top = [(group.name, group.summary) for group in outline.groups]
    top += [(command.path[0], command.summary) for command in outline.commands]
    functions = [_listing("_postroom_commands", top)]
    for group in outline.groups:
        functions += [_group(group), *map(_command, group.commands)]
    functions += map(_command, outline.commands)
    specs = [spec for option in outline.global_options for spec in _option(option)]
    main = _MAIN.replace("@globals@", "\n".join(f"    {spec}" for spec in specs))
    main = main.replace("@cases@", _cases([name for name, _ in top], "_postroom"))
    return _HEAD + "\n".join([*functions, main])


def _cases(names: list[str], prefix: str) -> str:
    lines = []
    for name in names:
        words = [name, *(alias for alias, meant in ALIASES.items() if meant == name and alias not in names)]
        lines.append(f"      ({'|'.join(words)}) {prefix}_{name} && ret=0 ;;")
    return "\n".join(lines)


def _listing(function: str, rows: list[tuple[str, str]]) -> str:
    entries = "\n".join(f"    {_quoted(f'{name}:{_plain(summary)}')}" for name, summary in rows)
    return _LISTING.replace("@function@", function).replace("@entries@", entries)


def _group(group: Group) -> str:
    names = [command.path[-1] for command in group.commands]
    listing = _listing(
        f"_postroom_{group.name}_commands", [(command.path[-1], command.summary) for command in group.commands]
    )
    body = _GROUP.replace("@name@", group.name).replace("@cases@", _cases(names, f"_postroom_{group.name}"))
    return listing + "\n" + body


def _command(command: Command) -> str:
    # -S: nothing behind -- is an option.
    specs = [spec for option in command.options for spec in _option(option)]
    specs += [_argument(number, argument) for number, argument in enumerate(command.arguments, 1)]
    lines = "".join(f" \\\n    {spec}" for spec in specs)
    return f"_postroom_{'_'.join(command.path)}() {{\n  _arguments -S $postroom_globals{lines}\n}}\n"


def _option(option: Option) -> Iterator[str]:
    others = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
    for name in option.names:
        text = "*" if option.repeatable else others
        text += f"{name}{'=' if option.value and name.startswith('--') else ''}[{_description(option.help)}]"
        if option.value:
            what = "value" if "|" in option.value else option.value
            text += f":{_plain(what)}:{_action(option.values)}"
        yield _quoted(text)


def _argument(number: int, argument: Argument) -> str:
    word = _plain(re.sub(r"[^A-Za-z ]", "", argument.placeholder)).strip().lower() or "argument"
    place = "*" if argument.repeatable else str(number)
    if argument.values.kind == "commands":
        return _quoted("*::command:_normal")
    return _quoted(f"{place}:{word}:{_action(argument.values)}")


def _action(values: Values) -> str:
    match values.kind:
        case "files":
            return "_files"
        case "directories":
            return "_files -/"
        case "words":
            return f"({' '.join(values.words)})"
        case "ask":
            return f"_postroom_ask {values.words[0]}"
    return " "


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _description(text: str) -> str:
    return re.sub(r"([\[\]\\:])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"
