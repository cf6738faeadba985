"""Owns what a desk knows of mail providers: the bundled presets, and the site's own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from postroom.config.presets import (
    all_presets,
    known_domains,
    load_preset,
    preset_for_address,
    preset_for_exchanger,
    preset_for_host,
    preset_ids,
)
from postroom.domain.preset import Preset


class KnownProviders(ABC):
    """The presets of a desk; each file is read when it is asked for."""

    @property
    @abstractmethod
    def presets_directory(self) -> Path:
        """Where a site keeps presets of its own."""

    def preset(self, word: str) -> Preset | None:
        """The preset of that id or alias."""
        return load_preset(word, self.presets_directory)

    def preset_for(self, address: str) -> Preset | None:
        """The preset of an address's domain."""
        return preset_for_address(address, self.presets_directory)

    def preset_for_host(self, host: str) -> Preset | None:
        """The preset of the provider whose submission server that is, or was."""
        return preset_for_host(host, self.presets_directory)

    def preset_for_exchanger(self, exchanger: str) -> Preset | None:
        """The preset of the provider that runs a mail exchanger."""
        return preset_for_exchanger(exchanger, self.presets_directory)

    def presets(self) -> Sequence[Preset]:
        """Every preset."""
        return all_presets(self.presets_directory)

    def preset_ids(self) -> Sequence[str]:
        """The id of every preset; no preset is read."""
        return preset_ids(self.presets_directory)

    def known_domains(self) -> Sequence[str]:
        """The domains of all presets."""
        return known_domains(self.presets_directory)
