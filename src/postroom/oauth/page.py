"""Owns the pages that a browser shows after a login: plain HTML without a script and without anybody else's content.

It refuses to know what a request said: nothing of one ever stands in a page. Every other word is escaped.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from http import HTTPStatus
from string import Template
from typing import Any

from postroom.errors import PostroomError

_STYLE = """
:root { color-scheme: light dark; --paper: #f4f2ee; --card: #fff; --ink: #22262b; --soft: #5d6670; --line: #e2ded6;
  --code: #f1efe9; --good: #1c7c54; --bad: #b3402a; --calm: #52606d }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --card: #1e2328; --ink: #e8e6e1; --soft: #a3acb5;
  --line: #30363d; --code: #282e35; --good: #5cc596; --bad: #f08a72; --calm: #a3b1bf } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; min-height: 100svh; display: grid; place-content: center; padding: 1.25rem;
  grid-template-columns: minmax(0, 36rem); background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif }
main { background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow-wrap: anywhere;
  padding: clamp(1.5rem, 6vw, 2.75rem) }
svg { display: block; width: 3.25rem; height: 3.25rem; margin: 0 0 1.25rem; fill: none; stroke-width: 2.2;
  stroke-linecap: round; stroke-linejoin: round }
.good svg { stroke: var(--good) } .bad svg { stroke: var(--bad) } .calm svg { stroke: var(--calm) }
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650; text-wrap: balance }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.0625rem; font-weight: 650 }
p { margin: 0 0 .75rem } ul { margin: 0; padding: 0 0 0 1.2rem } li { margin: 0 0 .6rem; padding-left: .15rem }
kbd, code { border-radius: 6px; background: var(--code);
  font: .9375rem/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace }
kbd { display: block; margin: .4rem 0 0; padding: .5rem .75rem } code { padding: .1rem .3rem }
q { quotes: none; font-weight: 650 } a { color: inherit }
.end { margin: 1.75rem 0 0; padding: 1.1rem 0 0; border-top: 1px solid var(--line); color: var(--soft) }
"""

_DOCUMENT = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title - Postroom</title>
<style>$style</style>
</head>
<body>
<main class="$mood">
<svg viewBox="0 0 32 32" aria-hidden="true">$picture</svg>
<h1>$title</h1>
$text
<p class="end">$end</p>
</main>
</body>
</html>
"""
)

POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy of every page: its own style and nothing else."""

_ENVELOPE = '<path d="M27 15V9a2 2 0 0 0-2-2H5a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10"/><path d="m3.5 8 11.5 9 11.5-9"/>'
_PICTURES = {
    "good": _ENVELOPE + '<path d="m19 24 3.5 3.5L29 21"/>',
    "bad": _ENVELOPE + '<path d="m20 20 8 8"/><path d="m28 20-8 8"/>',
    "calm": _ENVELOPE + '<path d="M19.5 25h.01"/><path d="M24 25h.01"/><path d="M28.5 25h.01"/>',
}
_BACK = "Go back to the terminal. You may close this page."
_MEND = "You are not logged in. The terminal says so too, with more detail. You may close this page."
_COMMAND = re.compile(r"(^|: )(postroom (?:[^\n,;&]|&#?\w+;)+)$|`([^`\n]+)`")
"""What is to be typed, at the end of an escaped step, or between backquotes in it."""


def logged_in(*, server: str, account: str, wanted: str = "") -> str:
    """It worked. `account` is the mailbox that has logged in, "" where it is not known; `wanted` is the server's."""
    if account and wanted and account.lower() != wanted.lower():
        again = f"If that is not so, log in again and choose {wanted} there: postroom oauth login {server}"
        text = (
            f"<p>You are <q>{_shown(account)}</q>, and the server <q>{_shown(server)}</q> sends as "
            f"<q>{_shown(wanted)}</q>. That works only where the one may send for the other.</p>"
            f"<p>{_with_commands(again)}</p>"
        )
        return _page("calm", "You are logged in as another mailbox", text, _BACK)
    whom = f" as <q>{_shown(account)}</q>" if account else ""
    text = f"<p>Postroom now sends mail{whom} through the server <q>{_shown(server)}</q>.</p>"
    if not account:
        unlike = f"If it was not {wanted}, log in again" if wanted else "If it was the wrong one, log in again"
        text += (
            "<p>The provider did not tell which account has logged in.</p>"
            f"<p>{_with_commands(f'{unlike}: postroom oauth login {server}')}</p>"
        )
    return _page("good", "You are logged in", text, _BACK)


def failed(error: PostroomError) -> str:
    """It did not work: what is wrong, and how to mend it, in the words of the error and of its diagnosis."""
    diagnosis: dict[str, Any] = error.data.get("diagnosis") or {}
    steps = [str(step) for step in diagnosis.get("next_steps") or (error.hint,) if step]
    text = f"<p>{_shown(_sentence(str(diagnosis.get('cause') or error.message)))}</p>"
    text += _list("What to do", [_with_commands(_capital(step)) for step in steps])
    links = [str(link) for link in diagnosis.get("docs") or ()]
    text += _list("To read", [_link(link) for link in links if link.startswith("https://")])
    return _page("bad", str(diagnosis.get("title") or "You are not logged in"), text, _MEND)


def interrupted(*, server: str) -> str:
    """Somebody ended the login in the terminal, or Postroom failed."""
    text = f"<p>You are not logged in. {_with_commands(f'Begin again: postroom oauth login {server}')}</p>"
    return _page("bad", "The login was broken off in the terminal", text, "You may close this page.")


def unknown() -> str:
    """Nobody has told how it ended."""
    text = "<p>The provider has answered, and Postroom still works on it. The terminal tells how it ends.</p>"
    return _page("calm", "Look at the terminal", text, _BACK)


def stray(status: HTTPStatus) -> str:
    """The answer to a request that is not the one waited for."""
    if status is HTTPStatus.NOT_FOUND:
        return _page("calm", "There is nothing here", "<p>Postroom waits for a login at another address.</p>", _BACK)
    text = (
        "<p>Postroom waits for a login, and this was not the answer to it. It may belong to a login that is over.</p>"
        "<p>Postroom waits on: log in on the page that the terminal names.</p>"
    )
    return _page("calm", "This is not the answer to the login", text, "You may close this page.")


def mixed_up() -> str:
    """The answer names another provider than the one that was asked."""
    text = (
        "<p>The answer to the login names another provider than the one that was asked, or none. It does not count: "
        "somebody may be in between, or the issuer is set wrong.</p>"
        "<p>Nothing of it was used. The terminal names what came.</p>"
    )
    return _page("bad", "The answer came from another provider", text, _BACK)


def _page(mood: str, title: str, text: str, end: str) -> str:
    return _DOCUMENT.substitute(
        title=_shown(title), style=_STYLE, mood=mood, picture=_PICTURES[mood], text=text, end=end
    )


def _shown(text: str) -> str:
    """Text for HTML. What cannot be seen, or turns text around, is left out."""
    return escape("".join(char if char.isprintable() else " " for char in text))


def _list(heading: str, items: Sequence[str]) -> str:
    return f"<h2>{heading}</h2><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def _capital(text: str) -> str:
    return text if text.startswith("postroom ") else text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _capital(text) + ("" if text.endswith((".", "?", "!")) else ".")


def _with_commands(step: str) -> str:
    """A step with what is to be typed set apart."""

    def command(found: re.Match[str]) -> str:
        if found[3]:
            return f"<code>{found[3]}</code>"
        return f"{found[1].rstrip()}<kbd>{found[2]}</kbd>"

    return _COMMAND.sub(command, _shown(step))


def _link(address: str) -> str:
    return f'<a href="{_shown(address)}" rel="noreferrer">{_shown(address)}</a>'
