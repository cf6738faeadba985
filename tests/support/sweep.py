"""Owns the sentinel: a secret that tests hand to the program, and the search for it in all that the tests leave behind.

Invariant: the sentinel may lie in places that a test declared as a secret's place, and nowhere else: in no output, no
log, no other file; neither raw nor in base64, hex or URL encoding.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

SENTINEL = "Kz7/sweep+Me&Find=me?Q9xv2"
"""Holds characters that URL encoding changes, and none that JSON or a shell word in single quotes would."""

_LARGEST_FILE_BYTES = 64 * 1024 * 1024  # nothing that we write is larger; core dumps and the like are


def encodings(secret: str) -> frozenset[bytes]:
    """The secret as it may be met: raw, base64 at each of the three alignments, hex, URL encoding."""
    raw = secret.encode()
    found = {raw, quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    found |= {raw.hex().encode(), raw.hex().upper().encode()}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        # The first and the last group hold bits of the neighbours, so they are left out.
        inner = coded[4 if before else 0 : -4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(found)


def find(octets: bytes, needles: Iterable[bytes]) -> bool:
    """Whether one of the needles is there, also when line breaks or blanks have been put into it."""
    joined = b"".join(octets.split())
    return any(needle in octets or needle in joined for needle in needles)


class Sweep:
    """What a run of the tests leaves behind, and the search through it."""

    def __init__(self, secret: str = SENTINEL) -> None:
        self.secret = secret
        self._needles = encodings(secret)
        self._found: dict[str, None] = {}  # a set that keeps its order
        self._declared: set[Path] = set()

    def record(self, origin: str, text: str) -> None:
        """Search an output at once; only the origin of a find is kept."""
        if find(text.encode(errors="surrogateescape"), self._needles):
            self._found[f"in the output of {origin}"] = None

    def declare(self, path: Path) -> Path:
        """This file, or everything in this directory, is a place of secrets: it is not searched."""
        self._declared.add(path)
        return path

    def finds(self, *roots: Path) -> list[str]:
        """Where the secret is and must not be: recorded outputs, and file names and files under the roots."""
        return [*self._found, *(f"in {file}" for root in roots for file in self._search(root))]

    def _search(self, directory: Path) -> Iterator[Path]:
        for path in sorted(directory.iterdir()):
            if path in self._declared or path.is_symlink():
                continue
            if find(bytes(path), self._needles):
                yield path
            elif path.is_dir():
                yield from self._search(path)
            elif path.is_file() and self._holds(path):
                yield path

    def _holds(self, file: Path) -> bool:
        return file.stat().st_size <= _LARGEST_FILE_BYTES and find(file.read_bytes(), self._needles)
