"""Owns the third real mail server of the tests: Exim 4 on loopback, started, asked and stopped.

Debian's packages of Exim and Postfix exclude each other, so Exim is unpacked beside Postfix (see `requirements`). What
it looks for under compiled-in names, its own user, is mounted over /etc/passwd for its processes alone.
"""

import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import Authority, CertificateFiles
from tests.support.daemons import NAP_SECONDS, answers, free_ports, guard, start_leader, stop
from tests.support.mailstack_files import DOMAIN, PASSWORDS
from tests.support.requirements import command_path, need

PORTS = ("SUB", "SUBS", "MX", "CROWDED", "CLOSED", "FULL", "CLIENT-CERT-12", "CLIENT-CERT-13")
USER = "Debian-exim"  # compiled in
_UNPRIVILEGED = "nobody"

_PATIENCE_SECONDS = 10.0


class Exim:
    """A running Exim.

    Ports: SUB (STARTTLS, AUTH behind it), SUBS (implicit TLS, AUTH), MX (no AUTH), CROWDED (refuses who has another
    connection already), CLOSED (refuses everybody at the greeting), FULL (refuses every MAIL for the time being),
    CLIENT-CERT-12 and CLIENT-CERT-13 (as SUB, for clients with a certificate alone, in that version of TLS). Accounts
    as in the mail stack; the login of busy@ is put off. It takes every recipient of the stack's domain but nobody@,
    others after a login only; what goes to picky@ is refused for its content. It delivers nothing.
    """

    host = "localhost"

    def __init__(self, directory: Path, ports: dict[str, int], authority: Authority) -> None:
        self.directory = directory
        self.ca_file = authority.ca_file
        self._ports = ports

    def port(self, name: str) -> int:
        """The port of one of the listeners."""
        return self._ports[name]

    def log(self) -> str:
        """What it has logged so far."""
        return "".join(log.read_text(errors="replace") for log in sorted((self.directory / "log").iterdir()))


@contextmanager
def running_exim() -> Iterator[Exim]:
    """Start it, and stop it whatever happens. Skip the test where it cannot run."""
    need("namespaces", "exim4", "pkill")
    attempts = 2  # a port may be taken by another process between our looking and the server's binding
    for attempt in range(1, attempts + 1):
        directory = Path(tempfile.mkdtemp(prefix="pr-", dir="/tmp"))
        leaders: list[subprocess.Popen[bytes]] = []
        try:
            exim = _start(directory, leaders)
            if exim is None and attempt < attempts:
                continue
            assert exim is not None, (directory / "talk").read_text(errors="replace")
            yield exim
            return
        finally:
            stop(leaders)
            shutil.rmtree(directory)


def _start(directory: Path, leaders: list[subprocess.Popen[bytes]]) -> Exim | None:
    directory.chmod(0o755)
    authority = Authority(directory / "tls")
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    user = pwd.getpwnam(_UNPRIVILEGED)
    for name in ("spool", "log"):
        (directory / name).mkdir()
        shutil.chown(directory / name, user.pw_uid, user.pw_gid)
    (directory / "exim.conf").write_text(
        _configuration(directory, ports, authority.server("server"), authority.ca_file)
    )
    for file, entry in (
        ("passwd", f"{USER}:x:{user.pw_uid}:{user.pw_gid}::/:/bin/false"),
        ("group", f"{USER}:x:{user.pw_gid}:"),
    ):
        (directory / file).write_text(Path("/etc", file).read_text().rstrip("\n") + f"\n{entry}\n")
    start = (
        'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$1" -bdf -C "$0/exim.conf"'
    )
    argv = ["unshare", "--mount", "sh", "-c", start, str(directory), command_path("exim4") or "exim4"]
    leaders.append(start_leader(argv, directory / "talk"))
    leaders.append(guard(directory, [leaders[0].pid]))
    end = time.monotonic() + _PATIENCE_SECONDS
    while not all(answers(port) for port in ports.values()):
        if time.monotonic() > end or leaders[0].poll() is not None:
            return None
        time.sleep(NAP_SECONDS)
    return Exim(directory, ports, authority)


def _configuration(directory: Path, ports: dict[str, int], server: CertificateFiles, ca_file: Path) -> str:
    right = "".join(f"{{eq{{$auth1:$auth2}}{{{name}@{DOMAIN}:{word}}}}}" for name, word in PASSWORDS.items())
    # A table that cannot be read is what puts a login off.
    judge = f"${{if eq{{$auth1}}{{busy@{DOMAIN}}}{{${{lookup{{x}}lsearch{{/nowhere}}}}}}{{${{if or{{{right}}}}}}}}}"
    for_12, for_13 = (f"eq{{$received_port}}{{{ports[f'CLIENT-CERT-{version}']}}}" for version in (12, 13))
    only_12, only_13 = (
        f"${{if {condition}{{:-VERS-ALL:+VERS-TLS1.{minor}}}{{}}}}" for condition, minor in ((for_12, 2), (for_13, 3))
    )
    return f"""primary_hostname = mail.{DOMAIN}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {" : ".join(str(port) for port in ports.values())}
tls_on_connect_ports = {ports["SUBS"]}
spool_directory = {directory}/spool
log_file_path = {directory}/log/%s
pid_file_path = {directory}/exim.pid
tls_certificate = {server.certificate}
tls_privatekey = {server.key}
tls_advertise_hosts = *
tls_verify_certificates = {ca_file}
tls_verify_hosts = ${{if or{{{{{for_12}}}{{{for_13}}}}}{{*}}{{}}}}
tls_require_ciphers = NORMAL{only_12}{only_13}
auth_advertise_hosts = ${{if or{{{{eq{{$tls_in_cipher}}{{}}}}{{eq{{$received_port}}{{{ports["MX"]}}}}}}}{{}}{{*}}}}
host_lookup =
keep_environment =
rfc1413_query_timeout = 0s
queue_only = true
queue_run_max = 0
smtp_accept_max_per_host = ${{if eq{{$received_port}}{{{ports["CROWDED"]}}}{{1}}{{100}}}}
smtp_enforce_sync = true
acl_smtp_connect = connecting
acl_smtp_mail = from
acl_smtp_rcpt = to
acl_smtp_data = content
begin acl
connecting:
  deny condition = ${{if eq{{$received_port}}{{{ports["CLOSED"]}}}}}
       message = no mail from $sender_host_address here
  accept
from:
  defer condition = ${{if eq{{$received_port}}{{{ports["FULL"]}}}}}
       message = no room in the spool, try again later
  accept
to:
  deny local_parts = nobody
       domains = {DOMAIN}
       message = Unknown user
  accept domains = {DOMAIN}
  accept authenticated = *
  deny message = relay not permitted
content:
  deny condition = ${{if match{{$recipients}}{{picky@}}}}
       message = This message contains a virus or other harmful content
  accept
begin routers
stay:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
begin retry
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {judge.replace("$auth2", "$auth3").replace("$auth1", "$auth2")}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = {judge}
  server_set_id = $auth1
"""
