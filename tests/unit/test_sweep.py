"""The sweep finds a planted secret in every form, and only outside the places declared for it.

The secret planted here is not the sentinel, or the sweep of this very run would find it.
"""

import base64
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.support.sweep import SENTINEL, Sweep

SECRET = SENTINEL[::-1]
RAW = SECRET.encode()

FORMS = {
    "raw": b"password " + RAW,
    **{f"base64 after {count}": base64.b64encode(b"u" * count + RAW + b"tail") for count in range(4)},
    **{f"base64 before {count}": base64.b64encode(RAW + b"t" * count) for count in range(4)},
    "base64url": base64.urlsafe_b64encode(b"\0user\0" + RAW),
    "base64 in lines": base64.encodebytes(b"\0user@example.test\0" + RAW + b"x" * 90),
    "hex": RAW.hex().encode(),
    "HEX": RAW.hex().upper().encode(),
    "quoted": quote(SECRET, safe="").encode(),
    "quoted path": quote(SECRET).encode(),
    "quoted form": b"pass=" + quote_plus(SECRET).encode(),
    "wrapped": RAW[:9] + b"\r\n " + RAW[9:],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_secret_is_found_in_a_file(form: str, tmp_path: Path) -> None:
    planted = tmp_path / "deep" / "file.log"
    planted.parent.mkdir()
    planted.write_bytes(b"2026 INFO " + FORMS[form] + b" end\n")
    (tmp_path / "other.log").write_text("nothing here\n")
    assert Sweep(SECRET).finds(tmp_path) == [f"in {planted}"]


def test_a_planted_secret_is_found_in_a_file_name(tmp_path: Path) -> None:
    planted = tmp_path / RAW.hex()
    planted.touch()
    assert Sweep(SECRET).finds(tmp_path) == [f"in {planted}"]


def test_a_planted_secret_is_found_in_an_output_and_not_repeated() -> None:
    sweep = Sweep(SECRET)
    sweep.record("test_one", "fine")
    sweep.record("test_two", f"535 {SECRET} refused")
    assert sweep.finds() == ["in the output of test_two"]


def test_a_declared_place_is_not_searched_and_its_neighbour_is(tmp_path: Path) -> None:
    sweep = Sweep(SECRET)
    for name in ("store", "leak"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secrets").write_bytes(RAW)
    sweep.declare(tmp_path / "store")
    assert sweep.finds(tmp_path) == [f"in {tmp_path / 'leak' / 'secrets'}"]


def test_the_secret_of_another_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\n".join(FORMS.values()))
    assert not Sweep("quite-another-secret-of-some-length").finds(tmp_path)
