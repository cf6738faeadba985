"""The manual and the completions: committed as they are made, complete, clean, and served by the program itself."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from postroom import __version__, errors
from postroom.cli import tree
from postroom.cli.completions import FILE_NAMES
from postroom.cli.lazy import ALIASES, COMMANDS, load
from postroom.cli.manual import pages
from postroom.cli.manual.__main__ import files
from postroom.cli.manual.codes import OWN_CODES, WARNINGS
from postroom.cli.manual.roff import RELEASED, Page, bold, escape, filled
from postroom.cli.manual.settings import EXAMPLE, PRESET, REFERENCES, dotted
from postroom.cli.options import FLAGS
from postroom.cli.outline import Command, outline
from postroom.cli.values import GROUPS, PAGES, Values, values_of
from postroom.config.environment import VARIABLES
from postroom.config.presets import _KINDS, preset_ids, read_preset
from postroom.desk import Desk
from postroom.diagnosis.catalogue import causes, provider_advice
from postroom.diagnosis.facts import FACTS
from postroom.diagnosis.fill import PLACEHOLDERS
from postroom.diagnosis.providers import families
from postroom.diagnosis.site import CONDITIONS
from postroom.domain.reply import SIGNS, STEPS
from postroom.domain.secret import SCHEMES
from postroom.domain.settings import TABLES
from postroom.errors import Exit
from tests.conftest import RunPostroom
from tests.support.source import SOURCE
from tests.support.told_commands import COMMANDS_BY_NAME, example_lines, texts, typed, wrong_commands

ROOT = Path(__file__).parents[1]
REMAKE = "run: python -m postroom.cli.manual"
PAGES_BY_NAME = {page.name: page for page in pages(Desk())}
COMMANDS_OF_ALL = list(outline().all_commands())


def plain(page: Page) -> str:
    """A page as a reader without fonts would see it, all white space one blank."""
    text = re.sub(r"\\f[BIR]|\\&", "", page.text)
    for escaped, char in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\(ti", "~"), (r"\(ha", "^"), (r"\(ga", "`")):
        text = text.replace(escaped, char)
    text = re.sub(r"^\.(TP|PP|br|nf|fi|RE|RS.*)$", "", text, flags=re.MULTILINE)
    return " ".join(text.replace(r"\e", "\\").split())


# The committed files


@pytest.mark.parametrize("name", sorted(files()))
def test_the_committed_file_is_the_one_that_is_made(name: str) -> None:
    committed = ROOT / name
    assert committed.exists(), REMAKE
    assert committed.read_text(encoding="ascii") == files()[name], REMAKE


def test_no_file_is_committed_that_is_not_made() -> None:
    found = {path.relative_to(ROOT).as_posix() for kind in ("man", "completions") for path in (ROOT / kind).iterdir()}
    assert found == set(files())


def test_the_files_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("no toml")
    elsewhere = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "POSTROOM_CONFIG": str(broken),
        "TZ": "Asia/Tokyo",
        "COLUMNS": "40",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "POSTROOM_SMTP_PORT": "nonsense",
    }
    argv = [sys.executable, "-m", "postroom.cli.manual", str(tmp_path / "made")]
    subprocess.run(argv, env=elsewhere, cwd=tmp_path, check=True, timeout=60)
    for name, text in files().items():
        assert (tmp_path / "made" / name).read_text(encoding="ascii") == text, name


def test_the_date_is_that_of_the_release_in_the_changelog() -> None:
    assert f"## {__version__} ({RELEASED})\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_pages_that_completion_offers_are_those_that_there_are() -> None:
    assert tuple(PAGES_BY_NAME) == PAGES


# Complete


@pytest.mark.parametrize("command", COMMANDS_OF_ALL, ids=lambda command: command.name)
def test_every_command_is_documented_with_every_option_and_argument(command: Command) -> None:
    page = PAGES_BY_NAME[f"postroom-{command.path[0]}"]
    title = f".SS {escape(f'postroom {command.name}')}\n" if command.path[0] in GROUPS else ".SH OPTIONS\n"
    own = page.text.partition(title)[2].partition("\n.S")[0]
    assert own, f"no section on {command.name}"
    shared = page.text.partition(".SH SERVER OPTIONS\n")[2]
    for option in command.options:
        where = shared if option.of_server else own
        tag = ", ".join(bold(name) for name in option.names)
        assert re.search(rf"^{re.escape(tag)}($| )", where, re.MULTILINE), option.names
        assert option.help, option.names
    text = plain(page)
    for told in (command.summary, *(argument.help for argument in command.arguments)):
        assert told, command.name
        assert " ".join(told.split()).replace("`", "") in text


def test_the_program_page_has_every_group_option_alias_and_exit_status() -> None:
    page = PAGES_BY_NAME["postroom"].text
    for name in COMMANDS:
        assert f".TP\n{bold(f'postroom {name}')}\n" in page
        assert f".BR postroom\\-{name} (1)" in page
    for flag in FLAGS:
        assert f".TP\n{bold(flag.option)}" in page
    for alias in ALIASES:
        assert f".TP\n{bold(alias)}\n" in page
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n.SH {heading}\n" in page


@pytest.mark.parametrize("page", ["postroom", "postroom-faults"])
def test_every_exit_status_is_documented(page: str) -> None:
    for status in Exit:
        assert f".TP\n{bold(str(status.value))}\n" in PAGES_BY_NAME[page].text
        assert status.meaning in plain(PAGES_BY_NAME[page])


def test_every_key_of_every_table_is_documented() -> None:
    page = PAGES_BY_NAME["postroom.toml"]
    for table in TABLES:
        _, found, rest = page.text.partition(f".SS {escape(f'[{dotted(table)}]')}\n")
        assert found, table.path
        section = rest.partition("\n.S")[0]
        for key in table.section.declared():
            entry = section.partition(f".TP\n{bold(key.name)} = ")[2].partition("\n.TP")[0]
            told = " ".join(re.sub(r"\\f[BIR]|\\&|\\", "", entry).split()).replace("(aq", "'").replace("(ti", "~")
            assert key.help in told, key.name
            assert key.kind.choices or key.kind.rule in told.replace("(ha", "^"), key.name
            assert not key.default_note or f"Default: {key.default_note}." in told, key.name
            assert ("Reserved:" in told) == key.reserved, key.name


def test_every_scheme_of_a_reference_is_documented() -> None:
    assert tuple(REFERENCES) == SCHEMES
    for scheme in SCHEMES:
        assert bold(f"{scheme}:") in PAGES_BY_NAME["postroom.toml"].text


def test_every_variable_of_the_environment_is_documented() -> None:
    everything = plain(PAGES_BY_NAME["postroom"]) + plain(PAGES_BY_NAME["postroom.toml"])
    source = " ".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    known = {*VARIABLES, *re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', source)}
    known |= set(re.findall(r'"(POSTROOM_[A-Z_]*[A-Z])"', source))
    assert "POSTROOM_STATE_DIR" in known
    internal = {"PATH"}
    assert sorted(name for name in known - internal if name not in everything) == []


def test_every_cause_class_is_documented() -> None:
    page = PAGES_BY_NAME["postroom-faults"]
    text = plain(page)
    for code, cause in causes().items():
        assert f".TP\n{bold(code)}\n" in page.text
        for told in (cause.title, cause.cause, *cause.next_steps):
            words = re.sub(r"\{(\w+)\}", lambda hole: hole[1].upper(), told).replace("`", "")
            assert words in text, code
        assert f"Exit status {cause.exit}, retry {cause.retry}, scope {cause.scope}." in text


def test_every_word_of_an_entry_is_documented() -> None:
    page = PAGES_BY_NAME["postroom-faults"].text.partition("OWN\n")[2].partition("\n.SH")[0]
    for name in (*CONDITIONS, *FACTS):
        assert f".TP\n{bold(name)}\n" in page
    for name in PLACEHOLDERS:
        assert f".TP\n{bold('{' + name + '}')}\n" in page
    words = page.replace("\n", " ").replace("\\", "")
    for name in (*SIGNS, *STEPS, *(f"{name} (" for name in families())):
        assert f" {name}" in words, name


# The codes in the source


FAMILIES = sorted({code.partition(".")[0] for code in (*OWN_CODES, *WARNINGS, *causes())} - {"bug"})
CODE = re.compile(rf"({'|'.join(FAMILIES)})\.[a-z_]+")
NOT_CODES = {"config.toml", "server.pem"}
# `secret.file_...`: a failure of a file that holds a secret.
MADE_OF_OTHERS = "secret.file_"


def modules() -> list[tuple[Path, ast.Module]]:
    here = SOURCE / "postroom" / "cli" / "manual"
    files = [path for path in sorted(SOURCE.rglob("*.py")) if here not in path.parents]
    return [(path, ast.parse(path.read_text("utf-8"))) for path in files]


def codes_in_source() -> tuple[set[str], set[str]]:
    """The codes that stand in the source, and the beginnings of those that are put together."""
    whole: set[str] = set()
    beginnings: set[str] = {MADE_OF_OTHERS}
    for _, module in modules():
        docstrings = {
            ast.get_docstring(node, clean=False) for node in ast.walk(module) if isinstance(node, _DOCUMENTED)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                first = str(node.values[0].value)
                if CODE.fullmatch(first + "x") and len(node.values) == 2:
                    beginnings.add(first)
            elif isinstance(node, ast.Constant) and str(node.value) not in docstrings:
                whole |= {str(node.value)} if CODE.fullmatch(str(node.value)) else set()
    whole -= beginnings
    return whole - NOT_CODES, beginnings


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_code_in_the_source_is_documented() -> None:
    whole, beginnings = codes_in_source()
    known = {*OWN_CODES, *WARNINGS, *causes()}
    assert "usage.bad_value" in whole
    assert sorted(whole - known) == []
    assert [start for start in beginnings if not any(code.startswith(start) for code in known)] == []


def test_no_code_is_documented_that_does_not_exist() -> None:
    whole, beginnings = codes_in_source()
    own = {*OWN_CODES, *WARNINGS} - {"bug"}
    assert sorted(code for code in own - whole if not code.startswith(tuple(beginnings))) == []
    assert not set(OWN_CODES) & set(causes())


def raised() -> list[tuple[str, int, str]]:
    """Every error of ours that is made with a literal code and a known exit status: code, status, place."""
    found = []
    for path, module in modules():
        for node in ast.walk(module):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            kind = getattr(errors, node.func.id, None)
            code = node.args[0]
            if not (
                isinstance(kind, type) and issubclass(kind, errors.PostroomError) and isinstance(code, ast.Constant)
            ):
                continue
            given = next((keyword.value for keyword in node.keywords if keyword.arg == "exit"), None)
            if given is None:
                found.append((str(code.value), int(kind.exit), f"{path}:{node.lineno}"))
            elif isinstance(given, ast.Attribute) and isinstance(given.value, ast.Name) and given.value.id == "Exit":
                found.append((str(code.value), int(Exit[given.attr]), f"{path}:{node.lineno}"))
    return found


def test_the_exit_status_of_every_code_is_the_documented_one() -> None:
    found = raised()
    assert len(found) > 50
    wrong = []
    for code, status, place in found:
        documented = (causes()[code].exit,) if code in causes() else OWN_CODES.get(code, ((), ""))[0]
        if status not in documented:
            wrong.append(f"{place}: {code} exits {status}, documented {documented}")
    assert wrong == []


def test_every_code_and_warning_is_on_the_page() -> None:
    page = PAGES_BY_NAME["postroom-faults"].text
    for code in (*OWN_CODES, *WARNINGS):
        assert f".TP\n{bold(code)}\n" in page


# The help that the pages are made of


def leaves(table: dict[str, tuple[str, Any]] = COMMANDS, *before: str) -> list[tuple[tuple[str, ...], str, str]]:
    found: list[tuple[tuple[str, ...], str, str]] = []
    for name, (first, second) in table.items():
        found += leaves(second, *before, name) if isinstance(second, dict) else [((*before, name), first, second)]
    return found


@pytest.mark.parametrize(("path", "place", "summary"), leaves(), ids=str)
def test_the_help_of_a_command_is_whole(path: tuple[str, ...], place: str, summary: str) -> None:
    command = COMMANDS_BY_NAME[" ".join(path)]
    assert command.summary == summary
    prose = [text for text, as_written in command.prose if not as_written]
    assert [text for text in prose if text.startswith(("JSON data: ", "JSON: "))], "say what --json gives"
    assert example_lines(command), "give an example"
    assert (
        (load(place).__doc__ or "")
        .rstrip()
        .splitlines()[-1]
        .lstrip()
        .startswith(("postroom", example_lines(command)[-1]))
    )


EXAMPLES = [(command, line) for command in COMMANDS_OF_ALL for line in example_lines(command)]


@pytest.mark.parametrize(("command", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_every_example_can_be_typed(command: Command, line: str) -> None:
    words = typed(line)
    name = next(name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS_BY_NAME)
    found = tree.command(name, load(next(place for path, place, _ in leaves() if " ".join(path) == name)))
    context = found.make_context(name, words[len(name.split()) :])
    assert context.info_name == name
    for option in COMMANDS_BY_NAME[name].options:
        value = re.search(rf"{option.names[0]} (\S+)", line)
        if option.values.kind == "words" and value:
            assert value[1] in option.values.words


def test_the_examples_of_the_pages_can_be_typed() -> None:
    lines = [line for line in plain_lines(PAGES_BY_NAME["postroom"]) if line.startswith("postroom ")]
    assert len(lines) > 5
    assert [wrong for line in lines for wrong in wrong_commands(line)] == []


def plain_lines(page: Page) -> list[str]:
    return [re.sub(r"\\f[BIR]|\\&|\\(?=-)", "", line) for line in page.text.splitlines()]


def test_every_command_that_a_message_tells_to_type_exists() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)}:{line}: {command}"
        for path, module in modules()
        for line, text in texts(module)
        for command in wrong_commands(text)
    ]
    assert wrong == []


def test_every_command_that_a_cause_tells_to_type_exists() -> None:
    steps = [step for cause in causes().values() for step in cause.next_steps]
    steps += [step for row in provider_advice() for step in row.advice.next_steps]
    assert [wrong for step in steps for wrong in wrong_commands(step.replace("{", "X"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "postroom outbox run",
        "try postroom smtp sett main",
        "postroom smtp set X --hots h",
        "`postroom smtp test X --trase`",
        "run postroom config set and postroom nothing",
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str) -> None:
    assert wrong_commands(text)


# Clean


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.needs("mandoc", "man", "lexgrog")
def test_other_programs_find_no_fault_with_the_page(name: str) -> None:
    page = PAGES_BY_NAME[name]
    file = ROOT / "man" / page.file_name
    lint = subprocess.run(["mandoc", "-T", "lint", file], capture_output=True, text=True, check=False)
    assert (lint.returncode, lint.stdout) == (0, "")
    environment = {**os.environ, "MANWIDTH": "80", "MANROFFSEQ": ""}
    argv = ["man", "--warnings", "-E", "UTF-8", "-l", str(file)]
    typeset = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    assert typeset.stderr == ""
    assert not re.search(r"\\[-&e(]|\\f[BIR]", typeset.stdout)
    apropos = subprocess.run(["lexgrog", file], capture_output=True, text=True, check=True)
    assert apropos.stdout == f'{file}: "{name} - {page.summary}"\n'


def test_text_that_looks_like_a_request_stays_text() -> None:
    assert list(filled(".SH is no heading here")) == [r"\&.SH is no heading here"]
    assert list(filled("'tis")) == [r"\&\(aqtis"]
    assert escape(r"a\nb -x é") == r"a\enb \-x \[u00E9]"
    page = Page("x", 1, "x")
    page.example("  .so /etc/passwd\n  'br\n")
    assert page.text.endswith(".nf\n\\&.so /etc/passwd\n\\&\\(aqbr\n.fi\n.RE\n")


def test_no_line_of_a_page_is_a_request_by_accident() -> None:
    known = {"TH", "SH", "SS", "PP", "TP", "br", "nf", "fi", "RS", "RE", "BR", "nh", "ad", '\\"'}
    for page in PAGES_BY_NAME.values():
        for line in page.text.splitlines():
            assert not line.startswith("'"), line
            assert not line.startswith(".") or line[1:].split(" ")[0] in known, line


# True


def test_the_example_of_a_configuration_is_one(run_postroom: RunPostroom, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(EXAMPLE)
    file.chmod(0o600)
    done = run_postroom("config", "validate", "--config", str(file), "--json")
    assert done.json["ok"], done.json
    assert not done.json["warnings"]
    assert tomllib.loads(EXAMPLE)["smtp"]["default"] == "main"


def test_the_example_of_a_preset_is_one_and_every_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(PRESET)
    file.chmod(0o600)
    assert read_preset(file).host == "relay.example.com"
    section = plain(PAGES_BY_NAME["postroom.toml"]).partition("PRESETS OF YOUR OWN")[2]
    assert not {key for key in _KINDS if not re.search(rf"\b{key}\b", section)}


# Served by the program


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("", "postroom"),
        ("postroom", "postroom"),
        ("postroom.1", "postroom"),
        ("smtp", "postroom-smtp"),
        ("postroom-smtp", "postroom-smtp"),
        ("postroom-smtp(1)", "postroom-smtp"),
        ("explain", "postroom-explain"),
        ("postroom-explain", "postroom-explain"),
        ("postroom-explain.1", "postroom-explain"),
        ("demo", "postroom-demo"),
        ("toml", "postroom.toml"),
        ("postroom.toml.5", "postroom.toml"),
        ("faults", "postroom-faults"),
    ],
)
def test_man_finds_a_page_by_its_names(run_postroom: RunPostroom, word: str, name: str) -> None:
    done = run_postroom("man", *([word] if word else []), "--json", env={"PATH": "/nonexistent"})
    page = PAGES_BY_NAME[name]
    data = {"page": name, "section": page.section, "form": "roff", "text": page.text}
    assert done.json["data"] == data


def test_man_knows_no_other_page(run_postroom: RunPostroom) -> None:
    done = run_postroom("man", "postmaster", "--json")
    assert done.exit == 2
    assert done.json["error"]["code"] == "usage.unknown_page"
    assert all(name in done.json["error"]["message"] for name in PAGES)


@pytest.mark.needs("man")
@pytest.mark.parametrize("config", ["", "no toml"])
def test_man_prints_plain_text_where_there_is_no_terminal(
    run_postroom: RunPostroom, tmp_home: Path, config: str
) -> None:
    file = tmp_home / "any.toml"
    file.write_text(config)
    done = run_postroom("man", "faults", "--config", str(file))
    assert done.exit == 0
    assert done.stdout.startswith("POSTROOM-FAULTS(7)")
    assert "auth.app_password_required" in done.stdout
    assert "\x08" not in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.needs("mandoc")
def test_man_prints_plain_text_with_mandoc_alone(run_postroom: RunPostroom, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mandoc").symlink_to("/usr/bin/mandoc")
    done = run_postroom("man", "tls", env={"PATH": str(programs)})
    assert "NAME" in done.stdout.split()
    assert "postroom tls set" in done.stdout
    assert "\x08" not in done.stdout


@pytest.mark.needs("man")
def test_man_leaves_a_terminal_to_the_persons_own_pager(run_postroom: RunPostroom, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "seen by the pager, secret: [$POSTROOM_SMTP_PASSWORD]"\nhead -n 1\n')
    pager.chmod(0o755)
    done = run_postroom("man", "smtp", tty=True, env={"MANPAGER": str(pager), "POSTROOM_SMTP_PASSWORD": "opensesame"})
    assert done.exit == 0
    assert "seen by the pager, secret: []" in done.stdout
    assert "POSTROOM-SMTP(1)" in done.stdout


@pytest.mark.parametrize("shell", FILE_NAMES)
def test_completion_prints_the_committed_script(run_postroom: RunPostroom, shell: str) -> None:
    script = (ROOT / "completions" / FILE_NAMES[shell]).read_text()
    assert run_postroom("completion", shell).stdout == script
    assert run_postroom("completion", shell, "--json").json["data"] == {"shell": shell, "text": script}


def test_completion_knows_no_other_shell(run_postroom: RunPostroom) -> None:
    done = run_postroom("completion", "tcsh")
    assert done.exit == 2
    assert "bash, zsh, fish" in done.stderr


@pytest.mark.parametrize("kind", ["servers", "profiles", "keys", "secrets", "nonsense"])
def test_a_question_of_a_completion_script_never_fails_aloud(
    run_postroom: RunPostroom, tmp_home: Path, kind: str
) -> None:
    file = tmp_home / "broken.toml"
    file.write_text("no toml")
    done = run_postroom("completion", "bash", "--values", kind, "--config", str(file))
    assert (done.exit, done.stdout, done.stderr) == (0, "", "")


def test_choices_of_options_are_offered_as_words() -> None:
    assert values_of("smtp set", "--security", "tls|starttls|none").words == ("tls", "starttls", "none")
    assert values_of("smtp providers", "x", "[ID|ADDRESS]").kind == "nothing"
    assert values_of("config apply", "file", "FILE").kind == "files"


def test_a_default_that_is_empty_is_not_told() -> None:
    helps = [option.help for command in COMMANDS_OF_ALL for option in command.options]
    assert any(told.endswith("Default: 5s.") for told in helps)
    assert [told for told in helps if "Default: ." in told] == []


def test_the_hints_of_explain_are_completed_with_words_that_help_names() -> None:
    options = {option.names[0]: option for option in COMMANDS_BY_NAME["explain"].options}
    steps = options["--step"].values.words
    assert {"connect", "auth"} <= set(steps) <= set(STEPS)
    assert set(steps) <= set(re.findall(r"[a-z]+", options["--step"].help.partition(":")[2]))
    assert options["--provider"].values == Values("ask", ("providers",))


def test_every_provider_that_is_offered_means_something(run_postroom: RunPostroom) -> None:
    offered = run_postroom("completion", "bash", "--values", "providers").stdout.split()
    assert set(offered) == {*families(), *preset_ids()}


def test_the_envelope_of_a_script_is_one_line_of_json(run_postroom: RunPostroom) -> None:
    lines = run_postroom("completion", "zsh", "--json").stdout.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["command"] == "completion"
