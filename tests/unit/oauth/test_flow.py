"""Which way to log in is taken where nobody names one."""

import pytest

from postroom.oauth.flow import chosen_flow


@pytest.mark.parametrize(
    ("environ", "platform", "flow"),
    [
        ({"DISPLAY": ":0"}, "linux", "browser"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", "browser"),
        ({}, "darwin", "browser"),
        ({}, "linux", "paste"),
        ({"DISPLAY": ""}, "linux", "paste"),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", "paste"),
        ({"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}, "linux", "paste"),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "darwin", "paste"),
        ({"WAYLAND_DISPLAY": "wayland-0", "SSH_CONNECTION": ""}, "linux", "browser"),
    ],
)
def test_a_browser_opens_only_before_the_eyes_of_a_person(environ: dict[str, str], platform: str, flow: str) -> None:
    assert chosen_flow(environ, platform) == flow
