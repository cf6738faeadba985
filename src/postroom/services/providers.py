"""Lists the presets of mail providers, shows one, or finds the one for an address."""

from collections.abc import Callable, Sequence
from typing import Any

from postroom.domain.address import parse_address
from postroom.domain.preset import Preset
from postroom.errors import ConfigError, DataError
from postroom.result import Result


def providers(
    wanted: str | None,
    *,
    load: Callable[[str], Preset | None],
    for_address: Callable[[str], Preset | None],
    everything: Callable[[], Sequence[Preset]],
) -> Result:
    """All presets, or the one of an id, an alias or an address. Raise ConfigError when there is none."""
    if wanted is None:
        found = everything()
    elif "@" in wanted:
        found = [_for_address(wanted, for_address)]
    else:
        preset = load(wanted)
        if preset is None:
            raise ConfigError(
                "config.unknown_provider", f"there is no preset {wanted!r}", hint="postroom smtp providers"
            )
        found = [preset]
    return Result("smtp providers", {"providers": [_data(preset) for preset in found], "asked": wanted})


def _for_address(address: str, for_address: Callable[[str], Preset | None]) -> Preset:
    try:
        parse_address(address)
    except ValueError as error:
        raise DataError("address.invalid", f"{address!r} {error}") from error
    preset = for_address(address)
    if preset is None:
        raise ConfigError(
            "config.unknown_provider",
            f"no preset serves the domain of {address!r}",
            hint="postroom smtp set --host HOST; the mail provider's help page names it",
        )
    return preset


def _data(preset: Preset) -> dict[str, Any]:
    values = {
        name: dict(value) if name == "regions" else list(value) if isinstance(value, tuple) else value
        for name, value in preset._asdict().items()
    }
    return {**values, "region": preset.region}
