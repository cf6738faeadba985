"""Owns the walk of a person through a provider's pages: login, consent, refusal. Knows HTML forms and cookies.

It refuses to know OAuth: where a redirect leads out of the provider, the walk is over and nothing is fetched there.
"""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import NamedTuple
from urllib.parse import urlencode, urljoin

_MOST_PAGES = 20
_PATIENCE_SECONDS = 20.0


class Form(NamedTuple):
    """A form of a page, with the values that it would send as it stands."""

    action: str
    values: Mapping[str, str]


class Page(NamedTuple):
    """A page that a person sees."""

    url: str
    status: int
    text: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]


class LostOnPage(Exception):
    """The pages are not those that a person could go through; the message holds the last one."""


class Visitor:
    """One person with cookies of their own, who stays with one provider."""

    def __init__(self, origin: str, context: ssl.SSLContext | None) -> None:
        self._origin = origin
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(CookieJar()),
            urllib.request.HTTPSHandler(context=context),
            _NoRedirects(),
        )

    def walk(self, url: str, choose: Callable[[Page], Form | str | None]) -> Page | str:
        """Go from page to page as `choose` says: by a form, by a link, or None for the end.

        The page at the end, or the address that the provider sends its visitor away to.
        """
        target: Form | str = url
        for _ in range(_MOST_PAGES):
            page = self._open(target)
            if isinstance(page, str):
                return page
            chosen = choose(page)
            if chosen is None:
                return page
            target = chosen._replace(action=urljoin(page.url, chosen.action)) if isinstance(chosen, Form) else chosen
        raise LostOnPage(f"{_MOST_PAGES} pages and no end of it")

    def _open(self, target: Form | str) -> Page | str:
        url, data = (target.action, urlencode(target.values).encode()) if isinstance(target, Form) else (target, None)
        for _ in range(_MOST_PAGES):
            if not url.startswith(f"{self._origin}/"):
                return url
            with self._fetch(url, data) as response:
                location = response.headers["Location"]
                if not location:
                    return read_page(url, response.status or 0, response.read().decode())
            url, data = urljoin(url, location), None
        raise LostOnPage(f"{_MOST_PAGES} redirects, now to {url}")

    def _fetch(self, url: str, data: bytes | None) -> http.client.HTTPResponse | urllib.error.HTTPError:
        request = urllib.request.Request(url, data)  # noqa: S310 - the provider of this test
        try:
            response = self._opener.open(request, timeout=_PATIENCE_SECONDS)
        except urllib.error.HTTPError as error:  # redirects and error pages are answers
            return error
        assert isinstance(response, http.client.HTTPResponse)
        return response


def read_page(url: str, status: int, html: str) -> Page:
    """What a person sees of a page, and what they can do there."""
    reader = _PageReader()
    reader.feed(html)
    links = tuple(urljoin(url, link) for link in reader.links)
    return Page(url, status, " ".join("".join(reader.text).split()), tuple(reader.forms()), links)


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self._forms: list[tuple[str, dict[str, str]]] = []
        self._silent = 0

    def forms(self) -> list[Form]:
        return [Form(action, values) for action, values in self._forms]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._forms.append((attributes.get("action", ""), {}))
            case "input" if self._forms and (name := attributes.get("name")):
                self._forms[-1][1][name] = attributes.get("value", "")
            case "a" if link := attributes.get("href"):
                self.links.append(link)
            case "style" | "script":
                self._silent += 1
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_more: object) -> None:
        return None
