"""What was said in a login disappears from what the server says later, in every form."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.transport.blotting import SHORTEST_OCTETS, Blotter
from tests.support.sweep import encodings, find

SECRET = "Kz7/secret+Me&Find=me?Q9xv2"


def test_every_form_of_a_secret_is_blotted_out() -> None:
    blotter = Blotter()
    blotter.learn([SECRET.encode()])
    for form in encodings(SECRET):
        blotted = blotter.blot(b"550 you said " + form + b" before")
        assert b"[redacted]" in blotted
        assert not find(blotted, encodings(SECRET))


def test_a_line_of_the_login_is_blotted_out() -> None:
    blotter = Blotter()
    blotter.learn_spoken(b"AGFsaWNlAHNlY3JldA==")
    assert blotter.blot_text("501 AUTH PLAIN AGFsaWNlAHNlY3JldA== is wrong") == "501 AUTH PLAIN [redacted] is wrong"


def test_a_short_secret_is_blotted_out_in_the_login_alone() -> None:
    blotter = Blotter()
    blotter.learn([b"mail"])
    blotter.in_login = True
    assert blotter.blot(b"535 mail") == b"535 [redacted]"
    blotter.in_login = False
    assert blotter.blot(b"250 mail accepted") == b"250 mail accepted"
    assert len(b"mail") < SHORTEST_OCTETS


@given(st.binary(max_size=200), st.binary(min_size=SHORTEST_OCTETS, max_size=40))
def test_nothing_else_is_touched(text: bytes, secret: bytes) -> None:
    blotter = Blotter()
    assert blotter.blot(text) == text
    blotter.learn([secret])
    assert secret not in blotter.blot(text + secret + text).replace(b"[redacted]", b"")
