"""Owns the written form of a token record: one JSON object, which is one secret. It refuses to know any store."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postroom.clock import rfc3339
from postroom.domain.oauth import Endpoints, Failure, TokenRecord
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
        "begun_at": _told(record.begun_at),
        "endpoints": record.endpoints._asdict() if record.endpoints else None,
    }
    return Secret(json.dumps(table))


def decode(secret: Secret) -> TokenRecord:
    """Read what `encode` wrote. Raise ValueError, which never repeats the text."""
    try:
        table = json.loads(secret.reveal())
        read = _by_version.get(str(table["version"]))
        if read is not None:
            return read(table)
        why = "is a record of tokens in a form that this release of Postroom does not know"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = "is no record of tokens"
    raise ValueError(why)  # not chained: the parser's exception holds the text, which is tokens


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret else None


def _secret(text: str | None) -> Secret | None:
    if text is not None and not isinstance(text, str):
        raise TypeError
    return Secret(text) if text else None


def _told(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _moment(text: str | None) -> datetime | None:
    return _aware(text) if text else None


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _failure(table: Mapping[str, Any]) -> Failure:
    return Failure(_aware(table["at"]), str(table["code"]), str(table["message"]), bool(table["paused"]))


def _endpoints(table: Mapping[str, Any]) -> Endpoints:
    return Endpoints(
        str(table["issuer"]),
        str(table["token_endpoint"]),
        str(table["revocation_endpoint"]),
        tuple(str(scope) for scope in table["scopes"]),
        tuple(str(way) for way in table["secret_ways"]),
    )


def _first(table: Mapping[str, Any]) -> TokenRecord:
    return TokenRecord(
        client=str(table["client"]),
        flow=str(table["flow"]),
        account=str(table["account"]),
        scopes=tuple(str(scope) for scope in table["scopes"]),
        granted_at=_aware(table["granted_at"]),
        refreshed_at=_aware(table["refreshed_at"]),
        access_token=_secret(table["access_token"]),
        expires_at=_moment(table["expires_at"]),
        refresh_token=_secret(table["refresh_token"]),
        refresh_ends_at=_moment(table["refresh_ends_at"]),
        failure=_failure(table["failure"]) if table["failure"] else None,
        begun_at=_moment(table["begun_at"]),
        endpoints=_endpoints(table["endpoints"]) if table["endpoints"] else None,
    )


_by_version = {_VERSION: _first}
