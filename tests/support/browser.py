"""Owns a real browser without a screen: Chromium, told what to do through chromedriver in the words of W3C's WebDriver.

It refuses to know what pages ought to say. It reaches nothing but loopback; an alert on a page is an error.
"""

import base64
import json
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.daemons import NAP_SECONDS, Leader, answers, free_ports, guard, start_leader, stop
from tests.support.requirements import need

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's own name for a reference
_GONE = ("stale element reference", "no such element")  # said of what stood on the page before
_GONE_TO_CHROMEDRIVER = "does not belong to the document"  # and this, of kind "unknown error", while it changes
_PATIENCE_SECONDS = 30.0
_WINDOW = (1000, 800)

# The forms of the real OpenID provider.
_LOGIN = "input[name=login]"
_PASSWORD = "input[name=password]"
_SUBMIT = "button[autofocus], button[type=submit]:not([name=abort])"
_CANCEL = "a[href$='/abort'], button[name=abort]"


class BrowserError(Exception):
    """What went wrong in the browser; `kind` is WebDriver's word for it, "" where it has none.

    `gone` tells that the page was left before it could answer.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(f"{kind}: {message}" if kind else message)
        self.kind = kind
        self.gone = kind in _GONE or _GONE_TO_CHROMEDRIVER in message


class Seen(NamedTuple):
    """What a person sees where the browser is."""

    url: str
    title: str
    text: str


class Browser:
    """One window, with cookies of its own."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        options = ["--headless=new", "--disable-dev-shm-usage", "--no-proxy-server", "--no-first-run"]
        options += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"]
        options += [f"--window-size={_WINDOW[0]},{_WINDOW[1]}", "--lang=en"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's own sandbox refuses root
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": options}}}
        self._session = f"/session/{self._call('POST', '/session', {'capabilities': capabilities})['sessionId']}"

    def close(self) -> None:
        """End the browser."""
        self._call("DELETE", self._session)

    def open(self, url: str) -> Seen:
        """Go to an address, and on to where that leads."""
        self._tell("POST", "/url", {"url": url})
        return self.seen()

    def seen(self) -> Seen:
        """What a person sees now."""
        text = self._call("GET", f"{self._session}/element/{self._find('body')[0]}/text")
        return Seen(self._tell("GET", "/url"), self._tell("GET", "/title"), text)

    def source(self) -> str:
        """The page as the browser understood it, in HTML."""
        return str(self._tell("GET", "/source"))

    def count(self, css: str) -> int:
        """How many elements of the page a CSS selector finds."""
        return len(self._find(css))

    def type(self, css: str, text: str) -> None:
        """Type into a field, in place of what is there."""
        element = self._one(css)
        self._tell("POST", f"/element/{element}/clear", {})
        self._tell("POST", f"/element/{element}/value", {"text": text})

    def click(self, css: str) -> None:
        """Click on an element, and wait for the page that comes of it."""
        old = self._one("html")
        self._tell("POST", f"/element/{self._one(css)}/click", {})
        end = time.monotonic() + _PATIENCE_SECONDS
        while self._is_there(old):
            if time.monotonic() > end:
                raise BrowserError(f"no page comes of a click on {css} in {self.seen()}")
            time.sleep(NAP_SECONDS)

    def screenshot(self, file: Path) -> Path:
        """The window as a PNG file."""
        file.write_bytes(base64.b64decode(self._tell("GET", "/screenshot")))
        return file

    def consent(self, url: str, login: str) -> Seen:
        """Log in at the OpenID provider and consent, the device's question included; what there is at the end."""
        self.open(url)
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                if not self.count("form"):
                    return self.seen()
                self._agree(login)
            except BrowserError as error:
                if not error.gone:  # some forms send themselves
                    raise
        raise BrowserError(f"there is no end of forms: {self.seen()}")

    def deny(self, url: str) -> Seen:
        """Refuse at the OpenID provider; what there is at the end."""
        self.open(url)
        self.click(_CANCEL)
        return self.seen()

    def _is_there(self, element: str) -> bool:
        try:
            self._tell("GET", f"/element/{element}/name")
        except BrowserError as error:
            if error.gone:
                return False
            raise
        return True

    def _agree(self, login: str) -> None:
        if self.count(_LOGIN):
            self.type(_LOGIN, login)
            self.type(_PASSWORD, "any")
        if self.count(_SUBMIT):
            self.click(_SUBMIT)
        else:
            time.sleep(NAP_SECONDS)

    def _one(self, css: str) -> str:
        found = self._find(css)
        if not found:
            raise BrowserError(f"no {css} in {self.seen()}")
        return found[0]

    def _find(self, css: str) -> list[str]:
        found = self._tell("POST", "/elements", {"using": "css selector", "value": css})
        return [element[_ELEMENT] for element in found]

    def _tell(self, method: str, path: str, message: Mapping[str, object] | None = None) -> Any:
        return self._call(method, self._session + path, message)

    def _call(self, method: str, path: str, message: Mapping[str, object] | None = None) -> Any:
        body = None if message is None else json.dumps(message).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._origin + path, body, headers, method=method)  # noqa: S310 - chromedriver
        try:
            with self._opener.open(request, timeout=_PATIENCE_SECONDS) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                value = json.load(error)["value"]
            raise BrowserError(value["message"].splitlines()[0], value["error"]) from None


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start a browser, and end it whatever happens. Skip the test where there is none."""
    need("chromium", "chromedriver", "pkill")
    directory = Path(tempfile.mkdtemp(prefix="pr-", dir="/tmp"))
    leaders: list[Leader] = []
    try:
        port = free_ports(1)[0]
        # The home and the temporary files of Chromium go with the directory.
        environment = [f"{name}={directory}" for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")]
        leaders.append(start_leader(["env", *environment, "chromedriver", f"--port={port}"], directory / "talk"))
        leaders.append(guard(directory, [leaders[0].pid]))
        end = time.monotonic() + _PATIENCE_SECONDS
        while not answers(port):
            assert time.monotonic() < end, (directory / "talk").read_text(errors="replace")
            time.sleep(NAP_SECONDS)
        browser = Browser(port)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        stop(leaders)
        shutil.rmtree(directory, ignore_errors=True)
