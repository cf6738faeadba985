"""Owns the reading of the two files that Google hands out: of an application that people log in with, and the key of a
service account.

Refuses to know where such a file lies, and to repeat anything of it but names: both hold a secret.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from postroom.domain.kinds import Text
from postroom.domain.oauth import ServiceAccount, is_safe
from postroom.domain.secret import Secret
from postroom.errors import DataError

LONGEST_CHARACTERS = 65_536
"""Both files have some two thousand; whatever is longer is another one."""

_CONSOLE = "Google Auth Platform > Clients (https://console.cloud.google.com/auth/clients)"
_LINE = Text(longest=1000)
_OTHERS = {
    "authorized_user": "the login of a person, as gcloud keeps it",
    "external_account": "a workload identity, which has no key of its own",
    "impersonated_service_account": "a login in the place of a service account",
}


class ClientFile(NamedTuple):
    """The downloaded file of an application. `kind` is `installed` (Desktop app) or `web` (Web application): only for
    the latter the redirect address must be registered.
    """

    client_id: str
    client_secret: Secret
    project: str
    kind: str
    redirect_uris: Sequence[str]
    auth_uri: str
    token_uri: str


def read_client_file(text: str) -> ClientFile:
    """Read the file `client_secret_....json`. Raise DataError `oauth.file_malformed`, `oauth.file_incomplete`,
    `oauth.file_wrong_kind`.
    """
    whole = _object(text)
    if whole.get("type") == "service_account":
        raise DataError(
            "oauth.file_wrong_kind",
            "this is the key of a service account, not the file of an application that a person logs in with",
            hint="log in with it as it is, --flow service-account --service-account FILE; or download the file of a "
            f"Desktop app at {_CONSOLE}",
        )
    _refuse_others(whole)
    kinds = [kind for kind in ("installed", "web") if isinstance(whole.get(kind), dict)]
    if len(kinds) != 1:
        raise DataError(
            "oauth.file_malformed",
            "this is no client file of Google: it has to hold either installed or web",
            hint=f"download it at {_CONSOLE}: open the client, then Download JSON",
        )
    values = whole[kinds[0]]
    if not values.get("client_secret"):
        raise DataError(
            "oauth.file_incomplete",
            "the file holds no client_secret",
            hint=f"Google may show a secret only when it is made: open the client at {_CONSOLE}, add a secret and "
            "download the file at once",
        )
    return ClientFile(
        client_id=_text(values, "client_id"),
        client_secret=Secret(_text(values, "client_secret")),
        project=_text(values, "project_id", ""),
        kind=kinds[0],
        redirect_uris=_texts(values, "redirect_uris"),
        auth_uri=_url(values, "auth_uri", "https://accounts.google.com/o/oauth2/v2/auth"),
        token_uri=_url(values, "token_uri", "https://oauth2.googleapis.com/token"),
    )


def read_service_account(text: str) -> ServiceAccount:
    """Read the key file of a service account. Raise DataError as `read_client_file` does."""
    whole = _object(text)
    if isinstance(whole.get("installed"), dict) or isinstance(whole.get("web"), dict):
        raise DataError(
            "oauth.file_wrong_kind",
            "this is the file of an application that a person logs in with, not the key of a service account",
            hint="log in with it by --client-file FILE; or make a key in the Google Cloud console at IAM & Admin > "
            "Service Accounts > the account > Keys",
        )
    _refuse_others(whole)
    if whole.get("type") != "service_account":
        raise DataError(
            "oauth.file_malformed",
            "this is no key file of a service account: type is not service_account",
            hint="make a key of the type JSON in the Google Cloud console at IAM & Admin > Service Accounts > the "
            "account > Keys",
        )
    key = whole.get("private_key")
    if not isinstance(key, str) or not key.startswith("-----BEGIN "):
        raise _incomplete("private_key")
    return ServiceAccount(
        email=_text(whole, "client_email"),
        key_id=_text(whole, "private_key_id"),
        key=Secret(key),
        token_endpoint=_url(whole, "token_uri", "https://oauth2.googleapis.com/token"),
    )


def _object(text: str) -> Mapping[str, Any]:
    if len(text) > LONGEST_CHARACTERS:
        raise DataError("oauth.file_malformed", "the file is far longer than any that Google hands out")
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        found = None  # the error of the parser would repeat a part of the file
    if not isinstance(found, dict):
        raise DataError(
            "oauth.file_malformed",
            "the file is not JSON, or not whole",
            hint=f"download it again at {_CONSOLE}, and do not copy it out of a window",
        ) from None
    return found


def _refuse_others(whole: Mapping[str, Any]) -> None:
    kind = whole.get("type")
    if isinstance(kind, str) and kind in _OTHERS:
        raise DataError(
            "oauth.file_wrong_kind",
            f"this file is {_OTHERS[kind]} ({kind}); it cannot log in to a mailbox",
            hint=f"make a client of the type Desktop app at {_CONSOLE} and download its file",
        )


def _incomplete(name: str) -> DataError:
    return DataError(
        "oauth.file_incomplete", f"the file has no usable {name}", hint="download it again, and change nothing in it"
    )


def _text(values: Mapping[str, Any], name: str, default: str | None = None) -> str:
    try:
        return _LINE.parse(values.get(name, default))
    except ValueError:
        if default is not None and name not in values:
            return default
        raise _incomplete(name) from None  # what is wrong with it would repeat it


def _texts(values: Mapping[str, Any], name: str) -> Sequence[str]:
    found = values.get(name, [])
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        raise _incomplete(name)
    return tuple(found)


def _url(values: Mapping[str, Any], name: str, default: str) -> str:
    address = values.get(name, default)
    if not is_safe(address):
        raise _incomplete(name)
    return str(address)
