"""What `status` shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.ui.blocks import Block, Line, Next, Table, Tone
from postroom.ui.moments import local

_TONES: dict[str, Tone] = {"tested": "good", "broken": "bad", "stale": "warn", "untested": "warn"}

_VERDICTS = {
    "tested": "ready to send; {} is tested",
    "stale": "nothing is missing, but {} was changed after its last test",
    "untested": "nothing is missing, but {} was never tested",
    "broken": "nothing is missing, but the last test of {} failed",
}


def status(data: Mapping[str, Any]) -> Iterable[Block]:
    """The servers with their last test, then the verdict."""
    if data["servers"]:
        yield Table(("server", "host", "login", "last test", "when"), [_row(server) for server in data["servers"]])
    if data["ready"]:
        default = next(server for server in data["servers"] if server["default"])
        yield Line(_VERDICTS[default["state"]].format(default["name"]), _TONES[default["state"]])
        if default["state"] != "tested":
            why = "to see what is wrong" if default["state"] == "broken" else "to prove that it works"
            yield Next(f"postroom smtp test {default['name']} --to ADDRESS", why)
        return
    yield Line("not ready to send", "bad")
    yield Next(data["missing"], "comes first")


def _row(server: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    test = server["last_test"]
    state = server["state"] + (f" ({test['code']})" if test and test["code"] else "")
    when = local(test["time"], seconds=False) if test else ""
    name = server["name"] + (" *" if server["default"] else "")
    return name, server["host"], server["auth"], state, when
