"""Owns one authorization by a person (RFC 6749 4.1, RFC 8252): from the address to open to the code that comes back.

The browser brings it to the listener, or the person pastes the address that the browser ended on; the first counts.
It refuses to know terminals, programs, and what the code is given for. Invariant: however it ends, nobody listens any
more, and a browser that waits has been told the truth.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from postroom.domain.oauth import Client, Consent, GrantError
from postroom.domain.secret import Secret
from postroom.errors import Exit, PostroomError
from postroom.oauth import page
from postroom.oauth.authorization import NotTheAnswer, NotTheProvider, check_request, judge, new_state, new_verifier
from postroom.oauth.callback import Browser, Listener
from postroom.oauth.pasted import query_in
from postroom.oauth.redirect import loopback

TIME_LIMIT_SECONDS = 180.0
"""For a person to log in and consent, where nobody sets another."""

_NAP_SECONDS = 0.2
"""How long one way is waited on before the other is looked at."""

_FIRST_FREE_PORT = 61000

Pasted = Callable[[float], str | None]
"""Reads one line as it was typed, line feed included, and takes so many seconds for it at most: None while there is no
whole line, "" once there will be no more.
"""


class Request(Protocol):
    """Makes the address to open; `Grants.authorization_request` without its client."""

    def __call__(self, *, redirect_uri: str, state: str, verifier: Secret) -> str: ...


class Surroundings(NamedTuple):
    """What a login needs of the world around it.

    `show` gets the address to open and the redirect address, before anything is opened. `open_browser` tells whether it
    has started one; it is None where nobody wants one opened, `pasted` where nothing can be pasted. `say` gets a
    sentence about what came and was no answer, and about the browser. `explain` names the cause of a refusal. `random`
    is os.urandom.
    """

    show: Callable[[str, str], object]
    open_browser: Callable[[str], bool] | None
    pasted: Pasted | None
    say: Callable[[str], object]
    explain: Callable[[GrantError], PostroomError]
    random: Callable[[int], bytes]
    monotonic: Callable[[], float]


@contextmanager
def ask_consent(
    client: Client,
    around: Surroundings,
    *,
    request: Request,
    listen_port: int = 0,
    time_limit: float = TIME_LIMIT_SECONDS,
) -> Iterator[Consent]:
    """Have a person consent. In the block the code is given for tokens; its end tells the browser how it went.

    An error that leaves the block stands on the page, a GrantError as what `explain` makes of it, which is raised in
    its place. Flow `paste` listens nowhere, nor does a redirect address that leads elsewhere.

    Raise PostroomError `oauth.port_in_use`, `oauth.port_unusable`, `oauth.consent_timeout`, `oauth.paste_ended`, and
    what `explain` makes of the provider's refusal.
    """
    conversation = _Conversation(client, around, time_limit)
    try:
        consent = conversation.consent(request, listen_port)
        yield consent
    except GrantError as error:
        explained = around.explain(error)
        conversation.tell(page.failed(explained))
        raise explained from error
    except PostroomError as error:
        conversation.tell(page.failed(error))
        raise
    except BaseException:
        conversation.tell(page.interrupted(server=client.server))
        raise
    else:
        conversation.tell(page.logged_in(server=client.server, account=conversation.account, wanted=client.account))
    finally:
        conversation.close()


class _Conversation:
    """What is open during one login: the listener, then the browser that brought the answer."""

    def __init__(self, client: Client, around: Surroundings, time_limit: float) -> None:
        self._client = client
        self._around = around
        self._time_limit = time_limit
        self._state = new_state(around.random)
        self._pasted = around.pasted
        self._listener: Listener | None = None
        self._browser: Browser | None = None
        self._redirect_uri = ""
        self._not_counted = ""
        self.account = ""

    def consent(self, request: Request, listen_port: int) -> Consent:
        """Ask, and wait for the code. Raise GrantError where the provider says no."""
        redirect_uri = self._redirect_uri = self._listen(listen_port)
        verifier = new_verifier(self._around.random)
        address = request(redirect_uri=redirect_uri, state=self._state, verifier=verifier)
        check_request(address, redirect_uri=redirect_uri, state=self._state, verifier=verifier)
        until = self._around.monotonic() + self._time_limit
        self._around.show(address, redirect_uri)
        if self._around.open_browser and self._client.flow != "paste" and self._around.open_browser(address):
            self._around.say("Your browser opens it now.")
        answer = self._answer(until)
        self.close()
        if isinstance(answer, GrantError):
            raise answer
        return Consent(answer, redirect_uri, verifier, self._logged_in_as)

    def _logged_in_as(self, account: str) -> None:
        self.account = account

    def tell(self, document: str) -> None:
        """Show the browser that waits, if one does, how it went."""
        if self._browser:
            self._browser.show(document)

    def close(self) -> None:
        """Listen no more."""
        if self._listener:
            self._listener.close()
            self._listener = None

    def _listen(self, port: int) -> str:
        """The redirect address as it is asked for."""
        redirect = loopback(self._client.redirect_uri)
        if not redirect:
            return self._client.redirect_uri
        if self._client.flow == "paste":
            return redirect.at(port or _nobodys_port(self._around.random))
        self._listener = Listener(redirect, port=port, monotonic=self._around.monotonic)
        return self._listener.redirect_uri

    def _answer(self, until: float) -> Secret | GrantError:
        while (left := until - self._around.monotonic()) > 0:
            if not self._listener and not self._pasted:
                raise self._not_pasted()
            nap = min(left, _NAP_SECONDS)
            if self._listener and (heard := self._listener.wait(nap, self._judged)):
                answer, self._browser = heard
                return answer
            if self._pasted and (typed := self._typed(self._pasted, 0.0 if self._listener else nap)):
                return typed
        raise self._too_late()

    def _typed(self, pasted: Pasted, seconds: float) -> Secret | GrantError | None:
        line = pasted(seconds)
        if line == "":
            self._pasted = None
        if not line:
            return None
        try:
            return self._judged(query_in(line, authorization_endpoint=self._client.authorization_endpoint))
        except NotTheAnswer as error:
            self._around.say(f"That is not the answer: {error.reason}.")
        return None

    def _judged(self, query: str) -> Secret | GrantError:
        try:
            return judge(query, client=self._client, state=self._state)
        except GrantError as error:
            return error
        except NotTheProvider as error:
            self._note(error.reason)
            raise

    def _note(self, reason: str) -> None:
        """Say once what came and does not count: the browser may be out of sight."""
        if reason != self._not_counted and self._listener:
            self._around.say(f"An answer came that does not count: {reason}.")
        self._not_counted = reason

    def _too_late(self) -> PostroomError:
        if self._not_counted:
            also = f"an answer came, but {self._not_counted}"
            hint = f"see whether the issuer is set right: postroom smtp show {self._client.server}"
        else:
            also = ""
            hint = (
                "Where the provider showed an error page of its own, it does not know the client ID "
                f"{self._client.client_id}, or the redirect address {self._redirect_uri} is not registered for it."
            )
        return too_late(self._client, self._time_limit, also=also, hint=hint)

    def _not_pasted(self) -> PostroomError:
        return PostroomError(
            "oauth.paste_ended",
            f"server {self._client.server}: there is nothing to paste the answer into; standard input has ended",
            hint=f"run it on a terminal: postroom oauth login {self._client.server} --flow paste",
            exit=Exit.LOGIN_NEEDED,
            retry="now",
        )


def too_late(client: Client, seconds: float, *, also: str = "", hint: str = "") -> PostroomError:
    """Nobody has logged in in time."""
    again = f"log in again, with more time if need be: postroom oauth login {client.server} --timeout 10m"
    return PostroomError(
        "oauth.consent_timeout",
        f"server {client.server}: nobody logged in within {seconds:.0f} s" + (f"; {also}" if also else ""),
        hint="\n".join(part for part in (again, hint) if part),
        exit=Exit.LOGIN_NEEDED,
        retry="now",
    )


def _nobodys_port(random: Callable[[int], bytes]) -> int:
    """A port at which the browser is likely to find nobody; its machine is not this one, so that none can be asked for.
    Services have ports below, and so have outgoing connections of Linux.
    """
    return _FIRST_FREE_PORT + int.from_bytes(random(2)) % (65536 - _FIRST_FREE_PORT)
