"""A mail server for tests that keeps what it gets. Needs the extra `sandbox`."""
