"""`explain`, as it is typed, piped and scripted; and a site's own entries, there and in a test."""

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunPostroom
from tests.support.faulty_server import FaultyServer, Line, Send
from tests.support.program import clean_environment, program
from tests.test_startup import loaded

TENANT = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
KEYS = [
    *("class", "title", "cause", "retry", "scope", "exit", "next_steps", "docs", "checked", "provider", "others"),
    *("step", "reply", "judged", "more_failures"),
]

SITE = """
[[entry]]
class = "policy.rate_limited_short"
code = "451"
words = ["relay sleeps"]
title = "The relay in the cellar sleeps"
cause = "It is being backed up."
next_steps = ["Wait until six", "Call 4711"]
docs = ["https://wiki.example.com/relay"]
"""


@pytest.fixture
def environment(tmp_home: Path) -> dict[str, str]:
    return clean_environment(tmp_home, os.environ["PATH"])


def test_a_reply_is_explained_in_json(run_postroom: RunPostroom) -> None:
    done = run_postroom("explain", TENANT, "--json")
    data = done.json["data"]
    assert (done.exit, list(data)) == (0, KEYS)
    assert (data["class"], data["retry"], data["scope"]) == ("auth.basic_disabled_by_policy", "never", "server")
    assert "Set-TransportConfig -SmtpClientAuthenticationDisabled $false" in " ".join(data["next_steps"])
    assert (data["provider"], data["checked"]) == ("microsoft", "2026-11-20")
    assert data["reply"] == {
        "code": 535,
        "enhanced": "5.7.139",
        "text": "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
    }


def test_a_reply_is_explained_to_a_person(run_postroom: RunPostroom) -> None:
    lines = run_postroom("explain", *TENANT.split()).stdout.splitlines()
    assert lines[0] == "SMTP AUTH is switched off for the whole organisation at Microsoft 365"
    assert lines[1] == "  | 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is"
    assert lines[2] == "  | disabled for the Tenant."
    names = [line.partition(":")[0] for line in lines[3:]]
    assert list(dict.fromkeys(names)) == ["why", "hint", "read", "class"]
    assert [line[:8] for line in lines if line.startswith("hint")][:2] == ["hint: 1.", "hint: 2."]
    assert lines[-1].startswith("class: auth.basic_disabled_by_policy; trying again does not help")


@pytest.mark.parametrize("way", ["stdin", "dash", "file", "file-dash"])
def test_the_text_may_come_in_every_way(run_postroom: RunPostroom, tmp_path: Path, way: str) -> None:
    text = "Traceback (most recent call last):\nsocket.gaierror: [Errno -2] Name or service not known\n"
    (tmp_path / "log").write_text(text)
    words = {
        "stdin": [],
        "dash": ["-"],
        "file": ["--file", str(tmp_path / "log")],
        "file-dash": ["--file", "-"],
    }[way]
    done = run_postroom("explain", *words, "--json", input=text)
    assert done.json["data"]["class"] == "dns.host_not_found"


def test_two_causes_that_fit_are_both_told_with_what_tells_them_apart(run_postroom: RunPostroom) -> None:
    line = ("explain", "535 5.7.8 Username and Password not accepted", "--provider", "gmail")
    data = run_postroom(*line, "--json").json["data"]
    assert data["class"] == "auth.bad_credentials"
    assert [other["class"] for other in data["others"]] == ["auth.app_password_required"]
    assert data["others"][0]["tell_apart"].startswith("It is this when")
    assert "\nor: auth.app_password_required - It is this when" in run_postroom(*line).stdout


def test_the_hints_decide_where_the_words_do_not(run_postroom: RunPostroom) -> None:
    def code(*hints: str) -> str:
        data = run_postroom("explain", "535 Authentication credentials invalid", *hints, "--json").json["data"]
        return str(data["class"])

    assert code("--provider", "resend", "--step", "auth") == "auth.bad_credentials"
    assert code("--provider", "GMX") == "auth.smtp_disabled_for_account"
    assert code("--provider", "no such provider", "--step", "no such step") == "auth.bad_credentials"


def test_a_text_without_a_failure_is_a_no(run_postroom: RunPostroom) -> None:
    done = run_postroom("explain", "the weather is fine", "--json")
    assert (done.exit, done.json["ok"], list(done.json["data"])) == (1, False, KEYS)
    assert done.json["data"]["class"] is None
    assert "Nothing in this text" in run_postroom("explain", "the weather is fine").stdout


@pytest.mark.parametrize(
    ("words", "text", "status", "code"),
    [
        ((), "", 2, "usage.missing_value"),
        ((), " \n", 2, "usage.missing_value"),
        (("--file", "/nonexistent"), "", 66, "file.missing"),
        (("--file", ""), "", 2, "usage.bad_value"),
        (("-535 5.7.8 no",), "", 2, "usage.bad_option"),
        (("--file", "/"), "", 66, "file.unreadable"),
        (("535", "--file", "/etc/hostname"), "", 2, "usage.conflict"),
    ],
)
def test_bad_input_is_named(
    run_postroom: RunPostroom, words: tuple[str, ...], text: str, status: int, code: str
) -> None:
    done = run_postroom("explain", *words, "--json", input=text)
    assert (done.exit, done.json["error"]["code"]) == (status, code)
    assert done.json["error"]["hint"]


def test_a_foreign_text_reaches_no_terminal_raw(run_postroom: RunPostroom) -> None:
    hostile = "550 5.7.1 \x1b]0;owned\x07 \x9b31m [/x] [link=https://e.example]y[/link] <x>: Relay access denied"
    done = run_postroom("explain", hostile)
    assert done.exit == 0
    assert not {"\x1b", "\x07", "\x9b"} & set(done.stdout + done.stderr)


def test_octets_of_any_encoding_are_read(environment: dict[str, str]) -> None:
    for octets in ("535 请使用授权码登录".encode("gbk"), b"535 caf\xe9 \xff\xfe", b"\x00\x01\x02" * 1000):
        argv = [*program(), "explain", "--provider", "qq", "--json"]
        done = subprocess.run(argv, input=octets, capture_output=True, check=False, env=environment)
        assert done.returncode in (0, 1), done.stderr
        assert json.loads(done.stdout)["command"] == "explain"


def test_a_text_that_looks_like_an_option_gets_a_hint(run_postroom: RunPostroom) -> None:
    assert "put -- before a text" in run_postroom("explain", "-535 5.7.8 no").stderr
    done = run_postroom("explain", "--json", "--", "-535 5.7.8 no")
    assert done.json["data"]["class"] == "auth.bad_credentials"


def test_of_a_log_the_last_failure_is_told_and_the_others_are_counted(run_postroom: RunPostroom) -> None:
    log = "".join(f"Nov 20 1{hour}:00:00 host app[7]: 535 5.7.8 no {'x' * hour}\n" for hour in range(3))
    log += "Nov 20 14:00:00 host app[7]: connect to 192.0.2.1: \x1b[31mConnection refused\n"
    data = run_postroom("explain", "--json", input=log).json["data"]
    assert (data["class"], data["more_failures"]) == ("connect.refused", 3)
    assert data["judged"] == "Nov 20 14:00:00 host app[7]: connect to 192.0.2.1: Connection refused"
    lines = run_postroom("explain", input=log).stdout.splitlines()
    assert lines[1:3] == [f"  | {data['judged']}", "3 more failures in this text; the last one is told"]


@pytest.mark.parametrize("piped", [True, False])
@pytest.mark.parametrize("stamp", ["Nov 20 10:00:00 host app[7]: ", ""])
def test_the_last_line_of_a_large_file_is_read(
    environment: dict[str, str], tmp_path: Path, piped: bool, stamp: str
) -> None:
    log = tmp_path / "log"
    log.write_text((f"{stamp}all is well, as it always is\n" * 6_000_000)[:6_000_000] + "\n552 5.2.2 mailbox full\n")
    argv = [*program(), "explain", "--json", *([] if piped else ["--file", str(log)])]
    typed = log.read_bytes() if piped else b""
    done = subprocess.run(argv, input=typed, capture_output=True, check=False, env=environment)
    told = json.loads(done.stdout)
    assert told["data"]["class"] == "rcpt.mailbox_full"
    assert [warning["code"] for warning in told["warnings"]] == ["explain.partly_read"]


def test_hints_and_words_come_out_as_text_that_has_a_form(environment: dict[str, str]) -> None:
    hostile = os.fsdecode(b"\x1b[31mgmail\xff\xe2\x80\xae")
    words = os.fsdecode(b"550 no \xff \xc2\x9b ") + hostile
    argv = [*program(), "explain", "--json", "--provider", hostile, "--step", hostile, words]
    done = subprocess.run(argv, capture_output=True, check=False, env=environment)
    told = json.dumps(json.loads(done.stdout), ensure_ascii=False)
    told.encode("utf-8")
    assert not set("\x1b\x9b\u202e") & set(told)


def test_an_answer_that_nobody_gets_is_a_failure(environment: dict[str, str]) -> None:
    for nowhere in (">&-", ">/dev/full"):
        argv = ["sh", "-c", f'"$@" {nowhere}', "sh", *program(), "explain", "535 no"]
        done = subprocess.run(argv, capture_output=True, check=False, env=environment)
        assert (done.returncode, done.stderr[:7]) == (74, b"error: "), nowhere


def test_on_a_terminal_it_says_how_to_end_the_text(environment: dict[str, str]) -> None:
    leader, follower = pty.openpty()
    argv = [*program(), "explain"]
    with subprocess.Popen(
        argv,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as running:
        os.close(follower)
        os.write(leader, b"454 4.7.0 Too many login attempts\n\x04")
        out, err = running.communicate(timeout=20)
    os.close(leader)
    assert b"Ctrl-D" in err
    assert b"auth.too_many_attempts" in out


class TestASitesOwnEntries:
    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        (tmp_path / "faults").mkdir()
        (tmp_path / "faults" / "relay.toml").write_text(SITE)
        (tmp_path / "postroom.toml").write_text("")
        return tmp_path / "postroom.toml"

    def test_are_explained(self, run_postroom: RunPostroom, config: Path) -> None:
        done = run_postroom("explain", "451 the relay sleeps", "--config", str(config), "--json")
        data = done.json["data"]
        assert (data["class"], data["title"]) == ("policy.rate_limited_short", "The relay in the cellar sleeps")
        assert data["next_steps"] == ["Wait until six", "Call 4711"]
        assert data["docs"] == ["https://wiki.example.com/relay"]

    def test_are_told_by_a_failed_test(self, run_postroom: RunPostroom, config: Path) -> None:
        script = (Send(b"220 relay.example.com\r\n"), Line(b"EHLO"), Send(b"451 the relay sleeps\r\n"))
        with FaultyServer(script) as server:
            place = ("--host", server.host, "--port", str(server.port), "--auth", "none", "--security", "none")
            done = run_postroom("smtp", "test", "--config", str(config), *place, "--json")
        assert (done.exit, done.json["error"]["code"]) == (75, "policy.rate_limited_short")
        assert done.json["error"]["hint"] == "Wait until six"
        assert done.json["data"]["diagnosis"]["next_steps"] == ["Wait until six", "Call 4711"]

    def test_in_every_file_have_their_say(self, run_postroom: RunPostroom, config: Path) -> None:
        (config.parent / "faults" / "a.toml").write_text("broken")
        done = run_postroom("explain", "451 the relay sleeps", "--config", str(config), "--json")
        assert (done.exit, done.json["data"]["title"]) == (0, "The relay in the cellar sleeps")
        (warning,) = done.json["warnings"]
        assert warning["message"].startswith(f"{config.parent}/faults/a.toml: is no TOML: ")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[[entry]]\nclass = 'no.such_class'", "class 'no.such_class' is none of those in postroom-faults(7)"),
            ("[[entry]]\nclass = 'policy.rejected'\nwords = '('", "is no regular expression"),
            ("[[entry]]\nclass = 'policy.rejected'\nsign = 'any'\ntitle = 'x {nope}'", "{nope}; there are {host}, "),
            ("[[entry]]\nclass = 'policy.rejected'", "would fit every refusal"),
            ("nonsense", "is no TOML"),
            ("\ud800", "is not UTF-8"),
        ],
    )
    def test_that_are_wrong_are_told_and_hide_no_failure(
        self, run_postroom: RunPostroom, config: Path, text: str, told: str
    ) -> None:
        file = config.parent / "faults" / "relay.toml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        done = run_postroom("config", "validate", "--config", str(config), "--json")
        assert (done.exit, done.json["error"]["code"]) == (78, "config.invalid")
        problem = done.json["data"]["problems"][0]
        assert told in problem["message"]
        assert problem["file"] == str(file)
        assert problem["line"] == (1 if "entry" in text else None)
        assert done.json["error"]["hint"] == f"Change {file}, then: postroom config validate"

        place = ("--host", "localhost", "--port", "1", "--auth", "none", "--security", "none")
        for words, code in ((("explain", "550 no"), None), (("smtp", "test", *place), "connect.refused")):
            done = run_postroom(*words, "--config", str(config), "--json")
            assert (done.json["error"] or {"code": None})["code"] == code
            (warning,) = done.json["warnings"]
            assert warning["code"] == "config.faults_skipped"
            assert told in warning["message"]
            assert str(file) in warning["message"]
            assert "entry 1: " in warning["message"] or "entry" not in text
        assert run_postroom("explain", "550 no", "--config", str(config), "--json").json["data"]["class"]

    @pytest.mark.parametrize("form", ["text", "github", "junit", "nagios"])
    def test_that_are_wrong_are_told_in_every_form_of_a_test(
        self, run_postroom: RunPostroom, config: Path, form: str
    ) -> None:
        (config.parent / "faults" / "relay.toml").write_text("nonsense")
        place = ("--host", "localhost", "--port", "1", "--auth", "none", "--security", "none")
        done = run_postroom("smtp", "test", "--config", str(config), *place, "--format", form)
        assert (done.stdout + done.stderr).count("is no TOML") == 1

    def test_that_are_not_needed_are_not_read(self, run_postroom: RunPostroom, config: Path) -> None:
        (config.parent / "faults" / "relay.toml").write_text("nonsense")
        assert run_postroom("smtp", "list", "--config", str(config), "--json").json["warnings"] == []

    def test_that_take_too_long_are_told(self, run_postroom: RunPostroom, config: Path) -> None:
        file = config.parent / "faults" / "evil.toml"
        file.write_text("[[entry]]\nclass = 'policy.rejected'\nwords = ['sleeps (a|aa)+$']\n")
        done = run_postroom("explain", f"451 the relay sleeps {60 * 'a'}!", "--config", str(config), "--json")
        assert done.json["data"]["title"] == "The relay in the cellar sleeps"
        (warning,) = done.json["warnings"]
        assert warning["code"] == "config.faults_slow"
        assert f"{file}: entry 1: the expression 'sleeps (a|aa)+$' takes too long" in warning["message"]

    def test_that_are_valid_are_named(self, run_postroom: RunPostroom, config: Path) -> None:
        config.unlink()
        done = run_postroom("config", "validate", "--config", str(config), "--json")
        file = str(config.parent / "faults" / "relay.toml")
        assert (done.json["data"]["files"], done.json["data"]["faults"]) == ([], [file])
        lines = run_postroom("config", "validate", "--config", str(config)).stdout.splitlines()
        assert lines == ["the configuration is valid", "  there is no configuration file yet", f"  {file}"]

    def test_are_checked_together_with_the_configuration(self, run_postroom: RunPostroom, config: Path) -> None:
        config.write_text("nonsense = 1\n")
        (config.parent / "faults" / "relay.toml").write_text("[[entry]]\nclass = 'a.b'\nsign = 'c'\n")
        done = run_postroom("config", "validate", "--config", str(config), "--json")
        assert [Path(problem["file"]).name for problem in done.json["data"]["problems"]] == [
            config.name, "relay.toml", "relay.toml",
        ]  # fmt: skip
        assert done.json["error"]["hint"] == "postroom config edit"

    def test_that_are_mounted_by_kubernetes_are_read(self, run_postroom: RunPostroom, config: Path) -> None:
        faults = config.parent / "faults"
        (faults / "..2026_11_20").mkdir()
        (faults / "relay.toml").rename(faults / "..2026_11_20" / "relay.toml")
        (faults / "..data").symlink_to("..2026_11_20")
        (faults / "relay.toml").symlink_to("..data/relay.toml")
        done = run_postroom("explain", "451 the relay sleeps", "--config", str(config), "--json")
        assert (done.json["data"]["title"], done.json["warnings"]) == ("The relay in the cellar sleeps", [])

    @pytest.mark.parametrize(
        ("spoil", "status", "told"),
        [
            (lambda file: (file.unlink(), file.symlink_to("nowhere")), 66, "leads nowhere"),
            (lambda file: (file.unlink(), file.mkdir()), 78, "is not a regular file"),
            (lambda file: file.write_bytes(bytes(5 << 20)), 74, "has more than 4194304 bytes"),
        ],
    )
    def test_in_a_file_that_cannot_be_read_hide_no_failure(
        self, run_postroom: RunPostroom, config: Path, spoil: Callable[[Path], object], status: int, told: str
    ) -> None:
        spoil(config.parent / "faults" / "relay.toml")
        done = run_postroom("explain", "550 no", "--config", str(config), "--json")
        (warning,) = done.json["warnings"]
        assert done.exit == 0
        assert told in warning["message"]
        assert warning["hint"]
        done = run_postroom("config", "validate", "--config", str(config), "--json")
        assert done.exit == status
        assert told in done.json["error"]["message"]
        assert done.json["error"]["hint"]

    def test_that_others_may_write_are_not_obeyed(self, run_postroom: RunPostroom, config: Path) -> None:
        (config.parent / "faults" / "relay.toml").chmod(0o666)
        if os.geteuid() != 0:
            pytest.skip("needs: root (run the tests as root)")
        done = run_postroom("explain", "451 the relay sleeps", "--config", str(config), "--json")
        assert done.json["data"]["title"] != "The relay in the cellar sleeps"
        (warning,) = done.json["warnings"]
        assert (warning["code"], warning["hint"][:10]) == ("config.faults_skipped", "chmod go-w")
        assert run_postroom("config", "validate", "--config", str(config), "--json").exit == 78

    def test_load_the_library_of_expressions_for_words_alone(self, tmp_home: Path) -> None:
        def loads(entry: str) -> bool:
            config = Path(clean_environment(tmp_home, "")["POSTROOM_CONFIG"])
            (config.parent / "faults").mkdir(parents=True, exist_ok=True)
            (config.parent / "faults" / "relay.toml").write_text("[[entry]]\nclass = 'policy.rejected'\n" + entry)
            return "regex" in loaded(("explain", "550 no"), tmp_home)

        assert not loads("code = '451'")
        assert loads("words = 'x'")
