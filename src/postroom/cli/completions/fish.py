"""Owns the completion script for fish: a list of `complete` calls, each with the place on the line where it holds."""

from collections.abc import Iterator

from postroom.cli.lazy import ALIASES
from postroom.cli.outline import Command, Option, Outline
from postroom.cli.values import Values

_HEAD = r"""# fish completion for postroom, made from the program by python -m postroom.cli.manual; do not edit.
# Commands, options and fixed values stand here; the program is started only for what depends on the configuration.

function __postroom_takes_value -a path option
    switch "$path:$option"
@valued@
            return 0
    end
    return 1
end

# Prints the command on the line, and which of its arguments the cursor is at.
function __postroom_place
    set -l path
    set -l count 1
    set -l option
    set -l ended
    for word in (commandline -opc)[2..-1]
        if set -q option[1]
            set option
        else if set -q ended[1]
            set count (math $count + 1)
        else if test "$word" = --
            set ended yes
        else if string match -q -- '-*' "$word"
            __postroom_takes_value "$path" "$word"; and set option $word
        else if contains -- "$path" '' @groups@
            switch "$word"
@aliases@
            end
            set path (string trim -- "$path $word")
        else
            set count (math $count + 1)
        end
    end
    printf '%s\n' "$path" $count
end

# Is the cursor within this command?
function __postroom_in -a path
    set -l place (__postroom_place)
    test "$place[1]" = "$path"
end

# Is the cursor at this argument of it, or, with +, at this one or a later one?
function __postroom_at -a path number
    string match -q -- '-*' (commandline -ct); and return 1
    set -l place (__postroom_place)
    test "$place[1]" = "$path"; or return 1
    switch $number
        case '*+'
            test $place[2] -ge (string trim -r -c + -- $number)
        case '*'
            test $place[2] -eq $number
    end
end

# Prints what the program knows of this kind.
function __postroom_ask -a kind
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1]) completion fish
    set -l next
    for word in $words[2..-1]
        if set -q next[1]
            set program $program $next (string replace -r '^~/' "$HOME/" -- $word)
            set next
            continue
        end
        switch $word
            case --
                break
            case --config --state-dir
                set next $word
            case --system --user '--config=*' '--state-dir=*'
                set program $program $word
        end
    end
    $program --values $kind 2>/dev/null </dev/null
end

complete -c postroom -f
"""


def fish_script(outline: Outline) -> str:
    """The whole script."""
    aliases: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        aliases.setdefault(name, []).append(alias)
    parts = {
        "valued": "        case " + " \\\n            ".join(sorted(_valued(outline))),
        "groups": " ".join(group.name for group in outline.groups),
        "aliases": "\n".join(
            f"                case {' '.join(words)}\n                    set word {name}"
            for name, words in aliases.items()
        ),
    }
    text = _HEAD
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text + "\n".join(_calls(outline)) + "\n"


def _valued(outline: Outline) -> Iterator[str]:
    for option in outline.global_options:
        if option.value:
            yield from (_quoted(f"*:{name}") for name in option.names)
    for command in outline.all_commands():
        for option in command.options:
            if option.value:
                yield from (_quoted(f"{command.name}:{name}") for name in option.names)


def _calls(outline: Outline) -> Iterator[str]:
    for option in outline.global_options:
        yield _option(option, "")
    for group in outline.groups:
        yield _word("", group.name, group.summary)
    for command in outline.commands:
        yield _word("", command.path[0], command.summary)
    for group in outline.groups:
        yield from (_word(group.name, command.path[-1], command.summary) for command in group.commands)
    for command in outline.all_commands():
        yield from _command(command)


def _command(command: Command) -> Iterator[str]:
    condition = f" -n {_quoted(f'__postroom_in {_inner(command.name)}')}"
    for option in command.options:
        yield _option(option, condition)
    for number, argument in enumerate(command.arguments, 1):
        if offer := _offer(argument.values):
            place = f"{number}+" if argument.repeatable else str(number)
            yield f"complete -c postroom -n {_at(command.name, place)}{offer}"


def _at(path: str, number: str) -> str:
    return _quoted(f"__postroom_at {_inner(path)} {number}")


def _word(group: str, word: str, summary: str) -> str:
    return f"complete -c postroom -n {_at(group, '1')} -a {word} -d {_quoted(summary)}"


def _option(option: Option, condition: str) -> str:
    names = "".join(f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in option.names)
    text = f"complete -c postroom{condition}{names} -d {_quoted(option.help)}"
    return text + (f" -r{_offer(option.values) or ' -f'}" if option.value else "")


def _offer(values: Values) -> str:
    match values.kind:
        case "files":
            return " -F"
        case "directories":
            return " -f -a '(__fish_complete_directories)'"
        case "commands":
            return " -F -a '(__fish_complete_command)'"
        case "words":
            return f" -f -a {_quoted(' '.join(values.words))}"
        case "ask":
            return f" -f -a '(__postroom_ask {values.words[0]})'"
    return ""


def _inner(text: str) -> str:
    """A word within a quoted command."""
    return f'"{text}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", r"\'") + "'"
