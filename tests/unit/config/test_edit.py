"""Edits of a person's file: what is set is set, what is not touched is as it was, and no comment is lost."""

import tomllib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.config.edit import Draft, toml_text
from postroom.config.layout import comments_in, split
from postroom.errors import ConfigError

TEXT = """# Mail of the shop
[smtp] # all of it
default = "a" # the first
failover = [ # in this order
  "a", # near
  "b",
]

# The old relay
[smtp.servers.a]
host = "a.example" # hash: "#"
# port = 25

# The new one
[smtp.servers.b]
host = 'b.example'
title = "no # comment"

# Profiles
[tls.profiles.p]
minimum = "1.3"

[smtp.servers.a.tls] # its own
strict = false
# the end
"""


def draft(text: str = TEXT, elsewhere: dict[tuple[str, ...], str] | None = None) -> Draft:
    return Draft(text, (elsewhere or {}).get)


def test_setting_a_key_changes_its_line_alone() -> None:
    edited = draft()
    edited.set(("smtp", "default"), "b")
    assert edited.text == TEXT.replace('default = "a"', 'default = "b"')


def test_a_new_key_stands_under_the_last_of_its_table() -> None:
    edited = draft()
    edited.set(("smtp", "servers", "b", "port"), 25)
    assert edited.text == TEXT.replace('comment"\n', 'comment"\nport = 25\n')


def test_the_comment_above_the_next_table_stays_with_it() -> None:
    edited = draft()
    edited.set(("smtp", "servers", "a", "port"), 25)
    assert '# hash: "#"\nport = 25\n# port = 25\n\n# The new one\n[smtp.servers.b]' in edited.text


def test_a_new_table_stands_beside_its_relatives() -> None:
    edited = draft()
    edited.set(("smtp", "servers", "c", "host"), "c.example")
    edited.set(("smtp", "servers", "c", "tls", "minimum"), "1.3")
    edited.set(("desk", "operator"), "a@example.com")
    headers = [line.split("#")[0].strip() for line in edited.text.splitlines() if line.startswith("[")]
    assert headers == [
        "[smtp]",
        "[smtp.servers.a]",
        "[smtp.servers.b]",
        "[tls.profiles.p]",
        "[smtp.servers.a.tls]",
        "[smtp.servers.c]",
        "[smtp.servers.c.tls]",
        "[desk]",
    ]
    assert "\n\n\n" not in edited.text


def test_removing_the_last_key_of_a_table_keeps_its_comments() -> None:
    edited = draft()
    assert edited.unset(("smtp", "servers", "a", "tls", "strict"))
    assert edited.text.endswith("[smtp.servers.a.tls] # its own\n# the end\n")


def test_a_comment_beside_a_removed_key_becomes_a_line() -> None:
    edited = draft()
    assert edited.unset(("smtp", "default"))
    assert "[smtp] # all of it\n# the first\nfailover" in edited.text


def test_removing_a_table_keeps_the_comments_and_takes_the_tables_below() -> None:
    edited = draft()
    assert edited.unset(("smtp", "servers", "a"))
    assert edited.names(("smtp", "servers")) == ["b"]
    assert '# The old relay\n# hash: "#"\n# port = 25\n\n# The new one\n[smtp.servers.b]' in edited.text
    assert Counter(comments_in(edited.text)) == Counter(comments_in(TEXT))


def test_comments_in_a_list_outlive_the_list() -> None:
    edited = draft()
    edited.set(("smtp", "failover"), ["b"])
    assert '# in this order\n# near\nfailover = ["b"]' in edited.text


def test_renaming_a_table_leaves_it_in_its_place() -> None:
    edited = draft()
    edited.rename(("smtp", "servers", "a"), "z")
    assert edited.text == TEXT.replace("[smtp.servers.a", "[smtp.servers.z")
    assert edited.names(("smtp", "servers")) == ["z", "b"]


def test_what_is_set_to_what_it_is_changes_nothing() -> None:
    edited = draft()
    edited.set(("smtp", "servers", "b", "host"), "b.example")
    assert edited.text == TEXT


def test_a_bool_is_no_number() -> None:
    edited = draft("[smtp]\nenabled = 1\n")
    edited.set(("smtp", "enabled"), True)
    assert edited.text == "[smtp]\nenabled = true\n"


def test_reading_a_draft() -> None:
    edited = draft()
    assert edited.get(("smtp", "servers", "a", "host")) == "a.example"
    assert edited.get(("smtp", "servers", "x", "host")) is None
    assert edited.get(("smtp", "default", "x")) is None
    assert edited.unset(("smtp", "servers", "a", "port")) is False


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_new_document_is_written_whole(text: str) -> None:
    edited = draft(text)
    edited.set(("smtp", "servers", "a", "host"), "a.example")
    edited.set(("smtp", "default"), "a")
    assert edited.text == '[smtp]\ndefault = "a"\n\n[smtp.servers.a]\nhost = "a.example"\n'


def test_a_file_of_comments_alone_keeps_them() -> None:
    edited = draft("# only this")
    edited.set(("smtp", "default"), "a")
    assert edited.text == '# only this\n\n[smtp]\ndefault = "a"\n'


LAYOUTS = {
    "dotted keys": 'smtp.default = "a" # x\nsmtp.servers.a.host = "h"\n',
    "dotted keys in a table": '[smtp]\nservers.a.host = "h"\nservers.a.tls = { strict = true } # x\n',
    "inline tables": '[smtp.servers]\na = { host = "h", tls = { strict = true } } # x\n',
    "inline tables all the way": '[smtp]\nservers = { a = { host = "h" } } # x\n',
    "tables out of order": '[smtp.servers.a]\nhost = "h"\n[desk]\noperator = "o@x.example"\n[smtp]\ndefault = "a"\n',
    "quoted names": '["smtp".servers."a"]\n"host" = "h"\n',
    "line ends of Windows": '[smtp.servers.a]\r\nhost = "h" # x\r\n',
    "brackets in a list": '[smtp]\nfailover = [\n"a",\n] # x\n[smtp.servers.a]\nhost = "h"\n',
    "headers in a string": '[smtp.servers.a]\nhost = "h"\ntitle = """\n[smtp]\n# no comment\n"""\n',
    "spaces": '  [ smtp . servers . a ]  # x\n  host  =  "h"\n',
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_can_be_changed(layout: str) -> None:
    edited = draft(LAYOUTS[layout])
    edited.set(("smtp", "servers", "a", "port"), 25)
    edited.set(("smtp", "servers", "a", "host"), "n")
    edited.set(("smtp", "servers", "b", "host"), "b")
    edited.set(("smtp", "servers", "a", "tls", "minimum"), "1.3")
    edited.set(("smtp", "default"), "b")
    tree = tomllib.loads(edited.text)
    assert tree["smtp"]["servers"]["a"]["port"] == 25
    assert tree["smtp"]["servers"]["a"]["tls"]["minimum"] == "1.3"
    assert edited.unset(("smtp", "servers", "a"))
    assert tomllib.loads(edited.text)["smtp"]["servers"].keys() == {"b"}
    assert not Counter(comments_in(LAYOUTS[layout])) - Counter(comments_in(edited.text))


def test_a_layout_that_resists_is_refused_rather_than_damaged() -> None:
    edited = draft('[smtp]\nservers.a.host = "h"\nservers.a.port = 25\n')
    edited.rename(("smtp", "servers", "a"), "b")
    with pytest.raises(ConfigError, match="without losing something"):
        _ = edited.text


@pytest.mark.parametrize("path", [("smtp", "servers", "x"), ("smtp", "servers", "x", "host")])
def test_what_only_another_file_defines_cannot_be_removed_here(path: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"is defined in /etc/x\.toml") as caught:
        draft(elsewhere={path: "/etc/x.toml"}).unset(path)
    assert caught.value.code == "config.defined_elsewhere"


def test_a_table_that_another_file_defines_too_cannot_be_removed_but_its_keys_here_can() -> None:
    elsewhere = {("smtp", "servers", "a"): "/etc/x.toml", ("smtp", "servers", "a", "host"): "/etc/x.toml"}
    edited = draft(elsewhere=elsewhere)
    assert edited.unset(("smtp", "servers", "a", "host"))
    with pytest.raises(ConfigError, match="is defined in"):
        edited.unset(("smtp", "servers", "a"))


@pytest.mark.parametrize(("old", "new", "code"), [("x", "y", "config.missing"), ("a", "b", "config.exists")])
def test_only_a_table_that_is_there_gets_a_name_that_is_free(old: str, new: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        draft().rename(("smtp", "servers", old), new)
    assert caught.value.code == code


def test_a_file_that_is_no_toml_is_not_edited() -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        draft("[smtp\n")


def test_a_file_with_windows_lines_keeps_them() -> None:
    windows, unix = draft(TEXT.replace("\n", "\r\n")), draft()
    for each in (windows, unix):
        each.set(("smtp", "servers", "b", "port"), 2525)
        each.set(("smtp", "servers", "new", "host"), "new.example.com")
        each.rename(("smtp", "servers", "a"), "relay")
    assert windows.text == unix.text.replace("\n", "\r\n")


def test_cutting_a_text_loses_nothing() -> None:
    for text in (TEXT, *LAYOUTS.values()):
        assert "".join(str(block) for block in split(text)) == text


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ('a = "#" # x', ["# x"]),
        ("a = '#' # x", ["# x"]),
        ('a = "\\"#" # x', ["# x"]),
        ('a = """\n# no\n"#"""" # x', ["# x"]),
        ("a = '''\n# no\n'''#x\n#y ", ["#x", "#y"]),
        ("a = '\\' # x", ["# x"]),
    ],
)
def test_a_hash_in_a_string_is_no_comment(text: str, comments: list[str]) -> None:
    tomllib.loads(text)
    assert comments_in(text) == comments


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.one_of(
    st.just(("smtp", "default")),
    st.just(("smtp", "failover")),
    st.just(("desk", "operator")),
    st.tuples(st.just("smtp"), st.just("servers"), NAMES, st.sampled_from(["host", "port", "title"])),
    st.tuples(st.just("smtp"), st.just("servers"), NAMES, st.just("tls"), st.sampled_from(["minimum", "strict"])),
    st.tuples(st.just("tls"), st.just("profiles"), NAMES, st.just("minimum")),
)
TABLES = st.tuples(st.just("smtp"), st.just("servers"), NAMES)
VALUES = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8),
    st.integers(0, 70000),
    st.booleans(),
    st.lists(st.sampled_from(["a", '#"', "b"]), max_size=3),
)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), PATHS, VALUES),
        st.tuples(st.just("unset"), PATHS, st.none()),
        st.tuples(st.just("unset"), TABLES, st.none()),
        st.tuples(st.just("rename"), TABLES, NAMES),
    ),
    max_size=12,
)


@given(
    text=st.sampled_from([TEXT, *(LAYOUTS[name] for name in LAYOUTS if "dotted" not in name)]), operations=OPERATIONS
)
def test_any_sequence_of_changes_keeps_comments_and_says_what_it_should(
    text: str, operations: list[tuple[str, Any, Any]]
) -> None:
    edited = draft(text)
    for operation, path, value in operations:
        if operation == "set":
            edited.set(path, value)
        elif operation == "unset":
            edited.unset(path)
        elif edited.get(path) is not None and edited.get((*path[:-1], value)) is None:
            edited.rename(path, value)
    result = edited.text  # which is refused unless it says exactly what the tree says
    assert not Counter(comments_in(text)) - Counter(comments_in(result))
    again = draft(result)
    assert again.text.rstrip() == result.rstrip()


def test_a_new_document_reads_back_as_it_was() -> None:
    tree = {"smtp": {"default": "a", "servers": {"a": {"host": "h", "port": 1}}}}
    assert tomllib.loads(toml_text(tree)) == tree
