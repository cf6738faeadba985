"""Owns what is said of a group as a whole, beside the help of its commands."""

from collections.abc import Mapping

GROUP_PROSE: Mapping[str, tuple[str, ...]] = {
    "smtp": (
        (
            "NAME is the name of a server: a lower-case letter or digit, then up to 62 of those, - and _. Where it "
            "may be left out, the default server is meant. With a server in the environment, see postroom.toml(5), "
            "that is the default."
        ),
        (
            "Most options of smtp set and smtp test are the settings of a server, listed under SERVER OPTIONS. Words "
            "of other products are understood: `ssl` is `tls`, and providers have other names, such as `office365`."
        ),
        (
            "No option takes a secret as its value. Of the four forms, `--password-stdin` puts the secret into a "
            "store; `--password-file`, `--password-command` and `--password-env` store nothing and record where to "
            "read it each time."
        ),
    ),
    "tls": (
        (
            "A server's certificate is always checked: against the authorities, for its name and its time, or, with "
            "a pin, for its key. A profile holds the settings of that check once for several servers: the authorities "
            "to trust, the lowest version, the pin, and the certificate that this machine shows."
        ),
    ),
    "config": (
        (
            "The commands read all files of the scope and change its main file only, as told in postroom.toml(5). A "
            "value that a file of conf.d or the environment overrides is written with a warning. KEY is the path of a "
            "key, such as smtp.servers.main.port."
        ),
        "Before each change the file is copied; the last 50 copies are kept.",
    ),
    "secrets": (
        (
            "A secret is kept in one store, and the configuration says in which, by a reference; it is never searched "
            "for. SECRET is the name of a server and of a secret setting, such as main.password, main.access_token, "
            "main.proxy_password or main.oauth.client_secret, or its path in the store, such as smtp/main/password."
        ),
        (
            "Without `--store` a new secret goes to the store of the setting secrets.store, else to the unlocked "
            "keyring, for root to the encrypted file. Where neither works nothing is stored: a secret is written as "
            "plain text only with `--store plain --insecure-storage`."
        ),
    ),
    "oauth": (
        (
            "Where a provider takes no password any more, a program shows an access token instead. It lives about an "
            "hour and is fetched from the provider: after a person has logged in once, or by an application or a "
            "service account that logs in by itself. Before that somebody registers an application at the provider; "
            "oauth setup says how. postroom-oauth-google(7) and postroom-oauth-microsoft(7) are guides to the two "
            "large ones."
        ),
        (
            "A token is fetched where mail is sent, renewed before it ends, and given to other programs, see "
            "postroom-oauth-tokens(7)."
        ),
    ),
    "sandbox": (
        (
            "The sandbox is for trying things and for the tests of other programs: it takes every mail and delivers "
            "none. Its certificate is signed by an authority of its own, which POSTROOM_SMTP_CA_FILE names, so that "
            "it is checked here as anywhere."
        ),
        (
            "sandbox serve, sandbox run and demo need the extra sandbox: `pip install 'postroom[sandbox]'`. To look "
            "at the mails nothing is needed."
        ),
    ),
}
