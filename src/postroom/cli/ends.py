"""Owns the reading of a text that may be longer than fits into memory: its beginning, and its end, which is the newest
part of a log.
"""

import os
from collections import deque
from typing import BinaryIO, NamedTuple

from postroom.domain.characters import decode

BEGINNING_OCTETS = 1_000_000
END_OCTETS = 3_000_000
MOST_OCTETS = 2_000_000_000
"""Of a stream that never ends no more is taken."""
_CHUNK_OCTETS = 1 << 16


class Ends(NamedTuple):
    """What was read, decoded, and how many octets between beginning and end were not."""

    text: str
    left_out: int = 0


def read_ends(stream: BinaryIO) -> Ends:
    """All of a file or pipe, or the whole lines of its beginning and end. Raise OSError where it cannot be read."""
    beginning = stream.read(BEGINNING_OCTETS)
    if len(beginning) < BEGINNING_OCTETS:
        return Ends(decode(beginning))  # a terminal must not be asked for a second end
    size = _size(stream)
    if size > BEGINNING_OCTETS + END_OCTETS:
        stream.seek(size - END_OCTETS)
        end, left_out = stream.read(END_OCTETS), size - BEGINNING_OCTETS - END_OCTETS
    else:
        end, left_out = _last(stream)
    if not left_out:
        return Ends(decode(beginning + end))
    beginning = beginning[: beginning.rfind(b"\n") + 1] or beginning
    end = end[end.find(b"\n") + 1 :]
    return Ends(f"{decode(beginning)}\n{decode(end)}", left_out)


def _size(stream: BinaryIO) -> int:
    """The size of a file; 0 for a pipe or a device, of which nobody knows it."""
    try:
        here = stream.tell()
        size = stream.seek(0, os.SEEK_END)
        stream.seek(here)
    except OSError:
        return 0
    return size


def _last(stream: BinaryIO) -> tuple[bytes, int]:
    """The last END_OCTETS of what is still to come, and how many octets were let go before them."""
    kept: deque[bytes] = deque()
    held = read = 0
    while read < MOST_OCTETS and (chunk := stream.read(_CHUNK_OCTETS)):
        kept.append(chunk)
        read += len(chunk)
        held += len(chunk)
        while held - len(kept[0]) >= END_OCTETS:
            held -= len(kept.popleft())
    return b"".join(kept), read - held
