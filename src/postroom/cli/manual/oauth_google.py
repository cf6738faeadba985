"""Owns postroom-oauth-google(7): how a mailbox at Google is sent from with OAuth 2.0, and what goes wrong.

Refuses to know Microsoft. The steps are those of `oauth setup`.
"""

from postroom.cli.manual.oauth_steps import FAULTS, Trouble, commands, troubles, way
from postroom.cli.manual.roff import Page, bold

CHECKED = "2026-11-20"

_DESCRIPTION = (
    (
        "Google takes no password of an account for SMTP any more. What it takes is an app password, or an access "
        "token of OAuth 2.0, which Postroom fetches once somebody has logged in. `postroom oauth setup gmail` and "
        "`postroom oauth setup google-workspace` print the steps below, filled in."
    ),
    f"Facts were last checked on {CHECKED}. What is not confirmed is said to be so.",
)

_WAYS = (
    (
        "An app password",
        (
            "Least work, for one mailbox: 16 letters in the place of the password, where the account has 2-Step "
            "Verification. Some policies of a Workspace do not allow it, and neither, as far as known, does Advanced "
            "Protection; not confirmed is that it dies when the account's password changes. No OAuth is needed: "
            "`postroom smtp set gmail --provider gmail --username ADDRESS --auth password --password-stdin`."
        ),
    ),
    (
        "A person logs in",
        (
            "For Gmail and for one mailbox of a Workspace: once in a browser, on this machine or another. Postroom "
            "keeps a refresh token and renews the access token by itself."
        ),
    ),
    (
        "A service account",
        (
            "For a Workspace with many hosts, or with nobody there to log in. An administrator lets the account act "
            "for mailboxes (domain-wide delegation). It cannot act for gmail.com."
        ),
    ),
    (
        "The relay without a login",
        (
            "A Workspace may let smtp-relay.gmail.com take mail from fixed IP addresses: "
            "`postroom smtp providers google-relay`."
        ),
    ),
    (
        "A device code",
        "Does not work: Google does not allow the scope for mail there, and answers invalid_scope.",
    ),
)

_AUDIENCE = (
    (
        "Internal",
        (
            "Only accounts of the Workspace that owns the project can log in. No verification, and no end after 7 "
            "days. The choice wherever it is to be had; gmail.com has it not."
        ),
    ),
    (
        "External, Testing",
        (
            "Only accounts on the list of test users can log in, and each refresh token lives 7 days. This is how a "
            "new app begins, and why mail stops a week later."
        ),
    ),
    (
        "External, In production",
        (
            "Anybody can log in, and a refresh token lasts. https://mail.google.com/ is a restricted scope: for "
            "people outside, Google wants to verify the app; until then it warns at the login. For a mailbox of your "
            "own go on by Advanced; that this may stay so is not confirmed. After the change from Testing log in once "
            "more: the token from before may still die."
        ),
    ),
)

_TROUBLES = (
    Trouble(
        "Mail stops a week after the login: invalid_grant, Token has been expired or revoked",
        "oauth.refresh_token_expired",
        "The app is in Testing. At Google Auth Platform > Audience press Publish app, then log in again.",
    ),
    Trouble(
        "invalid_grant after a changed password, or after somebody removed the app",
        "oauth.refresh_token_revoked",
        "A changed password ends every token for mail. Log in again.",
    ),
    Trouble(
        "Access blocked: the app has not completed the verification process; org_internal",
        "oauth.account_not_allowed",
        (
            "In Testing add the account as a test user; with an Internal app log in with an account of the Workspace. "
            "Where the organisation restricts apps, an administrator trusts the client ID at Security > Access and "
            "data control > API controls."
        ),
    ),
    Trouble(
        "Google hasn't verified this app",
        "",
        "A warning, no fault. For an app of your own: Advanced, then go on.",
    ),
    Trouble(
        "redirect_uri_mismatch",
        "oauth.redirect_mismatch",
        (
            "The client is of the type Web application. Make one of the type Desktop app, which takes any port of "
            "127.0.0.1; or register the printed address exactly and give it with `--redirect-uri`."
        ),
    ),
    Trouble(
        "invalid_scope",
        "oauth.invalid_scope",
        (
            "The scope is https://mail.google.com/ with the slash at its end, and a login with a device code is not "
            "to be had."
        ),
    ),
    Trouble(
        "The login works, but no refresh token comes",
        "",
        (
            "Google gives one at the first consent alone, unless access_type=offline and prompt=consent are asked for. "
            "Postroom asks for both; a proxy or another program that builds the address may not."
        ),
    ),
    Trouble(
        "invalid_client; The OAuth client was not found",
        "oauth.app_not_found",
        "Client ID and client secret belong to different clients, or the client was deleted. Download the file again.",
    ),
    Trouble(
        "unauthorized_client, with a service account",
        "oauth.grant_not_allowed",
        (
            "The delegation is missing, is for another client ID, or has another scope. Compare the number at "
            "Domain-wide delegation with Unique ID on the account's page."
        ),
    ),
    Trouble(
        "The out-of-band flow is blocked; an address with urn:ietf:wg:oauth:2.0:oob",
        "oauth.grant_not_allowed",
        "Google has ended it. Without a browser on this machine: `postroom oauth login NAME --flow paste`.",
    ),
    Trouble(
        "535 5.7.8 from smtp.gmail.com, although the token came without an error",
        "auth.xoauth2_token_rejected",
        (
            "The username is not the mailbox that the token is for. With a service account it is the mailbox too, "
            "never the account's own address."
        ),
    ),
)

_ALIVE = (
    (
        "A refresh token of Google dies after 6 months without use, with a changed password, by the person's own hand "
        "in the account, and after 7 days while the app is in Testing. A timer that runs `postroom oauth refresh "
        "--all` every day keeps the others alive, see postroom-oauth-tokens(7). A service account has none: its key "
        "lasts until somebody deletes it."
    ),
    (
        "`postroom oauth status` tells when it will end, as far as that is known, and exits with 4 when somebody must "
        "log in."
    ),
)

_DATES = (
    ("2022-05-30", "Gmail: the account's own password is not taken any more."),
    ("2024-06-15", "Google Workspace: no new user can switch it on."),
    ("2025-05-01", "Google Workspace: the account's own password is not taken any more."),
    (CHECKED, "App passwords still work for SMTP. Guides that say to turn on less secure apps are out of date."),
)


def google_page() -> Page:
    """postroom-oauth-google(7)."""
    page = Page("postroom-oauth-google", 7, "sending as a mailbox at Google with OAuth 2.0")
    page.heading("DESCRIPTION")
    for text in _DESCRIPTION:
        page.paragraph(text)
    page.heading("WHICH WAY")
    for term, text in _WAYS:
        page.tagged(bold(term), text)
    page.heading("TESTING, PRODUCTION, INTERNAL")
    page.paragraph("The page Google Auth Platform > Audience of the project decides who can log in, and for how long.")
    for term, text in _AUDIENCE:
        page.tagged(bold(term), text)
    page.heading("STEP BY STEP")
    for name in ("gmail-person", "workspace-person", "workspace-account"):
        way(page, name)
    page.heading("WHAT GOES WRONG")
    page.paragraph(FAULTS)
    troubles(page, _TROUBLES)
    page.heading("KEEPING IT ALIVE")
    for text in _ALIVE:
        page.paragraph(text)
    page.heading("DATES")
    for day, text in _DATES:
        page.tagged(bold(day), text)
    page.heading("EXAMPLES")
    page.paragraph("Gmail, on a machine without a browser:")
    page.example(commands("gmail-person", mailbox="alice@gmail.com", flow="paste"))
    page.paragraph("A Workspace, for all hosts:")
    page.example(commands("workspace-account", mailbox="alerts@example.com"))
    page.see_also(
        ("postroom-oauth", 1), ("postroom-oauth-tokens", 7), ("postroom-oauth-microsoft", 7), ("postroom-faults", 7)
    )
    return page
