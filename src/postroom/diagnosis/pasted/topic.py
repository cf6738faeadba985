"""Owns whether a text is about mail at all: a log holds other programs' numbers, logins and failures as well. Pure."""

import re

_OF_MAIL = re.compile(
    r"mail|smtp|dovecot|\bsend|<[^<>@\s]{1,64}@|imap\b|\bpop3?\b|relay|sender|recipient|\brcpt|\bfrom address|spam"
    r"|greylist|deliver|bounce|inbox|quota|routeable|dkim|\bspf\b|dmarc|tls\b|ssl\b|\b[he][he]lo\b|postfix|exim\b|\bdsn\b"
    r"|\bmx\b|\bdns\b|\bmessage|oauth2"
    r"|\btoken|aadsts|\bjwt\b|consent|multi-factor|this app\b|redirect ur[il]|accounts? (?:is|has|was)\b"
    r"|username and password|credentials|authentication (?:data|information|rejected)|authentication failure due to"
    r"|access rights to this service|max defers|[\"']schemes[\"']|curl: \(67\)|unencrypted connection"
    r"|allow_nets|send limit|internationali[sz]ed|greeting|^user not found\.?$|<[^\s@<>]{1,64}@[^\s<>]{1,253}>|^220-"
    r"|ascii' codec|\breject_?reason\b|\w(?:error|exception)\b"
    r"|\binvalid_|unauthorized_client|access_denied|authorization_pending|slow_down|temporarily_unavailable"
    r"|[^\x00-\x7f]",
    re.IGNORECASE,
)
"""What only a text about mail, a mail server's login or a token says; words in other languages are taken for such."""

_AROUND_A_REPLY = re.compile(
    r"mail|smtp|relay|sender|recipient|rcpt|user|address|domain|host\b|message|spam|block|reject|denied|refus|unknown"
    r"|not |invalid|auth|login|password|credential|command|syntax|tls|encrypt|quota|limit|exceed|too |try "
    r"|please|unavailable|service|transaction|access|[^\x00-\x7f]",
    re.IGNORECASE,
)
_NEAR_CHARACTERS = 80

_WITHOUT_MAIL = (
    *("NetworkManager", "apache2", "avahi-daemon", "chronyd", "containerd", "dhclient", "docker", "dockerd", "gdm"),
    *("httpd", "kernel", "lightdm", "mariadbd", "mysqld", "named", "nginx", "ntpd", "pg_dump", "polkitd"),
    *("postgres", "psql", "redis-server", "rsyncd", "scp", "sftp-server", "slapd", "smbd", "ssh", "sshd"),
    *("sshd-session", "sssd", "sudo", "systemd-logind", "systemd-networkd", "systemd-resolved", "winbindd"),
)
"""Programs that send no mail but have logins and failures of their own."""
_LINE_OF = re.compile(rf"(?:^|[\w\])] )(?:{'|'.join(map(re.escape, _WITHOUT_MAIL))})(?:\[\d{{1,9}}\])?: ")
_LONGEST_PREFIX_CHARACTERS = 120
_NAMES_MAIL = re.compile(r"smtp|sendmail|mailer|mail\(", re.IGNORECASE)

_ACTION = re.compile(r"^Action:\s{0,9}([\w-]{1,20})", re.IGNORECASE | re.MULTILINE)
_DONE = frozenset(("delivered", "relayed", "expanded"))

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_TEXT_PER_CONTROL = 30


def is_of_mail(text: str) -> bool:
    """Whether words alone, with no reply and no sign of a failed connection, are worth a verdict."""
    return _OF_MAIL.search(text) is not None


def speaks_as_a_reply(text: str, start: int) -> bool:
    """Whether what follows a number in the middle of a sentence are a mail server's words."""
    return _AROUND_A_REPLY.search(text[start : start + _NEAR_CHARACTERS].partition("\n")[0]) is not None


def tells_of_success(text: str) -> bool:
    """Whether it is a report on a delivery (RFC 3464 2.3.3) in which nothing failed."""
    actions = {found.lower() for found in _ACTION.findall(text)}
    return bool(actions) and actions <= _DONE


def is_binary(text: str) -> bool:
    """Whether it is no text at all: too many of its characters are control characters."""
    return len(_CONTROLS.findall(text)) > 3 + len(text) // _TEXT_PER_CONTROL


def without_other_programs(text: str) -> str:
    """The text without the lines of programs that send no mail."""
    return "\n".join(line for line in text.split("\n") if not _is_of_another(line))


def _is_of_another(line: str) -> bool:
    return _LINE_OF.search(line[:_LONGEST_PREFIX_CHARACTERS]) is not None and not _NAMES_MAIL.search(line)
