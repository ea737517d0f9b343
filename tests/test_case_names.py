"""Cases have names, in every table of the tests: a failing one says what it was about."""

from __future__ import annotations

import re

import pytest

from tests.conftest import LONGEST_NAME, pytest_make_parametrize_id


def test_no_case_is_a_number(request: pytest.FixtureRequest) -> None:
    """pytest's own name of a value that it cannot write is its argument's with a number."""
    numbered = []
    for item in request.session.items:
        call = getattr(item, "callspec", None)
        for name, value in call.params.items() if call else ():
            if not isinstance(value, str) and re.search(rf"(?:^|-){name}\d+(?:-|$)", call.id):
                numbered.append(item.nodeid)
    assert numbered == []


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"b": {"y", "x"}}, "{'b': {'x', 'y'}}"),
        ((1, [b"a"]), "[1, [b'a']]"),
        ("short", None),
        ("a" * 40 + "b" * 40, "a" * 28 + "..." + "b" * 28),
        (object(), None),
        ([object()], None),
    ],
    ids=["sets-are-sorted", "containers", "texts", "long-texts", "objects", "objects-within"],
)
def test_a_value_is_written_alike_in_every_process(value: object, name: str | None) -> None:
    assert pytest_make_parametrize_id(value) == name
    assert len(name or "") <= LONGEST_NAME
