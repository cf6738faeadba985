"""Owns the table of all cases, a module for each part of the road that a mail takes."""

from tests.integration.matrix.cases.broken import BROKEN
from tests.integration.matrix.cases.login import LOGINS
from tests.integration.matrix.cases.mail import MAILS
from tests.integration.matrix.cases.tls import HANDSHAKES
from tests.integration.matrix.cases.way import WAYS

CASES = (*WAYS, *HANDSHAKES, *LOGINS, *MAILS, *BROKEN)
