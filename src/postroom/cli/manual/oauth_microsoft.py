"""Owns postroom-oauth-microsoft(7): how a mailbox at Microsoft is sent from with OAuth 2.0, and what goes wrong.

Refuses to know Google. The steps are those of `oauth setup`.
"""

from postroom.cli.manual.oauth_steps import FAULTS, Trouble, commands, troubles, way
from postroom.cli.manual.roff import Page, bold

CHECKED = "2026-11-20"

_DESCRIPTION = (
    (
        "Exchange Online gives up passwords for SMTP, see DATES. In their place it takes an access token of OAuth 2.0, "
        "which Postroom fetches. `postroom oauth setup microsoft365` prints the steps below and the scripts, filled in."
    ),
    f"Facts were last checked on {CHECKED}. What is not confirmed is said to be so.",
)

_WAYS = (
    (
        "A person logs in (delegated)",
        (
            "For one mailbox on one machine: once in a browser, on this machine or another. No client secret is "
            "needed. The login lasts as long as it is used at least every 90 days."
        ),
    ),
    (
        "The application logs in, App RBAC",
        (
            "For many hosts, or with nobody there to log in. Exchange holds the list of mailboxes. Generally available "
            "since November 2025; the way to begin with today."
        ),
    ),
    (
        "The application logs in, the classic way",
        (
            "The same for organisations that are set up so: the permission SMTP.SendAsApp in Entra, and a right on "
            "each mailbox. Use one of the two ways, not both: the permission counts beside the scope of App RBAC."
        ),
    ),
    (
        "A device code",
        (
            "Works, but Microsoft's own Conditional Access rules block it in tenants that had not used it for 25 days, "
            "and it is what phishing mails ask for. Prefer a browser: `postroom oauth login NAME --flow paste` needs "
            "none on this machine."
        ),
    ),
    (
        "Outlook.com, Hotmail, Live",
        (
            "A person's login alone. The app must be registered for personal Microsoft accounts; the tenant is "
            "consumers, which the preset outlook-com says."
        ),
    ),
    (
        "Without a login",
        (
            "An inbound connector for a fixed IP address or a certificate, to the tenant's own host at port 25. High "
            "Volume Email (`postroom smtp providers m365-hve`) sends inside the organisation and takes passwords until "
            "September 2028. Azure Communication Services sends outside. Mail.Send of Microsoft Graph is no SMTP."
        ),
    ),
)

_NEEDED = (
    (
        "Authenticated SMTP must be on for the mailbox, for OAuth as well. The switch SmtpClientAuthenticationDisabled "
        "of Set-CASMailbox has three positions: $true is off, $false is on, and empty leaves it to the organisation, "
        "where it is off since January 2020 for new ones."
    ),
    "Security defaults forbid Authenticated SMTP; Conditional Access has to take their place.",
    "A shared mailbox needs no licence up to 50 GB, and works. Its own login is blocked: use an application.",
    (
        "The username is the mailbox that sends, also when an application logs in. Another From needs the right Send "
        "As, or the server answers 5.2.252 SendAsDenied."
    ),
    "Exchange Online knows the mechanism XOAUTH2 alone.",
)

_TROUBLES = (
    Trouble(
        "535 5.7.3 Authentication unsuccessful, although the token came without an error",
        "auth.xoauth2_token_rejected",
        (
            "With an application: Exchange has the object ID of the app registration and not that of the enterprise "
            "application, the most common mistake. Compare Get-ServicePrincipal with `az ad sp show --id CLIENT_ID "
            "--query id`; remove the wrong one and run the script exchange again. Else the mailbox has no right or is "
            "not in the scope, the token is for Graph, or the username is not the mailbox."
        ),
    ),
    Trouble(
        "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant, or for the Mailbox",
        "auth.basic_disabled_by_policy",
        "Switch it on for this mailbox: `Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false`.",
    ),
    Trouble(
        "550 5.7.30 Basic authentication is not supported for Client Submission",
        "auth.basic_disabled_by_policy",
        "A password was used. Set up OAuth; an administrator may be able to switch passwords on again for a time.",
    ),
    Trouble(
        "AADSTS7000222, AADSTS7000215: the client secret has expired, or is wrong",
        "oauth.client_secret_invalid",
        (
            "Make a new one at Certificates & secrets and copy the column Value, not Secret ID. Tell Postroom the day: "
            "`postroom smtp set NAME --client-secret-expires DATE`; it warns before."
        ),
    ),
    Trouble(
        "AADSTS700082: the refresh token has expired due to inactivity",
        "oauth.refresh_token_expired",
        "It was not used for 90 days. Log in again, and let the timer run, see KEEPING IT ALIVE.",
    ),
    Trouble(
        "AADSTS700016, AADSTS90002, AADSTS50194: no such application or tenant; not a multi-tenant application",
        "oauth.app_not_found",
        (
            "An app that is registered for one tenant must be asked for there, also by a person: "
            "`postroom smtp set NAME --tenant TENANT`."
        ),
    ),
    Trouble(
        "AADSTS65001, AADSTS90094: consent is missing",
        "oauth.consent_required",
        "Grant admin consent at App registrations > the app > API permissions.",
    ),
    Trouble(
        "AADSTS50011: the redirect address does not match",
        "oauth.redirect_mismatch",
        (
            "Register http://localhost under Mobile and desktop applications. Any port is taken then. Postroom listens "
            "on the loopback addresses alone, whatever the name says."
        ),
    ),
    Trouble(
        "AADSTS7000218: client_assertion or client_secret is missing",
        "oauth.client_secret_invalid",
        "The app has no secret because a person logs in: at Authentication set Allow public client flows to Yes.",
    ),
    Trouble(
        "AADSTS70011, or: the scope SMTP.SendAsApp does not exist",
        "oauth.invalid_scope",
        (
            "A person's login asks for https://outlook.office.com/SMTP.Send offline_access; an application for "
            "https://outlook.office365.com/.default and nothing else. Unset a scope of your own: "
            "`postroom smtp set NAME --unset oauth.scope`."
        ),
    ),
    Trouble(
        "AADSTS53003 and other numbers from 53000: access has been blocked by Conditional Access policies",
        "oauth.conditional_access_blocked",
        (
            "Entra > Sign-in logs names the rule. If it is the one on device codes, log in with a browser. Which "
            "number that rule gives is not confirmed."
        ),
    ),
    Trouble(
        "oauth.no_tenant",
        "oauth.no_tenant",
        (
            "client-credentials needs the GUID or a domain of your own organisation; organizations and common are for "
            "persons."
        ),
    ),
    Trouble(
        "It works for one mailbox and not for the next, or not yet",
        "",
        (
            "App RBAC takes up to 2 hours. Test-ServicePrincipalAuthorization says at once whether a mailbox is in the "
            "scope; the script check calls it."
        ),
    ),
    Trouble(
        "432 4.3.2 Concurrent connections limit exceeded",
        "policy.too_many_connections",
        "A mailbox has 3 connections and 30 messages a minute, and 10,000 recipients a day.",
    ),
)

_ALIVE = (
    (
        "A person's login dies after about 90 days without use, with a changed password, when it is revoked, and when "
        "a rule demands a login more often. A timer that runs `postroom oauth refresh --all` every day keeps it "
        "alive, see postroom-oauth-tokens(7)."
    ),
    (
        "An application has no refresh token. Its client secret has a last day, and so has its certificate: "
        "`postroom smtp set NAME --client-secret-expires DATE` tells Postroom, which warns 14, 7 and 1 days before."
    ),
)

_DATES = (
    ("2020-01", "Organisations created since then begin with Authenticated SMTP off."),
    ("2024-09-16", "Outlook.com, Hotmail, Live: passwords and app passwords are refused."),
    ("2025-06", "High Volume Email sends to recipients inside the organisation only."),
    ("2025-11", "App RBAC for SMTP is generally available."),
    (
        "2026-12",
        (
            "Exchange Online: at the end of the month passwords for SMTP are off by default for existing tenants, "
            "where an administrator can switch them on again; new tenants begin without them. This is Microsoft's "
            "plan of 2026-01-27. Pages that speak of April 2026 as the end for good are wrong."
        ),
    ),
    ("2027", "In the second half of the year the day of the final removal will be named."),
    ("2028-09", "High Volume Email takes passwords until then."),
)

_CHINA = (
    "The cloud that 21Vianet runs in China has no preset: its addresses begin with "
    "https://login.partner.microsoftonline.cn/{tenant}/oauth2, and the resource is https://partner.outlook.cn. Whether "
    "the flows above work there is not confirmed; the endpoints and the scope can be set by hand, see postroom.toml(5)."
)


def microsoft_page() -> Page:
    """postroom-oauth-microsoft(7)."""
    page = Page("postroom-oauth-microsoft", 7, "sending as a mailbox at Microsoft with OAuth 2.0")
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.heading("WHICH WAY")
    for term, text in _WAYS:
        page.tagged(bold(term), text)
    page.heading("WHAT EVERY WAY NEEDS")
    for text in _NEEDED:
        page.paragraph(text)
    page.heading("STEP BY STEP")
    for name in ("microsoft-person", "microsoft-rbac", "microsoft-classic"):
        way(page, name)
    page.heading("WHAT GOES WRONG")
    page.paragraph(FAULTS)
    troubles(page, _TROUBLES)
    page.heading("KEEPING IT ALIVE")
    for text in _ALIVE:
        page.paragraph(text)
    page.heading("OTHER CLOUDS")
    page.paragraph(_CHINA)
    page.heading("DATES")
    for day, text in _DATES:
        page.tagged(bold(day), text)
    page.heading("EXAMPLES")
    page.paragraph("One mailbox, a person logs in:")
    page.example(commands("microsoft-person", mailbox="alerts@example.com"))
    page.paragraph("Many hosts, the application logs in:")
    page.example(commands("microsoft-rbac", mailbox="alerts@example.com"))
    page.see_also(
        ("postroom-oauth", 1), ("postroom-oauth-tokens", 7), ("postroom-oauth-google", 7), ("postroom-faults", 7)
    )
    return page
