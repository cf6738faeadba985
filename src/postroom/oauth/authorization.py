"""Owns the judgement on the answer to an authorization request (RFC 6749 4.1.2), and what ties the two together.

It refuses to know how an answer came: by the browser or pasted by a person.
Invariant: nothing of an answer counts before its `state`, and the issuer where one is named, are those of the request.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from postroom.domain.oauth import Client, GrantError
from postroom.domain.secret import Secret
from postroom.oauth.question import REFUSED, Question

LONGEST_ANSWER = 8192
"""In characters. The longest that is seen, Microsoft's, has about 2000."""

_STATE_BYTES = 32  # 256 bits: not to be guessed in any time
_VERIFIER_BYTES = 32  # gives the 43 characters that RFC 7636 4.1 recommends
_MOST_PARAMETERS = 32
_DECISIVE = ("state", "code", "error", "iss")
_VISIBLE = re.compile(r"[\x20-\x7e]+")  # VSCHAR of RFC 6749, appendix A
_ERROR = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")  # the same without " and \, RFC 6749 A.7
_PASSING = ("server_error", "temporarily_unavailable")  # RFC 6749 4.1.2.1: another try may do


class NotTheAnswer(Exception):
    """This is no answer to the request. `reason` is the rest of a sentence: "it is empty".

    Never a failure of the login: anybody may knock at a port, and a person may paste anything.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotTheProvider(NotTheAnswer):
    """It answers this very login, and names another provider than the one that was asked, or none where it must.

    Then somebody may be mixing two providers up, to get the code of one (RFC 9207); or the issuer is set wrong.
    """


def new_state(random: Callable[[int], bytes]) -> str:
    """What nobody can guess, to know the answer by (RFC 6749 10.12)."""
    return _text(random(_STATE_BYTES))


def new_verifier(random: Callable[[int], bytes]) -> Secret:
    """What only this process knows, so that a stolen code is worth nothing (RFC 7636 4.1)."""
    return Secret(_text(random(_VERIFIER_BYTES)))


def check_request(address: str, *, redirect_uri: str, state: str, verifier: Secret) -> None:
    """Raise RuntimeError where the address to open would not tie the answer to this login: a bug, nothing else."""
    try:
        asked = parameters_of(urlsplit(address).query)
    except NotTheAnswer as error:
        raise RuntimeError(f"the authorization request is malformed: {error.reason}") from None
    wanted = {
        "response_type": "code",
        "code_challenge_method": "S256",
        "code_challenge": _text(sha256(verifier.reveal().encode("ascii")).digest()),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if wrong := [name for name, value in wanted.items() if asked.get(name) != value]:
        raise RuntimeError(f"the authorization request has no right {', '.join(wrong)}")


def judge(query: str, *, client: Client, state: str) -> Secret:
    """The code that the answer brings; `query` is that of the address to which the browser was sent.

    Raise GrantError where the provider refuses this very request, NotTheAnswer for anything else.
    """
    answer = parameters_of(query)
    for name in _DECISIVE:
        if answer.get(name) == "":
            raise NotTheAnswer(f"its {name} is empty")
    if "state" not in answer:
        raise NotTheAnswer("it has no state, which tells which login it answers")
    if Secret(answer["state"]) != Secret(state):
        raise NotTheAnswer("it answers another login: its state is not the one of this login")
    _check_issuer(answer, client)
    if "error" in answer:
        raise _refusal(answer, client)
    if "code" not in answer:
        raise NotTheAnswer("it has neither a code nor an error")
    if not _VISIBLE.fullmatch(answer["code"]):
        raise NotTheAnswer("its code has characters that no code has")
    return Secret(answer["code"])


def parameters_of(query: str) -> Mapping[str, str]:
    """The parameters, each once (RFC 6749 3.1). Raise NotTheAnswer."""
    if len(query) > LONGEST_ANSWER:
        raise NotTheAnswer("it is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # UnicodeDecodeError is one; the text itself stays out of every exception
        raise NotTheAnswer("it cannot be read") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotTheAnswer("it names a parameter twice")
    return found


def _check_issuer(answer: Mapping[str, str], client: Client) -> None:
    """RFC 9207 2.4: against a provider that passes off the answer of another as its own.

    An issuer cannot be compared where none is configured; the endpoints then are all that is known of the provider.
    """
    issuer = answer.get("iss")
    if issuer is None:
        if client.iss_expected:
            raise NotTheProvider(f"it does not say which provider it is from, and that must be {client.issuer}")
    elif issuer != client.issuer and (client.issuer or client.iss_expected):
        raise NotTheProvider(f"it is from another provider than the one that was asked: {issuer[:200]}")


def _refusal(answer: Mapping[str, str], client: Client) -> GrantError:
    error = answer["error"]
    if "code" in answer:
        raise NotTheAnswer("it has both a code and an error")
    if not _ERROR.fullmatch(error):
        raise NotTheAnswer("its error has characters that no error has")
    description = answer.get("error_description", "")
    passing = error in _PASSING
    return Question(client, client.authorization_endpoint).failed(
        "provider-busy" if passing else REFUSED,
        f"{error}: {description}" if description else error,
        error=error,
        definite=not passing,
    )


def _text(octets: bytes) -> str:
    """base64url without padding (RFC 7636, appendix A)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
