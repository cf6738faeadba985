"""Owns what a person pastes in the place of the browser's answer. It refuses to judge the answer itself."""

from urllib.parse import parse_qs, urlsplit

from postroom.oauth.authorization import LONGEST_ANSWER, NotTheAnswer

_WRAPPINGS = " \t\r\n\"'<>`"
_OF_AN_ANSWER = {"code", "error"}
_OF_A_REQUEST = {"response_type", "code_challenge", "redirect_uri"}


def query_in(line: str, *, authorization_endpoint: str) -> str:
    """The query of a pasted line: of a whole address, with or without its scheme, or the query alone.

    Raise NotTheAnswer for what can hold no answer, with a reason that tells what it is instead.
    """
    text = "".join(line.strip(_WRAPPINGS).split())
    if not text:
        raise NotTheAnswer("the line is empty")
    if len(text) > LONGEST_ANSWER:
        raise NotTheAnswer("it is too long")
    if "=" not in text and "://" not in text:
        raise NotTheAnswer("it is only a part of the address: the whole one also tells which login it answers")
    before, mark, rest = text.partition("?")
    query, _, fragment = (rest if mark else before).partition("#")
    names = set(parse_qs(query, keep_blank_values=True))
    if names.isdisjoint(_OF_AN_ANSWER) and (names & _OF_A_REQUEST or _at_provider(before, authorization_endpoint)):
        raise NotTheAnswer("it is the address of the login page, not the one that the browser ended on")
    if not mark and "://" in text:
        raise NotTheAnswer("nothing stands behind the address" if not fragment else "its answer stands behind a #")
    return query


def _at_provider(address: str, authorization_endpoint: str) -> bool:
    try:
        return "://" in address and urlsplit(address).netloc == urlsplit(authorization_endpoint).netloc
    except ValueError:
        return False
