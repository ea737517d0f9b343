"""KeyGlob: what a pattern stands for, and that none takes long."""

from __future__ import annotations

import time

import pytest

from bulkfhir.engine.reading.key_globs import KeyGlob, first_wildcard


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*.ndjson", "a.ndjson", True),
        ("*.ndjson", "b/a.ndjson", False),
        ("**.ndjson", "b/a.ndjson", True),
        ("**/a", "a", True),
        ("**/a", "x/y/a", True),
        ("**/a", "xa", False),
        ("a/**", "a/b/c", True),
        ("?", "ü", True),
        ("?", "/", False),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("[!a]", "/", False),
        ("[a-]", "-", True),
        ("[z-a]", "m", False),
        ("[!z-a]", "m", True),
        ("[", "[", True),
        ("a.b", "axb", False),
        ("a\nb*", "a\nbc", True),
        ("", "", True),
    ],
)
def test_a_pattern_stands_for(pattern, text, expected):
    assert KeyGlob(pattern).matches(text) is expected


@pytest.mark.parametrize(
    "pattern", ["**/a" * 14 + "/b", "*a" * 30 + "b", "**" * 30 + "b", "**/" * 99]
)
def test_no_pattern_takes_long(pattern):
    began = time.process_time()
    assert not KeyGlob(pattern).matches("a/" * 300 + "c")
    assert time.process_time() - began < 2


def test_the_first_wildcard_ends_the_part_that_is_fixed():
    assert first_wildcard("a/b*") == 3
    assert first_wildcard("a/b") is None
