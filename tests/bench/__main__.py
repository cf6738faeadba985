"""`python -m tests.bench [ROUNDS]`: start-up and one mail, each as a ratio to a named peer, alternating in one run.

Postroom and the peer that does nothing are installed by the same pip into a venv of their own.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.certificates import Authority

ROOT = Path(__file__).parents[2]
NOTHING = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "does-nothing"
version = "1"
[project.scripts]
does-nothing = "does_nothing:main"
"""
SMTPLIB = """import smtplib, ssl, sys
from email.message import EmailMessage
message = EmailMessage()
message["From"], message["To"], message["Subject"] = "a@example.test", "b@example.test", "test"
message.set_content("test")
with smtplib.SMTP("localhost", int(sys.argv[1])) as server:
    if len(sys.argv) > 2:
        context = ssl.create_default_context(cafile=sys.argv[2])
        if len(sys.argv) > 3:
            context.load_default_certs()
        server.starttls(context=context)
    server.login("a@example.test", open(sys.argv[0] + ".pw").readline().strip())
    server.send_message(message)
"""


class Case(NamedTuple):
    """A command beside its peer. `goal` is the ratio that we want, or None where a peer only stands for comparison."""

    name: str
    argv: Sequence[str]
    peer_name: str
    peer: Sequence[str]
    goal: float | None
    stdin: str = ""


def seconds(argv: Sequence[str], stdin: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(argv, input=stdin.encode(), capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{argv} ended with {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")
    return took


def measure(case: Case, rounds: int) -> None:
    pairs = [(seconds(case.argv, ""), seconds(case.peer, case.stdin)) for _ in range(rounds + 2)][2:]
    ratio = statistics.median(own / peer for own, peer in pairs)
    own, peer = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    verdict = "" if case.goal is None else f"  goal {case.goal:.2f}  {'met' if ratio <= case.goal else 'MISSED'}"
    print(
        f"{case.name:<22} {own:7.1f} ms  {case.peer_name:<24} {peer:7.1f} ms  ratio {ratio:5.2f}{verdict}", flush=True
    )


@contextmanager
def sink(*certificate: str) -> Iterator[int]:
    argv = [sys.executable, "-m", "tests.bench.sink", *certificate]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def install(directory: Path) -> Path:
    nothing = directory / "nothing"
    (nothing / "does_nothing").mkdir(parents=True)
    (nothing / "pyproject.toml").write_text(NOTHING)
    (nothing / "does_nothing" / "__init__.py").write_text("def main():\n    pass\n")
    venv.create(directory / "venv", with_pip=True)
    programs = directory / "venv" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
    subprocess.run([programs / "pip", "install", "--quiet", ROOT, nothing], check=True)
    return programs


def cases(programs: Path, directory: Path, plain: int, encrypted: int, ca_file: Path) -> Iterator[Case]:
    postroom, python = str(programs / "postroom"), str(programs / "python")
    importing = ("python -c 'import typer'", [python, "-c", "import typer"])
    yield Case("--version", [postroom, "--version"], "does-nothing", [str(programs / "does-nothing")], 1.15)
    yield Case("--help", [postroom, "--help"], *importing, 1.2)
    yield Case("smtp show", [postroom, "smtp", "show", "plain"], *importing, 1.5)
    script = directory / "script.py"
    script.write_text(SMTPLIB)
    password = Path(f"{script}.pw")
    password.touch(mode=0o600)
    password.write_text("not-a-secret\n")
    for name, port, extra, goal in (("plain", plain, [], 2.0), ("starttls", encrypted, [str(ca_file)], 1.6)):
        ours = [postroom, "smtp", "test", name, "--to", "b@example.test", "--json"]
        yield Case(f"one mail, {name}", ours, "smtplib script", [python, str(script), str(port), *extra], goal)
        if extra:
            # What a script does whose server has a certificate of a public authority: the whole bundle is read.
            public = [python, str(script), str(port), *extra, "bundle"]
            yield Case(f"one mail, {name}", ours, "smtplib, public bundle", public, goal)
        tls = ["--tls=on", f"--tls-trust-file={ca_file}"] if extra else ["--tls=off"]
        msmtp = ["msmtp", "--host=localhost", f"--port={port}", "--from=a@example.test", "--auth=plain", *tls]
        login = ["--user=a@example.test", f"--passwordeval=cat {password}", "b@example.test"]
        if shutil.which("msmtp"):
            yield Case(f"one mail, {name}", ours, "msmtp", [*msmtp, *login], None, "Subject: test\n\ntest\n")
        swaks = ["swaks", "-s", f"localhost:{port}", "-f", "a@example.test", "-t", "b@example.test", "-a", "PLAIN"]
        verified = ["-tls", "--tls-verify", "--tls-ca-path", str(ca_file)] if extra else []
        if shutil.which("swaks"):
            yield Case(f"one mail, {name}", ours, "swaks", [*swaks, "-au", "a", "-ap", "b", *verified], None)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as name:
        directory = Path(name)
        programs = install(directory)
        made = Authority(directory / "tls")
        certificate, key = made.server("server")
        os.environ["POSTROOM_CONFIG"] = str(directory / "config.toml")
        with sink() as plain, sink(str(certificate), str(key)) as encrypted:
            for server, port, security in (("plain", plain, "none"), ("starttls", encrypted, "starttls")):
                extra = ["--ca-file", str(made.ca_file)] if security == "starttls" else []
                login = ["--username", "a@example.test", "--password-file", str(directory / "script.py.pw"), *extra]
                argv = ["smtp", "set", server, "--host", "localhost", "--port", str(port), "--security", security]
                subprocess.run([programs / "postroom", *argv, *login], check=True, capture_output=True)
            for case in cases(programs, directory, plain, encrypted, made.ca_file):
                measure(case, rounds)


if __name__ == "__main__":
    main()
