"""The writing of header fields."""

import email.header
import email.utils

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.compose.header import LONGEST_LINE_BYTES, Field, Mailbox, write
from postroom.domain.address import Address
from postroom.domain.characters import CONTROLS

USER = Address("user", "example.com")
fit_text = st.text(max_size=300).filter(lambda text: not CONTROLS.search(text))


def shown(value: str) -> str:
    """What the standard library's decoder makes of it."""
    return str(email.header.make_header(email.header.decode_header(value.replace("\r\n", ""))))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Hi", "Hi"),
        ("", ""),
        ("a  b", "a  b"),
        ("Gr\u00fc\u00dfe", "=?utf-8?b?R3LDvMOfZQ==?="),
        ("Your seat in the caf\u00e9", "=?utf-8?q?Your_seat_in_the_caf=C3=A9?="),
        ("\u65e5\u672c\u8a9e", "=?utf-8?b?5pel5pys6Kqe?="),
        (" edge", "=?utf-8?q?_edge?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ("a=?b", "a=?b"),
    ],
)
def test_a_text_is_written_plainly_where_that_reads_the_same(text: str, written: str) -> None:
    assert write(Field("Subject", text)) == written


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(fit_text)
def test_every_fit_text_is_read_back_to_the_letter_by_another_decoder(text: str) -> None:
    assert shown(write(Field("Subject", text))) == text


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(fit_text, st.sampled_from(["X", "Subject", "X-" + "a" * 58]))
def test_lines_are_short_and_never_blank(text: str, name: str) -> None:
    first, *rest = f"{name}: {write(Field(name, text))}".split("\r\n")
    assert all(line.startswith(" ") and line.strip() for line in rest)
    assert max(len(line) for line in (first, *rest)) <= LONGEST_LINE_BYTES


def test_long_words_stay_whole_and_long_texts_are_folded_before_spaces() -> None:
    link = "https://example.com/" + "p" * 200
    written = write(Field("X-Link", f"{'word ' * 30}{link}"))
    assert written.replace("\r\n", "") == f"{'word ' * 30}{link}"
    assert link in written
    assert written.count("\r\n") >= 2


@pytest.mark.parametrize("text", ["\u00fc" * 200, "\u65e5" * 200, "\U0001f600" * 80, "a\u0301" * 100])
def test_encoded_words_are_at_most_75_long_and_each_decodes_alone(text: str) -> None:
    lines = write(Field("Subject", text)).split("\r\n")
    assert len(lines) > 1
    for line in lines:
        word = line.strip(" ")
        assert len(word) <= 75
        assert shown(word)
    assert "".join(map(shown, lines)).replace(" ", "") == text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "user@example.com"),
        ("Example IT", "Example IT <user@example.com>"),
        ("Doe, John", '"Doe, John" <user@example.com>'),
        ("root@host07", '"root@host07" <user@example.com>'),
        ('J. "Bob" \\', '"J. \\"Bob\\" \\\\" <user@example.com>'),
        ("a  b", '"a  b" <user@example.com>'),
        (" ", '" " <user@example.com>'),
        ("M\u00fcller, Johannes P", "=?utf-8?q?M=C3=BCller=2C_Johannes_P?= <user@example.com>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <user@example.com>"),
    ],
)
def test_a_name_is_written_as_atoms_quoted_or_encoded(name: str, written: str) -> None:
    assert write(Field("From", (Mailbox(USER, name),))) == written


@settings(deadline=None)  # the machine is shared; a slow example is no failure
@given(fit_text.filter(lambda text: bool(text.strip())))
def test_no_name_adds_a_mailbox(name: str) -> None:
    written = write(Field("From", (Mailbox(USER, name),))).replace("\r\n", "")
    assert [address for _, address in email.utils.getaddresses([written])] == ["user@example.com"]


def test_mailboxes_stand_on_a_line_each() -> None:
    field = Field("To", (Mailbox(USER), Mailbox(Address("b", "example.org"), "B")))
    assert write(field) == "user@example.com,\r\n B <b@example.org>"
