"""Owns how a change of the configuration is told: which keys, from what to what, never a secret."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from postroom.domain.settings import key_of

KeyPath = tuple[str, ...]


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Each key that differs, as `{key, old, new}`. A secret is "set" or "unset"; so is a value that may be one."""
    before, after = dict(_leaves((), old)), dict(_leaves((), new))
    return tuple(
        {
            "key": ".".join(path),
            "old": _told(path, before.get(path), before, after),
            "new": _told(path, after.get(path), before, after),
        }
        for path in dict.fromkeys((*before, *after))
        if before.get(path) != after.get(path)
    )


def hidden_paths(tree: Mapping[str, Any]) -> list[KeyPath]:
    """The keys whose value may be a secret that stands in the wrong place."""
    return [path for path, value in _leaves((), tree) if not _is_sound(path, value)]


def unified_diff(file: str, old: str, new: str) -> str:
    """The difference of two texts, empty where there is none."""
    return "".join(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file, n=2))


def _leaves(path: KeyPath, tree: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    todo = [(path, iter(tree.items()))]  # no recursion: a dotted key may be deeper than Python's stack
    while todo:
        at, rest = todo[-1]
        name, value = next(rest, (None, None))
        if name is None:
            todo.pop()
        elif isinstance(value, dict):
            todo.append(((*at, name), iter(value.items())))
        else:
            yield (*at, name), value


def _is_sound(path: KeyPath, value: Any) -> bool:
    key = key_of(path)
    if key is None:
        return False
    try:
        key.kind.parse(value)
    except ValueError:
        return False
    return True


def _told(path: KeyPath, value: Any, *sides: Mapping[KeyPath, Any]) -> Any:
    key = key_of(path)
    shown = key is not None and not key.secret and all(_is_sound(path, side[path]) for side in sides if path in side)
    if shown and key is not None:
        return None if value is None else key.kind.toml(key.kind.parse(value))
    return "unset" if value is None else "set"
