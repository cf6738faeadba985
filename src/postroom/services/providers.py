"""Lists the presets of mail providers, shows one, or finds the one for an address.

Nothing is looked up on the network unless the caller hands in a way to do it.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from postroom.domain.address import Address, parse_address
from postroom.domain.preset import Preset
from postroom.errors import ConfigError, DataError, UsageError
from postroom.result import Result


class Online(NamedTuple):
    """How a domain's mail exchangers are looked up, and the preset of the provider that runs one."""

    exchangers: Callable[[str], Sequence[str]]
    for_exchanger: Callable[[str], Preset | None]


def providers(
    wanted: str | None,
    *,
    load: Callable[[str], Preset | None],
    for_address: Callable[[str], Preset | None],
    everything: Callable[[], Sequence[Preset]],
    online: Online | None = None,
) -> Result:
    """All presets, or the one of an id, an alias or an address. Raise ConfigError when there is none.

    With `online` the mail exchangers of an address's domain are looked up where no preset knows the domain; raise what
    the look-up raises. They stand in `mx`, which is None where nothing was looked up.
    """
    if online and (wanted is None or "@" not in wanted):
        raise UsageError(
            "usage.missing_value",
            "--online looks up the domain of a mail address, and none is given",
            hint="postroom smtp providers ADDRESS --online",
        )
    exchangers: Sequence[str] | None = None
    if wanted is None:
        found = everything()
    elif "@" in wanted:
        address = _parse(wanted)
        preset = for_address(str(address))
        if preset is None:
            preset, exchangers = _look_up(address, online)
        found = [preset]
    else:
        preset = load(wanted)
        if preset is None:
            near = get_close_matches(wanted.lower(), [known.id for known in everything()], n=1)
            hint = f"did you mean {near[0]}?" if near else "postroom smtp providers"
            raise ConfigError("config.unknown_provider", f"there is no preset {wanted!r}", hint=hint)
        found = [preset]
    mx = None if exchangers is None else list(exchangers)
    return Result("smtp providers", {"providers": [_data(preset) for preset in found], "asked": wanted, "mx": mx})


def _parse(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise DataError("address.invalid", f"{text!r} {error}") from error


def _look_up(address: Address, online: Online | None) -> tuple[Preset, Sequence[str]]:
    """The preset of the provider that takes the domain's mail, and the exchangers in their order.

    The preferred exchanger decides: those behind it may be a stranger's that only hold the mail for a while.
    """
    by_hand = "postroom smtp set --host HOST; the mail provider's help page names it"
    if online is None:
        raise ConfigError(
            "config.unknown_provider",
            f"no preset serves the domain of {str(address)!r}",
            hint=f"postroom smtp providers {address} --online looks up who takes its mail; or {by_hand}",
        )
    if address.domain.startswith("["):
        raise ConfigError(
            "config.unknown_provider",
            f"{str(address)!r} has an IP address for a domain, which has no mail exchanger to look up",
            hint=by_hand,
        )
    exchangers = online.exchangers(address.domain)
    preset = online.for_exchanger(exchangers[0])
    if preset is None:
        raise ConfigError(
            "config.unknown_provider",
            f"the mail of {address.domain} goes to {exchangers[0]}, which belongs to no provider with a preset",
            hint=by_hand,
            data={"providers": [], "asked": str(address), "mx": list(exchangers)},
        )
    return preset, exchangers


def _data(preset: Preset) -> dict[str, Any]:
    retirement = preset.retirement._asdict() if preset.retirement else None
    oauth = _plain(preset.oauth._asdict()) if preset.oauth else None
    return {**_plain(preset._asdict()), "retirement": retirement, "oauth": oauth, "region": preset.region}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
