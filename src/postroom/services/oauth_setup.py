"""Tells an administrator what to do at the provider before a login by OAuth 2.0: the pages, scripts, and the commands.

The texts stand in `oauth_setup` beside this module. It asks no provider and changes nothing.
"""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from postroom.domain.address import Address, parse_address
from postroom.domain.kinds import Host, Url
from postroom.domain.preset import Offer, Preset
from postroom.errors import DataError, UsageError
from postroom.result import Result
from postroom.services.server_advice import WITH_A_GUIDE

COMMAND = "oauth setup"
PROVIDERS = WITH_A_GUIDE
STYLES = ("rbac", "classic")
PARTS = ("entra", "exchange", "project", "account", "check")
"""The names of the scripts."""

APP_NAME = "Postroom"
_TEXTS = Path(__file__).with_suffix("")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
# PowerShell ends a string in single quotes at each of these.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


class Request(NamedTuple):
    """What is asked for, as it was typed; empty for what is not known yet.

    `many` tells of several hosts, or of hosts where nobody can log in, against one mailbox on one machine.
    """

    provider: str
    mailboxes: Sequence[str] = ()
    many: bool = False
    flow: str = ""
    style: str = ""
    tenant: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    part: str = ""


class _Text(Template):
    """Text with holes like `%%{name}`: the dollar belongs to the shells."""

    delimiter = "%%"


class _Case(NamedTuple):
    """A request that was checked."""

    preset: Preset
    flow: str
    mailboxes: Sequence[Address]
    redirect: str
    request: Request


Write = Callable[[str, str], str]
"""Writes a script under a file name and gives its whole path."""


def mailbox(text: str) -> Address:
    """The address of a mailbox. Raise DataError."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise DataError("address.invalid", f"{text!r} {error}") from error


def setup(request: Request, *, preset: Callable[[str], Preset | None], write: Write | None = None) -> Result:
    """The way that is advised, or the one of `flow` and `style`, filled in.

    With `part` the script of that name is the result itself; with `write` every script is written. Raise UsageError,
    DataError for what cannot be.
    """
    case = _checked(request, preset)
    plan = _plan(case)
    said = _said(case)
    scripts = [_script(script, case, said) for script in plan["scripts"]]
    data = {
        "provider": case.preset.id,
        "title": plan["title"],
        "for": "many" if request.many else "one",
        "flow": case.flow,
        "style": plan["styles"][0] if plan["styles"] else None,
        "why": plan["why"],
        "checked": plan["checked"],
        "guide": plan["guide"],
        "mailboxes": [str(one) for one in case.mailboxes],
        "redirect_uri": case.redirect,
        "steps": _steps(plan, said),
        "scripts": scripts,
        "commands": _commands(plan, said),
        "text": _text_of(request.part, scripts) if request.part else None,
        "written": [write(script["file"], script["text"]) for script in scripts] if write else [],
    }
    return Result(COMMAND, data)


def example(name: str, *, mailbox: str = "ADDRESS", flow: str = "") -> Mapping[str, Any]:
    """One way by its name, for the manual: what is not known stands as a placeholder."""
    plan = _plans()[name]
    said = {
        "name": APP_NAME,
        "provider": plan["provider"],
        "server": plan["provider"],
        "mailbox": mailbox,
        "redirect": "http://localhost" if plan["provider"] == "microsoft365" else "http://127.0.0.1",
        "client": "CLIENT_ID",
        "tenant_or": "TENANT",
        "flow_option": f" --flow {flow}" if flow else "",
        "client_option": "",
        "redirect_option": "",
    }
    return {
        **plan,
        "flow": plan["flows"][0],
        "style": "".join(plan["styles"]),
        "steps": _steps(plan, said),
        "commands": _commands(plan, said),
    }


def _checked(request: Request, preset: Callable[[str], Preset | None]) -> _Case:
    found = preset(request.provider)
    if found is None or found.id not in PROVIDERS or found.oauth is None:
        raise UsageError(
            "usage.bad_value",
            f"oauth setup knows {', '.join(PROVIDERS)}, not {request.provider!r}",
            hint="postroom smtp providers ID tells the flows, scopes and addresses of the others",
        )
    flow = request.flow or _advised(found, many=request.many)
    _check_flow(flow, found, found.oauth)
    if request.style and flow != "client-credentials":
        raise UsageError(
            "usage.conflict",
            f"--style is only for the flow client-credentials, not for {flow}",
            hint="leave it out, or add --flow client-credentials",
        )
    if not request.mailboxes:
        raise UsageError("usage.missing_value", "a value is missing: --mailbox", hint="add --mailbox ADDRESS")
    redirect = request.redirect_uri or found.oauth.redirect_uri
    _refuse(Url("http", "https").parse, "--redirect-uri", redirect)
    _check_ids(found, request)
    return _Case(found, flow, [mailbox(text) for text in request.mailboxes], redirect, request)


def _advised(preset: Preset, *, many: bool) -> str:
    """The flow for many hosts needs nobody, where the provider has such a one."""
    alone = {"microsoft365": "client-credentials", "google-workspace": "service-account"}
    return alone.get(preset.id, "browser") if many else "browser"


def _check_flow(flow: str, preset: Preset, offer: Offer) -> None:
    if flow in offer.flows:
        return
    reason = offer.refused.get(flow, "it is not known to work there")
    raise UsageError(
        "usage.bad_value",
        f"{preset.title} does not take the flow {flow} for mail. {reason}",
        hint=f"--flow {' or '.join(offer.flows)}",
    )


def _check_ids(preset: Preset, request: Request) -> None:
    microsoft = preset.id == "microsoft365"
    if request.tenant and not microsoft:
        raise UsageError("usage.conflict", "--tenant is Microsoft's alone", hint="leave it out")
    if request.tenant:
        _refuse(_tenant, "--tenant", request.tenant)
    if request.client_id:
        _refuse(_guid if microsoft else _google_id, "--client-id", request.client_id)


def _tenant(text: str) -> str:
    if not _GUID.fullmatch(text) and "." not in Host().parse(text):
        raise ValueError("must be the GUID or a domain of your own organisation")
    return text


def _guid(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise ValueError("must be the GUID that the app's page calls Application (client) ID")
    return text


def _google_id(text: str) -> str:
    if not _CLIENT_ID.fullmatch(text):
        raise ValueError("must be letters, digits, dots and hyphens, as the page Clients shows it")
    return text


def _refuse(check: Callable[[str], object], option: str, text: str) -> None:
    try:
        check(text)
    except ValueError as error:
        raise UsageError("usage.bad_value", f"{option} {text!r} {error}") from error


def _plans() -> Mapping[str, Any]:
    return tomllib.loads((_TEXTS / "plans.toml").read_text("utf-8"))


def _plan(case: _Case) -> Mapping[str, Any]:
    style = case.request.style or STYLES[0]
    found: Mapping[str, Any] = next(
        plan
        for plan in _plans().values()
        if plan["provider"] == case.preset.id
        and case.flow in plan["flows"]
        and (not plan["styles"] or style in plan["styles"])
    )
    return found


def _steps(plan: Mapping[str, Any], said: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"page": _filled(step["page"], said), "do": [_filled(text, said) for text in step["do"]]}
        for step in plan["steps"]
    ]


def _commands(plan: Mapping[str, Any], said: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"command": _filled(row["command"], said), "why": row["why"]} for row in plan["commands"]]


def _said(case: _Case) -> Mapping[str, str]:
    """What fills the holes of steps and commands: the latter are lines of a shell."""
    request, offer_redirect = case.request, case.preset.oauth.redirect_uri if case.preset.oauth else ""
    client = request.client_id and shlex.quote(request.client_id)
    return {
        "name": APP_NAME,
        "provider": case.preset.id,
        "server": case.preset.id,
        "mailbox": shlex.quote(str(case.mailboxes[0])),
        "redirect": case.redirect,
        "client": client or "CLIENT_ID",
        "client_option": f" --client-id {client}" if client else "",
        "tenant_or": shlex.quote(request.tenant) if request.tenant else "TENANT",
        "flow_option": f" --flow {request.flow}" if request.flow in ("paste", "device") else "",
        "redirect_option": f" --redirect-uri {shlex.quote(case.redirect)}" if case.redirect != offer_redirect else "",
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _Text(text).substitute(values)


def _script(script: Mapping[str, Any], case: _Case, said: Mapping[str, str]) -> dict[str, str]:
    """One script in whole. Values are quoted for its language; the words of our own texts are not."""
    shell = script["file"].endswith(".sh")
    quote = shlex.quote if shell else powershell_quoted
    request = case.request
    values = {
        "name": APP_NAME,
        "client_id": request.client_id,
        "tenant": request.tenant,
        "redirect": case.redirect,
        "scope": f"{APP_NAME} SMTP ",
        **script.get("values", {}),
    }
    arguments = " -AppId CLIENT_ID" if "object.ps1" in script["pieces"] else ""
    ours = {
        "purpose": script["purpose"],
        "file": script["file"],
        "list": values.pop("list", ""),
        "arguments": arguments,
    }
    many = ", ".join(quote(str(one)) for one in case.mailboxes)
    filled = {**{name: quote(value) for name, value in values.items()}, **ours, "mailboxes": many}
    text = "".join((_TEXTS / piece).read_text("utf-8") for piece in script["pieces"])
    return {
        "name": script["name"],
        "file": script["file"],
        "language": "sh" if shell else "powershell",
        "what": _filled(script["what"], said),
        "text": _filled(text, filled),
    }


def powershell_quoted(text: str) -> str:
    """A text as a literal string of PowerShell, in which nothing is expanded."""
    return "'" + _QUOTES.sub(r"\g<0>\g<0>", text) + "'"


def _text_of(part: str, scripts: Sequence[Mapping[str, str]]) -> str:
    for script in scripts:
        if script["name"] == part:
            return script["text"]
    names: Iterator[str] = (script["name"] for script in scripts)
    raise UsageError(
        "usage.bad_value",
        f"this way has no script {part!r}",
        hint=f"--script {' or '.join(names)}",
    )
