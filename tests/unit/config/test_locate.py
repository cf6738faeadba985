"""On which line a key stands."""

import pytest

from postroom.config.locate import line_of, lines_of

TEXT = '''# port: not here
[smtp] # port
default = "port"
failover = [
  "a",
  "port",
]

[smtp.servers.a]
note = """
port = 1
"""
port = 25
tls = { minimum = "1.2", strict = true }

["smtp".servers.'b']
"port" = 25
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("smtp",), 2),
        (("smtp", "default"), 3),
        (("smtp", "failover"), 4),
        (("smtp", "servers", "a"), 9),
        (("smtp", "servers", "a", "note"), 10),
        (("smtp", "servers", "a", "port"), 13),
        (("smtp", "servers", "a", "tls", "strict"), 14),
        (("smtp", "servers", "b"), 16),
        (("smtp", "servers", "b", "port"), 17),
        (("smtp", "servers", "c", "port"), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_is_where_its_statement_begins(path: tuple[str, ...], line: int | None) -> None:
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize("text", ["", "[", "a = ["])
def test_a_text_that_is_no_toml_has_no_lines_of_keys(text: str) -> None:
    assert line_of(text, ("a",)) is None


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines_of("a\u2028b\x0c\r\nc\n\nd") == ["a\u2028b\x0c\r\n", "c\n", "\n", "d"]
