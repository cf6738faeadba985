"""Owns the configuration of the real mail servers: what Postfix and Dovecot are told. Starts nothing.

The layout is one directory: `postfix/` and `dovecot/` (configuration), `tls/`, `keys/` (of tokens), `spool/`, `data/`,
`mail/`, `maillog`, `dovecot.log`.
"""

import os
import pwd
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.certificates import Certificate, CertificateFiles, certificate_files
from tests.support.sweep import SENTINEL

DOMAIN = "example.test"
PASSWORDS = {"alice": "alice-pw", "bob": "bob-pw", "carol": "carol-pw", "sentinel": SENTINEL}

PORTS = ("MX", "SUB", "SUBS", "SUBPLAIN", "RATE", "DSUB", "DSUBS")
IMAP_PORTS = ("IMAP", "IMAPS")

PASSWORD_MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256")
TOKEN_MECHANISMS = ("xoauth2", "oauthbearer")

_DYNAMIC_MAPS = Path("/etc/postfix/dynamicmaps.cf")  # without a copy beside main.cf the pcre: tables are unknown
_OLD_ENOUGH_SECONDS = 60  # Postfix waits for a younger configuration file to settle, in naps of 0.3 s

# The queue tree as Postfix's own installer makes it; with it master(8) starts at once instead of "postfix start".
_QUEUE = (
    *((name, "postfix", "root", 0o700) for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush")),
    *((name, "postfix", "root", 0o700) for name in ("hold", "incoming", "private", "saved", "trace")),
    ("maildrop", "postfix", "postdrop", 0o1730),
    ("public", "postfix", "postdrop", 0o2710),
    ("pid", "root", "root", 0o755),
)


class Listener(NamedTuple):
    """A further port of Postfix: what is different from the one named `like`, as options of smtpd(8)."""

    name: str
    like: str
    options: str = ""
    certificate: Certificate | None = None


class Introspection(NamedTuple):
    """Where the servers ask whether a token is good (RFC 7662), with the name and secret that they ask with in the URL.

    `scope` is what a token must have been given; "" for none. `openid_configuration` is told to whom they refuse.
    """

    url: str
    openid_configuration: str
    ca_file: Path | None = None
    scope: str = ""


class Behaviour(NamedTuple):
    """What a test may ask of the servers.

    `mechanisms` are those of AUTH; `login_delay_seconds` is how long Dovecot thinks about a failed login; `listeners`
    are further ports of Postfix, `files` what they read besides: names in $config_directory, and texts; `imap` lets
    Dovecot serve IMAP as well; `introspection` makes them believe a provider's tokens, and no longer our own.
    """

    mechanisms: tuple[str, ...] = PASSWORD_MECHANISMS + TOKEN_MECHANISMS
    size_limit_bytes: int = 1_000_000
    login_delay_seconds: int = 0
    listeners: tuple[Listener, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    imap: bool = False
    introspection: Introspection | None = None


def write_configuration(
    directory: Path, ports: Mapping[str, int], server: CertificateFiles, ca_file: Path, behaviour: Behaviour
) -> None:
    """Fill the directory with all that both servers read, and with the trees that they write to."""
    _make_trees(directory)
    _write_postfix(directory, ports, server, ca_file, behaviour)
    _write_dovecot(directory, ports, server, behaviour)


def _make_trees(directory: Path) -> None:
    for name in ("data", "mail", f"mail/{DOMAIN}", "home"):
        (directory / name).mkdir()
        shutil.chown(directory / name, "postfix", "postfix")
    (directory / "spool").mkdir()
    for name, owner, group, mode in _QUEUE:
        queue = directory / "spool" / name
        queue.mkdir()
        shutil.chown(queue, owner, group)
        queue.chmod(mode)
    for name in ("run", "state"):
        (directory / "dovecot" / name).mkdir(parents=True)


def _write_postfix(
    directory: Path, ports: Mapping[str, int], server: CertificateFiles, ca_file: Path, behaviour: Behaviour
) -> None:
    etc = directory / "postfix"
    etc.mkdir()
    tables = {
        "vmailbox": [f"{user}@{DOMAIN} {DOMAIN}/{user}/Maildir/" for user in PASSWORDS],
        "valias": [f"team@{DOMAIN} alice@{DOMAIN}, bob@{DOMAIN}", f"postmaster@{DOMAIN} alice@{DOMAIN}"],
        "senders": [*(f"{user}@{DOMAIN} {user}@{DOMAIN}" for user in PASSWORDS), f"sales@{DOMAIN} alice@{DOMAIN}"],
        "recipients": [
            f"full@{DOMAIN} 452 4.2.2 Mailbox full",
            f"disabled@{DOMAIN} 550 5.2.1 Mailbox disabled",
            f"later@{DOMAIN} 450 4.7.1 Try again later",
            f"grey@{DOMAIN} 450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/{DOMAIN}.html",
        ],
        "header_checks": ["/^Subject:.*REJECTME/ REJECT 5.7.1 subject not allowed"],
        "body_checks": ["/EICAR-LIKE-TEST/ REJECT 5.7.1 content rejected"],
        "main.cf": [_main_cf(directory, server, ca_file, behaviour)],
        "master.cf": [_master_cf(directory, ports, behaviour.listeners)],
        "dynamicmaps.cf": [_DYNAMIC_MAPS.read_text()],
        **{name: [text] for name, text in behaviour.files},
    }
    then = time.time() - _OLD_ENOUGH_SECONDS
    for name, lines in tables.items():
        (etc / name).write_text("\n".join(lines) + "\n")
        os.utime(etc / name, (then, then))


def _main_cf(directory: Path, server: CertificateFiles, ca_file: Path, behaviour: Behaviour) -> str:
    etc = directory / "postfix"
    postfix = pwd.getpwnam("postfix")
    return f"""compatibility_level = 3.6
config_directory = {etc}
queue_directory = {directory}/spool
data_directory = {directory}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {directory}/maillog
maillog_file_prefixes = /tmp, /var
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.{DOMAIN}
mydestination =
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = loopback-only
inet_protocols = all
alias_maps =
alias_database =
append_dot_mydomain = no
biff = no
recipient_delimiter = +
default_transport = discard:
relay_transport = discard:
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {directory}/mail
virtual_mailbox_maps = texthash:{etc}/vmailbox
virtual_alias_maps = texthash:{etc}/valias
virtual_uid_maps = static:{postfix.pw_uid}
virtual_gid_maps = static:{postfix.pw_gid}
virtual_minimum_uid = 1
message_size_limit = {behaviour.size_limit_bytes}
header_checks = pcre:{etc}/header_checks
body_checks = pcre:{etc}/body_checks
in_flow_delay = 0
smtpd_tls_cert_file = {server.certificate}
smtpd_tls_key_file = {server.key}
smtpd_tls_CAfile = {ca_file}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtpd_tls_ask_ccert = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
smtpd_sasl_security_options = noanonymous
smtpd_sender_login_maps = texthash:{etc}/senders
smtpd_recipient_restrictions = check_recipient_access texthash:{etc}/recipients, permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_forbid_bare_newline = normalize
smtpd_client_event_limit_exceptions =
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 50
smtpd_hard_error_limit = 60
"""


def _master_cf(directory: Path, ports: Mapping[str, int], more: Sequence[Listener]) -> str:
    etc = directory / "postfix"
    submission = (
        "-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject"
        " -o smtpd_sender_restrictions=reject_sender_login_mismatch"
        f" -o {{smtpd_recipient_restrictions=check_recipient_access texthash:{etc}/recipients,"
        " permit_sasl_authenticated, reject}"
        " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
    )
    options = {
        "MX": "",
        "SUB": f"{submission} -o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes",
        "SUBS": f"{submission} -o smtpd_tls_wrappermode=yes",
        "SUBPLAIN": f"{submission} -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no",
        "RATE": "-o smtpd_client_message_rate_limit=2 -o smtpd_client_recipient_rate_limit=5",
    }
    for listener in more:
        options[listener.name] = f"{options[listener.like]} {listener.options}"
        if listener.certificate:
            files = certificate_files(directory / "tls", listener.certificate)
            options[listener.name] += f" -o smtpd_tls_cert_file={files.certificate} -o smtpd_tls_key_file={files.key}"
    listeners = [
        f"127.0.0.1:{ports[name]} inet n - n - - smtpd -o syslog_name=postfix/{name} {words}"
        for name, words in options.items()
    ]
    services = """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd"""
    return "\n".join([*listeners, services])


def _write_dovecot(directory: Path, ports: Mapping[str, int], server: CertificateFiles, behaviour: Behaviour) -> None:
    etc = directory / "dovecot"
    (etc / "users").write_text(
        "".join(f"{user}@{DOMAIN}:{{PLAIN}}{password}::::::\n" for user, password in PASSWORDS.items())
    )
    (etc / "oauth2.conf").write_text(_oauth2_conf(directory, behaviour.introspection))
    passwords = " ".join(name for name in behaviour.mechanisms if name in PASSWORD_MECHANISMS)
    tokens = " ".join(name for name in behaviour.mechanisms if name in TOKEN_MECHANISMS)
    databases = ""
    if tokens:
        databases += f"passdb {{\n driver = oauth2\n mechanisms = {tokens}\n args = {etc}/oauth2.conf\n}}\n"
    if passwords:
        databases += f"""passdb {{
 driver = passwd-file
 mechanisms = {passwords}
 args = scheme=PLAIN username_format=%u {etc}/users
}}
"""
    imap = ""
    if behaviour.imap:
        imap = f"""service imap-login {{
 inet_listener imap {{
  address = 127.0.0.1
  port = {ports["IMAP"]}
 }}
 inet_listener imaps {{
  address = 127.0.0.1
  port = {ports["IMAPS"]}
  ssl = yes
 }}
}}
"""
    (etc / "dovecot.conf").write_text(f"""base_dir = {etc}/run
state_dir = {etc}/state
log_path = {directory}/dovecot.log
instance_name = {directory.name}
auth_verbose = yes
protocols = submission {"imap" if behaviour.imap else ""}
listen = 127.0.0.1
hostname = mail.{DOMAIN}
shutdown_clients = yes
first_valid_uid = 1
mail_location = maildir:{directory}/mail/%d/%n/Maildir
ssl = yes
ssl_cert = <{server.certificate}
ssl_key = <{server.key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = {" ".join(behaviour.mechanisms)}
auth_username_format = %Lu
auth_failure_delay = {behaviour.login_delay_seconds} secs
auth_cache_size = 0
{databases}userdb {{
 driver = static
 args = uid=postfix gid=postfix home={directory}/home/%u allow_all_users=yes
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {ports["MX"]}
submission_relay_trusted = yes
submission_relay_ssl = no
service submission-login {{
 inet_listener submission {{
  address = 127.0.0.1
  port = {ports["DSUB"]}
 }}
 inet_listener submissions {{
  address = 127.0.0.1
  port = {ports["DSUBS"]}
  ssl = yes
 }}
}}
{imap}service auth {{
 unix_listener {directory}/spool/private/auth {{
  mode = 0660
  user = postfix
  group = postfix
 }}
}}
service anvil {{
 # The penalty slows a client down after each failed login, up to 15 s.
 unix_listener anvil-auth-penalty {{
  mode = 0
 }}
}}
service stats {{
 unix_listener stats-writer {{
  mode = 0666
 }}
}}
""")


def _oauth2_conf(directory: Path, introspection: Introspection | None) -> str:
    settings = {"username_attribute": "email", "username_format": "%Lu"}
    if introspection:
        settings |= {
            "introspection_mode": "post",
            "introspection_url": introspection.url,
            "force_introspection": "yes",
            "active_attribute": "active",
            "active_value": "true",
            "openid_configuration_url": introspection.openid_configuration,
            "timeout_msecs": "5000",
        }
        if introspection.ca_file:
            settings["tls_ca_cert_file"] = str(introspection.ca_file)
        if introspection.scope:
            settings["scope"] = introspection.scope
    else:
        settings |= {"introspection_mode": "local", "local_validation_key_dict": f"fs:posix:prefix={directory}/keys/"}
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
