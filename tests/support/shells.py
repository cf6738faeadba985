"""Owns asking the real shells what they would complete. Knows no completion script of ours."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Literal

from tests.support.requirements import need
from tests.support.terminal import Terminal

Shell = Literal["bash", "zsh", "fish"]

_TIME_LIMIT_SECONDS = 30
_BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

# What bash does on TAB: split the line, call the function that is registered for the command, read COMPREPLY.
_BASH = """
source {library}
source {script}
COMP_LINE={line} COMP_POINT=${{#COMP_LINE}} COMP_TYPE=9 COMP_KEY=9
read -ra COMP_WORDS <<<"$COMP_LINE"
[[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
[[ $(complete -p "${{COMP_WORDS[0]}}") =~ -F\\ ([^ ]+) ]] || exit 3
"${{BASH_REMATCH[1]}}" "${{COMP_WORDS[0]}}" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# compadd is what every zsh completion ends in; with -O it tells which of its words match what was typed. Calls that
# themselves ask with -O, -A or -D add nothing, so they pass untouched.
_ZSH = """
PROMPT='ready''> '; unset zle_bracketed_paste; setopt nobeep
fpath=({directory} $fpath)
autoload -Uz compinit; compinit -u -d {dump}
compadd() {{
  local -a matches
  if [[ ${{@[1,(i)(-|--)]}} == *-[OAD]* ]]; then builtin compadd "$@"; return; fi
  builtin compadd -O matches "$@"
  (( $#matches )) && print -rl -- $matches >>{found}
  builtin compadd "$@"
}}
tell-end() {{ print -n 'comple''ted' }}
comppostfuncs=(tell-end)
"""


def complete(shell: Shell, script: Path, line: str, *, environment: Mapping[str, str], directory: Path) -> list[str]:
    """The candidates for the last word of the line, in the shell's order, each once.

    `script` is sourced by bash and fish; zsh autoloads it, so there its name is `_COMMAND`. `environment` holds a PATH
    on which the command is; `directory` is scratch space.
    """
    need(shell)
    if shell == "bash":
        need(f"bash-completion:{_BASH_COMPLETION}")
        code = _BASH.format(library=quote(_BASH_COMPLETION), script=quote(str(script)), line=quote(line))
        found = _output(["bash", "--norc", "-c", code], environment, directory)
    elif shell == "fish":
        code = f"source {quote(str(script))}; complete -C {quote(line)}"
        found = _output(["fish", "--no-config", "-c", code], environment, directory)
    else:
        found = _zsh(script, line, environment, directory)
    words = [candidate.partition("\t")[0].rstrip() for candidate in found.splitlines()]
    return list(dict.fromkeys(word for word in words if word))


def _output(argv: list[str], environment: Mapping[str, str], directory: Path) -> str:
    done = subprocess.run(
        argv,
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0 or done.stdout, f"{argv[0]} failed: {done.stderr}"
    return done.stdout


def _zsh(script: Path, line: str, environment: Mapping[str, str], directory: Path) -> str:
    """An interactive zsh, the line typed and TAB pressed: its completion works nowhere else."""
    found, start = directory / "zsh-found", directory / "zsh-start"
    found.write_text("")
    start.write_text(
        _ZSH.format(
            directory=quote(str(script.parent)), dump=quote(str(directory / "zsh-dump")), found=quote(str(found))
        )
    )
    with Terminal(["zsh", "-f", "-i"], environment={**environment, "TERM": "dumb"}, directory=directory) as terminal:
        terminal.type(f"source {quote(str(start))}\n")
        terminal.expect("ready> ")
        terminal.type(line + "\t")
        terminal.expect("completed")
    return found.read_text()
