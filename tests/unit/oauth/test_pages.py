"""What the browser shows: true, escaped, without anybody else's content."""

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from http import HTTPStatus

import pytest

from postroom.diagnosis.classify import classify
from postroom.domain.reply import Signs
from postroom.errors import PostroomError
from postroom.oauth import page

NASTY = "<script>alert(1)</script>\"'&\u202e\x1b[31m"


def diagnosed(text: str, server: str = "main") -> PostroomError:
    cause = classify(Signs("token", "refused-by-reply", text=text, server=server, provider="microsoft365"))
    data = {"diagnosis": cause.as_data()}
    return PostroomError(cause.code, cause.title, hint=cause.next_steps[0], detail=text, data=data)


PAGES = {
    "in": page.logged_in(server="main", account="alice@example.test"),
    "in, as another": page.logged_in(server="main", account="bob@example.test", wanted="alice@example.test"),
    "in, nobody knows as whom": page.logged_in(server="main", account=""),
    "failed": page.failed(diagnosed("invalid_request: AADSTS50011: The redirect URI does not match.")),
    "failed, without a diagnosis": page.failed(PostroomError("secret.no_store", "no store is usable", hint="do it")),
    "interrupted": page.interrupted(server="main"),
    "unknown": page.unknown(),
    "stray": page.stray(HTTPStatus.BAD_REQUEST),
    "not there": page.stray(HTTPStatus.NOT_FOUND),
}


class Reader(HTMLParser):
    """Holds a page to being whole: every element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        names = {name for name, _ in attrs}
        assert not {name for name in names if name.startswith("on")} | names & {"src", "style"}
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("document", PAGES.values(), ids=PAGES)
def test_a_page_is_whole_and_brings_nothing_foreign(document: str) -> None:
    reader = Reader()
    reader.feed(document)
    assert reader.open == []
    assert not {"script", "iframe", "form", "img", "link", "object", "base"} & set(reader.seen)
    assert document.startswith('<!doctype html>\n<html lang="en">')
    assert re.search(r"<title>[^<]+ - Postroom</title>", document)
    assert "width=device-width" in document
    assert "prefers-color-scheme: dark" in document
    assert "url(" not in document
    assert "$" not in document


@pytest.mark.parametrize("document", PAGES.values(), ids=PAGES)
def test_the_policy_lets_the_pages_own_style_in_and_nothing_else(document: str) -> None:
    styles = re.findall(r"<style>(.*?)</style>", document, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert len(styles) == 1
    assert f"style-src 'sha256-{digest}'" in page.POLICY
    assert page.POLICY.startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    "document",
    [
        page.logged_in(server=NASTY, account=NASTY),
        page.logged_in(server=NASTY, account=NASTY, wanted="alice"),
        page.logged_in(server=NASTY, account="alice", wanted=NASTY),
        page.interrupted(server=NASTY),
        page.failed(PostroomError("a.b", NASTY, hint=NASTY, detail=NASTY)),
        page.failed(diagnosed("invalid_grant: AADSTS700082: gone", server=NASTY)),
        page.failed(PostroomError("a.b", "c", data={"diagnosis": {"title": NASTY, "cause": NASTY, "docs": [NASTY]}})),
    ],
)
def test_no_word_is_taken_for_a_tag(document: str) -> None:
    assert "<script" not in document
    assert "\u202e" not in document
    assert "\x1b" not in document


def test_success_says_for_whom_and_what_to_do_next() -> None:
    document = PAGES["in"]
    assert "alice@example.test" in document
    assert "<q>main</q>" in document
    assert "Go back to the terminal" in document
    assert " as " not in PAGES["in, nobody knows as whom"].partition("</h1>")[2]


def test_another_mailbox_is_named_with_the_one_that_was_meant() -> None:
    document = page.logged_in(server="main", account="bob@example.test", wanted="alice@example.test")
    assert "<h1>You are logged in as another mailbox</h1>" in document
    assert "<q>bob@example.test</q>" in document
    assert "choose alice@example.test there:<kbd>postroom oauth login main</kbd>" in document
    same = page.logged_in(server="main", account="Alice@Example.test", wanted="alice@example.test")
    assert "<h1>You are logged in</h1>" in same


def test_a_command_to_type_stands_by_itself() -> None:
    document = page.failed(PostroomError("a.b", "c", hint="postroom smtp set main --tenant <T>"))
    assert "<li><kbd>postroom smtp set main --tenant &lt;T&gt;</kbd></li>" in document
    data = {"diagnosis": {"title": "A", "cause": "B", "next_steps": ["compare `date -u` with another clock"]}}
    assert "<li>Compare <code>date -u</code> with another clock</li>" in page.failed(
        PostroomError("a.b", "c", data=data)
    )


def test_a_failure_names_the_cause_and_the_next_steps_of_the_diagnosis() -> None:
    error = diagnosed("invalid_request: AADSTS50011: The redirect URI does not match.")
    document = html.unescape(page.failed(error))
    diagnosis = error.data["diagnosis"]
    assert f"<h1>{diagnosis['title']}</h1>" in document
    assert diagnosis["cause"] in document
    assert [step for step in diagnosis["next_steps"] if step not in document] == []
    assert "You are not logged in." in document
    assert "AADSTS50011" not in document


def test_a_failure_without_a_diagnosis_says_what_the_error_says() -> None:
    document = page.failed(PostroomError("a.b", "no store", hint="make one: postroom secrets stores"))
    assert "<h1>You are not logged in</h1>" in document
    assert "<p>No store.</p>" in document
    assert "Make one:<kbd>postroom secrets stores</kbd>" in document
