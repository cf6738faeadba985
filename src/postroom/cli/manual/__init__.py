"""Owns the manual as a whole: which pages there are, made from the command tree, the settings and the causes."""

from postroom.cli.manual.commands import command_page, group_page, program_page
from postroom.cli.manual.faults import faults_page
from postroom.cli.manual.oauth_google import google_page
from postroom.cli.manual.oauth_microsoft import microsoft_page
from postroom.cli.manual.oauth_tokens import tokens_page
from postroom.cli.manual.roff import Page
from postroom.cli.manual.settings import settings_page
from postroom.cli.outline import outline
from postroom.desk import Desk


def pages(desk: Desk) -> tuple[Page, ...]:
    """Every page: the same bytes on every machine. Of the desk only what is built in is read, no configuration."""
    program = outline()
    return (
        program_page(program),
        *(group_page(group, program) for group in program.groups),
        *(command_page(command, program) for command in program.commands),
        settings_page(desk.environment_variables),
        google_page(),
        microsoft_page(),
        tokens_page(),
        faults_page(desk.causes, desk.provider_advice, desk.entry_terms),
    )
