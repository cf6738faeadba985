"""Owns what may happen to a secret: where it goes, whom it is used for, how it moves and ends.

Invariant: a stored secret is used only for the host and username it was given for; without a row in the ledger, for
nobody. A store is chosen once and stands in the reference; none is ever searched.
"""

from collections.abc import Callable, Mapping

from postroom.clock import Clock, rfc3339
from postroom.domain.ports import SecretStore, StoreState
from postroom.domain.secret import SCHEMES, STORED_SCHEMES, Binding, Reference, Secret, Stored
from postroom.errors import SecretError
from postroom.secrets import refusals
from postroom.secrets.ledger import Ledger, Row

INSTEAD = (
    "Add --store encrypted, or let smtp set read it from elsewhere: "
    "--password-file FILE, --password-env NAME, --password-command CMD"
)


class Vault:
    """The stores, one a scheme, and the ledger over them. `default_store` is the configured store for new secrets."""

    def __init__(
        self,
        stores: Callable[[str], SecretStore],
        ledger: Ledger,
        clock: Clock,
        *,
        as_root: bool,
        default_store: str | None = None,
    ) -> None:
        self._stores = stores
        self._opened: dict[str, SecretStore] = {}
        self._ledger = ledger
        self._clock = clock
        self.default_store = default_store or ("encrypted" if as_root else "keyring")

    def _store(self, scheme: str) -> SecretStore:
        """The same one every time: it remembers its key, and that it hangs."""
        if scheme not in self._opened:
            self._opened[scheme] = self._stores(scheme)
        return self._opened[scheme]

    def read(self, reference: Reference, binding: Binding | None) -> Secret:
        """The secret, for use with `binding`; None is for looking after it, not for using it.

        Raise SecretError: `secret.bound_elsewhere`, `secret.unrecorded`, or what the store says.
        """
        if binding is not None and reference.scheme in STORED_SCHEMES:
            self._check(reference, binding)
        return self._store(reference.scheme).read(reference.locator)

    def _check(self, reference: Reference, binding: Binding) -> None:
        row = self._ledger.rows().get(reference)
        if row is None:
            raise SecretError(
                "secret.unrecorded",
                f"nothing is recorded about whom {reference} is for ({self._ledger.path})",
                hint=_again(reference),
            )
        if row.binding != binding:
            raise SecretError(
                "secret.bound_elsewhere",
                f"{reference} was given for {_whom(row.binding)}, not for {_whom(binding)}",
                hint=_again(reference),
                data={"recorded": row.binding._asdict(), "wanted": binding._asdict()},
            )

    def choose_store(self, requested: str | None, *, insecure: bool = False) -> str:
        """The scheme for a new secret: the requested one, else the configured one, else the keyring, for root the
        encrypted file; it has to be usable here and now.

        `plain` needs `insecure`, and is never chosen. Raise SecretError `secret.no_store`, `secret.insecure`,
        `secret.read_only`.
        """
        if requested == "plain" and not insecure:
            raise SecretError(
                "secret.insecure",
                "the plain store keeps secrets in plain text",
                hint="If that is what you want, add --insecure-storage. " + INSTEAD,
            )
        if requested is not None and requested not in STORED_SCHEMES:
            raise SecretError(
                "secret.read_only",
                f"{requested} is no store that Postroom writes to",
                hint="Choose one of: " + ", ".join(STORED_SCHEMES),
            )
        scheme = requested or self.default_store
        state = self._store(scheme).state()
        if state.state == "usable":
            return scheme
        raise SecretError(
            "secret.no_store",
            f"no secret store usable here: {scheme}: {state.reason}",
            # On lines of their own: the first may be a command to type.
            hint="\n".join(part for part in (state.hint, INSTEAD) if part),
            data={"store": scheme, "state": state.state, "remedy": state.hint},
        )

    def bound_to(self, reference: Reference) -> Binding | None:
        """Whom a stored secret is for, by the ledger alone."""
        row = self._ledger.rows().get(reference)
        return row.binding if row else None

    def put(self, path: str, secret: Secret, scheme: str, binding: Binding) -> tuple[Reference, bool]:
        """Keep a secret and record whom it is for. Return where it is, and whether anything changed.

        A crash in the middle leaves the secret unusable rather than usable for somebody else.
        """
        reference = Reference(scheme, path)
        refusals.usable(secret, scheme, path)
        store = self._store(scheme)
        with self._ledger.changing():
            if self.holds(reference, secret, binding):
                return reference, False
            row = self._ledger.rows().get(reference)
            if row is not None and row.binding != binding:
                self._ledger.forget(reference)
            store.write(path, secret)
            self._ledger.record(reference, Row(rfc3339(self._clock.now()), binding))
        return reference, True

    def holds(self, reference: Reference, secret: Secret, binding: Binding) -> bool:
        """Whether that very secret is stored there for `binding`."""
        row = self._ledger.rows().get(reference)
        store = self._store(reference.scheme)
        return row is not None and row.binding == binding and self._held(store, reference.locator) == secret

    def _held(self, store: SecretStore, path: str) -> Secret | None:
        try:
            return store.read(path)
        except SecretError as error:
            if error.code in {"secret.not_found", "secret.malformed", "secret.damaged"}:
                return None  # to be replaced
            raise

    def remove(self, reference: Reference) -> bool:
        """Forget a secret in its store and in the ledger; False when neither knew it."""
        with self._ledger.changing():
            stored = self._store(reference.scheme).remove(reference.locator)
            return self._ledger.forget(reference) or stored

    def entries(self) -> list[Stored]:
        """What is stored, by reference. Opens no store."""
        return [Stored(reference, *row) for reference, row in sorted(self._ledger.rows().items())]

    def states(self) -> Mapping[str, StoreState]:
        """How usable each store is, here and now."""
        return {scheme: self._store(scheme).state() for scheme in SCHEMES}


def _again(reference: Reference) -> str:
    return f"postroom secrets set {reference.locator}"


def _whom(binding: Binding) -> str:
    return f"{binding.username or 'anybody'} at {binding.host or 'any host'}"
