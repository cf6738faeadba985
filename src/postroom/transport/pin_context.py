"""Owns the one context that asks no authority: for a pinned public key, which is the server's identity instead.

Nothing else may be in this module, for here alone stands what is forbidden everywhere else. Whoever takes the context
compares the key after the handshake, before a byte is sent.
"""

import ssl


def key_is_identity(context: ssl.SSLContext) -> None:
    """Let the handshake pass with any certificate. Only for `tls.VerifiedTls`, and only with a pin."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
