"""Owns the written form of a token record: one JSON object, which is one secret. It refuses to know any store."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postroom.clock import rfc3339
from postroom.domain.oauth import Failure, TokenRecord
from postroom.domain.secret import Secret

_VERSION = "1"


def encode(record: TokenRecord) -> Secret:
    """The record as one secret."""
    failure = record.failure
    table = {
        "version": _VERSION,
        "client": record.client,
        "flow": record.flow,
        "account": record.account,
        "scopes": list(record.scopes),
        "granted_at": rfc3339(record.granted_at),
        "refreshed_at": rfc3339(record.refreshed_at),
        "access_token": _text(record.access_token),
        "expires_at": _told(record.expires_at),
        "refresh_token": _text(record.refresh_token),
        "refresh_ends_at": _told(record.refresh_ends_at),
        "failure": {**failure._asdict(), "at": rfc3339(failure.at)} if failure else None,
        "told": list(record.told),
    }
    return Secret(json.dumps(table))


def decode(secret: Secret) -> TokenRecord:
    """Read what `encode` wrote. Raise ValueError, which never repeats the text."""
    try:
        table = json.loads(secret.reveal())
        return _by_version[table["version"]](table)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("is no record of tokens") from None  # the text holds tokens


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret else None


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text else None


def _told(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _failure(table: Mapping[str, Any]) -> Failure:
    return Failure(
        datetime.fromisoformat(table["at"]), str(table["code"]), str(table["message"]), bool(table["paused"])
    )


def _first(table: Mapping[str, Any]) -> TokenRecord:
    return TokenRecord(
        client=str(table["client"]),
        flow=str(table["flow"]),
        account=str(table["account"]),
        scopes=tuple(str(scope) for scope in table["scopes"]),
        granted_at=datetime.fromisoformat(table["granted_at"]),
        refreshed_at=datetime.fromisoformat(table["refreshed_at"]),
        access_token=_secret(table["access_token"]),
        expires_at=_moment(table["expires_at"]),
        refresh_token=_secret(table["refresh_token"]),
        refresh_ends_at=_moment(table["refresh_ends_at"]),
        failure=_failure(table["failure"]) if table["failure"] else None,
        told=tuple(str(told) for told in table["told"]),
    )


_by_version = {_VERSION: _first}
