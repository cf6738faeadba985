"""`smtp test`: everything that `smtp set` takes may be tried before it is saved."""

from pathlib import Path
from typing import Annotated, Any

import typer

from postroom.cli.forms import FORMS, show_report
from postroom.cli.frame import front_of
from postroom.cli.lazy import load
from postroom.cli.settings_options import given_secrets, given_values, takes_server_options
from postroom.cli.stopping import stopped
from postroom.cli.trial import prove, try_values
from postroom.domain.kinds import Duration, RecordName
from postroom.domain.reply import STEPS
from postroom.domain.settings import KINDS_OF_MAIL
from postroom.errors import Exit, FileError, PostroomError, Signalled, UsageError
from postroom.result import Result, Warn
from postroom.services.smtp_test import Request
from postroom.ui.views import smtp_test as views


@takes_server_options
def test_server(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME] [ADDRESS]...", help="A server's name; addresses are recipients."),
    ] = None,
    *,
    to: Annotated[list[str] | None, typer.Option(help="A recipient; repeatable.", metavar="ADDRESS")] = None,
    until: Annotated[
        str | None, typer.Option(help="Stop after this step: " + ", ".join(STEPS) + ".", metavar="STEP")
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--as", help="Take the route of this kind of mail: " + ", ".join(KINDS_OF_MAIL) + ".", metavar="KIND"
        ),
    ] = "test",
    trace: Annotated[bool, typer.Option("--trace", help="Show the dialogue; secrets are left out.")] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the DNS what it tells about the sender's domain, too.")
    ] = False,
    dkim_selector: Annotated[
        str | None, typer.Option(help="Where the domain's DKIM key stands, for --online.", metavar="S")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 5 when there is something to mend.")] = False,
    retries: Annotated[
        int, typer.Option(help="Try again so often when the failure may pass.", metavar="N", min=0, max=1000)
    ] = 0,
    wait: Annotated[str, typer.Option(help="The pause between tries.", metavar="DURATION")] = "5s",
    format_: Annotated[str, typer.Option("--format", help="The form of the report.", metavar="|".join(FORMS))] = "text",
    junit: Annotated[
        Path | None, typer.Option(help="Write a JUnit report into this file as well.", metavar="FILE")
    ] = None,
    **given: Any,
) -> None:
    """Prove that a server takes mail, step by step.

    A word with an @ is a recipient, another one the server. Without a recipient the test goes to desk.operator; without
    that it stops after the login and says that nothing was sent. Every option of smtp set may be tried here before it
    is saved; with options or environment variables alone no configuration is needed. For a server with starttls the
    step tls is starttls.

    When no session comes about, the test looks around for 5 seconds at most: what speaks at the port, which other ports
    of the host answer, what is wrong with the certificate, whether a login is offered behind STARTTLS. It logs in
    nowhere for that, and behind a proxy it opens nothing. What it finds stands in evidence.

    Warnings tell what works now but not for long, or not for others: a certificate or a way to log in that ends, a test
    that reached the own domain alone, an EHLO name that others refuse. With --online the DNS is asked, for 10 seconds
    at most, about the domain of the From: SPF, DMARC, DKIM (where the preset or --dkim-selector tells the selector),
    where bounces go, and for a server on port 25 without a login the names of this machine. Nothing is looked up
    without it. It needs the extra dns.

    JSON data: server, steps (config secret token resolve connect tls greeting ehlo starttls auth mail rcpt data, each
    with name, ok, skipped, duration_ms, detail), message_id, receipt (code, enhanced, text), queue_id, transcript (with
    --trace), transcript_file (after a failure), diagnosis (after a failure, or of the worst refused recipient, with the
    keys of postroom explain: class, title, cause, retry, scope, exit, next_steps, docs, checked, provider, others),
    evidence (what was found: address,
    banner, extensions, mechanism, offered, certificate, certificate_problem, chain, port_speaks, other_ports,
    starttls_offered, auth_after_tls, address_families, clock, compared_names, intercepted and others, each only where
    it was looked at), online (null without --online; else domain, exists, spf
    (status, records, look_ups, complete, all, includes, needed_include, problems), dkim (null where no selector is
    known; else found, keys), dmarc (status, records, at, inherited, p, sp, policy, adkim, aspf, rua), mx (status,
    exchangers, null_mx, takes_bounces), alignment (envelope_domain, from_domain, spf_aligned, spf_mode, dkim_mode,
    explanation), client (null where it does not matter; else ehlo, ehlo_addresses, local_address, address, ptr,
    ptr_confirmed)).

    While a step takes long, standard error tells which one and for how many seconds; not with --quiet, --json or a form
    for another program. With --retries each further try is announced.

    Exit status: 0 the server accepted the mail, 3 for some recipients only, 5 with --strict when there is something to
    mend, else the status of the cause.

    With --format github the report is annotations for GitHub Actions, and a summary in Markdown is appended to the file
    that GITHUB_STEP_SUMMARY names. With --format junit it is XML as Jenkins and others read it: each step is a test
    case; a test that could not be made is an error, not a failure. With --format nagios it is one line with the steps'
    times as performance data, errors of usage included, nothing is written to standard error, and the exit status is
    0 OK, 1 WARNING (some recipients refused, or with --strict something to mend), 2 CRITICAL (no mail goes out),
    3 UNKNOWN (it could not be tried). With --json none of these forms is printed.

    Examples:
      postroom smtp test --to bob@example.com
      postroom smtp test main --until auth --trace
      postroom smtp test --host mail.example.com --username alice@example.com --password-env PW --to bob@example.com
      postroom smtp test main bob@example.com --online
      postroom smtp test main bob@example.com --retries 5 --wait 10s --format github
    """
    front = front_of(ctx)
    _one_of("--format", format_, FORMS)
    _one_of("--until", until, STEPS)
    _one_of("--as", kind, KINDS_OF_MAIL)
    names = [word for word in words or () if "@" not in word]
    if len(names) > 1:
        raise UsageError("usage.bad_argument", f"{names[1]!r} is a second server name", hint="recipients have an @")
    request = Request(
        recipients=[*(word for word in words or () if "@" in word), *(to or ())] or front.desk.default_recipients,
        kind=kind,
        until=until,
        trace=trace,
        strict=strict,
        retries=retries,
        wait_seconds=_seconds(wait),
        dkim_selector=_selector(dkim_selector, online=online),
    )
    if junit is not None and (refused := _not_writable(junit)):
        raise refused
    failure: PostroomError | None = None
    try:
        name = names[0] if names else None
        trial = try_values(front, name, given_values(given), given_secrets(front, given), kind=kind)
        result = prove(trial, request, live=front.form == "text", online=online)
    except PostroomError as found:
        failure = found
        result = Result("smtp test", found.data, found.warnings, Exit(found.exit))
    except Signalled as stop:
        if junit is not None:
            _write_junit(junit, Result("smtp test", stop.data), stopped(stop))
        raise
    unwritten = None if junit is None else _write_junit(junit, result, failure)
    if failure and unwritten:
        failure.warnings = (*failure.warnings, Warn(unwritten.code, unwritten.message, unwritten.hint))
    error = failure or unwritten
    if error is not None:
        if front.form == "text":
            front.show(views.failed(result.data) if failure else views.smtp_test(result.data))
        raise error
    if front.form == "text":
        front.finish(result, views.smtp_test)
    else:
        show_report(front, result)


def _not_writable(file: Path) -> FileError | None:
    """Found out before a mail goes out, as far as that can be."""
    try:
        existed = file.exists()
        with file.open("a", encoding="utf-8"):
            pass
        if not existed:
            file.unlink()
    except OSError as error:
        return _unwritten(file, error)
    return None


def _unwritten(file: Path, error: OSError) -> FileError:
    found = FileError(
        "file.cannot_create",
        f"cannot write {file}: {error.strerror}",
        hint="name a file in a directory that is yours: --junit FILE",
        exit=Exit.CANNOT_CREATE,
    )
    found.__cause__ = error
    return found


def _write_junit(file: Path, result: Result, failure: PostroomError | None) -> FileError | None:
    """Write the report. The error when it cannot be written holds all that the test found."""
    text = load("postroom.ui.views.reports:REPORTS")["junit"](result, failure)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        unwritten = _unwritten(file, error)
        unwritten.data, unwritten.warnings = dict(result.data), tuple(result.warnings)
        return unwritten
    return None


def _one_of(option: str, word: str | None, known: tuple[str, ...]) -> None:
    if word is not None and word not in known:
        raise UsageError("usage.bad_value", f"{option} {word!r} must be one of {', '.join(known)}")


def _selector(text: str | None, *, online: bool) -> str:
    if text is None:
        return ""
    if not online:
        what = "--dkim-selector is for the look-ups of --online, which is not given"
        raise UsageError("usage.missing_value", what, hint="add --online")
    try:
        return RecordName().read(text.lower())
    except ValueError as error:
        raise UsageError("usage.bad_value", f"--dkim-selector {text!r} {error}") from error


def _seconds(text: str) -> int:
    try:
        return Duration(0, 3600).read(text)
    except ValueError as error:
        raise UsageError("usage.bad_value", f"--wait {text!r} {error}") from error
