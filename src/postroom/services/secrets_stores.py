"""Says which secret stores work here and now."""

from postroom.domain.ports import Vault
from postroom.domain.secret import STORED_SCHEMES
from postroom.result import Result


def stores(vault: Vault) -> Result:
    """Every store with its state; `default` marks the one that new secrets go to."""
    rows = [
        {
            "store": scheme,
            "writable": scheme in STORED_SCHEMES,
            "default": scheme == vault.default_store,
            "state": state.state,
            "reason": state.reason,
            "hint": state.hint,
        }
        for scheme, state in vault.states().items()
    ]
    return Result("secrets stores", {"stores": rows})
