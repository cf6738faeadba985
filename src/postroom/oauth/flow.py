"""Owns the choice of the way in which a person logs in, where nobody has named one. Refuses to read the environment."""

from collections.abc import Mapping

_DESKTOPS = ("darwin", "win32")
"""`sys.platform` where a program that is not reached over the network has a screen before it."""
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")


def chosen_flow(environ: Mapping[str, str], platform: str) -> str:
    """`browser` where one can open before the person's eyes, else `paste`; never `device`, which invites phishing."""
    if is_remote(environ):
        return "paste"
    return "browser" if platform in _DESKTOPS or has_display(environ) else "paste"


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the person sits at another machine."""
    return any(environ.get(name) for name in _REMOTE)


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a program can show a window somewhere."""
    return any(environ.get(name) for name in _DISPLAYS)
