"""What a program that embeds Postroom may rely on: the names of `__all__`, complete, sorted, explained."""

import importlib
import inspect

import pytest

from postroom import errors

PUBLIC = {
    "postroom.desk": ["Desk"],
    "postroom.sending": ["Mailer", "Message", "Posting", "Route"],
    "postroom.errors": errors.__all__,
}


@pytest.mark.parametrize("name", PUBLIC)
def test_all_says_what_is_public(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__all__ == PUBLIC[name] == sorted(PUBLIC[name])
    for public in module.__all__:
        found = getattr(module, public)
        if inspect.isclass(found):
            assert inspect.getdoc(found), public


def test_every_error_is_public_and_drawn_in_the_tree() -> None:
    classes = [found for found in vars(errors).values() if inspect.isclass(found) and issubclass(found, Exception)]
    assert {found.__name__ for found in classes} <= set(errors.__all__)
    assert errors.__doc__ is not None
    for found in classes:
        assert found.__name__ in errors.__doc__
        assert issubclass(found, errors.PostroomError)


def test_every_exit_status_has_a_meaning() -> None:
    assert all(status.meaning.endswith(".") for status in errors.Exit)
