"""Owns what is asked of which address of a provider, and the failure that comes of it, with all that is known.

None of the secrets that go out with a question stands in its failure, even where the other side says them back. It
refuses to know HTTP.
"""

from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, urlsplit

from postroom.domain.oauth import Client, GrantError
from postroom.domain.reply import Signs
from postroom.domain.secret import Secret

REFUSED = "refused-by-reply"
PORTS = {"https": 443, "http": 80}


class Question(NamedTuple):
    """One request. `secrets` are those that it carries. `grant` is what it asks a token for (RFC 6749 1.3), "" where it
    asks for none.
    """

    client: Client
    endpoint: str
    secrets: tuple[Secret, ...] = ()
    grant: str = ""

    def failed(
        self,
        sign: str,
        text: str = "",
        *,
        error: str = "",
        definite: bool = False,
        retry_after: int | None = None,
        **evidence: Any,
    ) -> GrantError:
        """The failure, to be raised where no exception of a library is being handled: such a one knows the request."""
        address = urlsplit(self.endpoint)
        known = {"own_tokens": True, "flow": self.client.flow, "endpoint": self._plain_address, **evidence}
        if self.grant:
            known["grant_type"] = self.grant
        if error:
            known["error"] = error
        signs = Signs(
            "token",
            sign,
            text=self._without_secrets(text),
            provider=self.client.provider,
            host=address.hostname or "",
            port=_port(self.endpoint),
            encrypted=address.scheme == "https",
            server=self.client.server,
            evidence={name: self._without_secrets(value) for name, value in known.items()},
        )
        return GrantError(signs, error=self._without_secrets(error), definite=definite, retry_after=retry_after)

    @property
    def _plain_address(self) -> str:
        return self.endpoint.partition("?")[0].partition("#")[0]

    def _without_secrets(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for secret in self.secrets:
            plain = secret.reveal()
            for form in (plain, quote(plain, safe=""), quote_plus(plain)) if plain else ():
                value = value.replace(form, "***")
        return value


def _port(address: str) -> int:
    parts = urlsplit(address)
    try:
        return parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:  # no number
        return 0
