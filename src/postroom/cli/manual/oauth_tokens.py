"""Owns postroom-oauth-tokens(7): access tokens for other programs, and the timer that keeps logins alive.

Refuses to know providers, but for what differs in the programs' settings.
"""

from postroom.cli.manual.roff import Page, bold

CHECKED = "2026-11-20"

_DESCRIPTION = (
    (
        "`postroom oauth token NAME` prints an access token of a server that is good for some minutes at least, "
        "renewed where it must be. Programs that take a password from a command can so log in with OAuth 2.0 and "
        "never see the refresh token. The access token is as good as a password for about an hour: do not put it into "
        "a file."
    ),
    (
        "NAME stands for the server, as `postroom smtp list` shows it. Exchange Online and Outlook.com know the "
        "mechanism XOAUTH2 alone; Google knows OAUTHBEARER and XOAUTH2."
    ),
    (
        "A program that fetches mail needs a token for that as well. Google's scope covers it. At Microsoft it has to "
        "be asked for, and allowed for the application, before the login: `postroom smtp set NAME --scope "
        "'https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access'`."
    ),
    f"The settings were compared with the programs' documentation on {CHECKED}; that of msmtp was tried with 1.8.23.",
)

MSMTP = """\
# ~/.msmtprc
account gmail
host smtp.gmail.com
port 465
tls on
tls_starttls off
from alice@gmail.com
user alice@gmail.com
auth oauthbearer
passwordeval postroom oauth token gmail

account default : gmail
"""

MUTT = """\
set from = "alice@gmail.com"
set smtp_url = "smtps://alice@gmail.com@smtp.gmail.com:465/"
set smtp_authenticators = "oauthbearer:xoauth2"
set smtp_oauth_refresh_command = "postroom oauth token gmail"
set imap_user = "alice@gmail.com"
set folder = "imaps://imap.gmail.com/"
set imap_authenticators = "oauthbearer:xoauth2"
set imap_oauth_refresh_command = "postroom oauth token gmail"
"""

GIT = """\
# ~/.gitconfig
[sendemail]
    smtpServer = smtp.gmail.com
    smtpServerPort = 465
    smtpEncryption = ssl
    smtpUser = alice@gmail.com
    smtpAuth = OAUTHBEARER
[credential "smtp://smtp.gmail.com:465"]
    helper =
    helper = "!f() { test \\"$1\\" = get && echo \\"password=$(postroom oauth token gmail)\\"; }; f"
"""

MBSYNC = """\
# ~/.mbsyncrc
IMAPAccount gmail
Host imap.gmail.com
User alice@gmail.com
TLSType IMAPS
AuthMechs XOAUTH2
PassCmd "postroom oauth token gmail"
"""

GETMAIL = """\
# ~/.config/getmail/getmailrc
[retriever]
type = SimpleIMAPSSLRetriever
server = imap.gmail.com
username = alice@gmail.com
use_xoauth2 = True
password_command = ("postroom", "oauth", "token", "gmail")
"""

SERVICE = """\
[Unit]
Description=Renew the access tokens of Postroom
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/bin/env postroom oauth refresh --all
"""

TIMER = """\
[Unit]
Description=Renew the access tokens of Postroom every day

[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=true

[Install]
WantedBy=timers.target
"""

_PROGRAMS = (
    (
        "msmtp",
        (
            "At Microsoft: host smtp.office365.com, port 587, tls_starttls on, auth xoauth2. The method has to be "
            "named; `msmtp --version` lists those that it knows. Where AppArmor guards msmtp it may refuse to start "
            "other programs."
        ),
        MSMTP,
    ),
    (
        "mutt, neomutt",
        (
            "At Microsoft: smtp://alice@example.com@smtp.office365.com:587/ with `set ssl_force_tls`, and xoauth2 "
            "alone as the authenticator."
        ),
        MUTT,
    ),
    (
        "git send-email",
        (
            "At Microsoft: smtp.office365.com, port 587, smtpEncryption tls, smtpAuth XOAUTH2. It needs Authen::SASL "
            "of Perl, 2.1800 or later. The empty helper switches others off, so that no token is stored."
        ),
        GIT,
    ),
    (
        "mbsync (isync)",
        (
            "It needs a plug-in for XOAUTH2 of Cyrus SASL, which is a package of its own. Before version 1.5 TLSType "
            "is SSLType."
        ),
        MBSYNC,
    ),
    ("getmail6", "", GETMAIL),
)

_TIMER = (
    (
        "A refresh token that nobody uses dies, at Microsoft after about 90 days and at Google after 6 months. A "
        "machine that mails seldom is therefore kept logged in by a timer, which also warns the operator by mail "
        "before something ends. It is to run as the user whose mail it is: for root as units of the system, for "
        "others as their own units."
    ),
    (
        "/etc/systemd/system/postroom-refresh.service, or ~/.config/systemd/user/postroom-refresh.service. Where the "
        "program is not in /usr/bin or /usr/local/bin, its whole path stands behind ExecStart=."
    ),
    "postroom-refresh.timer, beside it:",
    "Then, for a user's own units with `--user` behind systemctl, and so that they run without a login:",
)


def tokens_page() -> Page:
    """postroom-oauth-tokens(7)."""
    page = Page("postroom-oauth-tokens", 7, "OAuth 2.0 tokens for other programs, kept alive")
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.heading("OTHER PROGRAMS")
    for name, text, settings in _PROGRAMS:
        page.subheading(name)
        if text:
            page.paragraph(text)
        page.example(settings)
    page.heading("A TIMER")
    why, service, timer, start = _TIMER
    page.paragraph(why)
    page.paragraph(service)
    page.example(SERVICE)
    page.paragraph(timer)
    page.example(TIMER)
    page.paragraph(start)
    page.example("systemctl daemon-reload\nsystemctl enable --now postroom-refresh.timer\nloginctl enable-linger\n")
    page.heading("EXIT STATUS")
    page.tagged(bold("0"), "A token was printed, or every token renewed.")
    page.tagged(bold("4"), "A person must log in; nothing is printed on standard output.")
    page.paragraph("All others stand in postroom(1).")
    page.see_also(("postroom-oauth", 1), ("postroom-oauth-google", 7), ("postroom-oauth-microsoft", 7))
    return page
