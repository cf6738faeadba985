"""Owns what is said where an extra is not installed."""

from postroom.errors import ConfigError


def missing_extra(extra: str, error: ImportError) -> ConfigError:
    """The error for a command that needs `extra`, with the commands that install it."""
    return ConfigError(
        "config.extra_missing",
        f"this needs the extra {extra!r}, which is not installed ({error.name} is missing)",
        hint=f"pip install 'postroom[{extra}]', or pipx inject postroom 'postroom[{extra}]', "
        f"or uv tool install 'postroom[{extra}]'",
    )
