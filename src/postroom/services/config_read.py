"""Says what the configuration is: its files, its values with their sources, its faults, all of it as one text."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from postroom.domain.settings import Settings
from postroom.errors import ConfigError, Exit
from postroom.result import Result
from postroom.services.config_keys import read_key, section_of, source_data
from postroom.services.servers import key_value


class Scope(Protocol):
    """Where the files lie."""

    @property
    def name(self) -> str: ...
    @property
    def layers(self) -> Sequence[Path]: ...
    @property
    def main(self) -> Path: ...
    @property
    def state(self) -> Path: ...
    def existing(self) -> Sequence[Path]: ...


def path(scope: Scope) -> Result:
    """The files that are read, lowest first, the one that is written, and the directory of the state."""
    there = scope.existing()
    files = [{"file": str(file), "exists": file in there, "written": file == scope.main} for file in scope.layers]
    return Result(
        "config path", {"scope": scope.name, "main": str(scope.main), "state": str(scope.state), "files": files}
    )


def show(settings: Settings) -> Result:
    """Every value that is in effect, in the order of the file, each with its source."""
    values = []
    for table, section in settings.sections():
        for key in type(section).declared():
            value = key_value(section, key)
            source = source_data(section.source(key.name))
            idle = key.reserved and source["layer"] == "default"  # a default that nothing reads is not in effect
            if value not in (None, []) and not idle:
                values.append({"key": ".".join((*table, key.name)), "value": value, "source": source})
    return Result("config show", {"values": values}, settings.warnings)


def get(settings: Settings, text: str) -> Result:
    """One value with its source; `value` is null, and the exit status 1, where there is none."""
    key_path, key = read_key(text)
    section = section_of(settings, key_path)
    value = key_value(section, key)
    data: dict[str, Any] = {"key": text, "value": value, "source": source_data(section.source(key.name))}
    return Result("config get", data, exit=Exit.NO if value is None else Exit.OK)


def validate(read: Callable[[], Settings], scope: Scope, *, read_faults: Callable[[], Sequence[Path]]) -> Result:
    """Read everything, the files of the site's entries for faults included. Raise ConfigError that tells every problem
    with what mends it.
    """
    problems: list[dict[str, Any]] = []
    settings = _checked(read, problems)
    faults = _checked(read_faults, problems)
    if settings is None or faults is None:
        raise ConfigError(
            "config.invalid",
            f"the configuration has {len(problems)} problem{'s' if len(problems) > 1 else ''}",
            hint=_remedy(scope, problems),
            detail="\n".join(_told(problem) for problem in problems),
            data={"valid": False, "problems": problems},
        )
    data = {
        "valid": True,
        "problems": [],
        "files": [str(file) for file in scope.existing()],
        "faults": [str(file) for file in faults],
        "servers": list(settings.servers),
    }
    return Result("config validate", data, settings.warnings)


T = TypeVar("T")


def _checked(read: Callable[[], T], problems: list[dict[str, Any]]) -> T | None:
    """What is read; None where it breaks rules, which then stand in `problems`."""
    try:
        return read()
    except ConfigError as error:
        if not error.data.get("problems"):
            raise
        problems += error.data["problems"]
        return None


def _remedy(scope: Scope, problems: Sequence[Mapping[str, Any]]) -> str:
    files = [str(problem["file"]) for problem in problems]
    return "postroom config edit" if str(scope.main) in files else f"Change {files[0]}, then: postroom config validate"


def _told(problem: dict[str, Any]) -> str:
    place = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
    hint = f"  ({problem['hint']})" if problem["hint"] else ""
    return f"{place}: {problem['message']}{hint}"


def export(text: Callable[[], str]) -> Result:
    """All that the files say, as one TOML document; of secrets only where they are kept."""
    return Result("config export", {"text": text()})
