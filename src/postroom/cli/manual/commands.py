"""Owns the pages of commands: postroom(1), one page a group, and one for each command of no group. Their prose is the
help of the commands.

Refuses to know any single command.
"""

from collections.abc import Iterator

from postroom.cli.lazy import ALIASES
from postroom.cli.manual.groups import GROUP_PROSE
from postroom.cli.manual.roff import Page, bold, italic, placeholder
from postroom.cli.manual.surroundings import FILES, VARIABLES
from postroom.cli.outline import Command, Group, Option, Outline
from postroom.errors import Exit

_DESCRIPTION = (
    (
        "Postroom sets up the server through which a system sends its mail, and proves that it works or says "
        "exactly why not. Every failure has a cause, a next step and an exit status of its own: see "
        "postroom-faults(7)."
    ),
    (
        "A server is described in the configuration file, see postroom.toml(5), which the commands read and "
        "change; with options or environment variables alone a test needs no file. A secret never stands in "
        "that file nor on a command line: the file says where it is kept."
    ),
    (
        "With `--json` exactly one JSON object is printed, failures and usage errors included. Its keys are "
        "version, command, ok, exit, data, warnings and error; error is null, or has code, message, hint, "
        "detail and retry. What data holds is told with each command."
    ),
    (
        "Where standard input is no terminal, and with `--no-input`, nothing is ever asked: a missing value is "
        "an error that names the option."
    ),
)

_EXAMPLES = (
    (
        "Set up a server of a known provider, prove that it takes mail, and see what is still missing:",
        (
            "postroom smtp set --provider fastmail --username alice@example.com --password-stdin\n"
            "postroom smtp test --to bob@example.com\n"
            "postroom status"
        ),
    ),
    (
        "In a container, without any file of ours, the secret in a file that the container brings:",
        (
            "export POSTROOM_SMTP_HOST=mail.example.com POSTROOM_SMTP_USERNAME=alice@example.com\n"
            "export POSTROOM_SMTP_PASSWORD_FILE=/run/secrets/mail\n"
            "postroom smtp test --to bob@example.com --json"
        ),
    ),
    ("See the whole way of a mail without a server of your own:", "postroom demo"),
)

_OTHER_PAGES = (("postroom.toml", 5), ("postroom-faults", 7))


def program_page(outline: Outline) -> Page:
    """postroom(1)."""
    page = Page("postroom", 1, _clause(outline.summary))
    page.heading("SYNOPSIS")
    page.synopsis(
        (
            f"{bold('postroom')} [{italic('options')}] {italic('command')} [{italic('arguments')}]",
            *tuple(_synopsis(command) for command in outline.commands),
        )
    )
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.heading("GROUPS OF COMMANDS")
    for group in outline.groups:
        names = ", ".join(command.path[-1] for command in group.commands)
        page.tagged(bold(f"postroom {group.name}"), group.summary, f"Commands: {names}. See postroom-{group.name}(1).")
    page.heading("COMMANDS")
    for command in outline.commands:
        page.tagged(bold(f"postroom {command.name}"), command.summary, f"See postroom-{command.name}(1).")
    page.heading("OTHER NAMES")
    page.paragraph("They are understood wherever the command or the group is.")
    for alias, name in ALIASES.items():
        page.tagged(bold(alias), f"{name}.")
    page.heading("GLOBAL OPTIONS")
    page.paragraph("They are accepted anywhere before a `--`.")
    for option in outline.global_options:
        _option(page, option)
    page.heading("EXIT STATUS")
    for status in Exit:
        page.tagged(bold(str(status.value)), status.meaning)
    page.paragraph("Which cause leads to which status is told in postroom-faults(7).")
    page.heading("ENVIRONMENT")
    for variable, text in VARIABLES:
        page.tagged(bold(variable), text)
    page.paragraph("The variables that describe a mail server stand in postroom.toml(5).")
    page.heading("FILES")
    for path, text in FILES:
        page.tagged(italic(path), text)
    page.heading("EXAMPLES")
    for text, lines in _EXAMPLES:
        page.paragraph(text)
        page.example(lines)
    pages = [group.name for group in outline.groups] + [command.name for command in outline.commands]
    page.see_also(*((f"postroom-{name}", 1) for name in pages), *_OTHER_PAGES)
    return page


def group_page(group: Group, outline: Outline) -> Page:
    """The page of one group."""
    page = Page(f"postroom-{group.name}", 1, _clause(group.summary))
    page.heading("SYNOPSIS")
    page.synopsis(_synopsis(command) for command in group.commands)
    page.heading("DESCRIPTION")
    page.paragraph(group.summary)
    for text in GROUP_PROSE.get(group.name, ()):
        page.paragraph(text)
    page.paragraph(f"Each command takes {_globals(outline)}")
    page.heading("COMMANDS")
    for command in group.commands:
        _command(page, command)
    shared = {option: None for command in group.commands for option in command.options if option.of_server}
    if shared:
        takers = [command.name for command in group.commands if any(option.of_server for option in command.options)]
        page.heading("SERVER OPTIONS")
        page.paragraph(f"The settings of a server, taken by {' and '.join(takers)}; see postroom.toml(5).")
        for option in shared:
            _option(page, option)
    page.heading("EXIT STATUS")
    page.paragraph("0 on success. What a command adds is told with it; all others stand in postroom(1).")
    others = ((f"postroom-{other.name}", 1) for other in outline.groups if other is not group)
    page.see_also(("postroom", 1), *others, *_OTHER_PAGES)
    return page


def command_page(command: Command, outline: Outline) -> Page:
    """The page of a command that belongs to no group."""
    page = Page(f"postroom-{command.name}", 1, _clause(command.summary))
    page.heading("SYNOPSIS")
    page.synopsis([_synopsis(command)])
    page.heading("DESCRIPTION")
    _prose(page, command)
    page.heading("OPTIONS")
    _parameters(page, command)
    page.paragraph(f"The command takes {_globals(outline)}")
    page.heading("EXAMPLES")
    for _, lines in _examples(command):
        page.example(lines)
    page.see_also(("postroom", 1), *((f"postroom-{group.name}", 1) for group in outline.groups), *_OTHER_PAGES)
    return page


def _globals(outline: Outline) -> str:
    flags = ", ".join(option.names[-1] for option in outline.global_options)
    return f"the global options as well ({flags}): see postroom(1)."


def _clause(summary: str) -> str:
    """A summary as the line under NAME has it: no capital, no full stop."""
    return summary[0].lower() + summary[1:].rstrip(".")


def _synopsis(command: Command) -> str:
    words = [bold(f"postroom {command.name}")]
    words += [f"{bold(option.names[0])} {placeholder(option.value)}" for option in command.options if option.required]
    if any(not option.required for option in command.options):
        words.append(f"[{italic('options')}]")
    words += [placeholder(argument.placeholder) for argument in command.arguments]
    return " ".join(words)


def _command(page: Page, command: Command) -> None:
    page.subheading(f"postroom {command.name}")
    page.synopsis([_synopsis(command)])
    _prose(page, command)
    _parameters(page, command)
    if any(option.of_server for option in command.options):
        page.paragraph("And each of the SERVER OPTIONS below.")
    for title, lines in _examples(command):
        page.paragraph(title)
        page.example(lines)


def _prose(page: Page, command: Command) -> None:
    page.paragraph(command.summary)
    for text, as_written in command.prose:
        if not as_written:
            page.paragraph(text)


def _parameters(page: Page, command: Command) -> None:
    for argument in command.arguments:
        page.tagged(placeholder(argument.placeholder.strip("[]")), argument.help)
    for option in command.options:
        if not option.of_server:
            _option(page, option)


def _examples(command: Command) -> Iterator[tuple[str, str]]:
    """What stands as written, each with its title."""
    for text, as_written in command.prose:
        if as_written:
            title, _, lines = text.partition("\n")
            yield title, lines


def _option(page: Page, option: Option) -> None:
    names = ", ".join(bold(name) for name in option.names)
    page.tagged(names + (f" {placeholder(option.value)}" if option.value else ""), option.help)
