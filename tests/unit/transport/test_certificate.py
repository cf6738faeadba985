"""What is told of a certificate that was accepted."""

from datetime import UTC, datetime

from postroom.transport.certificate import accepted

PEER = {
    "subject": ((("commonName", "mail.example.com"),),),
    "issuer": ((("commonName", "An Authority"),),),
    "notBefore": "Jan  1 00:00:00 2026 GMT",
    "notAfter": "Jan 11 00:00:00 2027 GMT",
    "subjectAltName": (("DNS", "mail.example.com"), ("IP Address", "0:0:0:0:0:0:0:1"), ("IP Address", "192.0.2.1")),
}


def test_addresses_are_told_in_their_short_form() -> None:
    names = accepted(PEER, datetime(2027, 1, 1, tzinfo=UTC)).names
    assert names == ("mail.example.com", "::1", "192.0.2.1")
