"""Owns the verdict on a failure: which cause class it is, whom it concerns, told with what is known. Pure.

It refuses to know sockets, settings and what becomes of the mail.
"""

import re

from postroom.diagnosis.catalogue import cause
from postroom.diagnosis.fill import fill
from postroom.diagnosis.rules import REFUSED, RULES, Rule
from postroom.domain.reply import Cause, Signs


def classify(signs: Signs) -> Cause:
    """Name the cause class of a failure, with its placeholders filled in.

    A server that refuses and hangs up has refused: its last words are the cause.
    """
    if signs.sign == "closed" and signs.reply is not None and not signs.reply.positive:
        signs = signs._replace(sign=REFUSED)
    found = next(rule.cause for rule in RULES if _fits(rule, signs))
    return fill(_scoped(cause(found), signs), signs)


def _fits(rule: Rule, signs: Signs) -> bool:
    reply = signs.reply
    code = str(reply.code) if reply else ""
    status = reply.enhanced.partition(".")[2] if reply else ""
    return (
        rule.sign == signs.sign
        and (not rule.steps or signs.step in rule.steps)
        and (not rule.codes or code.startswith(rule.codes))
        and (not rule.status or status in rule.status)
        and (not rule.words or (reply is not None and re.search(rule.words, reply.text, re.IGNORECASE) is not None))
        and (rule.when is None or rule.when(signs))
    )


def _scoped(cause: Cause, signs: Signs) -> Cause:
    """A fault of the sender concerns every mail where the sender is the server's own; a relay's refusal does where no
    login was made.
    """
    family = cause.code.partition(".")[0]
    everywhere = (family == "sender" and signs.own_sender) or (
        cause.code == "rcpt.relay_denied" and not signs.logged_in
    )
    return cause._replace(scope="server") if everywhere else cause
