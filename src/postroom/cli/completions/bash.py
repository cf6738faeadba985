"""Owns the completion script for bash. It also runs in bash 3.2, which macOS has: no mapfile, no compopt needed."""

from collections.abc import Iterable, Iterator

from postroom.cli.lazy import ALIASES
from postroom.cli.outline import Command, Option, Outline
from postroom.cli.values import Values

_SCRIPT = r"""# bash completion for postroom, made from the program by python -m postroom.cli.manual; do not edit.
# Commands, options and fixed values stand here; the program is started only for what depends on the configuration.

_postroom_offer() { # WORD...: offer those that begin with what was typed
    local word
    for word; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$lead$word")
    done
    return 0
}

_postroom_ask() { # KIND: offer what the program knows of this kind
    local word
    while IFS= read -r word; do
        _postroom_offer "$word"
    done < <("${program[@]}" --values "$1" 2>/dev/null </dev/null)
}

_postroom_files() { # -f for files, -d for directories, -c for commands
    local word
    [[ $1 != -c ]] && type compopt &>/dev/null && compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
        COMPREPLY+=("$lead$word")
    done < <(compgen "$1" -- "$cur")
}

_postroom_name() { # PATH WORD: the command's own name, where the word is another name of it
    case $2 in
@aliases@
        *) name=$2 ;;
    esac
}

_postroom_is_group() { # PATH
    case $1 in
        @groups@) return 0 ;;
        *) return 1 ;;
    esac
}

_postroom_takes_value() { # PATH OPTION
    case $1:$2 in
@valued@
        *) return 1 ;;
    esac
}

_postroom_value() { # PATH OPTION: offer values of the option
    case $1:$2 in
@values@
    esac
}

_postroom_word() { # PATH N: offer what the Nth argument can be
    case $1:$2 in
@words@
    esac
}

_postroom_options() { # PATH
    _postroom_offer @globals@
    case $1 in
@options@
    esac
}

_postroom() {
    local cur=${COMP_WORDS[COMP_CWORD]} path= option= ended= count=1 place=1 lead= name word
    local program=("${COMP_WORDS[0]/#\~\//$HOME/}" completion bash)
    COMPREPLY=()
    # --option=value comes as three words where = breaks words, as one elsewhere.
    while ((place < COMP_CWORD)); do
        word=${COMP_WORDS[place]}
        place=$((place + 1))
        if [[ -n $option && $word == "=" ]]; then
            continue
        elif [[ -n $option ]]; then
            case $option in
                --config | --state-dir) program+=("$option" "${word/#\~\//$HOME/}") ;;
            esac
            option=
        elif [[ -n $ended ]]; then
            count=$((count + 1))
        elif [[ $word == -- ]]; then
            ended=yes
        elif [[ $word == -* ]]; then
            case $word in
                --system | --user | --config=* | --state-dir=*) program+=("$word") ;;
            esac
            _postroom_takes_value "$path" "$word" && option=$word
        elif _postroom_is_group "$path"; then
            _postroom_name "$path" "$word"
            path=${path:+$path }$name
        else
            count=$((count + 1))
        fi
    done
    [[ -n $option && $cur == "=" ]] && cur=
    if [[ -z $option && -z $ended && $cur == --*=* ]]; then
        option=${cur%%=*}
        cur=${cur#*=}
        lead=$option=
    fi
    if [[ -n $option ]]; then
        _postroom_value "$path" "$option"
    elif [[ $cur == -* && -z $ended ]]; then
        _postroom_options "$path"
    else
        _postroom_word "$path" "$count"
    fi
}

complete -F _postroom postroom
"""


def bash_script(outline: Outline) -> str:
    """The whole script."""
    groups = [group.name for group in outline.groups]
    parts = {
        "aliases": _branches((alias, f"name={name}") for alias, name in ALIASES.items()),
        "groups": " | ".join(["''", *groups]),
        "valued": "        " + " | \\\n            ".join(sorted(_valued(outline))) + ") return 0 ;;",
        "values": _branches(_values(outline)),
        "words": _branches(_words(outline)),
        "globals": " ".join(name for option in outline.global_options for name in option.names),
        "options": _branches(
            (_quoted(command.name), "_postroom_offer " + " ".join(_names(command)))
            for command in outline.all_commands()
            if command.options
        ),
    }
    text = _SCRIPT
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _quoted(text: str) -> str:
    return f"'{text}'"


def _branches(branches: Iterable[tuple[str, str]]) -> str:
    """Branches of a case; those that do the same become one."""
    merged: dict[str, list[str]] = {}
    for pattern, action in branches:
        merged.setdefault(action, []).append(pattern)
    return "\n".join(f"        {_patterns(patterns)}) {action} ;;" for action, patterns in merged.items())


def _patterns(patterns: list[str]) -> str:
    return " | \\\n            ".join(patterns)


def _names(command: Command) -> list[str]:
    return [name for option in command.options for name in option.names]


def _options(outline: Outline) -> Iterator[tuple[str, Option]]:
    for option in outline.global_options:
        yield "*", option
    for command in outline.all_commands():
        for option in command.options:
            yield _quoted(command.name), option


def _valued(outline: Outline) -> list[str]:
    return [f"{place}:{name}" for place, option in _options(outline) if option.value for name in option.names]


def _values(outline: Outline) -> Iterator[tuple[str, str]]:
    for place, option in _options(outline):
        if option.value and (action := _action(option.values)):
            for name in option.names:
                yield f"{place}:{name}", action


def _words(outline: Outline) -> Iterator[tuple[str, str]]:
    yield (
        "'':1",
        "_postroom_offer "
        + " ".join([group.name for group in outline.groups] + [command.name for command in outline.commands]),
    )
    for group in outline.groups:
        yield f"{group.name}:1", "_postroom_offer " + " ".join(command.path[-1] for command in group.commands)
    for command in outline.all_commands():
        for number, argument in enumerate(command.arguments, 1):
            if action := _action(argument.values):
                yield f"{_quoted(command.name)}:{'*' if argument.repeatable else number}", action


def _action(values: Values) -> str:
    match values.kind:
        case "files":
            return "_postroom_files -f"
        case "directories":
            return "_postroom_files -d"
        case "commands":
            # The first word is a command, those behind it are its own.
            return "if (($2 == 1)); then _postroom_files -c; else _postroom_files -f; fi"
        case "words":
            return "_postroom_offer " + " ".join(values.words)
        case "ask":
            return f"_postroom_ask {values.words[0]}"
    return ""
