"""What `oauth setup` advises, and the scripts that it fills in: each value quoted for its language, each line short."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from postroom.config.presets import load_preset
from postroom.domain.settings import FLOWS
from postroom.errors import DataError, PostroomError, UsageError
from postroom.services import oauth_setup
from postroom.services.oauth_setup import PARTS, PROVIDERS, STYLES, Request, powershell_quoted, setup
from postroom.ui.views.oauth_setup import broken
from tests.support.told_commands import wrong_commands

TEXTS = Path(oauth_setup.__file__).with_suffix("")
PLANS: dict[str, Any] = tomllib.loads((TEXTS / "plans.toml").read_text("utf-8"))
ALICE = "alice@example.com"
GUID = "11111111-2222-3333-4444-555555555555"

WAYS = [
    Request("microsoft365", flow="browser"),
    Request("microsoft365", flow="client-credentials", style="rbac"),
    Request("microsoft365", flow="client-credentials", style="classic"),
    Request("gmail"),
    Request("google-workspace"),
    Request("google-workspace", flow="service-account"),
]
SCRIPTS = [
    (way, row["name"], row["file"]) for way, plan in zip(WAYS, PLANS.values(), strict=True) for row in plan["scripts"]
]
ALL = [(way, name) for way, name, _ in SCRIPTS]
OF_A_SHELL = [(way, name) for way, name, file in SCRIPTS if file.endswith(".sh")]
OF_POWERSHELL = [(way, name) for way, name, file in SCRIPTS if file.endswith(".ps1")]


def told(request: Request) -> dict[str, Any]:
    with_mailbox = request if request.mailboxes else request._replace(mailboxes=[ALICE])
    return dict(setup(with_mailbox, preset=load_preset).data)


def script(request: Request, name: str) -> str:
    (found,) = (row["text"] for row in told(request)["scripts"] if row["name"] == name)
    return str(found)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_fits_its_preset(name: str) -> None:
    plan = PLANS[name]
    preset = load_preset(plan["provider"])
    assert preset is not None
    assert preset.oauth is not None
    assert plan["provider"] in PROVIDERS
    assert set(plan["flows"]) <= set(preset.oauth.flows)
    assert set(plan["styles"]) <= set(STYLES)
    assert plan["checked"] <= "2026-11-20"
    assert {row["name"] for row in plan["scripts"]} <= set(PARTS)
    assert all(step["page"] and step["do"] for step in plan["steps"])


def test_every_flow_that_a_preset_takes_has_a_plan() -> None:
    for provider in PROVIDERS:
        preset = load_preset(provider)
        assert preset is not None
        assert preset.oauth is not None
        for flow in preset.oauth.flows:
            assert told(Request(provider, flow=flow))["flow"] == flow


def test_every_piece_of_a_script_is_used() -> None:
    used = {piece for plan in PLANS.values() for row in plan["scripts"] for piece in row["pieces"]}
    assert used == {path.name for path in TEXTS.iterdir()} - {"plans.toml"}


def test_every_part_is_a_script_of_some_way() -> None:
    assert {row["name"] for plan in PLANS.values() for row in plan["scripts"]} == set(PARTS)


@pytest.mark.parametrize(
    ("provider", "many", "flow", "style"),
    [
        ("microsoft365", False, "browser", None),
        ("office365", True, "client-credentials", "rbac"),
        ("gmail", False, "browser", None),
        ("google", True, "browser", None),
        ("google-workspace", False, "browser", None),
        ("google-workspace", True, "service-account", None),
    ],
)
def test_the_advice_follows_what_it_is_for(provider: str, many: bool, flow: str, style: str | None) -> None:
    data = told(Request(provider, many=many))
    assert (data["flow"], data["style"], data["for"]) == (flow, style, "many" if many else "one")
    assert data["why"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request("fastmail"), "microsoft365, gmail, google-workspace"),
        (Request("nowhere"), "microsoft365, gmail, google-workspace"),
        (Request("gmail", flow="device"), "invalid_scope"),
        (Request("gmail", flow="service-account"), "Google Workspace alone"),
        (Request("microsoft365", flow="service-account"), "Google's alone"),
        (Request("microsoft365", flow="telepathy"), "not known to work"),
        (Request("microsoft365", style="rbac"), "--style"),
        (Request("gmail", tenant="example.com"), "--tenant"),
        (Request("microsoft365", tenant="organizations"), "--tenant 'organizations'"),
        (Request("microsoft365", tenant="a b.example"), "--tenant"),
        (Request("microsoft365", client_id="app"), "Application (client) ID"),
        (Request("gmail", client_id="'; rm -rf ~ #"), "--client-id"),
        (Request("gmail", redirect_uri="localhost:80"), "--redirect-uri"),
        (Request("gmail", part="exchange"), "no script 'exchange'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(request_: Request, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        told(request_)
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_mailbox_is_needed_and_must_be_an_address() -> None:
    with pytest.raises(UsageError) as missing:
        setup(Request("gmail"), preset=load_preset)
    assert missing.value.code == "usage.missing_value"
    for text in ("alice", "a@b.com\n$(reboot)", "a b@example.com"):
        with pytest.raises((DataError, PostroomError)):
            told(Request("gmail", mailboxes=[text]))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.provider} {way.flow} {way.style}".strip())
def test_every_command_that_is_told_can_be_typed(way: Request) -> None:
    commands = [row["command"] for row in told(way)["commands"]]
    assert commands
    wrong = [found for command in commands for found in wrong_commands(command)]
    assert list(wrong) == []
    for command in commands:
        lines = broken(command)
        assert all(len(line) <= 80 for line in lines)
        assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == shlex.split(command)


# The scripts


@pytest.mark.parametrize(("way", "name"), ALL)
def test_a_script_is_whole_and_fits_on_a_terminal(way: Request, name: str) -> None:
    text = script(way, name)
    assert "%%" not in text
    assert text.isascii()
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()] == []


@pytest.mark.needs("bash")
@pytest.mark.parametrize(("way", "name"), OF_A_SHELL)
def test_a_shell_can_read_its_script(way: Request, name: str) -> None:
    text = script(way._replace(mailboxes=["o'brien@example.com"]), name)
    assert text.startswith("#!/bin/sh\n")
    for shell in (["bash", "-n"], ["bash", "--posix", "-n"]):
        done = subprocess.run(shell, input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


_STRINGS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"`]|`.|\"\")*\"|#[^\n]*")


@pytest.mark.parametrize(("way", "name"), OF_POWERSHELL)
def test_powershell_is_balanced_outside_its_strings(way: Request, name: str) -> None:
    text = script(way._replace(mailboxes=["o'brien@example.com", "b@example.com"]), name)
    code = _STRINGS.sub(lambda found: "#" if found[0].startswith("#") else "S", text)
    assert not re.search(r"['\"]", code), "a string is left open"
    open_ones: list[str] = []
    for char in code:
        if char in "({[":
            open_ones.append(char)
        elif char in ")}]":
            assert open_ones, code
            assert open_ones.pop() + char in ("()", "{}", "[]")
    assert open_ones == []
    # A backtick goes on with the line only as its last character.
    assert not re.search(r"`[^\n]", code)
    assert "'o''brien@example.com', 'b@example.com'" in text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a", "'a'"),
        ("o'brien", "'o''brien'"),
        ('$(Remove-Item x)`n"', "'$(Remove-Item x)`n\"'"),
        ("a\u2019; Remove-Item x; \u2018", "'a\u2019\u2019; Remove-Item x; \u2018\u2018'"),
    ],
)
def test_no_value_leaves_its_string_in_powershell(text: str, quoted: str) -> None:
    assert powershell_quoted(text) == quoted


def test_the_scripts_hold_what_was_given() -> None:
    way = Request("microsoft365", many=True, tenant="example.com", client_id=GUID, mailboxes=[ALICE, "b@example.com"])
    exchange = script(way, "exchange")
    assert f"[string]$AppId = '{GUID}'" in exchange
    assert f"@('{ALICE}', 'b@example.com')" in exchange
    assert "TENANT=example.com" in script(way, "entra")
    assert f"APP_ID={GUID}" in script(way, "entra")


def test_app_rbac_and_the_classic_way_are_not_mixed() -> None:
    rbac, classic = WAYS[1], WAYS[2]
    assert "Application SMTP.SendAsApp" in script(rbac, "exchange")
    assert "Add-MailboxPermission" not in script(rbac, "exchange")
    assert "az ad app permission" not in script(rbac, "entra")
    assert "Add-MailboxPermission" in script(classic, "exchange")
    assert "ManagementRole" not in script(classic, "exchange")
    assert "PERMISSION=SMTP.SendAsApp\nKIND=Role\n" in script(classic, "entra")
    for way in (rbac, classic):
        # The enterprise application's object ID, never the registration's.
        assert "az ad sp show --id $AppId --query id" in script(way, "exchange")
        assert "az ad app show" not in script(way, "exchange")
        assert "Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false" in script(way, "exchange")
        assert not re.search(r"\b(New|Set|Add|Remove)-\w+ ", _STRINGS.sub("S", script(way, "check")))


AZ = """\
#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
"account show "*) echo TENANT-GUID ;;
"rest "*"/example.com/v2.0/"*) echo https://login.microsoftonline.com/TENANT-GUID/v2.0 ;;
"rest "*) echo https://login.microsoftonline.com/ANOTHER-GUID/v2.0 ;;
"ad app create "*) echo NEW-APP ;;
"ad sp show --id NEW-APP --output none") exit 1 ;;
"ad sp show --id NEW-APP --query id "*) echo OBJECT ;;
*00000003-0000-0000-c000-000000000000*"SMTP.Send'"*) echo SEND ;;
*00000002-0000-0ff1-ce00-000000000000*SMTP.SendAsApp*) echo AS-APP ;;
esac
"""


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("way", "calls", "not_called"),
    [
        (
            Request("microsoft365", flow="browser"),
            [
                "--public-client-redirect-uris http://localhost --is-fallback-public-client true",
                "ad sp create --id NEW-APP",
                "permission add --id NEW-APP --api 00000003-0000-0000-c000-000000000000 --api-permissions SEND=Scope",
                "permission admin-consent --id NEW-APP",
            ],
            "Role",
        ),
        (
            Request("microsoft365", flow="client-credentials", style="classic"),
            ["--api 00000002-0000-0ff1-ce00-000000000000 --api-permissions AS-APP=Role", "admin-consent"],
            "--public-client",
        ),
        (Request("microsoft365", flow="client-credentials"), ["ad app create --display-name Postroom"], "permission"),
    ],
)
def test_the_script_for_entra_runs(tmp_path: Path, way: Request, calls: list[str], not_called: str) -> None:
    (tmp_path / "az").write_text(AZ)
    (tmp_path / "az").chmod(0o755)
    log = tmp_path / "log"
    done = subprocess.run(
        ["/bin/sh"],
        input=script(way, "entra"),
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("NEW-APP", "TENANT-GUID", "OBJECT"):
        assert line in done.stdout
    called = log.read_text()
    assert [call for call in calls if call not in called] == []
    assert not_called not in called


@pytest.mark.parametrize(("tenant", "status"), [("example.com", 0), ("example.net", 1), (GUID, 1)])
def test_the_script_for_entra_refuses_another_tenant(tmp_path: Path, tenant: str, status: int) -> None:
    (tmp_path / "az").write_text(AZ)
    (tmp_path / "az").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh"],
        input=script(Request("microsoft365", flow="browser", tenant=tenant), "entra"),
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")},
    )
    assert done.returncode == status, done
    assert ("another tenant" in done.stderr) == bool(status)
    assert ("ad app create" in (tmp_path / "log").read_text()) != bool(status)


def test_the_scripts_of_google_call_gcloud_as_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "gcloud").write_text(
        '#!/bin/sh\necho "$*" >> "$LOG"\ncase "$*" in *oauth2ClientId*) echo 4711 ;; esac\n'
    )
    (tmp_path / "gcloud").chmod(0o755)
    key = tmp_path / "key.json"
    done = subprocess.run(
        ["/bin/sh", "-s", "my-project", str(key)],
        input=script(WAYS[5], "account"),
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Client ID:     4711" in done.stdout
    assert f"keys create {key} --iam-account=postroom-mail@my-project.iam" in (tmp_path / "log").read_text()


def test_scripts_are_written_one_by_one() -> None:
    written: list[str] = []

    def write(name: str, text: str) -> str:
        written.append(text)
        return f"/x/{name}"

    result = setup(Request("gmail", mailboxes=[ALICE]), preset=load_preset, write=write)
    assert result.data["written"] == ["/x/postroom-google.sh"]
    assert written == [row["text"] for row in result.data["scripts"]]


def test_the_flows_are_those_of_the_settings() -> None:
    assert {flow for plan in PLANS.values() for flow in plan["flows"]} == set(FLOWS)
