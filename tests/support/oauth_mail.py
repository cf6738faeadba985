"""Owns a provider and mail servers that believe its tokens, together. Knows neither from inside."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

from tests.support.mailstack import Mailstack, running_mailstack
from tests.support.mailstack_files import Behaviour, Introspection
from tests.support.openid_provider import OpenidProvider, Options, running_openid_provider


class OauthMail(NamedTuple):
    """Postfix and Dovecot, which ask the provider about each token: whose it is (`email`), and whether it is active."""

    provider: OpenidProvider
    stack: Mailstack


class RunOauthMail(Protocol):
    """Starts both, for a with statement; a token must have been given `scope`, where there is one."""

    def __call__(
        self, options: Options = ..., *, behaviour: Behaviour = ..., scope: str = ...
    ) -> AbstractContextManager[OauthMail]: ...


@contextmanager
def running_oauth_mail(
    options: Options = Options(),  # noqa: B008 - immutable
    *,
    behaviour: Behaviour = Behaviour(),  # noqa: B008 - immutable
    scope: str = "",
) -> Iterator[OauthMail]:
    """Start a provider and the servers that ask it. Skip the test where they cannot run."""
    with running_openid_provider(options) as provider:
        asked = Introspection(provider.introspection_url, provider.configuration_url, provider.ca_file, scope)
        with running_mailstack(behaviour=behaviour._replace(introspection=asked)) as stack:
            yield OauthMail(provider, stack)
