"""The committed completion scripts, in the real shells: what TAB offers, and that it does not start the program."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.program import clean_environment, program
from tests.support.requirements import need
from tests.support.shells import Shell, complete
from tests.support.terminal import Terminal

SCRIPTS: dict[Shell, str] = {"bash": "postroom.bash", "zsh": "_postroom", "fish": "postroom.fish"}
COMPLETIONS = Path(__file__).parents[2] / "completions"

CONFIG = """\
[smtp.servers.main]
host = "mail.example.com"
auth = "none"
[smtp.servers.relay-2]
host = "relay.example.com"
auth = "none"
[tls.profiles.internal]
minimum = "1.3"
"""


class Desk(NamedTuple):
    """A place to press TAB in: `postroom` on its PATH writes down its arguments before it does its work."""

    shell: Shell
    directory: Path
    environment: dict[str, str]
    calls: Path

    def offers(self, line: str) -> list[str]:
        """What the shell offers for the last word of the line."""
        script = COMPLETIONS / SCRIPTS[self.shell]
        return complete(self.shell, script, line, environment=self.environment, directory=self.directory)

    @property
    def started(self) -> list[str]:
        """The arguments of every start of the program."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture(params=SCRIPTS)
def desk(request: pytest.FixtureRequest, tmp_home: Path, tmp_path: Path) -> Desk:
    shell: Shell = request.param
    need(shell)
    programs, calls, work = tmp_path / "bin", tmp_path / "calls", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    fake = programs / "postroom"
    fake.write_text(f'#!/bin/sh\necho "$*" >>{calls}\nexec {" ".join(program())} "$@"\n')
    fake.chmod(0o755)
    environment = clean_environment(tmp_home, f"{programs}:{os.environ['PATH']}")
    config = Path(environment["POSTROOM_CONFIG"])
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    config.chmod(0o600)
    return Desk(shell, work, environment, calls)


STATIC = [
    ("postroom ", {"smtp", "tls", "config", "secrets", "sandbox", "status", "demo", "completion", "man"}, {"server"}),
    ("postroom s", {"smtp", "secrets", "sandbox", "status"}, {"secret", "server", "tls"}),
    ("postroom smtp ", {"set", "list", "show", "test", "providers"}, {"rm", "delete", "smtp"}),
    ("postroom smtp re", {"rename", "remove"}, {"set"}),
    ("postroom --json smtp re", {"rename", "remove"}, {"set"}),
    ("postroom --config x.toml smtp re", {"rename", "remove"}, {"set"}),
    ("postroom smtp --state-dir x re", {"rename", "remove"}, {"set"}),
    ("postroom smtp set --pass", {"--password-stdin", "--password-file", "--password-env"}, {"--password", "--port"}),
    ("postroom smtp set main --js", {"--json"}, {"--junit"}),
    ("postroom --", {"--json", "--config", "--no-input", "--version"}, {"--host"}),
    ("postroom status --", {"--json", "--help"}, {"--host"}),
    ("postroom smtp list --h", {"--help"}, {"--host"}),
    ("postroom smtp set --security ", {"tls", "starttls", "none"}, {"ssl", "main"}),
    ("postroom smtp set --security st", {"starttls"}, {"tls"}),
    ("postroom smtp set --host h --auth ", {"password", "oauth2", "external", "none"}, {"main"}),
    ("postroom smtp set --unset tls", {"tls.pin", "tls_profile"}, {"port"}),
    ("postroom smtp test --until ", {"resolve", "auth", "data"}, {"main"}),
    ("postroom smtp test --as ", {"test", "alert"}, {"main"}),
    ("postroom smtp test --format ", {"text", "github", "junit", "nagios"}, {"main"}),
    ("postroom explain --step ", {"connect", "tls", "auth", "rcpt", "data"}, {"config", "secret", "token"}),
    ("postroom tls set internal --min ", {"1.2", "1.3"}, {"internal"}),
    ("postroom tls set internal --no", {"--no-strict", "--no-input"}, {"--strict"}),
    ("postroom secret ", {"list", "set", "move"}, {"rm"}),
    ("postroom secrets move main.password --store ", {"keyring", "encrypted", "plain"}, {"file"}),
    ("postroom completion ", {"bash", "zsh", "fish"}, {"postroom"}),
    ("postroom completion b", {"bash"}, {"zsh"}),
    (
        "postroom man postroom-s",
        {"postroom-smtp", "postroom-secrets", "postroom-sandbox", "postroom-status"},
        {"postroom-tls"},
    ),
]


@pytest.mark.parametrize(("line", "offered", "not_offered"), STATIC, ids=[line for line, _, _ in STATIC])
def test_commands_options_and_fixed_values_are_offered_without_a_start(
    desk: Desk, line: str, offered: set[str], not_offered: set[str]
) -> None:
    found = set(desk.offers(line))
    assert offered <= found
    assert not found & not_offered
    assert desk.started == []


ASKED = [
    ("postroom smtp show ", {"main", "relay-2"}),
    ("postroom smtp show r", {"relay-2"}),
    ("postroom smtp rm ", {"main", "relay-2"}),
    ("postroom smtp test --trace ", {"main", "relay-2"}),
    ("postroom smtp rename ma", {"main"}),
    ("postroom smtp set --tls-profile ", {"internal"}),
    ("postroom tls show ", {"internal"}),
    ("postroom smtp set --provider fastm", {"fastmail"}),
    ("postroom smtp providers gm", {"gmail", "gmx", "gmx-de"}),
    ("postroom explain --provider gm", {"gmail", "gmx", "gmx-de"}),
    ("postroom explain --provider postf", {"postfix"}),
    ("postroom config get smtp.servers.main.po", {"smtp.servers.main.port"}),
    ("postroom secrets set main.pa", {"main.password"}),
]


@pytest.mark.parametrize(("line", "offered"), ASKED, ids=[line for line, _ in ASKED])
def test_what_depends_on_the_configuration_is_asked_of_the_program(desk: Desk, line: str, offered: set[str]) -> None:
    assert set(desk.offers(line)) == offered
    assert desk.started
    assert all(call.startswith(f"completion {desk.shell}") for call in desk.started)


def test_a_second_word_where_one_is_taken_gets_no_offer(desk: Desk) -> None:
    # zsh offers options where nothing else is left to offer.
    assert [word for word in desk.offers("postroom smtp show main ") if not word.startswith("-")] == []
    assert desk.started == []


@pytest.mark.parametrize("option", ["--config {}", "--config={}"])
def test_the_configuration_that_the_line_names_is_asked(desk: Desk, option: str) -> None:
    other = desk.directory / "other.toml"
    other.write_text('[smtp.servers.elsewhere]\nhost = "mail.example.com"\nauth = "none"\n')
    other.chmod(0o600)
    assert desk.offers(f"postroom {option.format(other)} smtp show ") == ["elsewhere"]


def test_a_broken_configuration_offers_nothing_and_says_nothing(desk: Desk) -> None:
    Path(desk.environment["POSTROOM_CONFIG"]).write_text("no toml")
    assert desk.offers("postroom smtp show ") == []
    assert desk.started


def test_files_are_offered_for_a_file_and_directories_for_a_directory(desk: Desk) -> None:
    (desk.directory / "authority.pem").touch()
    (desk.directory / "stale.txt").touch()
    (desk.directory / "state").mkdir()
    assert [name.rstrip("/") for name in desk.offers("postroom smtp set --ca-file auth")] == ["authority.pem"]
    assert [name.rstrip("/") for name in desk.offers("postroom --config auth")] == ["authority.pem"]
    assert [name.rstrip("/") for name in desk.offers("postroom config apply auth")] == ["authority.pem"]
    assert [name.rstrip("/") for name in desk.offers("postroom --state-dir st")] == ["state"]
    assert desk.offers("postroom smtp set --host auth") == []
    assert desk.started == []


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shell_finds_no_fault_with_its_script(shell: Shell) -> None:
    need(shell)
    done = subprocess.run(
        [shell, "-n", COMPLETIONS / SCRIPTS[shell]], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_behind_two_dashes_commands_are_offered(desk: Desk) -> None:
    assert "postroom" in desk.offers("postroom sandbox run --expect 1 -- postroo")
    assert "--json" not in desk.offers("postroom sandbox run -- true --js")
    assert desk.started == []


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("postroom smtp set --security = st", "starttls"),
        ("postroom smtp set --security =", "tls starttls none"),
        ("postroom smtp set --security = tls --auth ex", "external"),
        ("postroom --config = x.toml smtp lis", "list"),
    ],
)
@pytest.mark.needs("bash")
def test_bash_may_break_words_at_an_equals_sign(words: str, offered: str, tmp_path: Path) -> None:
    code = (
        f"source {COMPLETIONS / 'postroom.bash'}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1));"
        '_postroom; echo "${COMPREPLY[*]}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == offered


@pytest.mark.needs("bash")
def test_pressing_tab_in_a_bash_completes_the_word(tmp_home: Path, tmp_path: Path) -> None:
    environment = {**clean_environment(tmp_home, os.environ["PATH"]), "PS1": "ready> "}
    with Terminal(["bash", "--norc", "-i"], environment=environment, directory=tmp_path) as terminal:
        terminal.expect("ready> ")
        terminal.type(f'source {COMPLETIONS / "postroom.bash"}; postroom() {{ echo "called: <$*>"; }}\n')
        terminal.expect("ready> ")
        terminal.type("postroom smtp prov\tfastm\t --js\t\n")
        terminal.expect("called: <smtp providers fastm")
        terminal.expect("--json>")


@pytest.mark.needs("zsh")
def test_zsh_takes_the_script_from_the_program_as_well(tmp_home: Path, tmp_path: Path) -> None:
    start = f"autoload -Uz compinit; compinit -u -d {tmp_path / 'dump'}; source {COMPLETIONS / '_postroom'}"
    argv = ["zsh", "-f", "-c", f"{start}; print $_comps[postroom]"]
    environment = clean_environment(tmp_home, os.environ["PATH"])
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("_postroom\n", "")
