"""Shows the whole way of a mail on this machine alone: a server for tests, `smtp set`, `smtp test`, the mail.

The two commands are the real services with a throw-away configuration; nothing is simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from postroom.domain.ports import Change, OpenSandbox, SandboxServer, Vault
from postroom.domain.preset import Preset
from postroom.domain.secret import Reference
from postroom.domain.settings import Settings, Tls
from postroom.result import Result
from postroom.sending import Mailer
from postroom.services import smtp_set, smtp_test

COMMAND = "demo"

NAME = "demo"
USERNAME = "demo@example.test"
RECIPIENT = "you@example.test"
"""Names that can never receive mail (RFC 2606)."""

PASSWORD = "any password will do"  # noqa: S105 - the sandbox takes every one


class File(Protocol):
    """The configuration file of the demo."""

    @property
    def change(self) -> Change: ...


class Desk(Protocol):
    """What the demo needs of a desk."""

    @property
    def settings(self) -> Settings: ...
    @property
    def file(self) -> File: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def mailer(self) -> Mailer: ...
    def preset(self, word: str) -> Preset | None: ...
    def preset_for(self, address: str) -> Preset | None: ...
    def preset_for_host(self, host: str) -> Preset | None: ...
    def known_domains(self) -> Sequence[str]: ...
    def preset_ids(self) -> Sequence[str]: ...
    def check_tls(self, settings: Tls) -> None: ...


def demo(
    open_server: OpenSandbox,
    desk_at: Callable[[Path], Desk],
    decode: Callable[[bytes], Mapping[str, Any]],
    surroundings: smtp_test.Surroundings,
) -> Result:
    """Run the demo in a temporary directory, which is gone when it returns.

    `desk_at` makes a desk whose configuration and state lie in a directory and which reads no environment. Raise
    PostroomError at the first thing that does not work.
    """
    with TemporaryDirectory(prefix="postroom-demo-") as place:
        directory = Path(place)
        with open_server(directory / "sandbox", port=0) as server:
            changes = _set(desk_at(directory), server, directory)
            tested = _test(desk_at(directory), surroundings)
            arrived = next(mail for mail in server.arrivals() if mail.message_id == tested["message_id"])
            mail = {**arrived.as_data(), **decode(server.read(arrived.number)), "path": None}
    data = {
        "server": tested["server"],
        "changes": changes,
        "steps": tested["steps"],
        "message_id": tested["message_id"],
        "receipt": tested["receipt"],
        "queue_id": tested["queue_id"],
        "mail": mail,
    }
    return Result(COMMAND, data)


def _set(desk: Desk, server: SandboxServer, directory: Path) -> Any:
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")
    request = smtp_set.Request(
        name=NAME,
        values={
            ("host",): "localhost",
            ("port",): str(server.port),
            ("security",): "starttls",
            ("username",): USERNAME,
            ("tls", "ca_file"): str(server.ca_file),
        },
        secrets={("password",): Reference("file", str(password))},
    )
    result = smtp_set.smtp_set(
        desk.settings,
        desk.file.change,
        desk.vault,
        request,
        presets=desk,
        check_tls=desk.check_tls,
        drop_tokens=lambda _server: None,
    )
    return result.data["changes"]


def _test(desk: Desk, surroundings: smtp_test.Surroundings) -> Mapping[str, Any]:
    request = smtp_test.Request(name=NAME, recipients=[RECIPIENT])
    return smtp_test.smtp_test(desk.settings, desk.mailer, request, surroundings).data
