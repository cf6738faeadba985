"""Owns what a provider's answer means: tokens, a code for a device, or a failure (RFC 6749 5, RFC 8628 3).

It refuses to know HTTP beyond status, headers and body. An answer is taken as it must be or not at all.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from postroom.clock import rfc3339
from postroom.domain.oauth import DeviceCode, Granted, GrantError, is_safe
from postroom.domain.secret import Secret
from postroom.domain.settings import WITHOUT_A_PERSON
from postroom.oauth.id_token import account_in
from postroom.oauth.question import REFUSED, Question

PENDING = ("authorization_pending", "slow_down")
_PASSING = ("temporarily_unavailable", "server_error")
_PASSING_NUMBERS = re.compile(r"\bAADSTS(90033|90013|50196|90025|90006|90020|50000)\b")
"""Microsoft's numbers for what passes by itself; they come under every error code."""

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_TYPED = re.compile(r" *[\x21-\x7e][\x20-\x7e]{0,63}")  # what a person can copy from a screen
_NUMBER = re.compile(r"[0-9]{1,12}")
_LONGEST_LIFE_SECONDS = 10 * 365 * 86400  # no access token lives for ten years: whoever says so means something else
_LONGEST_WAIT_SECONDS = 86400
_LONGEST_TEXT = 2000
_DEVICE_CODE_SECONDS = 900  # what most providers give; RFC 8628 demands that they say it
_POLL_SECONDS = 5  # RFC 8628 3.2
_CLOCK_SECONDS = 300  # by so much providers let a clock be wrong


class Answer(NamedTuple):
    """An answer, whole. Names of `headers` are found in any case; `at` is when it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime


def granted(question: Question, answer: Answer) -> Granted:
    """The tokens of an answer. Raise GrantError for everything else."""
    found = document(question, answer)
    if str(found.get("token_type", "")).lower() != "bearer":
        raise _misbehaved(question, answer, "token_type is not Bearer")
    access_token = found.get("access_token")
    refresh_token = found.get("refresh_token") or None
    if not _is_visible(access_token) or not (refresh_token is None or _is_visible(refresh_token)):
        raise _misbehaved(question, answer, "an access_token or refresh_token that is none")
    scope = found.get("scope")
    return Granted(
        access_token=Secret(str(access_token)),
        expires_in=_seconds(found.get("expires_in"), _LONGEST_LIFE_SECONDS),
        refresh_token=Secret(str(refresh_token)) if refresh_token else None,
        scopes=tuple(scope.split()) if isinstance(scope, str) and scope.strip() else question.client.scopes,
        account=account_in(found.get("id_token"), question.client),
        refresh_expires_in=_seconds(_refresh_life(found), _LONGEST_LIFE_SECONDS),
    )


def _refresh_life(found: Mapping[str, Any]) -> object:
    """No RFC has a word for it. The first is Google's, the second Keycloak's, where 0 is for ever."""
    told = found.get("refresh_token_expires_in")
    return found.get("refresh_expires_in") if told is None else told


def device_code(question: Question, answer: Answer) -> DeviceCode:
    """The codes of an answer (RFC 8628 3.2). Raise GrantError for everything else."""
    found = document(question, answer)
    code, user_code = found.get("device_code"), found.get("user_code")
    address = found.get("verification_uri") or found.get("verification_url")  # the latter is Google's older word
    typed = isinstance(user_code, str) and _TYPED.fullmatch(user_code)
    if not (_is_visible(code) and typed and is_safe(address)):
        raise _misbehaved(question, answer, "device_code, user_code or verification_uri is missing or none")
    complete = found.get("verification_uri_complete")
    return DeviceCode(
        device_code=Secret(str(code)),
        user_code=str(user_code).strip(),
        verification_uri=str(address),
        verification_uri_complete=str(complete) if is_safe(complete) else "",
        expires_in=_seconds(found.get("expires_in"), _LONGEST_WAIT_SECONDS) or _DEVICE_CODE_SECONDS,
        interval=_seconds(found.get("interval"), _LONGEST_WAIT_SECONDS) or _POLL_SECONDS,
    )


def document(question: Question, answer: Answer) -> Mapping[str, Any]:
    """The JSON object of a successful answer. Raise GrantError for everything else."""
    found, why_not = _object(answer)
    error, text = _error(found)
    if _passes(answer, error, text):
        raise question.failed(
            "provider-busy",
            text or f"HTTP {answer.status}",
            error=error,
            retry_after=_retry_after(answer),
            status=answer.status,
        )
    if error:
        raise question.failed(
            REFUSED,
            text,
            error=error,
            definite=error not in PENDING,
            retry_after=_retry_after(answer),
            status=answer.status,
            **_clocks(question, answer),
        )
    if why_not or not 200 <= answer.status < 300:
        raise _misbehaved(question, answer, why_not or "no error that OAuth knows")
    return found


def metadata(question: Question, answer: Answer) -> Mapping[str, Any]:
    """The JSON object of a description. An error in it (an unknown tenant, at Microsoft) is no word on a grant."""
    try:
        return document(question, answer)
    except GrantError as error:
        error.definite = False
        raise


def _misbehaved(question: Question, answer: Answer, what: str) -> GrantError:
    return question.failed("not-oauth", f"HTTP {answer.status}: {what}", status=answer.status)


def _is_visible(text: object) -> bool:
    return isinstance(text, str) and _VISIBLE.fullmatch(text) is not None


def _object(answer: Answer) -> tuple[Mapping[str, Any], str]:
    """The JSON object, or an empty one and what there is instead."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return {}, f"content type {kind[:100] or 'missing'}, not JSON"
    try:
        found = json.loads(answer.body.decode())
    except (ValueError, RecursionError):
        return {}, "broken JSON"
    return (found, "") if isinstance(found, dict) else ({}, "JSON that is no object")


def _error(found: Mapping[str, Any]) -> tuple[str, str]:
    """The error code, and it with all that was said about it. Google's and Microsoft's interfaces have shapes of their
    own: an object, and numbers beside the words.
    """
    error, description = found.get("error"), found.get("error_description")
    if isinstance(error, dict):
        description = description or error.get("message")
        error = error.get("status") or error.get("code") or "error"
    if error is None or error == "":
        return "", ""
    code = str(error)[:100]
    said = [str(description)] if description else []
    numbers = found.get("error_codes")
    said += [f"AADSTS{number}" for number in (numbers if isinstance(numbers, list) else ()) if isinstance(number, int)]
    said += [str(found[name]) for name in ("suberror", "error_subtype") if isinstance(found.get(name), str)]
    text = ""
    for part in said:
        if part not in text:
            text = f"{text} {part}".strip()
    return code, f"{code}: {text}"[:_LONGEST_TEXT] if text else code


def _passes(answer: Answer, error: str, text: str) -> bool:
    """Whether it says no more than that now is a bad time."""
    if error in PENDING:
        return False
    busy = answer.status in (408, 429) or answer.status >= 500
    return busy or error in _PASSING or (bool(error) and _PASSING_NUMBERS.search(text) is not None)


def _seconds(value: object, longest: int) -> int | None:
    """A number of seconds, which is a string of digits at some providers; None for one that makes no sense."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= longest:
        return None
    return int(value) or None


def _retry_after(answer: Answer) -> int | None:
    """RFC 9110 10.2.3: seconds, or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(said):
        return min(int(said), _LONGEST_WAIT_SECONDS)
    moment = _moment(said)
    if moment is None:
        return None
    return min(max(round((moment - answer.at).total_seconds()), 0), _LONGEST_WAIT_SECONDS)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _clocks(question: Question, answer: Answer) -> Mapping[str, Any]:
    """How this machine's clock differs from the provider's. It matters only where we sign what we ask."""
    theirs = _moment(answer.headers.get("Date", ""))
    if question.client.flow not in WITHOUT_A_PERSON or theirs is None:
        return {}
    seconds = round((answer.at - theirs).total_seconds())
    told = {"local": rfc3339(answer.at), "server": rfc3339(theirs), "difference_seconds": seconds}
    return {"clock": {**told, "likely_cause": abs(seconds) > _CLOCK_SECONDS}}
