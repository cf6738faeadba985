"""Where secrets are kept, one module a store, and the ledger over them."""
