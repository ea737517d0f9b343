"""Expressions that meet values of the data take no memory for each of its characters."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import tracemalloc
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import bulkfhir.validators
from bulkfhir.validators.checks import resolution
from bulkfhir.validators.economy.lazy_pattern import _LazyPattern
from bulkfhir.validators.rules import bundle
from bulkfhir.validators.terminology import ucum
from bulkfhir.validators.values import decoding, primitives, xhtml

OF_DEFINITIONS = ("fhirpath.", "search", "native.", "definitions.", "rule_pages", "patterns.")
"""Modules whose expressions meet what definitions and our own files hold, and no data."""
_MARKED = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def ours() -> Iterator[tuple[str, Any]]:
    package = bulkfhir.validators
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        name = found.name.removeprefix(f"{package.__name__}.")
        if name.startswith(OF_DEFINITIONS):
            continue
        for each, value in vars(importlib.import_module(found.name)).items():
            if isinstance(value, _LazyPattern):
                yield f"{name}.{each}", value


def marked(parsed: Any) -> bool:
    """Tell whether a part of an expression without an end is a group, of which marks are kept."""
    for operation, argument in parsed:
        if operation in _MARKED and argument[1] is _constants.MAXREPEAT and len(argument[2]) == 1:
            if argument[2][0][0] in (_constants.SUBPATTERN, _constants.BRANCH):
                return True
        elif operation in _MARKED and argument[1] is _constants.MAXREPEAT:
            return True
        if any(marked(inner) for inner in inside(argument)):
            return True
    return False


def inside(argument: Any) -> Iterator[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from inside(each)


PATTERNS = dict(ours())


@pytest.mark.parametrize("name", PATTERNS)
def test_no_group_is_repeated_but_possessively(name: str) -> None:
    given, flags = PATTERNS[name]._given
    assert not marked(_parser.parse(given, flags)), given


def test_a_repeated_group_is_seen() -> None:
    assert len(PATTERNS) > 40
    for text in ("(?:ab)*", "x(?:a|bc)+", "((a)*b)?", "(?:a.)*?"):
        assert marked(_parser.parse(text)), text
    for text in ("a*", "[a-z]+", "(?:ab)*+", "(?:ab){0,3}", "(a+)", "(?:a|b)?"):
        assert not marked(_parser.parse(text)), text


TIMES = 200_000


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (primitives._OID, "1" + ".1" * TIMES),
        (primitives._BASE64, "AAAA" * TIMES),
        (decoding._TOKEN, '"' + "a" * TIMES + "\\n" * TIMES + '"'),
        (resolution._QUERY, "?a=1" + "&b=2" * TIMES),
        (ucum._TOKEN, "m" * TIMES),
        (bundle._RESTFUL, "https://" + "a/" * TIMES + "Patient/1"),
        (xhtml._NAME, "n" * TIMES),
        (xhtml._ORDINARY, "<a" + ' b="c"' * TIMES + ">"),
    ],
    ids=["oid", "base64", "token", "query", "ucum", "restful", "name", "tag"],
)
def test_a_long_value_takes_no_more(pattern: re.Pattern[str], text: str) -> None:
    pattern.fullmatch("")  # compiled before the memory is counted
    tracemalloc.start()
    found = pattern.fullmatch(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert peak < 10_000


BY_SEGMENT = re.compile(
    r"(?:https?://(?:[A-Za-z0-9\\.:%$\-_]*/)*?)?([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)


def test_a_restful_url_is_told_as_segment_by_segment() -> None:
    """The expression of the reference takes the url's segments one by one."""
    texts = (
        opening + "/".join(parts)
        for opening in ("", "https://", "http://", "ftp://")
        for length in range(1, 6)
        for parts in itertools.product(("Patient", "a-1", "_history", "", "x%:2"), repeat=length)
    )
    for text in texts:
        theirs, found = BY_SEGMENT.fullmatch(text), bundle._RESTFUL.fullmatch(text)
        assert (found and found.groups()) == (theirs and theirs.groups()), text
