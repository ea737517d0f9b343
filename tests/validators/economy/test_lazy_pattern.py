"""Expressions that are compiled at their first use."""

import re

import pytest

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern


def test_it_answers_as_a_compiled_one() -> None:
    ours, theirs = (
        lazy_pattern(r"(\w)-(\d+)", re.IGNORECASE),
        re.compile(r"(\w)-(\d+)", re.IGNORECASE),
    )
    text = "a-1, B-22"
    assert ours.pattern == theirs.pattern
    assert ours.findall(text) == theirs.findall(text)
    assert ours.sub(r"\2", text) == theirs.sub(r"\2", text)
    assert [found.span() for found in ours.finditer(text)] == [(0, 3), (5, 9)]
    assert (ours.fullmatch(text), ours.match("x")) == (None, None)
    found = ours.search(text)
    assert found is not None
    assert found[2] == "1"


def test_nothing_is_compiled_before() -> None:
    broken = lazy_pattern("(")
    with pytest.raises(re.error):
        broken.match("a")


def test_bytes_are_matched_too() -> None:
    assert lazy_pattern(rb"\x1f\x8b").match(b"\x1f\x8b\x08")


def test_what_no_expression_has_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = lazy_pattern("a").nothing  # type: ignore[attr-defined]
