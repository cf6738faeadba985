"""Owns the reading of a queue id out of a final reply. Knows the words of the common servers, nothing else."""

import re

from postroom.domain.reply import Reply

_ID = r"([A-Za-z0-9][A-Za-z0-9._=+/@-]*)"

# The first that matches counts, so the particular ones stand before the general.
# Strings, for one reply is read in the life of most processes: only what is tried is compiled.
_FORMS = (
    rf"queued as {_ID}",  # Postfix, Amavis, Microsoft 365 (with its own id before)
    rf"\bid={_ID}",  # Exim
    r"<([^<>\s]+)> \[InternalId=",  # Exchange
    rf"^(?:OK\s+)?\d+ {_ID} - gsmtp",  # Google: time, id
    rf"(?:^|\s){_ID}:? Message accepted for delivery",  # Sendmail, OpenSMTPD
    rf"\bqueued: {_ID}",  # many resellers
    rf"\bqp {_ID}",  # qmail
    r"^(?i:Ok):? ((?=[A-Za-z0-9._-]*\d)[A-Za-z0-9][A-Za-z0-9._-]{7,})$",  # Amazon SES and others
    r"^(?i:Ok) <?([^<>\s]+@[^<>\s]+)>?$",  # those that answer with their message id
)


def queue_id(reply: Reply) -> str:
    """The server's name for the message, "" where its reply names none."""
    for line in reply.lines:
        for form in _FORMS:
            if found := re.search(form, line):
                return found[1].rstrip(".,;")
    return ""
