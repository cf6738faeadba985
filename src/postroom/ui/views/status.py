"""What `status` shows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Table, Tone

_TONES: dict[str, Tone] = {"tested": "good", "broken": "bad", "stale": "warn", "untested": "warn"}


def status(data: Mapping[str, Any]) -> Iterable[Block]:
    """The servers with their last test, then the verdict."""
    if data["servers"]:
        yield Table(("server", "host", "login", "last test", "when"), [_row(server) for server in data["servers"]])
    if data["ready"]:
        default = next(server for server in data["servers"] if server["default"])
        yield Line(f"ready to send; {default['name']} is {default['state']}", _TONES[default["state"]])
        if default["state"] != "tested":
            yield Next(f"postroom smtp test {default['name']} --to ADDRESS", "to prove that it works")
        return
    yield Line("not ready to send", "bad")
    yield Next(data["missing"], "comes first")


def _row(server: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    test = server["last_test"]
    state = server["state"] + (f" ({test['code']})" if test and test["code"] else "")
    when = datetime.fromisoformat(test["time"]).astimezone().strftime("%Y-%m-%d %H:%M") if test else ""
    name = server["name"] + (" *" if server["default"] else "")
    return name, server["host"], server["auth"], state, when
