"""Owns the step of a failure that nobody has told: what code and words say of it, and what they rule out. Pure.

Whoever holds a session knows the step. Whoever pastes a text often does not, and a refusal at the login and one of a
recipient may have the same words ("no such user", "access denied").
"""

import re

from postroom.domain.reply import Reply, Signs

LOGIN_CODES = (432, 525, 526, 534, 535, 538)
"""RFC 4954 6, RFC 5248 and its neighbours: codes that only a login gets."""

_LOGIN_STATUS = re.compile(r"[245]\.7\.(?:8|139|57)$")
_LOGIN = re.compile(
    r"auth(?!ori[sz]ed\b)|log[ -]?[io]n|log(?:ged|ging) in|sign[ -]?in|\bSASL|passw|passphrase|credential|user ?name"
    r"|\buserid\b|\b(?:api|secret|access) ?key|\btoken\b|\b[SX]?OAUTH|\b(?:MFA|2FA|TOTP)\b|[\"']schemes[\"']|mechanism"
    r"|anmeld|kennwort|zugangsdaten|contrase|identifiant|mot de passe|authentif|autentic|senha|hasł|парол|логин"
    r"|密码|密碼|认证|認證|登录|登錄|帐号|账号|パスワード|認証|ログイン",
    re.IGNORECASE,
)

# RFC 3463 3.2 and 3.3: of an address, of a mailbox. X.1.7 and X.1.8 are the sender's, X.2.0 and X.2.3 are anybody's.
_RECIPIENT_STATUS = re.compile(r"[45]\.(?:1\.(?:1|2|6|10)|2\.[12])$")
_RECIPIENT = re.compile(
    r"\bRecipient address rejected|\brelay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed))"
    r"|^(?:<[^<> ]{0,320}> ?:? ?)?(?:Sorry, )?(?:no such (?:user|mailbox|recipient)"
    r"|(?:user|mailbox) (?:is )?(?:unknown|not found)|unknown (?:local )?(?:user|mailbox|recipient))\b",
    re.IGNORECASE,
)


def of_code(reply: Reply | None) -> str:
    """The step at which alone a server gives a reply with such a code, whatever anybody says; else ""."""
    return "auth" if reply and reply.code in LOGIN_CODES else ""


def guessed(reply: Reply | None) -> str:
    """The step that a reply speaks of; else ""."""
    if reply is None:
        return ""
    of_recipient = _RECIPIENT_STATUS.match(reply.enhanced) or _RECIPIENT.search(reply.text)
    return "rcpt" if of_recipient else ""


def may_be_login(signs: Signs, text: str) -> bool:
    """Whether a refusal at a step that nobody has told may be that of a login: by its code, or by words of logins."""
    reply = signs.reply
    told = reply is not None and (reply.code in LOGIN_CODES or _LOGIN_STATUS.match(reply.enhanced))
    return bool(told) or _LOGIN.search(text) is not None
