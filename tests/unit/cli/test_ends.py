"""The beginning and the end of a long text, whole or not, from a file or a pipe."""

import io
import os
from pathlib import Path
from threading import Thread

import pytest

from postroom.cli.ends import BEGINNING_OCTETS, END_OCTETS, read_ends

LINE = "Größe 用户\n".encode()


@pytest.mark.parametrize("octets", [0, 10, BEGINNING_OCTETS, BEGINNING_OCTETS + 1, BEGINNING_OCTETS + END_OCTETS])
def test_what_fits_is_read_whole(tmp_path: Path, octets: int) -> None:
    (tmp_path / "log").write_bytes(b"x" * octets)
    with (tmp_path / "log").open("rb") as opened:
        assert read_ends(opened) == ("x" * octets, 0)
    assert read_ends(io.BytesIO(b"x" * octets)) == ("x" * octets, 0)


def test_of_a_file_that_is_too_long_the_ends_are_read_in_whole_lines(tmp_path: Path) -> None:
    data = b"first\n" + LINE * 400_000 + b"last\n"
    (tmp_path / "log").write_bytes(data)
    with (tmp_path / "log").open("rb") as opened:
        read = read_ends(opened)
    assert read.left_out == len(data) - BEGINNING_OCTETS - END_OCTETS
    assert (read.text[:6], read.text[-5:]) == ("first\n", "last\n")
    assert set(read.text.split("\n")[1:-2]) <= {"Größe 用户", ""}


def test_so_are_those_of_a_pipe() -> None:
    data = b"first\n" + LINE * 400_000 + b"last\n"
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)

    writer = Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        read = read_ends(pipe)
    writer.join()
    assert 0 < read.left_out <= len(data) - BEGINNING_OCTETS - END_OCTETS
    assert (read.text[:6], read.text[-5:]) == ("first\n", "last\n")
    assert set(read.text.split("\n")[1:-2]) <= {"Größe 用户", ""}
