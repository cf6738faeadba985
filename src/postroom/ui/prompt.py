"""Owns questions to a person at a terminal. Refuses to ask where nobody can answer, and never echoes a secret."""

import getpass
import select
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from postroom.errors import Stopped, UsageError
from postroom.ui.safe import safe

T = TypeVar("T")

TRIES = 3
NAP_SECONDS = 0.2


class Prompt:
    """Asks on stderr and reads from the terminal that is stdin."""

    def __init__(self, *, allowed: bool) -> None:
        self.possible = allowed and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str, *, option: str, default: str = "", check: Callable[[str], T]) -> T:
        """Ask for a value until `check` takes it, three times at most; an empty answer is the default.

        `option` is what would have given the value. Raise UsageError where nobody can be asked.
        """
        self._need(option)
        shown = f"{question} [{default}]: " if default else f"{question}: "
        answer = problem = ""
        for _ in range(TRIES):
            self._say(safe(shown))
            answer = self._line() or default
            try:
                return check(answer)
            except ValueError as error:
                problem = str(error)
                self._say(safe(f"  {answer!r} {problem}\n"))
        raise UsageError(
            "usage.bad_answer",
            f"no usable answer to {question}: {answer!r} {problem}; nothing was changed",
            hint=f"give it with {option}" if option else "",
        )

    def secret(self, question: str, *, option: str) -> str:
        """Ask without echo; an empty answer cancels. Raise UsageError where nobody can be asked."""
        self._need(option)
        with warnings.catch_warnings():
            # getpass would echo where it cannot switch the echo off; that must fail instead.
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                answer = getpass.getpass(safe(f"{question}: "), stream=sys.stderr)
            except getpass.GetPassWarning as error:
                raise UsageError(
                    "usage.no_terminal", "this terminal cannot hide a password", hint=f"give it with {option}"
                ) from error
            except EOFError:
                answer = ""
            except BaseException:  # a signal: what is said of it begins a line of its own
                self._say("\n")
                raise
        if not answer:
            raise Stopped("stopped.cancelled", "cancelled; nothing was changed")
        return answer

    def confirm(self, question: str, *, option: str = "", default: bool = False) -> bool:
        """Ask for yes or no. `option` may be empty: what follows from earlier answers has none."""
        words = {"y": True, "yes": True, "n": False, "no": False}

        def check(answer: str) -> bool:
            if answer.lower() not in words:
                raise ValueError("is neither y nor n")
            return words[answer.lower()]

        return self.ask(f"{question} (y/n)", option=option, default="y" if default else "n", check=check)

    def choose(self, question: str, choices: Sequence[tuple[str, str]], *, option: str, default: str) -> str:
        """Ask for one of a few words, each with its meaning."""
        self._need(option)
        for word, meaning in choices:
            self._say(_hanging(safe(f"  {word:<10} "), safe(meaning)))
        known = [word for word, _ in choices]

        def check(answer: str) -> str:
            if answer not in known:
                raise ValueError("must be one of " + ", ".join(known))
            return answer

        return self.ask(question, option=option, default=default, check=check)

    def _need(self, option: str) -> None:
        if not self.possible:
            raise UsageError(
                "usage.missing_value", f"a value is missing: {option}", hint=f"add {option} to the command"
            )

    def _line(self) -> str:
        try:
            # Waiting in naps: a signal that comes just before a blocking read would wait for the line as well.
            while not select.select([sys.stdin], [], [], NAP_SECONDS)[0]:
                pass
            line = sys.stdin.readline()
        except BaseException:  # a signal: what is said of it begins a line of its own
            self._say("\n")
            raise
        if not line:
            self._say("\n")
            raise Stopped("stopped.cancelled", "cancelled; nothing was changed")
        return line.strip()

    def _say(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _hanging(head: str, text: str) -> str:
    """The text behind its head, broken between words at the terminal's width."""
    width = max(shutil.get_terminal_size().columns - 1, len(head) + 20)
    lines = textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False)
    return "\n".join(lines) + "\n"
