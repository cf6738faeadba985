"""Owns the making of configuration files for tests, and their reading as the desk reads them. Knows no test."""

from collections.abc import Mapping
from pathlib import Path

from postroom.config.file import ConfigFile
from postroom.config.history import History
from postroom.config.homes import user_homes
from postroom.config.load import load
from postroom.config.paths import Scope, find_scope
from postroom.domain.preset import Preset
from postroom.domain.settings import Settings, Value
from postroom.errors import ConfigError
from tests.support.moving_clock import MovingClock

ACME = Preset(
    id="acme",
    title="Acme Mail",
    host="smtp.acme.example",
    port=587,
    security="starttls",
    auth=("oauth2", "password"),
    checked="2026-11-20",
    sources=("a test",),
    username="address",
    alternatives=((465, "tls"), (2525, "tls")),
    regions={"us": "smtp.acme.example", "eu": "smtp.eu.acme.example"},
    from_policy="force",
    rate="30/min",
    max_connections=3,
)
KEYED = Preset(
    id="keyed",
    title="Keyed",
    host="smtp.keyed.example",
    port=465,
    security="tls",
    auth=("password",),
    checked="2026-11-20",
    sources=("a test",),
    username="apikey",
)
PRESETS: Mapping[str, Preset] = {"acme": ACME, "acme365": ACME, "keyed": KEYED}


def file_scope(main: Path) -> Scope:
    """The scope of `--config main`."""
    return find_scope(
        config=str(main),
        state_dir=None,
        system=False,
        user=False,
        environ={},
        root=False,
        homes=user_homes,
        prefix=main.parent,
    )


def write(path: Path, text: str, *, mode: int = 0o600) -> Path:
    """A file with that text and mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def read(
    main: Path,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[tuple[str, ...], Value] | None = None,
) -> Settings:
    """What the desk makes of `main` (first given the content `text`) and the drop-ins beside it."""
    if text is not None:
        write(main, text)
    return load(file_scope(main), environ or {}, overrides, presets=PRESETS.get, root=False)


def problems(main: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Every problem of a configuration, as `LINE: message (hint)`."""
    try:
        read(main, text, environ)
    except ConfigError as error:
        return [f"{found['line']}: {found['message']} ({found['hint']})" for found in error.data["problems"]]
    return []


def config_file(
    main: Path, *, environ: Mapping[str, str] | None = None, clock: MovingClock | None = None
) -> ConfigFile:
    """The file as the desk changes it."""
    scope = file_scope(main)
    history = History(scope.state, clock=clock or MovingClock())
    return ConfigFile(scope, history, environ=environ or {}, presets=PRESETS.get, root=False)
