"""SASLprep (RFC 4013): one form for passwords and names that can be typed in several."""

import stringprep
import unicodedata

from postroom.transport.mechanisms.base import unusable

_FORBIDDEN = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str) -> str:
    """The prepared text. Raise SecretError for characters that RFC 4013 forbids; the text is never shown."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if any(forbidden(char) for char in prepared for forbidden in _FORBIDDEN):
        raise unusable("name or password", "contains a character that SASLprep forbids")
    if any(map(stringprep.in_table_d1, prepared)) and (
        any(map(stringprep.in_table_d2, prepared))
        or not (stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1]))
    ):
        raise unusable("name or password", "mixes writing directions in a way that SASLprep forbids")
    return prepared
