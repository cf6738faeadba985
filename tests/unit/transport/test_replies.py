"""Replies: what is read out of which bytes, however they are cut."""

import itertools
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.characters import decode
from postroom.domain.reply import Reply
from postroom.transport.replies import (
    LINE_LIMIT_BYTES,
    REPLY_LIMIT_BYTES,
    REPLY_LIMIT_LINES,
    NotSmtp,
    RawReply,
    ReplyReader,
    reply_of,
)


def read(pieces: Sequence[bytes]) -> list[object]:
    """Everything that a reader gives for these pieces: replies, and how it broke."""
    reader, events = ReplyReader(), list[object]()
    try:
        for piece in pieces:
            reader.feed(piece)
            while (raw := reader.next()) is not None:
                events.append((raw.code, tuple(raw.texts)))
    except NotSmtp as error:
        events.append(error.why)
    return events


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"250 ok\r\n", b"250-a\r\n250 b\r\n", b"220\r\n", b"\r\n", b"\n", b"354 \n", b"421 x\r\n", b"2"]
        ),
        st.binary(min_size=1, max_size=1).map(lambda octet: octet * (LINE_LIMIT_BYTES + 1)),
    ),
    max_size=12,
)


@given(PIECES, st.randoms(use_true_random=False))
def test_the_way_the_bytes_are_cut_changes_nothing(pieces: list[bytes], random: object) -> None:
    whole = b"".join(pieces)
    cuts = sorted({random.randrange(len(whole) + 1) for _ in range(6)}) if whole else []  # type: ignore[attr-defined]  # hypothesis types it as Random
    cut = [whole[start:stop] for start, stop in itertools.pairwise([0, *cuts, len(whole)])]
    assert read([whole]) == read(cut) == read(pieces)


@given(PIECES)
def test_what_is_kept_stays_small(pieces: list[bytes]) -> None:
    reader = ReplyReader()
    with suppress(NotSmtp):
        for piece in pieces:
            reader.feed(piece)
            while reader.next() is not None:
                pass
            assert len(reader.pending) < LINE_LIMIT_BYTES


@given(st.binary(max_size=300))
def test_every_text_has_a_reading(text: bytes) -> None:
    reply = reply_of(RawReply(550, [text]))
    assert isinstance(str(reply), str)
    assert decode(text) in (reply.text, f"{reply.enhanced} {reply.text}") or reply.enhanced


@pytest.mark.parametrize(
    ("octets", "code", "enhanced", "lines"),
    [
        (b"250 Ok\r\n", 250, "", ["Ok"]),
        (b"250\r\n", 250, "", [""]),
        (b"250 Ok\n", 250, "", ["Ok"]),
        (b"250-2.1.0 a\r\n250 2.1.0 b\r\n", 250, "2.1.0", ["a", "b"]),
        (b"550-5.7.1 a\r\n550 b\r\n", 550, "5.7.1", ["a", "b"]),
        (b"535 5.7.139 Authentication unsuccessful\r\n", 535, "5.7.139", ["Authentication unsuccessful"]),
        (b"250 5.7.1 of another class\r\n", 250, "", ["5.7.1 of another class"]),
        (b"550 5.1.1\r\n", 550, "5.1.1", [""]),
        (b"550 5.1.1234 no code\r\n", 550, "", ["5.1.1234 no code"]),
        (b"550 10.5.1.1 no code\r\n", 550, "", ["10.5.1.1 no code"]),
        (b"250 with \0 NUL\r\n", 250, "", ["with \0 NUL"]),
        ("535 登录失败\r\n".encode("gbk"), 535, "", ["登录失败"]),
        (b"535 caf\xe9\r\n", 535, "", ["café"]),
    ],
)
def test_a_reply_is_read(octets: bytes, code: int, enhanced: str, lines: list[str]) -> None:
    reader = ReplyReader()
    reader.feed(octets)
    raw = reader.next()
    assert raw is not None
    assert reply_of(raw) == Reply(code, enhanced, lines)
    assert not reader.within_reply


@pytest.mark.parametrize(
    "octets",
    [
        b"hello\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"250_ok\r\n",
        b"199 ok\r\n",
        b"600 ok\r\n",
        b"999 ok\r\n",
        b" 250 ok\r\n",
        b"\r\n",
        "２５０ ok\r\n".encode(),
        b"250-a\r\n251 b\r\n",
        b"x" * LINE_LIMIT_BYTES,
        b"250 " + b"x" * LINE_LIMIT_BYTES + b"\r\n",
        b"250-x\r\n" * (REPLY_LIMIT_LINES + 1),
        (b"250-" + b"x" * 2000 + b"\r\n") * (REPLY_LIMIT_BYTES // 2000 + 1),
    ],
)
def test_what_is_no_reply_is_refused(octets: bytes) -> None:
    reader = ReplyReader()
    reader.feed(octets)
    with pytest.raises(NotSmtp):
        reader.next()


def test_the_largest_reply_is_read() -> None:
    reader = ReplyReader()
    reader.feed(b"250-x\r\n" * (REPLY_LIMIT_LINES - 1) + b"250 " + b"y" * (LINE_LIMIT_BYTES - 6) + b"\r\n")
    raw = reader.next()
    assert raw is not None
    assert len(raw.texts) == REPLY_LIMIT_LINES
