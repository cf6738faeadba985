"""Owns manual pages as text in the man(7) macros: escaping, filling, headings. Refuses to know what a page says."""

import re
import textwrap
from collections.abc import Iterable, Iterator

from postroom import __version__

RELEASED = "2026-11-20"
"""The day of this version's release, as in the changelog: a page is the same on every machine and on every day."""

_WIDTH = 78  # bytes in a line of source; mandoc finds fault with more than 80

# Characters that roff or a terminal's typography would change; the rest of ASCII stays.
_ESCAPES = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}

# What stands out in prose: `literal text`, {placeholder}, an option, a variable of ours.
_SPAN = re.compile(r"`(?P<code>[^`]+)`|\{(?P<hole>\w+)\}|(?<![\w-])(?P<bold>--[a-z][a-z0-9-]*|POSTROOM_\w+)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


def escape(text: str) -> str:
    """Text that roff prints as it is. A control character at the start of a line is left to `line`."""
    return "".join(_ESCAPES.get(char) or (char if char < "\x7f" else f"\\[u{ord(char):04X}]") for char in text)


def bold(text: str) -> str:
    """Literal text, escaped."""
    return rf"\fB{escape(text)}\fR"


def italic(text: str) -> str:
    """A placeholder, escaped."""
    return rf"\fI{escape(text)}\fR"


def placeholder(text: str) -> str:
    """The form of a value or an argument: a word to replace is in italics, a word to choose as it stands in bold."""
    parts = re.split(r"([A-Za-z0-9][\w.-]*)", text)
    return "".join(
        escape(part) if not place % 2 else italic(part) if part.isupper() else bold(part)
        for place, part in enumerate(parts)
    )


def inline(text: str) -> str:
    """Prose, escaped, with what stands out in bold or italic."""
    done = []
    end = 0
    for span in _SPAN.finditer(text):
        done.append(escape(text[end : span.start()]))
        if span["code"]:
            # A placeholder within literal text.
            parts = re.split(r"\{(\w+)\}", span["code"])
            done += [italic(part.upper()) if place % 2 else bold(part) for place, part in enumerate(parts) if part]
        elif span["hole"]:
            done.append(italic(span["hole"].upper()))
        else:
            done.append(bold(span["bold"]))
        end = span.end()
    return "".join(done) + escape(text[end:])


def line(text: str) -> str:
    """One line of input that is no request, whatever it begins with; `text` is escaped."""
    return r"\&" + text if text.startswith((".", "'", r"\(aq")) else text


def filled(text: str) -> Iterator[str]:
    """Prose as lines of input: a sentence begins a line, no line is too long."""
    # Split when it is marked up: a font lasts over the end of a line.
    for sentence in _SENTENCE_END.split(inline(" ".join(text.split()))):
        yield from (line(part) for part in _wrapped(sentence))


def _wrapped(escaped: str) -> Iterable[str]:
    return textwrap.wrap(escaped, _WIDTH, break_long_words=False, break_on_hyphens=False)


class Page:
    """One manual page under construction. Texts are plain: the page escapes them."""

    def __init__(self, name: str, section: int, summary: str) -> None:
        self.name, self.section, self.summary = name, section, summary
        title = escape(name.upper())
        self._lines = [
            r".\" Made from the program by python -m postroom.cli.manual; do not edit.",
            f'.TH {title} {section} "{RELEASED}" "Postroom {__version__}" "Postroom manual"',
            # No hyphens and no stretched lines: a broken option cannot be searched for, nor copied.
            ".nh",
            ".ad l",
        ]
        self.heading("NAME")
        self._lines.append(rf"{escape(name)} \- {escape(summary)}")

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.name}.{self.section}"

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(self._lines) + "\n"

    def heading(self, title: str) -> None:
        """A section."""
        self._lines.append(f".SH {escape(title)}")

    def subheading(self, title: str) -> None:
        """A part of a section."""
        self._lines.append(f".SS {escape(title)}")

    def paragraph(self, text: str) -> None:
        """Prose."""
        if not self._lines[-1].startswith((".SH", ".SS")):
            self._lines.append(".PP")
        self._lines += filled(text)

    def tagged(self, tag: str, *texts: str) -> None:
        """A term, already escaped, and what is said about it."""
        self._lines += [".TP", line(tag)]
        self._lines += [part for text in texts for part in filled(text)]

    def below(self, *texts: str) -> None:
        """Further texts of a tagged paragraph, each on a line of its own."""
        for text in texts:
            self._lines += [".br", *filled(text)]

    def synopsis(self, parts: Iterable[str]) -> None:
        """Command lines, already escaped, one below the other."""
        separator: list[str] = []
        for part in parts:
            self._lines += [*separator, line(part)]
            separator = [".br"]

    def example(self, text: str) -> None:
        """Lines as they are typed."""
        if not self._lines[-1].startswith((".SH", ".SS")):
            self._lines.append(".PP")
        body = [line(escape(part)) for part in textwrap.dedent(text).splitlines()]
        self._lines += [".RS 4", ".nf", *(part or r"\&" for part in body), ".fi", ".RE"]

    def see_also(self, *pages: tuple[str, int]) -> None:
        """References to other pages."""
        self.heading("SEE ALSO")
        references = [rf".BR {escape(name)} ({section})" for name, section in pages]
        self._lines += [*(f"{reference} ," for reference in references[:-1]), references[-1]]
